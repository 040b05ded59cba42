"""Opening the database: the one that is set, or the embedded server; migrated, and not empty.

Whatever keeps the bot from starting is a `StartError`: one sentence for the person who runs it.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import asyncpg
import structlog

from bot.actions.seeding import ensure_standing_quest, seed_if_empty
from bot.actions.services import utcnow
from bot.embedded import EmbeddedError, EmbeddedServer
from bot.settings import Settings
from db.care.checking import OLDEST_SERVER, check, has_handbook
from db.care.reading import read_catalogue
from db.pool import TROUBLE, Pool, create_pool
from migrations import history

log = structlog.get_logger(__name__)

CLOSE_SECONDS = 2.0
"""How long the end waits for the database to say goodbye."""
IDLE_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Database:
    """A database that can be used: its URL, and a pool on it."""

    url: str
    pool: Pool


class StartError(Exception):
    """The bot cannot start; the message is a sentence that says what to do."""


@asynccontextmanager
async def database_url(settings: Settings) -> AsyncGenerator[str]:
    """The database's URL: the one that is set, or that of the embedded server while this lasts."""
    if settings.database_url is not None:
        yield settings.database_url.get_secret_value()
        return
    try:
        server = EmbeddedServer(settings.data_dir / "postgres")
        url = await server.start()
    except EmbeddedError as error:
        raise StartError(str(error)) from error
    try:
        yield url
    finally:
        await server.stop()


def database_trouble(error: Exception) -> StartError:
    """What to say about an error of the database's; the log has the detail."""
    log.warning("database trouble", error=repr(error))
    match error:
        case asyncpg.InvalidAuthorizationSpecificationError():
            return StartError(
                "The database refused the user or the password in DATABASE_URL: please check both."
            )
        case asyncpg.InsufficientPrivilegeError():
            return StartError(
                "The user in DATABASE_URL may not do what the bot needs in that database "
                f"({error}): please grant it."
            )
        case _:
            return StartError(
                "The database cannot be reached: check that DATABASE_URL names a running "
                "PostgreSQL server and a database that exists there."
            )


@asynccontextmanager
async def open_pool(url: str, settings: Settings) -> AsyncGenerator[Pool]:
    """A pool on a server that is reachable and new enough. Raises StartError."""
    # The playground waits for every timer that is due, so there the pool sets none.
    idle_seconds = 0 if settings.discord_token is None else IDLE_SECONDS
    try:
        pool = await create_pool(url, size=settings.pool_size, idle_seconds=idle_seconds)
    except (*TROUBLE, ValueError) as error:  # ValueError: asyncpg cannot read the URL
        raise database_trouble(error) from error
    try:
        await _refuse_old_server(pool)
        yield pool
    finally:
        await _close_pool(pool)


async def _refuse_old_server(pool: Pool) -> None:
    number: int = await pool.fetchval("SELECT current_setting('server_version_num')::int")
    if number < OLDEST_SERVER * 10_000:
        raise StartError(
            f"The database is PostgreSQL {number // 10_000}, and this bot needs "
            f"{OLDEST_SERVER} or newer: please upgrade the server."
        )


async def _close_pool(pool: Pool) -> None:
    try:
        async with asyncio.timeout(CLOSE_SECONDS):
            await pool.close()
    except TimeoutError:
        pool.terminate()


async def require_migrated(pool: Pool) -> None:
    """Raise StartError, saying which command to run, while migrations are pending."""
    async with pool.acquire() as connection:
        revision = await history.current(connection)
    pending = history.pending(revision)
    if not pending:
        return
    if revision is None and await is_anothers(pool):
        raise StartError(
            "This database has tables of the handbook that the bot did not make: look at it with "
            "`python -m bot db check`, take it over with `python -m bot db adopt`, then start "
            "again."
        )
    raise StartError(
        f"The database lacks {len(pending)} migration(s), the first being {pending[0]}: "
        "run `python -m bot db migrate`, then start again."
    )


async def bring_up_to_date(url: str, pool: Pool) -> list[str]:
    """Apply what is pending: its names, oldest first. Raises MigrationError."""
    async with pool.acquire() as connection:
        pending = history.pending(await history.current(connection))
    if pending:
        from migrations import runner  # noqa: PLC0415  it costs half a second, and is seldom needed

        await runner.upgrade(url)
    return pending


async def is_anothers(pool: Pool) -> bool:
    """Whether somebody else has made tables of the handbook here."""
    async with pool.acquire() as connection:
        return has_handbook(await read_catalogue(connection, ["public"]))


async def refuse_drift(pool: Pool) -> None:
    """Raise StartError where the schema would break the bot; what it can live with is logged."""
    async with pool.acquire() as connection:
        found = await check(connection, rows=False)
    for finding in found:
        if finding.level == "drift":
            log.warning("schema drift", where=finding.where, what=finding.what)
    breaking = [finding.what for finding in found if finding.level == "breaking"]
    if breaking:
        more = "" if len(breaking) == 1 else f" And {len(breaking) - 1} more like it."
        raise StartError(
            f"The bot would break on this database: {breaking[0]}{more} "
            "`python -m bot db check` tells all of it, and what would mend it."
        )


@asynccontextmanager
async def open_database(settings: Settings) -> AsyncGenerator[tuple[str, Pool]]:
    """The database's URL and a pool on it. Raises StartError when it cannot be used."""
    async with database_url(settings) as url, open_pool(url, settings) as pool:
        yield url, pool


@asynccontextmanager
async def ready_database(settings: Settings) -> AsyncGenerator[Database]:
    """A migrated database with a catalogue; the embedded one is migrated and filled here."""
    async with open_database(settings) as (url, pool):
        if settings.database_url is None:
            await bring_up_to_date(url, pool)
        await require_migrated(pool)
        await refuse_drift(pool)
        if await seed_if_empty(pool, utcnow):
            log.info("starter catalogue loaded")
        await ensure_standing_quest(pool, utcnow)
        yield Database(url, pool)
