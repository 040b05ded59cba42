"""The real bot as a newcomer starts it: no token, no database, and a playground that says where."""

import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from tests.process.bots import Bot, free_port, running

_LINK: Final = re.compile(r"http://127\.0\.0\.1:\d+/")


@asynccontextmanager
async def playing(folder: Path, data: Path) -> AsyncGenerator[tuple[Bot, str]]:
    """The bot, started in the (new) folder with its data in the other, and the link it prints."""
    async with running(folder, DATA_DIR=str(data), PLAYGROUND_PORT=str(free_port())) as bot:
        await bot.says("Ctrl-C ends it")
        link = _LINK.search(bot.out)
        assert link is not None, bot.out
        yield bot, link[0]
