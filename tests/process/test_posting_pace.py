"""Two workers and many servers due at once: Discord's limits hold, and each post is there once.

The full size, with its times, is `tests.bench.posts`.
"""

from collections import Counter
from pathlib import Path
from typing import Final

import asyncpg
import pytest

from tests.process import due
from tests.process.workers import Worker, kept
from tests.transport.standin import StandIn

SERVERS: Final = 150
SECONDS: Final = 100.0
ROUNDS: Final = 3
"""A machine that is busy with other tests may hold back what was sent in time, and let it arrive
with what came after. It does not do so each time."""


@pytest.mark.long
@pytest.mark.timeout(400)
async def test_no_limit_is_reached(folder: Path, empty_database_url: str) -> None:
    url = empty_database_url
    await due.prepare(url)
    refused: list[Counter[str]] = []
    for number in range(ROUNDS):
        await start_afresh(url)
        refused.append(await one_round(folder, url, number))
        if not refused[-1]:
            return
    raise AssertionError(refused)


async def start_afresh(url: str) -> None:
    """No servers, and nothing sent."""
    connection = await asyncpg.connect(url)
    await connection.execute("TRUNCATE discord.guilds, discord.daily_posts CASCADE")
    await connection.close()


async def one_round(folder: Path, url: str, number: int) -> Counter[str]:
    """All posts, each once; gives what Discord refused."""
    async with StandIn(global_per_second=50, channel_limit=(5, 5.0)) as discord_:
        guilds = await discord_.add_guilds(SERVERS)
        await due.set_up(url, guilds, due.this_minute())
        settings = {
            "DATABASE_URL": url,
            "DISCORD_TOKEN": discord_.token,
            "DISCORD_API_URL": discord_.api_url,
        }
        workers = [Worker(f"{name}-{number}", folder, settings) for name in ("one", "two")]
        async with kept(*workers):
            counts = await due.until_settled(url, SERVERS, SECONDS)
        assert [worker.ended for worker in workers] == [[], []]
        assert due.duplicates(discord_, guilds) == 0
        assert await due.wrongs(url, discord_, guilds) == []
        assert counts == {"sent": SERVERS}
        assert discord_.unknown == []
        return discord_.limited
