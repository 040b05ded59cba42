"""Database fixtures: every test that asks for one gets a database of its own."""

import asyncio
import os
from collections.abc import AsyncGenerator, Generator
from urllib.parse import urlsplit

import hypothesis
import pytest

from bot.actions.seeding import seed_catalogue
from bot.actions.services import utcnow
from db.pool import Pool, create_pool
from migrations import runner
from tests import postgres

hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the long tests, so that nobody waits for one at the end.

    Each process gets a slice of the list at first, and takes some of another's when it is done.
    """
    processes = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    long = [item for item in items if item.get_closest_marker("long")]
    others = [item for item in items if not item.get_closest_marker("long")]
    items[:] = [
        item
        for number in range(processes)
        for item in (*long[number::processes], *_slice_of(others, number, processes))
    ]


def _slice_of(items: list[pytest.Item], number: int, of: int) -> list[pytest.Item]:
    return items[len(items) * number // of : len(items) * (number + 1) // of]


@pytest.fixture(scope="session")
def server_url() -> Generator[str]:
    """A database on the session's server, for those who make or drop others. Leave it alone."""
    with postgres.server() as url:
        yield url


@pytest.fixture(scope="session")
def template(server_url: str) -> Generator[str]:
    """The name of a migrated database that others are copied from."""
    with asyncio.Runner() as loop:
        database = postgres.database(server_url)
        url = loop.run(database.__aenter__())
        try:
            loop.run(runner.upgrade(url))
            yield urlsplit(url).path.removeprefix("/")
        finally:
            loop.run(database.__aexit__(None, None, None))


@pytest.fixture(scope="session")
def seeded_template(server_url: str, template: str) -> Generator[str]:
    """The name of a migrated database with the starter catalogue."""
    with asyncio.Runner() as loop:
        database = postgres.database(server_url, template)
        url = loop.run(database.__aenter__())
        try:
            loop.run(_seed(url))
            yield urlsplit(url).path.removeprefix("/")
        finally:
            loop.run(database.__aexit__(None, None, None))


async def _seed(url: str) -> None:
    pool = await create_pool(url, idle_seconds=0)
    await seed_catalogue(pool, utcnow)
    await pool.close()


@pytest.fixture
async def database_url(server_url: str, template: str) -> AsyncGenerator[str]:
    """A fresh, migrated database."""
    async with postgres.database(server_url, template) as url:
        yield url


@pytest.fixture
async def empty_database_url(server_url: str) -> AsyncGenerator[str]:
    """A fresh, empty database."""
    async with postgres.database(server_url) as url:
        yield url


@pytest.fixture
async def pool(database_url: str) -> AsyncGenerator[Pool]:
    """The bot's own pool on a fresh, migrated database."""
    pool = await create_pool(database_url, idle_seconds=0)
    yield pool
    await pool.close()
