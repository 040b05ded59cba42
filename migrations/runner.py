"""Runs the migrations from code: there is no alembic.ini and no second way.

A run holds an advisory lock, so that a second one waits and then finds nothing to do. URLs are
asyncpg's own (postgresql://…, with ?host=/socket/folder, sslmode and so on). What goes wrong in
connecting comes out as asyncpg and the operating system raise it, the rest as a MigrationError.

Alembic takes half a second to import: who only wants to know what is pending asks `history`.
"""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import cast

import asyncpg
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from migrations import history
from migrations.history import LOCK, MigrationError


async def upgrade(url: str, revision: str = "head") -> None:
    """Bring the database up to the revision. Raises MigrationError."""
    await _run(url, lambda config: command.upgrade(config, revision))


async def downgrade(url: str, revision: str) -> None:
    """Take the database back to the revision ("base" for before the first).

    Raises MigrationError, also when it would lose rows of the handbook's tables.
    """
    await _run(url, lambda config: command.downgrade(config, revision))


def scripts() -> list[tuple[str, str, str]]:
    """Every revision, oldest first: its id, its name, and the SQL that brings it about."""
    found = ScriptDirectory.from_config(_config()).walk_revisions()
    return [
        (script.revision, Path(script.path).stem, script.module.UPGRADE)
        for script in reversed(list(found))
    ]


def _config() -> Config:
    config = Config()
    # The parser that Alembic keeps its options in reads % as a reference.
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


@asynccontextmanager
async def _connected(url: str) -> AsyncGenerator[AsyncConnection]:
    async def connect() -> asyncpg.Connection:
        return await asyncpg.connect(url, server_settings={"timezone": "UTC"})

    # asyncpg reads the URL, as it does for the bot's pool, so both understand it alike.
    engine = create_async_engine("postgresql+asyncpg://", async_creator=connect, poolclass=NullPool)
    async with engine.connect() as connection:
        yield connection


async def _run(url: str, work: Callable[[Config], None]) -> None:
    config = _config()

    def migrate(connection: Connection) -> None:
        config.attributes["connection"] = connection
        work(config)

    async with _connected(url) as connection:
        # The lock is the session's, and goes with the connection.
        await connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": LOCK})
        await connection.commit()
        await _check_known(connection)
        try:
            await connection.run_sync(migrate)
        except asyncpg.RaiseError as error:  # a revision's own refusal, a sentence already
            raise MigrationError(str(error)) from error
        except (asyncpg.PostgresError, DBAPIError) as error:
            raise MigrationError(
                f"PostgreSQL refused a migration, and nothing was changed: {_reason(error)}."
            ) from error
        except CommandError as error:
            raise MigrationError(f"{error}.") from error


async def _check_known(connection: AsyncConnection) -> None:
    """Raise MigrationError where a newer version of the bot has been at work."""
    raw = cast("asyncpg.Connection", (await connection.get_raw_connection()).driver_connection)
    history.pending(await history.current(raw))


def _reason(error: Exception) -> BaseException:
    """PostgreSQL's own words, without SQLAlchemy's around them."""
    original = error.orig if isinstance(error, DBAPIError) else error
    return (original and original.__cause__) or original or error
