"""How fast the bot answers over real sockets, beside a bot that only says "pong" in the same run.

`uv run python -m tests.bench.answers` takes 20 seconds on two idle cores. Both bots are processes
of their own, the real one started as in production; the stand-in for Discord, which is the load, is
here. What counts are the ratios: pong and question take turns, so a machine that does other things
slows both alike. With many in flight the load is close to the narrow place for the pong; the bot's
own CPU time for an answer is the figure to trust.
"""

import asyncio
import gc
import os
import statistics
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter

from rich.console import Console
from rich.table import Table

from migrations import runner
from tests import postgres
from tests.transport.actors import Actor
from tests.transport.standin import StandIn

IN_FLIGHT = 50
SINGLE, MANY, ROUNDS = 150, 750, 3  # answers one at a time, and with IN_FLIGHT at once
CARDS = 5000
TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")

Ask = Callable[[Actor], Awaitable[object]]


@dataclass(frozen=True)
class Server:
    """A bot in a process of its own, the stand-in that it is connected to, and its members."""

    pid: int
    discord: StandIn
    members: list[Actor]

    def cpu(self) -> float:
        """Seconds of CPU time so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(") ")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def memory(self) -> float:
        """Resident memory in MiB."""
        return int(Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * PAGE / 2**20


@dataclass
class Figures:
    """What was measured of one question: milliseconds of each answer given one at a time; answers,
    seconds and the bot's seconds of CPU with many in flight."""

    times: list[float] = field(default_factory=list[float])
    answers: int = 0
    seconds: float = 0.0
    cpu: float = 0.0

    @property
    def p50(self) -> float:
        """The median time in milliseconds."""
        return statistics.median(self.times)

    @property
    def p95(self) -> float:
        """The time in milliseconds that one answer in twenty takes longer than."""
        return sorted(self.times)[int(len(self.times) * 0.95)]

    @property
    def rate(self) -> float:
        """Answers a second with many in flight."""
        return self.answers / self.seconds

    @property
    def cpu_each(self) -> float:
        """The bot's milliseconds of CPU for an answer."""
        return self.cpu * 1000 / self.answers


@asynccontextmanager
async def bot_process(module: str, **environment: str) -> AsyncGenerator[Server]:
    """A bot connected to a stand-in of its own, with a crowd in the server."""
    async with StandIn() as discord_:
        members = [await discord_.add_member(f"Member {n}") for n in range(IN_FLIGHT)]
        addresses = {
            "DISCORD_TOKEN": discord_.token,
            "DISCORD_API_URL": discord_.api_url,
            "DISCORD_GATEWAY_URL": discord_.gateway_url,
            "LOG_LEVEL": "WARNING",
        }
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", module), env=os.environ | addresses | environment
        )
        try:
            await discord_.connected(within=30)
            await discord_.until(lambda: discord_.commands.syncs != [], 10, "the commands")
            await asyncio.sleep(2.5)  # the real bot opens its home once all servers are known
            yield Server(process.pid, discord_, members)
        finally:
            if process.returncode is None:
                process.terminate()
            await process.wait()


async def one(server: Server, ask: Ask, number: int, figures: Figures) -> None:
    """One answer by itself."""
    start = perf_counter()
    await ask(server.members[number % IN_FLIGHT])
    figures.times.append((perf_counter() - start) * 1000)


async def many(server: Server, ask: Ask, count: int, figures: Figures) -> None:
    """Many answers, while each member always has one question open."""

    async def member(actor: Actor) -> None:
        for _ in range(count // IN_FLIGHT):
            await ask(actor)

    start, cpu = perf_counter(), server.cpu()
    await asyncio.gather(*map(member, server.members))
    figures.answers += count
    figures.seconds += perf_counter() - start
    figures.cpu += server.cpu() - cpu


async def measure(real: Server, ask: Ask, floor: Server) -> tuple[Figures, Figures]:
    """The figures of one question and of the floor, taken in turns so that both share the noise."""
    figures = Figures(), Figures()
    sides = [(real, ask, figures[0]), (floor, slash("pong", "pong"), figures[1])]
    for server, question, _ in sides:
        await everybody(server, question)
    for number in range(SINGLE):
        for server, question, into in sides:
            await one(server, question, number, into)
    for _ in range(ROUNDS):
        for server, question, into in sides:
            await many(server, question, MANY // ROUNDS, into)
    return figures


async def everybody(server: Server, ask: Ask) -> None:
    """Every member asks once; nothing is measured."""
    await many(server, ask, IN_FLIGHT, Figures())


def slash(command: str, says: str = "", **options: object) -> Ask:
    """Ask with a slash command, whose answer must hold some words."""

    async def ask(actor: Actor) -> None:
        shown = await (await actor.slash(command, **options)).answered(within=30)
        if says not in shown.text:
            raise AssertionError(f"/{command} was answered with: {shown.text}")

    return ask


def typing(command: str, option: str, typed: str) -> Ask:
    """Ask by typing into an option."""

    async def ask(actor: Actor) -> None:
        await actor.autocomplete(command, option, typed, within=30)

    return ask


async def measure_bot(real: Server, floor: Server) -> tuple[Table, str]:
    """The figures of every question beside the floor's, and a line about memory."""
    table = Table("", title="Answers over sockets (× the pong of the same seconds)")
    for heading in ("p50 ms", "p95 ms", f"a second, {IN_FLIGHT} open", "bot CPU ms"):
        table.add_column(heading, justify="right")

    async def add(name: str, ask: Ask) -> None:
        table.add_row(name, *cells(*await measure(real, ask, floor)))

    choices = await real.members[0].autocomplete("challenge join", "challenge", "discover", 30)
    await everybody(real, slash("challenge join", challenge=choices[0]["value"]))
    await add("/challenge today, seen", slash("challenge today", "Day 1 of 7"))
    memory = await measure_memory(real)
    await add("/me", slash("me", "level"))
    await everybody(real, slash("challenge done", "Day 1 is done"))
    await add("/challenge done, refused", slash("challenge done", "already done"))
    await add("autocomplete", typing("challenge view", "challenge", "k"))
    return table, memory


def cells(f: Figures, floor: Figures) -> list[str]:
    """A row of the table: each figure, and how many times the floor's it is."""
    return [
        f"{f.p50:.2f} (×{f.p50 / floor.p50:.2f} of {floor.p50:.2f})",
        f"{f.p95:.2f} (×{f.p95 / floor.p95:.2f})",
        f"{f.rate:,.0f} (×{f.rate / floor.rate:.2f} of {floor.rate:,.0f})",
        f"{f.cpu_each:.2f} (×{f.cpu_each / floor.cpu_each:.2f} of {floor.cpu_each:.2f})",
    ]


async def measure_memory(real: Server) -> str:
    """How the bot's memory grows over many cards: a view store that fills up would show."""
    before = real.memory()
    await many(real, slash("challenge today"), CARDS, Figures())
    after = real.memory()
    growth = (after - before) * 1024 / CARDS
    return f"Memory over {CARDS:,} cards: {before:.1f} to {after:.1f} MiB, {growth:.2f} KiB a card."


async def run(database_server: str) -> tuple[Table, str]:
    """Start both bots on a fresh database and measure them."""
    async with postgres.database(database_server) as url:
        await runner.upgrade(url)
        async with (
            bot_process("tests.bench.pong") as floor,
            bot_process("bot", DATABASE_URL=url) as real,
        ):
            return await measure_bot(real, floor)


def main() -> None:
    """Measure and print."""
    gc.disable()  # the stand-in keeps all that it saw, and would be slower with each answer
    with postgres.server() as database_server:
        table, memory = asyncio.run(run(database_server))
    console = Console()
    console.print(table)
    console.print(memory)


if __name__ == "__main__":
    main()
