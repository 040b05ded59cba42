"""A bot connected to a stand-in for Discord, and what its database shows of it."""

import asyncio
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg

from tests.process.bots import START_SECONDS, Bot, running
from tests.transport.standin import StandIn


@asynccontextmanager
async def connected(
    folder: Path,
    discord_: StandIn,
    database_url: str,
    *,
    python: Sequence[str] | None = None,
    **settings: str,
) -> AsyncGenerator[Bot]:
    """A bot that is connected to Discord, its home commands synced."""
    here = {
        "DATABASE_URL": database_url,
        "DISCORD_TOKEN": discord_.token,
        "DISCORD_API_URL": discord_.api_url,
        "DISCORD_GATEWAY_URL": discord_.gateway_url,
    }
    async with running(folder, python=python, **here, **settings) as bot:
        await bot.says("connected")
        await discord_.connected(within=START_SECONDS)
        yield bot


async def row_counts(url: str) -> tuple[int, int, int]:
    """How many challenges, quests and badges there are."""
    connection = await asyncpg.connect(url)
    try:
        tables = ("challenges", "quests", "badges")
        counts = [await connection.fetchval(f"SELECT count(*) FROM {name}") for name in tables]
    finally:
        await connection.close()
    return counts[0], counts[1], counts[2]


async def assert_left_clean(url: str) -> None:
    """No connection of a bot's is left on the database; the server may take a moment to see it."""
    connection = await asyncpg.connect(url)
    deadline = time.monotonic() + 3
    try:
        while left := await connection.fetch(
            "SELECT state, query FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            " AND backend_type = 'client backend'"
        ):
            assert time.monotonic() < deadline, left
            await asyncio.sleep(0.05)
    finally:
        await connection.close()
