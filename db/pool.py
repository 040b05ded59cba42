"""The connection pool. One `fetch` on it is one round trip to the server."""

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import asyncpg

if TYPE_CHECKING:
    from asyncpg import Record

    Pool = asyncpg.Pool[asyncpg.Record]
    Connection = asyncpg.pool.PoolConnectionProxy[asyncpg.Record]
    OwnConnection = asyncpg.Connection[asyncpg.Record]
    AnyConnection = Connection | OwnConnection
else:
    Pool = asyncpg.Pool
    Connection = asyncpg.pool.PoolConnectionProxy
    OwnConnection = asyncpg.Connection
    AnyConnection = Connection | OwnConnection

TROUBLE = (
    OSError,
    TimeoutError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # for a moment, of a connection that was just cut
)
"""What is raised when the database cannot be reached, or cannot do what it is asked."""

CONNECT_SECONDS = 10
COMMAND_SECONDS = 10
WAIT_SECONDS = 10
STATEMENTS = 250
"""How many statements a connection keeps prepared: all that the bot has, and some more."""


class _BoundedPool(asyncpg.Pool):
    """A pool on which nobody waits for a free connection without end."""

    def acquire(self, *, timeout: float | None = WAIT_SECONDS) -> Any:
        """A free connection. Raises TimeoutError after `timeout` seconds."""
        return super().acquire(timeout=timeout)


async def _prepare(connection: Any) -> None:
    """Teach a new connection JSON and the array types that queries return.

    asyncpg asks the server about a type when it first meets it; here that happens before a member
    waits for it.
    """
    for name in ("json", "jsonb"):
        await connection.set_type_codec(
            name, schema="pg_catalog", encoder=json.dumps, decoder=json.loads
        )
    await connection.fetchrow("SELECT '{}'::int[], '{}'::bigint[], '{}'::text[], '{}'::date[]")


async def _no_reset(_connection: Any) -> None:
    """Nobody leaves session state on a pooled connection, so there is nothing to reset.

    asyncpg's own reset would be a hidden second round trip of every query.
    """


async def create_pool(url: str, *, size: int = 10, idle_seconds: float = 300) -> Pool:
    """Open a pool of up to `size` connections, every one pinned to UTC.

    A connection that nobody used for `idle_seconds` is closed; 0 keeps them all, and leaves no
    timers behind (a simulated world waits for every timer that is due).
    Raises OSError, asyncpg.PostgresError or TimeoutError when the server cannot be used.
    """
    return await _BoundedPool(
        url,
        min_size=min(2, size),
        max_size=size,
        max_queries=50_000,
        max_inactive_connection_lifetime=idle_seconds,
        init=_prepare,
        reset=_no_reset,
        loop=None,
        connection_class=asyncpg.Connection,
        record_class=asyncpg.Record,
        timeout=CONNECT_SECONDS,
        command_timeout=COMMAND_SECONDS,
        # asyncpg drops a prepared statement after five minutes by itself: the next member would
        # wait for each one dropped to be closed, and for their own to be prepared again.
        max_cached_statement_lifetime=0,
        statement_cache_size=STATEMENTS,
        server_settings={"TimeZone": "UTC", "application_name": "get-kinder-bot"},
    )


class NoRow(LookupError):
    """A statement that begins with `ME` has no member to speak of: see db/members.py."""


@asynccontextmanager
async def own_connection(url: str, name: str, seconds: float) -> AsyncGenerator[OwnConnection]:
    """A connection outside of the pool, pinned to UTC and ISO dates, for work that takes long.

    PostgreSQL lists it under `name`; a statement may take so many `seconds`. Raises OSError,
    asyncpg.PostgresError or TimeoutError when the server cannot be used.
    """
    connection = await asyncpg.connect(
        url,
        timeout=CONNECT_SECONDS,
        command_timeout=seconds + CONNECT_SECONDS,
        server_settings={"TimeZone": "UTC", "DateStyle": "ISO, YMD", "application_name": name},
    )
    try:
        yield connection
    finally:
        try:
            await connection.close(timeout=CONNECT_SECONDS)
        except TROUBLE:
            connection.terminate()


async def fetch_one(pool: Pool, sql: str, *args: Any) -> "Record":
    """The row of a statement that always gives one, such as every one that begins with `ME`.

    Without one it is sent once more. Raises NoRow.
    """
    row = await pool.fetchrow(sql, *args) or await pool.fetchrow(sql, *args)
    if row is None:
        raise NoRow
    return row


async def fetch_some(pool: Pool, sql: str, *args: Any) -> "list[Record]":
    """The rows of a statement that always gives at least one, as `fetch_one` does it."""
    rows = await pool.fetch(sql, *args) or await pool.fetch(sql, *args)
    if not rows:
        raise NoRow
    return rows
