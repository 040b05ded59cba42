"""Taking the locks of many tables without freezing those who work on them.

A lock that is waited for makes everybody wait who comes after. So the locks are tried for a moment
only, all of them in one order, and when they are not to be had everything is let go for a while.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

import asyncpg

from db.care.ddl import qualified
from db.pool import OwnConnection as Connection
from db.pool import own_connection

Result = TypeVar("Result")

Mode = Literal["SHARE ROW EXCLUSIVE", "ACCESS EXCLUSIVE"]
"""The first lets others read, and not write; the second lets nobody near."""

TRY_MILLISECONDS = 300
"""How long a try may wait for all the locks, and so keep others waiting."""
LATER_SECONDS = 2
"""How long the work itself may wait for a lock that was not foreseen."""
READ_SECONDS = 10
"""How long a reading waits for a table that somebody has locked."""
WORK_SECONDS = 600
FIRST_PAUSE, LONGEST_PAUSE, GROWTH = 0.2, 3.0, 1.5

BROKEN = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
)

HOLDERS = """
SELECT l.pid, n.nspname || '.' || c.relname AS table_name,
       coalesce(nullif(a.application_name, ''), a.backend_type, 'unknown') AS program,
       coalesce(a.state, 'hidden') AS state,
       extract(epoch FROM clock_timestamp() - a.xact_start)::float8 AS seconds
  FROM pg_catalog.pg_locks l
  JOIN pg_catalog.pg_class c ON c.oid = l.relation
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
 WHERE l.locktype = 'relation' AND l.granted AND l.pid IS DISTINCT FROM pg_backend_pid()
   AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
   AND (n.nspname || '.' || c.relname = ANY($1)
            AND l.mode NOT IN ('AccessShareLock', 'RowShareLock')
        OR n.nspname || '.' || c.relname = ANY($2))
 ORDER BY a.xact_start NULLS LAST, l.pid, table_name"""

MIGRATING = """
SELECT pid FROM pg_catalog.pg_locks
 WHERE locktype = 'advisory' AND granted AND classid = 0 AND objid = $1::bigint::oid
   AND pid <> pg_backend_pid()
   AND database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())"""


class Busy(Exception):
    """The locks were not to be had in time. The message is a sentence that says who holds them."""


class Lost(Exception):
    """The connection broke. Whether the transaction was committed is not known."""


class Failed(Exception):
    """PostgreSQL refused a statement of the work; the message is its own words."""


class _NotNow(Exception):
    """A try failed; `migrating` when it was for a migration that runs."""

    def __init__(self, *, migrating: bool = False) -> None:
        super().__init__()
        self.migrating = migrating


@dataclass(frozen=True, slots=True)
class Wanted:
    """What must be had before the work: the lock of each table (with its schema, in the order of
    taking), and the advisory lock `key`; `wait` is how many seconds to go on trying."""

    tables: Mapping[str, Mode]
    key: int
    wait: float


@asynccontextmanager
async def opened(url: str) -> AsyncGenerator[Connection]:
    """A connection of its own, pinned to UTC, on which a statement may take ten minutes.

    Raises OSError, asyncpg.PostgresError or TimeoutError when the server cannot be used.
    """
    async with own_connection(url, "get-kinder-adopt", WORK_SECONDS) as connection:
        yield connection


@asynccontextmanager
async def reading(connection: Connection) -> AsyncGenerator[None]:
    """A transaction that sees one moment of the database, and can change nothing.

    Raises Busy when a table cannot even be read for a while.
    """
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            await connection.execute(f"SET LOCAL lock_timeout = '{READ_SECONDS}s'")
            yield
    except asyncpg.LockNotAvailableError as error:
        raise Busy("A table is locked by somebody, and cannot even be read") from error


async def with_locks(
    connection: Connection, wanted: Wanted, work: Callable[[], Awaitable[Result]]
) -> Result:
    """Do the work in one transaction that holds the locks; it is committed at the end.

    The work may be begun again, after a rollback, when it waits for a lock in its middle.
    Raises Busy after `wanted.wait` seconds, Failed, Lost when the connection breaks, and what the
    work raises. Save for Lost, nothing was changed then.
    """
    try:
        return await _tried(connection, wanted, work)
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        if connection.is_closed() or isinstance(error, BROKEN):
            raise Lost from error
        if isinstance(error, asyncpg.PostgresError):
            raise Failed(str(error)) from error
        raise


async def _tried(
    connection: Connection, wanted: Wanted, work: Callable[[], Awaitable[Result]]
) -> Result:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + wanted.wait
    pause = FIRST_PAUSE
    while True:
        try:
            return await _once(connection, wanted, work)
        except _NotNow as failure:
            sentence = await _who(connection, wanted, migrating=failure.migrating)
        if (left := deadline - loop.time()) <= 0:
            raise Busy(sentence)
        await asyncio.sleep(min(pause, left))
        pause = min(pause * GROWTH, LONGEST_PAUSE)


async def _once(
    connection: Connection, wanted: Wanted, work: Callable[[], Awaitable[Result]]
) -> Result:
    async with connection.transaction(isolation="read_committed"):
        try:
            await _take(connection, wanted)
        except (asyncpg.QueryCanceledError, asyncpg.DeadlockDetectedError) as error:
            raise _NotNow from error
        try:
            return await work()
        except (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError) as error:
            raise _NotNow from error


async def _take(connection: Connection, wanted: Wanted) -> None:
    """Take all locks within one short time; it runs as one statement, so that it has one limit."""
    await connection.execute(f"SET LOCAL statement_timeout = {TRY_MILLISECONDS}")
    if not await connection.fetchval("SELECT pg_try_advisory_xact_lock($1)", wanted.key):
        raise _NotNow(migrating=True)
    if wanted.tables:
        locks = "\n".join(
            f"    LOCK TABLE {qualified(table)} IN {mode} MODE;"
            for table, mode in wanted.tables.items()
        )
        await connection.execute(f"DO $$ BEGIN\n{locks}\nEND $$")
    await ample_time(connection)


async def ample_time(connection: Connection) -> None:
    """Give the statements that follow in this transaction the time that the work may take."""
    await connection.execute(
        f"SET LOCAL statement_timeout = '{WORK_SECONDS}s'; "
        f"SET LOCAL lock_timeout = '{LATER_SECONDS}s'"
    )


async def _who(connection: Connection, wanted: Wanted, *, migrating: bool) -> str:
    """A sentence about who is in the way."""
    if migrating:
        pids = [str(row["pid"]) for row in await connection.fetch(MIGRATING, wanted.key)]
        by = f" (process {', '.join(pids)} on the server)" if pids else ""
        return f"A migration or another adoption is running on this database{by}"
    exclusive = [table for table, mode in wanted.tables.items() if mode == "ACCESS EXCLUSIVE"]
    holders = await connection.fetch(HOLDERS, list(wanted.tables), exclusive)
    if not holders:
        return "The tables were too busy to be locked for a moment"
    return "The tables are in use: " + ", ".join(dict.fromkeys(map(_told, holders)))


def _told(holder: Any) -> str:
    pid = "a prepared transaction" if holder["pid"] is None else f"process {holder['pid']}"
    since = "" if holder["seconds"] is None else f" for {holder['seconds']:.0f} s"
    return f"{holder['table_name']} by {pid} ({holder['program']}, {holder['state']}{since})"
