"""How PostgreSQL carries out the dashboard's queries: each one's EXPLAIN as a text to keep."""

import asyncio
import datetime as dt
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import asyncpg

from db import dashboard
from db.care.ddl import identifier

if TYPE_CHECKING:
    from db.pool import AnyConnection as Connection

LIMIT_SECONDS = 30
TOO_LONG = f"(not done within {LIMIT_SECONDS} seconds)"
DAYS = dt.timedelta(days=30)
QUIET_DAYS = dt.timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Query:
    """A query of the dashboard's: the function in db/dashboard.py whose it is, and arguments."""

    function: str
    sql: str
    arguments: tuple[Any, ...] = ()

    @property
    def purpose(self) -> str:
        """What it is for: the first line of the function's docstring."""
        return (getattr(dashboard, self.function).__doc__ or "").partition("\n")[0]


def queries(today: dt.date) -> dict[str, Query]:
    """Every query of the dashboard's by name, asked about the thirty days up to a date."""
    since, month, quiet = today - DAYS, (today - DAYS, today), today - QUIET_DAYS
    instant = dt.datetime(since.year, since.month, since.day)  # noqa: DTZ001  the column is naive
    return {
        "active_members_by_day": Query("active_members", dashboard.ACTIVE_MEMBERS, (*month, "day")),
        "active_members_by_week": Query(
            "active_members", dashboard.ACTIVE_MEMBERS, (*month, "week")
        ),
        "completions": Query("completions", dashboard.COMPLETIONS, month),
        "challenge_funnel": Query("funnel", dashboard.FUNNEL["challenge"]),
        "quest_funnel": Query("funnel", dashboard.FUNNEL["quest"]),
        "challenge_stops": Query("stops", dashboard.STOPS["challenge"], (quiet,)),
        "quest_stops": Query("stops", dashboard.STOPS["quest"], (quiet,)),
        "badges": Query("badges", dashboard.BADGES, month),
        "turns": Query("turns", dashboard.TURNS, month),
        "posts": Query("posts", dashboard.POSTS, month),
        "reminders": Query("reminders", dashboard.REMINDERS, month),
        "biggest_tables": Query("biggest_tables", dashboard.BIGGEST_TABLES, (20,)),
        "turns_kept": Query("turns_kept", dashboard.TURNS_KEPT, (instant,)),
    }


async def explain(
    connection: "Connection", wanted: Mapping[str, Query], *, analyze: bool, note: str = ""
) -> dict[str, str]:
    """The text to keep of each query, by its name. Changes nothing.

    `analyze` runs the queries, each for 30 seconds at most. `note` says what database this is.
    Raises asyncpg.PostgresError where a query cannot be run, such as for a missing table.
    """
    version: str = await connection.fetchval("SHOW server_version")
    about = [line for line in (note, f"PostgreSQL {version.partition(' ')[0]}") if line]
    counted: dict[str, int | None] = {}
    texts: dict[str, str] = {}
    for name, query in wanted.items():
        plan = await _plan(connection, query, analyze=analyze)
        tables = await _tables(connection, query)
        for table in tables - counted.keys():
            counted[table] = await _count(connection, table)
        rows = [f"{t}: {_number(counted[t])} rows" for t in sorted(tables)]
        values = [f"${n} = {value}" for n, value in enumerate(query.arguments, start=1)]
        head = [f"{name}: {query.purpose}", *about, *rows, *values]
        head = [f"-- {line}" for line in head]
        texts[name] = "\n".join([*head, "", f"{query.sql.strip()};", "", plan, ""])
    return texts


async def _plan(connection: "Connection", query: Query, *, analyze: bool) -> str:
    """What EXPLAIN prints."""
    options = "ANALYZE, BUFFERS" if analyze else "COSTS"
    rows = await _read(connection, f"EXPLAIN ({options}) {query.sql}", query.arguments)
    return TOO_LONG if rows is None else "\n".join(row[0] for row in rows)


async def _tables(connection: "Connection", query: Query) -> set[str]:
    """The tables that a query reads, by their names with the schema."""
    sql = f"EXPLAIN (FORMAT JSON, VERBOSE) {query.sql}"
    rows = await _read(connection, sql, query.arguments) or []
    plans = [json.loads(text) if isinstance(text := row[0], str) else text for row in rows]
    return {
        f"{node['Schema']}.{node['Relation Name']}"
        for plan in plans
        for node in _nodes(plan[0]["Plan"])
        if "Relation Name" in node and node["Schema"] != "pg_catalog"
    }


def _nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A plan's node and all those below it."""
    yield node
    for child in node.get("Plans", ()):
        yield from _nodes(child)


async def _count(connection: "Connection", table: str) -> int | None:
    """A table's rows; None when they cannot be counted in time."""
    name = ".".join(identifier(part) for part in table.split("."))
    rows = await _read(connection, f"SELECT count(*) FROM {name}", ())
    return None if rows is None else rows[0][0]


def _number(count: int | None) -> str:
    return "too many to count" if count is None else f"{count:,}"


async def _read(connection: "Connection", sql: str, arguments: tuple[Any, ...]) -> list[Any] | None:
    """The rows of a statement that may change nothing; None when it takes too long."""
    try:
        async with connection.transaction(readonly=True):
            await connection.execute(f"SET LOCAL statement_timeout TO '{LIMIT_SECONDS}s'")
            # The server ends it first; this is for one that does not answer at all.
            return await connection.fetch(sql, *arguments, timeout=LIMIT_SECONDS + 5)
    except (asyncpg.QueryCanceledError, asyncio.TimeoutError):  # noqa: UP041  asyncpg's own name
        return None
