"""Old turns that leave `kai_interactions` for files, and the record of those files.

A line of a file ends with PostgreSQL's hash of the row that it was: only a row that still has that
hash is deleted on account of the line.
"""

import datetime as dt
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import asyncpg

from db.members import naive
from db.pool import OwnConnection as Connection
from db.pool import own_connection

LOCK = 0x61726368
"""The advisory lock of whoever archives or restores; any number, as long as all take the same."""
WORK_SECONDS = 600
"""How long one statement may take: a COPY, or a look through all turns."""
LOCK_SECONDS = 15
"""How long a statement waits for a row or a table that somebody else has."""

COLUMNS = (
    "id",
    "user_id",
    "context_type",
    "context_id",
    "message",
    "assistant_response",
    "function_called",
    "created_at",
)
HASH_COLUMN = "row_hash"
ROW_HASH = (
    f'hashtextextended(ROW({", ".join(f"k.{name}" for name in COLUMNS)})::text COLLATE "C", 0)'
)

LIMITS = f"SET statement_timeout = '{WORK_SECONDS}s'; SET lock_timeout = '{LOCK_SECONDS}s'"

TABLE_COLUMNS = """
SELECT attname::text FROM pg_catalog.pg_attribute
 WHERE attrelid = to_regclass('public.kai_interactions') AND attnum > 0 AND NOT attisdropped
 ORDER BY attnum"""

HANGING = """
SELECT 'the table ' || f.conrelid::regclass::text || ' refers to them' AS what
  FROM pg_catalog.pg_constraint f
 WHERE f.contype = 'f' AND f.confrelid = to_regclass('public.kai_interactions')
UNION
SELECT 'the trigger ' || t.tgname || ' fires on it'
  FROM pg_catalog.pg_trigger t
 WHERE t.tgrelid = to_regclass('public.kai_interactions') AND NOT t.tgisinternal
   AND t.tgenabled <> 'D' AND t.tgtype & 8 <> 0  -- on DELETE
 ORDER BY 1"""

# Of the dates that no calendar has (infinity, before Christ), none is archived.
MONTHS = """
SELECT date_trunc('month', created_at)::date AS month, count(*) AS turns,
       min(id) AS first_id, max(id) AS last_id
  FROM public.kai_interactions
 WHERE created_at >= '0001-01-01' AND created_at < $1
 GROUP BY 1 ORDER BY 1"""

RECORDS = """
SELECT file, month, row_count, checksum, first_id, last_id, written_at, deleted_at, restored_at
  FROM discord.archives"""

PENDING = f"{RECORDS} WHERE deleted_at IS NULL ORDER BY id"
BY_FILE = f"{RECORDS} WHERE file = $1"
OF_MONTH = f"{RECORDS} WHERE month = $1 ORDER BY id"

RECORD = """
INSERT INTO discord.archives (file, month, row_count, checksum, first_id, last_id, written_at)
VALUES ($1, $2, $3, $4, $5, $6, $7)"""

MARK_DELETED = "UPDATE discord.archives SET deleted_at = $2 WHERE file = $1 AND deleted_at IS NULL"

LINES = """
WITH line AS (
    SELECT * FROM unnest($1::int[], $2::bigint[]) AS l (id, row_hash)
)"""

# The range keeps PostgreSQL from ever reading all of the table for one batch.
SAME_ROW = f"k.id BETWEEN $3 AND $4 AND k.id = l.id AND l.row_hash = {ROW_HASH}"

DELETE = f"""{LINES}, gone AS (
    DELETE FROM public.kai_interactions k USING line l WHERE {SAME_ROW} RETURNING 1
)
SELECT count(*)::int FROM gone"""

COUNT_SAME = f"""{LINES}
SELECT count(*)::int FROM public.kai_interactions k, line l WHERE {SAME_ROW}"""

COUNT_LEFT = "SELECT count(*)::int FROM public.kai_interactions WHERE id = ANY($1::int[])"


class Lost(Exception):
    """The connection broke, or the database did not answer in time."""


class Busy(Exception):
    """Somebody else held a row or a table for too long."""


_BROKEN = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.OperatorInterventionError,
)


@dataclass(frozen=True, slots=True)
class Month:
    """The old turns of a month (UTC) that are in the table; `first_id` and `last_id` are theirs."""

    month: dt.date
    turns: int
    first_id: int
    last_id: int


@dataclass(frozen=True, slots=True)
class Record:
    """A file as `discord.archives` has it; the instants are aware."""

    file: str
    month: dt.date
    row_count: int
    checksum: str
    first_id: int
    last_id: int
    written_at: dt.datetime
    deleted_at: dt.datetime | None = None
    restored_at: dt.datetime | None = None


@asynccontextmanager
async def opened(url: str) -> AsyncGenerator[Connection]:
    """A connection of its own, pinned to UTC and ISO dates, on which a statement may take long.

    Raises OSError, asyncpg.PostgresError or TimeoutError when the server cannot be used at all;
    later Lost when the connection breaks, and Busy when a lock is not to be had.
    """
    async with own_connection(url, "get-kinder-archive", WORK_SECONDS) as connection:
        try:
            await connection.execute(LIMITS)
            yield connection
        except asyncpg.LockNotAvailableError as error:
            raise Busy(str(error)) from error
        except _BROKEN as error:
            raise Lost(str(error) or type(error).__name__) from error


async def lock(connection: Connection) -> bool:
    """Whether this connection alone archives or restores now, until it closes."""
    taken: bool = await connection.fetchval("SELECT pg_try_advisory_lock($1)", LOCK)
    return taken


async def hanging(connection: Connection) -> list[str]:
    """What deleting turns would reach beyond them: a phrase for each table and trigger."""
    return [row["what"] for row in await connection.fetch(HANGING)]


async def table_columns(connection: Connection) -> list[str]:
    """The names of the columns of kai_interactions, in their order; none when it is not there."""
    return [row[0] for row in await connection.fetch(TABLE_COLUMNS)]


async def months(connection: Connection, before: dt.date) -> list[Month]:
    """The months before that day which have turns in the table, oldest first."""
    start = dt.datetime.combine(before, dt.time(), dt.UTC)
    return [Month(*row) for row in await connection.fetch(MONTHS, naive(start))]


async def pending(connection: Connection) -> list[Record]:
    """The files whose turns may not all have left the table, oldest first."""
    return [Record(*row) for row in await connection.fetch(PENDING)]


async def find_record(connection: Connection, file: str) -> Record | None:
    """The record of a file by its name; None when there is none."""
    row = await connection.fetchrow(BY_FILE, file)
    return None if row is None else Record(*row)


async def of_month(connection: Connection, month: dt.date) -> list[Record]:
    """The records of a month's files, oldest first."""
    return [Record(*row) for row in await connection.fetch(OF_MONTH, month)]


async def record(connection: Connection, entry: Record) -> None:
    """Write down that a file is there, whole and verified."""
    await connection.execute(
        RECORD,
        *(entry.file, entry.month, entry.row_count, entry.checksum),
        *(entry.first_id, entry.last_id, entry.written_at),
    )


async def mark_deleted(connection: Connection, file: str, now: dt.datetime) -> None:
    """Write down that the last of a file's turns has left the table."""
    await connection.execute(MARK_DELETED, file, now)


async def delete(connection: Connection, ids: Sequence[int], hashes: Sequence[int]) -> int:
    """Delete those rows that are still as their lines have them; gives how many that were.

    `ids` are ascending, `hashes` those of the same lines. One statement is one transaction.
    """
    gone: int = await connection.fetchval(DELETE, ids, hashes, ids[0], ids[-1])
    return gone


async def count_same(connection: Connection, ids: Sequence[int], hashes: Sequence[int]) -> int:
    """How many of the rows are in the table, still as their lines have them."""
    same: int = await connection.fetchval(COUNT_SAME, ids, hashes, ids[0], ids[-1])
    return same


async def count_left(connection: Connection, ids: Sequence[int]) -> int:
    """How many rows of these ids are in the table."""
    left: int = await connection.fetchval(COUNT_LEFT, ids)
    return left
