"""The website's database, as fixtures: built once a process, and copied for each test."""

import asyncio
from collections.abc import AsyncGenerator, Generator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from db.pool import Pool, create_pool
from tests import postgres
from tests.behaviour.town import Town, open_town
from tests.live import adoption, roles, site
from tests.live.website import Website
from tests.postgres import temporary_folder


@contextmanager
def _database(
    server_url: str, template: str | None = None
) -> Generator[tuple[asyncio.Runner, str]]:
    """A database for longer than a test, and a loop to fill it in."""
    with asyncio.Runner() as loop:
        database = postgres.database(server_url, template)
        url = loop.run(database.__aenter__())
        try:
            yield loop, url
        finally:
            loop.run(database.__aexit__(None, None, None))


def _name(url: str) -> str:
    return urlsplit(url).path.removeprefix("/")


@pytest.fixture(scope="session")
def live_template(server_url: str) -> Generator[str]:
    """The name of the website's database, to copy from."""
    with _database(server_url) as (loop, url):
        loop.run(site.build(url, users=site.USERS))
        yield _name(url)


@pytest.fixture(scope="session")
def small_live_template(server_url: str) -> Generator[str]:
    """The name of the website's database with few people, to copy from."""
    with _database(server_url) as (loop, url):
        loop.run(site.build(url, users=site.FEW_USERS))
        yield _name(url)


@pytest.fixture
async def live_url(server_url: str, live_template: str) -> AsyncGenerator[str]:
    """The website's database, never adopted: 5,000 people, and duplicates of every kind."""
    async with postgres.database(server_url, live_template) as url:
        yield url


@pytest.fixture
async def small_live_url(server_url: str, small_live_template: str) -> AsyncGenerator[str]:
    """The same with a few dozen people, and duplicates of the same kinds."""
    async with postgres.database(server_url, small_live_template) as url:
        yield url


@pytest.fixture(scope="session")
def small_adopted_template(server_url: str, small_live_template: str) -> Generator[str]:
    """The name of the small one after it was adopted, to copy from."""
    with _database(server_url, small_live_template) as (loop, url):
        loop.run(adoption.adopt(url))
        yield _name(url)


@pytest.fixture
async def small_adopted_url(server_url: str, small_adopted_template: str) -> AsyncGenerator[str]:
    """The small one after `db adopt --apply --merge-duplicates`."""
    async with postgres.database(server_url, small_adopted_template) as url:
        yield url


@pytest.fixture
def folder() -> Generator[Path]:
    """A new folder for processes of the bot's."""
    with temporary_folder() as place:
        yield place


def _role(server_url: str, what: str) -> Generator[str]:
    with asyncio.Runner() as loop:
        made = roles.role(server_url, what)
        yield loop.run(made.__aenter__())
        loop.run(made.__aexit__(None, None, None))


@pytest.fixture(scope="session")
def owner(server_url: str) -> Generator[str]:
    """The role that owns the website's tables, and the bot's."""
    yield from _role(server_url, "the owner")


@pytest.fixture(scope="session")
def runner(server_url: str) -> Generator[str]:
    """The role that the bot works as."""
    yield from _role(server_url, "the runner")


@contextmanager
def _granted(server_url: str, users: int, owner: str, runner: str) -> Generator[str]:
    """The name of a database of the website's, adopted by its owner for the runner."""
    with _database(server_url) as (loop, url):
        own = f"ALTER DATABASE {_name(url)} OWNER TO {roles.quoted(owner)}"
        loop.run(roles.execute(server_url, own))
        owners = roles.as_role(url, owner)
        loop.run(site.build(owners, users=users))
        loop.run(adoption.adopt(owners))
        loop.run(roles.grant(owners, runner))
        # Of a copy it is no longer the owner, but may make tables there as before.
        create = f"GRANT CREATE ON SCHEMA public TO {roles.quoted(owner)}"
        loop.run(roles.execute(url, create, *site.newcomers(runner, users=users)))
        yield _name(url)


@pytest.fixture(scope="session")
def granted_template(server_url: str, owner: str, runner: str) -> Generator[str]:
    """The name of the website's database, adopted by its owner for the runner, to copy from."""
    with _granted(server_url, site.USERS, owner, runner) as name:
        yield name


@pytest.fixture(scope="session")
def small_granted_template(server_url: str, owner: str, runner: str) -> Generator[str]:
    """The same with few people."""
    with _granted(server_url, site.FEW_USERS, owner, runner) as name:
        yield name


@pytest.fixture
async def granted_url(server_url: str, granted_template: str, owner: str) -> AsyncGenerator[str]:
    """The adopted database as its owner sees it, who is nobody else."""
    async with postgres.database(server_url, granted_template) as url:
        yield roles.as_role(url, owner)


@pytest.fixture
async def small_granted_url(
    server_url: str, small_granted_template: str, owner: str
) -> AsyncGenerator[str]:
    """The same with few people."""
    async with postgres.database(server_url, small_granted_template) as url:
        yield roles.as_role(url, owner)


@pytest.fixture
def runner_url(granted_url: str, runner: str) -> str:
    """The same database as the runner sees it."""
    return roles.as_role(granted_url, runner)


@pytest.fixture
async def runner_pool(runner_url: str) -> AsyncGenerator[Pool]:
    """The bot's pool as the runner; unqualified names are the newcomers' rows, where it can be."""
    pool = await create_pool(site.at_newcomers(runner_url), idle_seconds=0)
    yield pool
    await pool.close()


@pytest.fixture
async def town(runner_pool: Pool) -> AsyncGenerator[Town]:
    """A town on the website's database, adopted."""
    async with open_town(runner_pool) as opened:
        yield opened


@pytest.fixture
async def website(granted_url: str) -> AsyncGenerator[Website]:
    """The website on the same database."""
    async with adoption.connected(granted_url) as connection:
        yield Website(connection)
