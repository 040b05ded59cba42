"""The bot as a process to be killed, forked from one that has imported everything already."""

import asyncio
import datetime as dt
import gc
import os
import signal
import sys
import warnings
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import Any, Final

from bot import app, logs, model, opening
from bot.actions.services import Services
from bot.kai.companion import Kai
from bot.settings import Settings
from tests.transport.kindness import QuickBot

READY_SECONDS: Final = 20.0
KILLED_SECONDS: Final = 5.0


@dataclass(frozen=True)
class Orders:
    """What a process is started with: settings, the clock's instant (aware UTC), and its log."""

    settings: dict[str, Any]
    now: dt.datetime
    log: Path


class Fork:
    """One bot process; `kill` it in the end, whatever happens."""

    def __init__(self, context: ForkServerContext, orders: Orders) -> None:
        self._said, saying = context.Pipe(duplex=False)
        self._is_ready = False
        self._process = context.Process(target=_main, args=(orders, saying), daemon=True)
        self._process.start()
        saying.close()

    def is_ready(self) -> bool:
        """Whether it is connected. Raises EOFError when it has ended before."""
        self._is_ready = self._is_ready or (self._said.poll() and self._said.recv())
        return self._is_ready

    def kill(self) -> int | None:
        """End it with SIGKILL; gives its exit code."""
        self._process.kill()
        self._process.join(KILLED_SECONDS)
        self._said.close()
        return self._process.exitcode


def _main(orders: Orders, ready: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the tests' own
    with orders.log.open("ab") as log:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
    warnings.simplefilter("error")
    gc.freeze()  # what was imported need not be looked through again
    asyncio.run(_serve(orders, ready))


async def _serve(orders: Orders, ready: Connection) -> None:
    """Run the bot as `bot.app` does, without the waits for Discord that a stand-in needs not."""
    settings = Settings(_env_file=None, **orders.settings)  # pyright: ignore[reportCallIssue]
    logs.configure(settings.log_level, settings.log_format, [], sys.stderr)
    app.point_at(settings)

    def clock() -> dt.datetime:
        return orders.now

    assert settings.discord_token is not None
    token = settings.discord_token.get_secret_value()
    async with (
        opening.open_database(settings) as (_url, pool),
        model.opened_voice(settings) as voice,
    ):
        kai = Kai(voice, model.budget(settings, pool, clock), seconds=settings.kai_seconds)
        services = Services(pool, kai, clock, settings.default_zone)
        async with QuickBot(services, settings) as bot, asyncio.TaskGroup() as tasks:
            tasks.create_task(bot.start(token))
            await bot.wait_until_ready()
            ready.send(True)
