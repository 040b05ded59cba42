"""What the tests of the archive share: turns of several months, archiving, and what is left."""

import asyncio
import datetime as dt
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg

from bot.actions import archiving, restoring
from bot.actions.archiving import Filed, How, Report
from bot.actions.restoring import Again

NOW = dt.datetime(2026, 1, 15, 12, tzinfo=dt.UTC)
BEFORE = dt.date(2025, 7, 1)
"""Turns of July and later are not old yet."""
MONTHS = ("2025-04", "2025-05", "2025-06", "2025-12")
OLD = MONTHS[:3]

AWKWARD = (
    None,
    "",
    "plain",
    'He said "hello", and left',
    "two\nlines\r\nand \r more\n",
    "\\.",
    "first\n\\.\nlast",
    "\\N",
    "NULL",
    ",,,",
    '"',
    '"\n"',
    "💛 žluťoučký кот",
    " \t ",
)
"""Texts that CSV, COPY or a reader of lines could trip over."""

ADD = """
INSERT INTO kai_interactions (user_id, context_type, context_id, message, assistant_response,
                              function_called, created_at)
SELECT ($2::int[])[1 + n % cardinality($2)], CASE n % 3 WHEN 0 THEN NULL ELSE 'chat' END,
       NULLIF(n % 5, 0), ($3::text[])[1 + n % cardinality($3)],
       ($3::text[])[1 + n / 3 % cardinality($3)], CASE n % 4 WHEN 0 THEN 'complete_day' END,
       $1::date + n * 17 % 40000 * interval '1 minute'
  FROM generate_series(1, $4) AS n"""

ACCOUNT = """
INSERT INTO discord.accounts (discord_id, user_id, zone, created_at)
VALUES ($1, $2, 'UTC', '2025-01-01') RETURNING user_id"""

USER = """
INSERT INTO userdata (firstname, lastname, email)
VALUES ($1::text, '(Discord)', $1::text || '@x.invalid')
RETURNING id"""

WAITING = """
SELECT count(*) FROM pg_stat_activity
 WHERE datname = current_database() AND wait_event_type = 'Lock'"""

ROWS = "SELECT k::text FROM kai_interactions k ORDER BY id"


@asynccontextmanager
async def connected(url: str) -> AsyncGenerator[Any]:
    """A connection as psql has it, in UTC."""
    connection = await asyncpg.connect(url, server_settings={"TimeZone": "UTC"})
    try:
        yield connection
    finally:
        await connection.close()


async def execute(url: str, sql: str, *args: Any) -> None:
    """Do one thing to the database."""
    async with connected(url) as connection:
        await connection.execute(sql, *args)


async def value(url: str, sql: str, *args: Any) -> Any:
    """The one value of a query."""
    async with connected(url) as connection:
        return await connection.fetchval(sql, *args)


async def rows(url: str) -> list[str]:
    """All turns in the table, as text."""
    async with connected(url) as connection:
        return [row[0] for row in await connection.fetch(ROWS)]


async def records(url: str) -> list[tuple[Any, ...]]:
    """The files that are recorded: name, turns, whether deleted, whether restored."""
    async with connected(url) as connection:
        found = await connection.fetch(
            "SELECT file, row_count, deleted_at IS NOT NULL, restored_at IS NOT NULL "
            "FROM discord.archives ORDER BY file"
        )
        return [tuple(row) for row in found]


async def add_users(url: str, *names: str) -> list[int]:
    """Members with accounts, Discord ids from 1001 on: their users' ids."""
    async with connected(url) as connection:
        ids = [await connection.fetchval(USER, name) for name in names]
        for number, user_id in enumerate(ids):
            await connection.fetchval(ACCOUNT, 1001 + number, user_id)
        return ids


async def add_turns(
    url: str, users: list[int], *, each: int = len(AWKWARD) * 3, months: tuple[str, ...] = MONTHS
) -> None:
    """So many turns in each month, shared by the users, their texts awkward."""
    async with connected(url) as connection:
        for month in months:
            first = dt.date.fromisoformat(f"{month}-01")
            await connection.execute(ADD, first, users, list(AWKWARD), each)


async def fill(url: str, *, each: int = len(AWKWARD) * 3) -> list[int]:
    """Two members and their turns: the users' ids."""
    users = await add_users(url, "ann", "ben")
    await add_turns(url, users, each=each)
    return users


class Seen:
    """A watch that keeps what it is told."""

    def __init__(self) -> None:
        self.steps = 0
        self.done = 0
        self.filed: list[Filed] = []

    def begins(self, steps: int) -> None:
        """Keep how many steps there are."""
        self.steps = steps

    def advances(self, steps: int) -> None:
        """Count."""
        self.done += steps

    def has_filed(self, filed: Filed) -> None:
        """Keep the file."""
        self.filed.append(filed)


async def archive(
    url: str, folder: Path, *, copied: int = 20, deleted: int = 16, watch: Seen | None = None
) -> Report:
    """Archive what is old, as of NOW, so many rows at once."""
    how = How(BEFORE, folder, lambda: NOW, copied, deleted)
    return await archiving.archive(url, how, watch or Seen())


async def restore(url: str, path: Path) -> Again:
    """Bring a file back, as of NOW."""
    return await restoring.restore(url, path, NOW)


def listed(folder: Path) -> dict[str, bytes]:
    """The files in a folder, by name; there may be no folder."""
    if not folder.is_dir():
        return {}
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


async def until_waiting(url: str) -> None:
    """Wait until somebody waits for a lock there."""
    async with asyncio.timeout(10), connected(url) as connection:
        while True:
            if await connection.fetchval(WAITING):
                return
            await asyncio.sleep(0.005)


def name(month: str, number: int = 1) -> str:
    """A file's name."""
    return f"kai_interactions-{month}{f'.{number}' if number > 1 else ''}.csv.gz"
