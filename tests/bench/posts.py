"""How long many daily posts take that are due at once, and what a command beside them waits.

`uv run python -m tests.bench.posts` has 10,000 servers and takes about seven minutes (`… posts 500`
has 500 servers, and takes three). Two workers post, processes started as in production. The
stand-in for Discord, in this process, takes 50 requests a second of the bot, and 5 messages in 5
seconds in a channel. A third process is the bot at the gateway, without a worker; members press
`/me` there twice a second: for a while before the posts are due, and while they go out.

It prints the seconds from the first message to the last, beside those that 48 a second (what the
workers allow themselves) and 50 a second (Discord's limit) would take; how many requests were
refused with 429, and how many messages were double, both of which must be 0; how late the first
message was; the median and the 99th percentile of `/me` without and with the posts beside it; and
the CPU time of each process. Planning, as the posts become due, counts as beside them.

Two cores have five busy processes here, PostgreSQL among them: the ratio of the two 99th
percentiles means little on a machine that does other things.
"""

import asyncio
import datetime as dt
import gc
import itertools
import statistics
import sys
import tempfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Final

import psutil
from rich.console import Console
from rich.table import Table

from tests import postgres
from tests.process import due
from tests.process.bots import START_SECONDS, running
from tests.process.workers import Worker, kept
from tests.transport.actors import Actor
from tests.transport.standin import StandIn
from tests.transport.wire import Answer, Request
from tests.transport.world import Guild

SERVERS: Final = 10_000
OURS, DISCORDS = 48, 50
"""Requests a second."""
QUIET_SECONDS: Final = 100
MEMBERS: Final = 10
BETWEEN: Final = 0.5
"""Seconds between two presses."""
ANSWER_SECONDS: Final = 30.0


@dataclass
class Times:
    """Instants by `perf_counter`: when the posts were due and each message came to Discord, and
    when somebody pressed, with the milliseconds until the answer."""

    due_at: float = 0.0
    messages: list[float] = field(default_factory=list[float])
    presses: list[tuple[float, float]] = field(default_factory=list[tuple[float, float]])

    def heard(self, _request: Request, _answer: Answer) -> None:
        """A message was taken."""
        self.messages.append(perf_counter())

    async def press(self, members: list[Actor]) -> None:
        """Press for ever, one member after another, at an even pace."""
        for member in itertools.cycle(members):
            start = perf_counter()
            await (await member.slash("me")).answered(ANSWER_SECONDS)
            took = perf_counter() - start
            self.presses.append((start, took * 1000))
            await asyncio.sleep(max(0.0, BETWEEN - took))

    @property
    def quiet(self) -> list[float]:
        """The milliseconds of the presses before the posts were due, in rising order."""
        return sorted(took for at, took in self.presses if at < self.due_at - 1)

    @property
    def beside(self) -> list[float]:
        """Those of the presses from then to the last message."""
        return sorted(
            took for at, took in self.presses if self.due_at - 1 <= at <= self.messages[-1]
        )


@dataclass(frozen=True)
class Results:
    """All that was measured, and counted in the end.

    `refused` are the 429s, in seconds after the first message.
    """

    servers: int
    times: Times
    counts: dict[str, int]
    limited: dict[str, int]
    refused: list[float]
    busiest_second: int
    duplicates: int
    wrongs: list[str]
    cpu: dict[str, float]


@asynccontextmanager
async def gateway_bot(
    folder: Path, discord_: StandIn, settings: dict[str, str]
) -> AsyncGenerator[int]:
    """The bot at the gateway, which posts nothing by itself: its process's id."""
    settings = settings | {"DISCORD_GATEWAY_URL": discord_.gateway_url}
    async with running(folder, "run", "--no-worker", **settings) as bot:
        await bot.says("connected")
        await discord_.connected(within=START_SECONDS)
        await discord_.until(lambda: discord_.commands.syncs != [], START_SECONDS, "the commands")
        yield bot.process.pid


def cpu_of(pid: int) -> float:
    """Seconds of CPU time of a process so far."""
    times = psutil.Process(pid).cpu_times()
    return times.user + times.system


async def measure(folder: Path, url: str, servers: int) -> Results:
    """Start everything, measure, and count."""
    async with StandIn(global_per_second=DISCORDS, channel_limit=(5, 5.0)) as discord_:
        members = [await discord_.add_member(f"Member {n}") for n in range(MEMBERS)]
        guilds = await discord_.add_guilds(servers)
        settings = {
            "DATABASE_URL": url,
            "DISCORD_TOKEN": discord_.token,
            "DISCORD_API_URL": discord_.api_url,
        }
        workers = [Worker(name, folder, settings) for name in ("worker one", "worker two")]
        async with gateway_bot(folder / "bot", discord_, settings) as bot, kept(*workers):
            for member in members:
                await (await member.slash("me")).answered(ANSWER_SECONDS)
            await asyncio.sleep(3)
            times = await posted(discord_, url, guilds, members)
            pids = {"bot": bot} | {w.name: w.bot.process.pid for w in workers if w.bot}
            cpu = {name: cpu_of(pid) for name, pid in pids.items()}
        return Results(
            servers,
            times,
            await due.counts(url),
            dict(discord_.limited),
            refusals(discord_),
            discord_.busiest_second,
            due.duplicates(discord_, guilds),
            await due.wrongs(url, discord_, guilds),
            cpu | {"stand-in": cpu_of(psutil.Process().pid)},
        )


def refusals(discord_: StandIn) -> list[float]:
    """When requests were refused with 429, in seconds after the first post was asked for."""
    began = discord_.requests_to("POST", due.MESSAGES)[0].time
    refused = [request for request in discord_.requests if request.status == 429]
    return [round((request.time - began).total_seconds(), 1) for request in refused]


async def posted(discord_: StandIn, url: str, guilds: list[Guild], members: list[Actor]) -> Times:
    """Press, let the posts become due at a full minute, press on until the last one is there."""
    times = Times()
    discord_.on_accepted(due.MESSAGES, times.heard)
    quiet = dt.timedelta(seconds=QUIET_SECONDS)
    at = (dt.datetime.now(dt.UTC) + quiet + due.ONE_MINUTE).replace(second=0, microsecond=0)
    await due.set_up(url, guilds, at)
    times.due_at = perf_counter() + (at - dt.datetime.now(dt.UTC)).total_seconds()
    pressing = asyncio.create_task(times.press(members))
    try:
        await asyncio.sleep(times.due_at - perf_counter())
        await due.until_settled(url, len(guilds), len(guilds) / OURS * 2 + 180)
    finally:
        pressing.cancel()
        await asyncio.gather(pressing, return_exceptions=True)
    return times


def percentiles(times: list[float]) -> tuple[float, float]:
    """The median and the 99th percentile of times in rising order."""
    return statistics.median(times), times[int(len(times) * 0.99)]


def lines(results: Results) -> dict[str, str]:
    """The figures of the posts, by what they say."""
    messages, servers = results.times.messages, results.servers
    seconds = messages[-1] - messages[0]
    ours, discords = servers / OURS, servers / DISCORDS
    return {
        "seconds from first to last": f"{seconds:.1f}",
        f"× {ours:.1f} s at {OURS} a second": f"{seconds / ours:.3f}",
        f"× {discords:.1f} s at {DISCORDS} a second": f"{seconds / discords:.3f}",
        "the first one was late by, s": f"{messages[0] - results.times.due_at:.2f}",
        "429s": f"{sum(results.limited.values())} {results.limited or ''}",
        "429s, s after the first": f"{results.refused[:10]}",
        "busiest second, requests": f"{results.busiest_second}",
        "double messages": f"{results.duplicates}",
        "servers without exactly one": f"{len(results.wrongs)}",
        "ledger": f"{results.counts}",
        "CPU seconds": ", ".join(f"{name} {cpu:.1f}" for name, cpu in results.cpu.items()),
    }


def show(results: Results, console: Console) -> None:
    """Print the figures."""
    table = Table("", "", title=f"{results.servers:,} daily posts due at once, two workers")
    for name, value in lines(results).items():
        table.add_row(name, value)
    console.print(table)
    sides = {"quiet": results.times.quiet, "beside": results.times.beside}
    presses = Table("", "presses", "p50 ms", "p99 ms", "worst ms", title="/me")
    for name, took in sides.items():
        cells = [*percentiles(took), took[-1]]
        presses.add_row(name, f"{len(took)}", *(f"{cell:.2f}" for cell in cells))
    (p50, p99), (busy50, busy99) = (percentiles(took) for took in sides.values())
    presses.add_row("ratio", "", f"{busy50 / p50:.2f}", f"{busy99 / p99:.2f}", "")
    console.print(presses)
    for line in results.wrongs[:10]:
        console.print(line, markup=False)


async def run(server_url: str, servers: int) -> Results:
    """Measure on a fresh database."""
    with tempfile.TemporaryDirectory() as folder:
        async with postgres.database(server_url) as url:
            await due.prepare(url)
            return await measure(Path(folder), url, servers)


def main() -> None:
    """Measure and print."""
    servers = int(sys.argv[1]) if len(sys.argv) > 1 else SERVERS
    gc.disable()  # the stand-in keeps all that it saw
    with postgres.server() as server_url:
        results = asyncio.run(run(server_url, servers))
    show(results, Console(width=120, highlight=False))


if __name__ == "__main__":
    main()
