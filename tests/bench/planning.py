"""What it costs to find and plan the posts that are due, among 100,000 configured servers.

`uv run python -m tests.bench.planning` takes about a minute (`… planning 1000` has 1,000 servers).
The servers are spread over all time zones and times of day; 1, 100 and 1,000 of them are due. For
each it prints the milliseconds (median and worst) of the statements that plan posts: finding them,
taking their turns, and writing ledger and schedules, in one transaction that is rolled back; and of
`planning.plan`, as a worker does it every minute: the same, the look for what has expired, and the
commit. Then, of `EXPLAIN (ANALYZE, BUFFERS)` of each statement: the pages that it touched, and the
rows that a filter removed, which should be none. The plans for the most that are due follow.

PostgreSQL runs as in the tests, without waiting for the disk.
"""

import asyncio
import datetime as dt
import random
import statistics
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any, Final
from zoneinfo import available_timezones

from rich.console import Console
from rich.table import Table

from bot.actions import planning
from bot.actions.pace import room_for
from bot.actions.services import Services
from bot.kai.companion import Kai
from bot.rules.posting import WINDOW, next_instant
from db import pace, posts
from db.pool import Connection, Pool, create_pool
from tests import postgres
from tests.process.due import prepare

SERVERS: Final = 100_000
DUE: Final = (1, 100, 1000)
TIMES: Final = 9
SEED: Final = 1
LIMIT: Final = planning.BATCH

ADD: Final = """
INSERT INTO discord.guilds (guild_id, zone, joined_at, greeted_at, post_channel_id, post_time,
                            next_post_on, next_post_at)
SELECT id, zone, $6, $6, id + 1, at, next_on, next_at
  FROM unnest($1::bigint[], $2::text[], $3::time[], $4::date[], $5::timestamptz[])
       AS server(id, zone, at, next_on, next_at)"""

# What would be due by itself waits a day, so that exactly so many are.
NONE_DUE: Final = """
UPDATE discord.guilds SET next_post_on = next_post_on + 1, next_post_at = next_post_at + '1 day'
 WHERE next_post_at <= $1"""

MAKE_DUE: Final = """
UPDATE discord.guilds SET next_post_at = $2
 WHERE guild_id IN (SELECT guild_id FROM discord.guilds ORDER BY md5(guild_id::text) LIMIT $1)"""


AGAIN: Final = "DELETE FROM discord.daily_posts"


@dataclass
class Figures:
    """What planning so many servers cost: milliseconds of each run by statement, and the plans."""

    due: int
    times: dict[str, list[float]] = field(default_factory=dict[str, list[float]])
    plans: dict[str, Any] = field(default_factory=dict[str, Any])

    def add(self, name: str, start: float) -> None:
        """Note a run that began then."""
        self.times.setdefault(name, []).append((perf_counter() - start) * 1000)


async def fill(connection: Connection, servers: int, now: dt.datetime) -> None:
    """Configure so many servers, in all zones, at all quarters of an hour."""
    chance = random.Random(SEED)
    zones = sorted(available_timezones() - {"localtime", "Factory"})
    quarters = [dt.time(hour, minute) for hour in range(24) for minute in (0, 15, 30, 45)]
    chosen = [(chance.choice(zones), chance.choice(quarters)) for _ in range(servers)]
    nexts = [next_instant(now, time, zone) for zone, time in chosen]
    await connection.execute(
        ADD,
        [2 * number for number in range(1, servers + 1)],
        [zone for zone, _ in chosen],
        [time for _, time in chosen],
        [date for date, _ in nexts],
        [instant for _, instant in nexts],
        now,
    )
    await connection.execute(NONE_DUE, now)


def planned(found: Sequence[posts.DueGuild], first: dt.datetime) -> list[posts.Planned]:
    """The turns of what is due, from the first on, and when each server's next post comes."""
    plans: list[posts.Planned] = []
    for number, guild in enumerate(found):
        on, at = next_instant(guild.next_at, guild.time, guild.zone, guild.next_on)
        plans.append(posts.Planned(guild.guild_id, first + room_for(number), on, at))
    return plans


async def run(connection: Connection, now: dt.datetime, figures: Figures) -> None:
    """Plan once, and take it back."""
    transaction = connection.transaction()
    await transaction.start()
    try:
        whole = start = perf_counter()
        found = await posts.due(connection, now, LIMIT)
        figures.add("find what is due", start)
        assert len(found) == figures.due, f"{len(found)} are due"
        start = perf_counter()
        first = await pace.take_turns(connection, now, room_for(len(found)))
        figures.add("take the turns", start)
        start = perf_counter()
        plans = planned(found, first)
        figures.add("(reckon the next instants)", start)
        start = perf_counter()
        assert await posts.plan(connection, plans, now, WINDOW) == figures.due
        figures.add("write ledger and schedules", start)
        figures.add("all of it", whole)
    finally:
        await transaction.rollback()


async def explain(connection: Connection, now: dt.datetime, figures: Figures) -> None:
    """Keep the plans of the two statements, and take back what they did."""
    transaction = connection.transaction()
    await transaction.start()
    try:
        found = await posts.due(connection, now, LIMIT)
        figures.plans["find what is due"] = await plan_of(connection, posts.DUE, now, LIMIT)
        plans = planned(found, now)
        figures.plans["write ledger and schedules"] = await plan_of(
            connection,
            posts.PLAN,
            [plan.guild_id for plan in plans],
            [plan.send_at for plan in plans],
            [plan.next_on for plan in plans],
            [plan.next_at for plan in plans],
            WINDOW,
            now,
        )
    finally:
        await transaction.rollback()


async def plan_of(connection: Connection, sql: str, *values: object) -> Any:
    """The plan of a statement with what running it took."""
    plans = await connection.fetchval(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {sql}", *values)
    return plans[0]


def nodes(plan: Any) -> Iterator[Any]:
    """The plan's nodes, from the top."""
    yield plan
    for part in plan.get("Plans", []):
        yield from nodes(part)


def buffers(plan: Any) -> int:
    """The pages that a statement touched.

    The top node counts those of all that it pulled; a part that writes and is pulled by nobody
    runs afterwards, and counts by itself.
    """
    every = list(nodes(plan["Plan"]))
    pulled = {f"CTE {node['CTE Name']}" for node in every if "CTE Name" in node}
    apart = [n for n in every if "Subplan Name" in n and n["Node Type"] == "ModifyTable"]
    tops = [plan["Plan"], *(node for node in apart if node["Subplan Name"] not in pulled)]
    return sum(node["Shared Hit Blocks"] + node["Shared Read Blocks"] for node in tops)


def removed(plan: Any) -> list[str]:
    """Each node that had to remove rows: its type, and how many for what reason."""
    return [
        f"{node['Node Type']} {node.get('Relation Name', '')}: {key} {value}"
        for node in nodes(plan["Plan"])
        for key, value in node.items()
        if key.startswith("Rows Removed") and value
    ]


def outline(plan: Any, depth: int = 0) -> Iterator[str]:
    """The plan as lines: node, table or index, rows, pages."""
    pages = plan["Shared Hit Blocks"] + plan["Shared Read Blocks"]
    on = plan.get("Index Name") or plan.get("Relation Name") or plan.get("CTE Name") or ""
    name = plan.get("Subplan Name", "")
    rows = f"{plan['Actual Rows']:g} rows × {plan['Actual Loops']:g}, {pages} pages"
    yield f"{'  ' * depth}{name and name + ': '}{plan['Node Type']} {on} ({rows})"
    for part in plan.get("Plans", []):
        yield from outline(part, depth + 1)


async def plan_all(pool: Pool, now: dt.datetime, figures: Figures) -> None:
    """Plan as a worker does, several times."""
    services = Services(pool, Kai(), lambda: now)
    for _ in range(TIMES):
        start = perf_counter()
        assert await planning.plan(services) == figures.due
        figures.add("planning.plan", start)
        await pool.execute(AGAIN)
        await pool.execute(MAKE_DUE, figures.due, now)


async def measure(pool: Pool, servers: int) -> list[Figures]:
    """Fill the database, and plan with few and with many due."""
    now = dt.datetime.now(dt.UTC).replace(second=0, microsecond=0)
    results: list[Figures] = []
    async with pool.acquire() as connection:
        await fill(connection, servers, now)
        for count in DUE:
            figures = Figures(min(count, servers))
            await connection.execute(MAKE_DUE, count, now)
            await connection.execute("VACUUM (ANALYZE) discord.guilds")
            for _ in range(TIMES):
                await run(connection, now, figures)
            await explain(connection, now, figures)
            await plan_all(pool, now, figures)
            results.append(figures)
    return results


def show(results: list[Figures], servers: int, console: Console) -> None:
    """Print the figures, and the plans of the largest."""
    table = Table("", title=f"{servers:,} servers: median / worst milliseconds of {TIMES}")
    for figures in results:
        table.add_column(f"{figures.due:,} due", justify="right")
    for name in results[0].times:
        cells = [(statistics.median(f.times[name]), max(f.times[name])) for f in results]
        table.add_row(name, *(f"{median:.2f} / {worst:.2f}" for median, worst in cells))
    console.print(table)
    pages = Table("", "due", "pages", "pages for each", "removed by a filter", title="EXPLAIN")
    for figures in results:
        for name, plan in figures.plans.items():
            count, each = buffers(plan), buffers(plan) / figures.due
            gone = "; ".join(removed(plan)) or "none"
            pages.add_row(name, f"{figures.due:,}", f"{count:,}", f"{each:.1f}", gone)
    console.print(pages)
    for name, plan in results[-1].plans.items():
        console.print(f"\n{name}, {results[-1].due:,} due, {plan['Execution Time']:.1f} ms:")
        for line in outline(plan["Plan"]):
            console.print(f"  {line}", markup=False)


async def run_on(server_url: str, servers: int) -> list[Figures]:
    """Measure on a fresh database."""
    async with postgres.database(server_url) as url:
        await prepare(url)
        pool = await create_pool(url, idle_seconds=0)
        try:
            return await measure(pool, servers)
        finally:
            await pool.close()


def main() -> None:
    """Measure and print."""
    servers = int(sys.argv[1]) if len(sys.argv) > 1 else SERVERS
    with postgres.server() as server_url:
        results = asyncio.run(run_on(server_url, servers))
    show(results, servers, Console(width=140, highlight=False))


if __name__ == "__main__":
    main()
