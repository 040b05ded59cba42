"""Runs the migrations from code: there is no alembic.ini and no second way.

A run holds an advisory lock, so that a second one waits and then finds nothing to do. URLs are
asyncpg's own (postgresql://…, with ?host=/socket/folder, sslmode and so on). What goes wrong in
connecting comes out as asyncpg and the operating system raise it, the rest as a MigrationError.
"""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

SCHEMA = "discord"  # where the version table and all else that is the bot's own lives

LOCK = 0x6765746B  # any number, as long as every run takes the same


class MigrationError(Exception):
    """A migration was refused; the message says why, and the database is as it was before."""


async def upgrade(url: str, revision: str = "head") -> None:
    """Bring the database up to the revision. Raises MigrationError."""
    await _run(url, lambda config: command.upgrade(config, revision))


async def downgrade(url: str, revision: str) -> None:
    """Take the database back to the revision ("base" for before the first).

    Raises MigrationError, also when it would lose rows of the handbook's tables.
    """
    await _run(url, lambda config: command.downgrade(config, revision))


async def current(url: str) -> str | None:
    """The revision that the database is at, None before the first. Changes nothing.

    Raises MigrationError when the user may not know.
    """
    async with _connected(url) as connection:
        try:
            return await connection.run_sync(_current)
        except DBAPIError as error:
            raise MigrationError(
                f"PostgreSQL does not tell which migrations it has had: {_reason(error)}."
            ) from error


async def pending(url: str) -> list[str]:
    """The names of the revisions that `upgrade` would apply, oldest first. Changes nothing.

    Raises MigrationError when the database is at a revision unknown here, or does not tell.
    """
    scripts = ScriptDirectory.from_config(_config())
    at = await current(url)
    _check_known(scripts, at)
    missing = scripts.iterate_revisions("head", at or "base")
    return [Path(script.path).stem for script in reversed(list(missing))]


def scripts() -> list[tuple[str, str, str]]:
    """Every revision, oldest first: its id, its name, and the SQL that brings it about."""
    found = ScriptDirectory.from_config(_config()).walk_revisions()
    return [
        (script.revision, Path(script.path).stem, script.module.UPGRADE)
        for script in reversed(list(found))
    ]


def _current(connection: Connection) -> str | None:
    options = {"version_table_schema": SCHEMA}
    return MigrationContext.configure(connection, opts=options).get_current_revision()


def _check_known(scripts: ScriptDirectory, at: str | None) -> None:
    try:
        scripts.get_revisions(at or "base")
    except CommandError as error:
        raise MigrationError(
            f"The database is at revision {at}, which this version of the bot does not know: a "
            "newer one has migrated it."
        ) from error


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
        _check_known(ScriptDirectory.from_config(config), _current(connection))
        connection.commit()
        config.attributes["connection"] = connection
        work(config)

    async with _connected(url) as connection:
        # The lock is the session's, and goes with the connection.
        await connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": LOCK})
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


def _reason(error: Exception) -> BaseException:
    """PostgreSQL's own words, without SQLAlchemy's around them."""
    original = error.orig if isinstance(error, DBAPIError) else error
    return (original and original.__cause__) or original or error
