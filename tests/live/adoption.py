"""What the tests of adopting share: how to call it, and a database's whole state to compare."""

import datetime as dt
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from bot.actions import adopting
from bot.actions.adopting import How, Undone
from bot.actions.adoption_plan import Migration, Plan
from migrations import history, runner
from tests.live.checksums import checksums

MIGRATIONS = [Migration(*script) for script in runner.scripts()]
NOW = dt.datetime(2026, 4, 1, 12, tzinfo=dt.UTC)

LOG_TEXTS = (
    ("challenge_logs", "challenge_id", "reflection"),
    ("challenge_logs", "challenge_id", "kai_notes"),
    ("quest_logs", "quest_id", "reflection"),
    ("quest_logs", "quest_id", "task_generated"),
)

SHAPE = """
SELECT n.nspname || '.' || c.relname AS name, c.relkind::text || ' ' || x.what AS what
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 CROSS JOIN LATERAL (
       SELECT 'itself' AS what
        UNION ALL
       SELECT concat_ws(' ', 'column', attname, format_type(atttypid, atttypmod), attnotnull,
                        pg_get_expr(d.adbin, d.adrelid))
         FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = attrelid AND d.adnum = attnum
        WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped
        UNION ALL
       SELECT 'constraint ' || conname || ' ' || pg_get_constraintdef(oid)
         FROM pg_constraint WHERE conrelid = c.oid AND contype <> 'n'
        UNION ALL
       SELECT 'index ' || pg_get_indexdef(indexrelid) FROM pg_index WHERE indrelid = c.oid
        UNION ALL
       SELECT 'trigger ' || tgname || ' ' || tgenabled::text
         FROM pg_trigger WHERE tgrelid = c.oid AND NOT tgisinternal) AS x
 WHERE c.relkind IN ('r', 'p', 'v', 'S') AND n.nspname <> 'information_schema'
   AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> ALL ($1)
 ORDER BY 1, 2"""


@asynccontextmanager
async def connected(url: str) -> AsyncGenerator[Any]:
    """A connection as the website has it: in UTC, and with no name of ours."""
    connection = await asyncpg.connect(
        url, server_settings={"TimeZone": "UTC", "application_name": "the-website"}
    )
    try:
        yield connection
    finally:
        await connection.close()


async def execute(url: str, *statements: str) -> None:
    """Do something to the database, as the website would."""
    async with connected(url) as connection:
        for statement in statements:
            await connection.execute(statement)


async def value(url: str, sql: str, *args: Any) -> Any:
    """The one value of a query."""
    async with connected(url) as connection:
        return await connection.fetchval(sql, *args)


async def state(url: str, *, without: tuple[str, ...] = ()) -> dict[str, Any]:
    """Everything in the database but in those schemas: its rows as checksums, and its shape."""
    async with connected(url) as connection:
        shape = [tuple(row) for row in await connection.fetch(SHAPE, list(without))]
    return {"rows": await checksums(url, without=without), "shape": shape}


TEXTS = """
SELECT '{table}', '{column}', user_id, {item}, day_number, array_agg({column} ORDER BY id)
  FROM public.{table} WHERE {column} ~ '\\S' GROUP BY 1, 2, 3, 4, 5"""


async def texts(url: str) -> dict[tuple[Any, ...], list[str]]:
    """Every text in a log, by its table, column, user, item and day."""
    found: dict[tuple[Any, ...], list[str]] = {}
    async with connected(url) as connection:
        for table, item, column in LOG_TEXTS:
            for *place, written in await connection.fetch(
                TEXTS.format(table=table, item=item, column=column)
            ):
                found[tuple(place)] = written
    return found


def how(*, merging: bool = True, wait: float = 30) -> How:
    """How these tests adopt."""
    return How(merging=merging, wait=wait, key=history.LOCK, now=NOW)


async def preview(url: str, *, merging: bool = True) -> Plan:
    """The dry run."""
    return await adopting.preview(url, MIGRATIONS, merging=merging)


async def adopt(url: str, *, merging: bool = True, wait: float = 30) -> Plan:
    """Adopt the database."""
    return await adopting.adopt(url, MIGRATIONS, how(merging=merging, wait=wait))


async def undo(url: str, *, wait: float = 30) -> Undone:
    """Take the last adoption back."""
    return await adopting.undo(url, how(wait=wait))
