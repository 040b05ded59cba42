"""What archiving a million turns costs, beside a bare COPY of the same rows, and beside the bot.

`uv run python -m tests.bench.archive` takes about three minutes (`… archive 100000` has fewer
turns). PostgreSQL is the embedded server with its own settings, on the disk, so it waits for that.

First, on a quiet bot: `COPY … TO STDOUT` of all rows, through gzip of the same level to a file, as
fast as it goes (twice, the faster counts; compressing has a thread of its own, as in archiving);
then the archiving of the same rows in the same process: copying, compressing, verifying, recording
and deleting. It prints both in rows a second, and their ratio, which must be at least 0.5.

Then the rows are made again, and `python -m bot db archive` runs as a process of its own beside a
bot that is started as in production, whose members press `/me` ten times a second: the median and
the 99th percentile before it and while it lasts. Two cores have five busy processes then, so that
part says that commands are answered, and roughly how late.
"""

import asyncio
import datetime as dt
import gc
import itertools
import os
import random
import statistics
import sys
import tempfile
from collections.abc import Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any, Final

import asyncpg
from rich.console import Console
from rich.table import Table

from bot.actions import archive_files, archiving
from bot.embedded import EmbeddedServer
from db import archives
from tests.bench.answers import Server, bot_process, slash
from tests.process.due import prepare

TURNS: Final = 1_000_000
MONTHS: Final = 12
FIRST: Final = dt.datetime(2024, 1, 1)  # noqa: DTZ001  as the table has it
BEFORE: Final = dt.date(2025, 1, 1)
QUIET_SECONDS: Final = 20
BETWEEN: Final = 0.1
"""Seconds between two presses."""
LEAST_RATIO: Final = 0.5
TEXTS: Final = 20_000
SEED: Final = 1

TEXTS_IN: Final = """
CREATE TEMPORARY TABLE texts AS
SELECT (n - 1)::int AS n, message, response FROM unnest($1::text[], $2::text[])
       WITH ORDINALITY AS t (message, response, n)"""

ADD: Final = """
INSERT INTO kai_interactions (user_id, context_type, message, assistant_response, created_at)
SELECT $1, 'chat', asked.message || ' ' || turn.n, answered.response,
       $2::timestamp + turn.n * ($3::interval / $4)
  FROM generate_series(0, $4 - 1) AS turn (n)
  JOIN texts asked ON asked.n = turn.n % $5
  JOIN texts answered ON answered.n = turn.n / 3 * 7 % $5
 ORDER BY turn.n"""

USER: Final = """
INSERT INTO userdata (firstname, lastname, email) VALUES ('Ann', '(Discord)', 'ann@x.invalid')
ON CONFLICT (email) DO UPDATE SET lastname = '(Discord)' RETURNING id"""

BARE: Final = f"SELECT {', '.join(archives.COLUMNS)} FROM kai_interactions ORDER BY id"


@dataclass
class Presses:
    """Milliseconds of each answer to `/me`, before and while the turns are archived."""

    quiet: list[float] = field(default_factory=list[float])
    beside: list[float] = field(default_factory=list[float])


class Nobody:
    """A watch that does not look."""

    def begins(self, steps: int) -> None:
        """Nothing."""

    def advances(self, steps: int) -> None:
        """Nothing."""

    def has_filed(self, filed: archiving.Filed) -> None:
        """Nothing."""


def sentences(count: int, words: int) -> list[str]:
    """Texts of about so many words, which compress as English does."""
    chance = random.Random(SEED)
    letters = "eeeeeetttttaaaaooooiiiinnnnsssshhhrrrddlucmfwygpbvk"
    pool = ["".join(chance.choices(letters, k=chance.randint(2, 9))) for _ in range(3000)]
    weights = [1 / rank for rank in range(1, len(pool) + 1)]
    return [
        " ".join(chance.choices(pool, weights, k=chance.randint(words // 2, words * 3 // 2)))
        for _ in range(count)
    ]


async def fill(url: str, turns: int) -> None:
    """Make the turns, spread over the months; PostgreSQL then has time to settle."""
    connection = await asyncpg.connect(url)
    try:
        user = await connection.fetchval(USER)
        span = dt.datetime.combine(BEFORE, dt.time()) - FIRST
        await connection.execute(TEXTS_IN, sentences(TEXTS, 20), sentences(TEXTS, 45))
        await connection.execute(ADD, user, FIRST, span, turns, TEXTS, timeout=300)
        await connection.execute("VACUUM (ANALYZE) kai_interactions", timeout=300)
        await connection.execute("CHECKPOINT", timeout=300)
    finally:
        await connection.close()


async def bare(url: str, folder: Path, number: int) -> tuple[float, int, int]:
    """COPY all of it through gzip to a file: seconds, bytes of CSV, bytes of the file."""
    start = perf_counter()
    size = 0
    part = archive_files.PartFile(folder / f"bare{number}.csv.gz")

    async def take(piece: bytes) -> None:
        nonlocal size
        size += len(piece)
        await part.take(piece)

    async with archives.opened(url) as connection:
        await connection.copy_from_query(BARE, output=take, format="csv")
    await part.finish()
    seconds = perf_counter() - start
    compressed = part.part.stat().st_size
    part.discard()
    return seconds, size, compressed


async def archived(url: str, folder: Path, turns: int) -> float:
    """Archive all of it: seconds."""
    start = perf_counter()
    how = archiving.How(BEFORE, folder, lambda: dt.datetime.now(dt.UTC))
    report = await archiving.archive(url, how, Nobody())
    seconds = perf_counter() - start
    assert sum(filed.turns for filed in report.filed) == turns
    assert len(report.filed) == MONTHS
    return seconds


async def press(server: Server, into: list[float], until: Coroutine[Any, Any, object]) -> float:
    """Press `/me` at an even pace until that is done: the seconds it took."""
    ask, members = slash("me", "level"), itertools.cycle(server.members)
    start = perf_counter()
    waiting: set[asyncio.Task[None]] = set()

    async def one() -> None:
        pressed = perf_counter()
        await ask(next(members))
        into.append((perf_counter() - pressed) * 1000)

    work = asyncio.create_task(until)
    while not work.done():
        task = asyncio.create_task(one())
        waiting.add(task)
        await asyncio.sleep(BETWEEN)
    await asyncio.gather(work, *waiting)
    return perf_counter() - start


async def command(url: str, folder: Path) -> None:
    """Archive by the command, in a process of its own."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", "db", "archive", "--older-than", "180d"),
        *("--quiet", "--folder", str(folder)),
        env=os.environ | {"DATABASE_URL": url, "DATA_DIR": str(folder)},
    )
    assert await process.wait() == 0


async def beside(url: str, folder: Path) -> tuple[Presses, float]:
    """Press before and beside the archiving: the answers' times, and its seconds."""
    presses = Presses()
    async with bot_process("bot", DATABASE_URL=url) as server:
        for member in server.members:
            await slash("me", "level")(member)
        await press(server, presses.quiet, asyncio.sleep(QUIET_SECONDS))
        seconds = await press(server, presses.beside, command(url, folder))
    return presses, seconds


def show_rates(
    console: Console, turns: int, bares: list[tuple[float, int, int]], seconds: float
) -> None:
    """Print rows a second."""
    fastest, size, compressed = min(bares)
    table = Table("", title=f"{turns:,} turns, {size / 1e6:.0f} MB as CSV")
    for heading in ("seconds", "rows a second", "MB of CSV a second"):
        table.add_column(heading, justify="right")
    for name, took in [*(("bare COPY | gzip", took) for took, _, _ in bares), ("archive", seconds)]:
        table.add_row(name, f"{took:.2f}", f"{turns / took:,.0f}", f"{size / took / 1e6:.1f}")
    console.print(table)
    ratio = fastest / seconds
    word = "as it must be" if ratio >= LEAST_RATIO else "TOO SLOW"
    console.print(f"Compressed: {compressed / 1e6:.0f} MB. Ratio {ratio:.2f}, {word}.")


def show_presses(console: Console, presses: Presses, turns: int, seconds: float) -> None:
    """Print what members waited."""
    table = Table("", title=f"/me, every {BETWEEN * 1000:.0f} ms")
    for heading in ("answers", "p50 ms", "p99 ms", "worst ms"):
        table.add_column(heading, justify="right")
    for name, times in (("quiet", presses.quiet), ("while archiving", presses.beside)):
        ordered = sorted(times)
        p99 = ordered[int(len(ordered) * 0.99)]
        figures = (statistics.median(ordered), p99, ordered[-1])
        table.add_row(name, str(len(ordered)), *(f"{figure:.1f}" for figure in figures))
    console.print(table)
    console.print(f"Meanwhile: {seconds:.1f} s, {turns / seconds:,.0f} rows a second.")


async def run(url: str, folder: Path, turns: int, console: Console) -> None:
    """Measure and print both parts."""
    await prepare(url)
    await fill(url, turns)
    bares = [await bare(url, folder, number) for number in range(2)]
    show_rates(console, turns, bares, await archived(url, folder / "quiet", turns))
    await fill(url, turns)
    presses, seconds = await beside(url, folder / "busy")
    show_presses(console, presses, turns, seconds)


async def main() -> None:
    """Start a server, measure, and stop it."""
    gc.disable()  # the stand-in keeps all that it saw, and would be slower with each answer
    turns = int(sys.argv[1]) if len(sys.argv) > 1 else TURNS
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        server = EmbeddedServer(folder / "postgres")
        try:
            await run(await server.start(), folder, turns, Console(width=110, highlight=False))
        finally:
            await server.stop()


if __name__ == "__main__":
    asyncio.run(main())
