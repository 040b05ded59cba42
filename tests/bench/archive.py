"""What archiving a million turns costs, beside a bare COPY of the same rows, and beside the bot.

`uv run python -m tests.bench.archive` takes about three minutes (`… archive 100000` has fewer
turns). PostgreSQL is the embedded server with its own settings, on the disk, so it waits for that.

First, without a bot, month by month in three rounds, so that both share the noise of the machine:
`COPY … TO STDOUT` of the rows, through gzip of the same level to a file, as fast as it goes
(compressing has a thread of its own, as in archiving); then the archiving of the same rows in the
same process: copying, compressing, verifying, recording and deleting. It prints both in rows a
second, the CPU seconds of this process and of PostgreSQL, and the ratio, which must be 0.5 or more.

Then the rows are made again, and `python -m bot db archive` runs as a process of its own beside a
bot that is started as in production, whose members press `/me` ten times a second: the median and
the 99th percentile before it and while it lasts. Two cores have five busy processes then, so that
part says that commands are answered, and roughly how late.
"""

import asyncio
import contextlib
import datetime as dt
import gc
import itertools
import os
import statistics
import sys
import tempfile
from collections.abc import Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any, Final

import psutil
from rich.console import Console
from rich.table import Table

from bot.actions import archive_files, archiving
from bot.embedded import EmbeddedServer
from db import archives
from tests.bench.answers import Server, bot_process, slash
from tests.bench.old_turns import BEFORE, FIRST, fill, vacuum
from tests.process.due import prepare

TURNS: Final = 1_000_000
MONTHS: Final = 12
ROUNDS: Final = 3
QUIET_SECONDS: Final = 20
BETWEEN: Final = 0.1
"""Seconds between two presses."""
LEAST_RATIO: Final = 0.5
BARE: Final = (
    f"SELECT {', '.join(archives.COLUMNS)} FROM kai_interactions "
    "WHERE created_at < '{before}' ORDER BY id"
)


@dataclass
class Cost:
    """What one way of getting the turns into files took, all rounds together."""

    seconds: float = 0.0
    here: float = 0.0
    there: float = 0.0
    size: int = 0


class Clock:
    """Adds to a cost what its block takes, in seconds of wall clock and CPU, here and there."""

    def __init__(self, cost: Cost, postmaster: psutil.Process) -> None:
        self._cost = cost
        self._postmaster = postmaster

    def _now(self) -> tuple[float, float, float]:
        here, there = os.times(), 0.0
        for child in self._postmaster.children():
            with contextlib.suppress(psutil.NoSuchProcess):
                there += sum(child.cpu_times()[:2])
        there += sum(self._postmaster.cpu_times()[:4])  # with those of its children that ended
        return perf_counter(), here.user + here.system, there

    def __enter__(self) -> None:
        self._start = self._now()

    def __exit__(self, *_raised: object) -> None:
        took = [end - start for end, start in zip(self._now(), self._start, strict=True)]
        self._cost.seconds += took[0]
        self._cost.here += took[1]
        self._cost.there += took[2]


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


async def bare(url: str, folder: Path, before: dt.date) -> int:
    """COPY what is before that day through gzip to a file: bytes of CSV."""
    size = 0
    part = archive_files.PartFile(folder / "bare.csv.gz")

    async def take(piece: bytes) -> None:
        nonlocal size
        size += len(piece)
        await part.take(piece)

    async with archives.opened(url) as connection:
        await connection.copy_from_query(BARE.format(before=before), output=take, format="csv")
    await part.finish()
    part.discard()
    return size


async def archived(url: str, folder: Path, before: dt.date) -> int:
    """Archive what is before that day: how many turns."""
    how = archiving.How(before, folder, lambda: dt.datetime.now(dt.UTC))
    report = await archiving.archive(url, how, Nobody())
    return sum(filed.turns for filed in report.filed)


async def both(url: str, folder: Path, postmaster: psutil.Process, turns: int) -> tuple[Cost, Cost]:
    """What the bare COPY and the archiving cost, in turns."""
    costs = Cost(), Cost()
    done = 0
    for month in range(1 + MONTHS // ROUNDS, MONTHS + 2, MONTHS // ROUNDS):
        before = FIRST.date().replace(month=month) if month <= MONTHS else BEFORE
        await vacuum(url)
        with Clock(costs[0], postmaster):
            costs[0].size += await bare(url, folder, before)
        with Clock(costs[1], postmaster):
            done += await archived(url, folder / "quiet", before)
    assert done == turns
    costs[1].size = costs[0].size
    return costs


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


def show_rates(console: Console, turns: int, costs: tuple[Cost, Cost]) -> None:
    """Print rows a second, and the ratio."""
    table = Table("", title=f"{turns:,} turns, {costs[0].size / 1e6:.0f} MB as CSV")
    for heading in ("seconds", "rows a second", "MB a second", "CPU here", "CPU of PostgreSQL"):
        table.add_column(heading, justify="right")
    for name, cost in zip(("bare COPY | gzip", "archive"), costs, strict=True):
        rates = f"{turns / cost.seconds:,.0f}", f"{cost.size / cost.seconds / 1e6:.1f}"
        cpu = f"{cost.here:.1f} s", f"{cost.there:.1f} s"
        table.add_row(name, f"{cost.seconds:.2f}", *rates, *cpu)
    console.print(table)
    ratio = costs[0].seconds / costs[1].seconds
    word = "as it must be" if ratio >= LEAST_RATIO else "TOO SLOW"
    console.print(f"Ratio {ratio:.2f}, {word}.")


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
    pid = int((folder / "postgres" / "data" / "postmaster.pid").read_text().split()[0])
    show_rates(console, turns, await both(url, folder, psutil.Process(pid), turns))
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
