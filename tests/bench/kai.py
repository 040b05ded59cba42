"""What a turn of ours costs over the bare client library, against the stub model on loopback.

`uv run python -m tests.bench.kai` takes half a minute. Ours is the whole turn: the member's rows
from PostgreSQL, budget, safety, the model's voice, the checks, the turn's row. The bare client
sends the very body that ours has sent, and reads the answer to its end. They take turns, one call
at a time, so that a machine which does other things slows both alike; what counts is the difference
within a pair. (CPU is this process's, the stub's share of it being the same on both sides.)

An answer comes in eight pieces, or in a hundred at once: a model writes those one by one, and ours
does its work on a piece while the next is awaited. PostgreSQL runs as in the tests, without waiting
for the disk. With `profile` it prints where the time goes instead.
"""

import asyncio
import cProfile
import pstats
import statistics
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from time import perf_counter, process_time
from typing import Any

import anthropic
import discord
import openai
from rich.console import Console
from rich.table import Table

from bot.actions import joining, talking, today
from bot.actions.budget import Budget, Limits
from bot.actions.seeding import seed_catalogue
from bot.actions.services import Services
from bot.kai.companion import Kai
from bot.kai.model import open_voice
from bot.ui.card import Card
from bot.ui.streaming import Stream
from db.members import Caller
from db.pool import Pool, create_pool
from migrations import runner
from tests import postgres
from tests.models.script import Data, Say
from tests.models.stub import ModelStub
from tests.transport.world import Json

PAIRS, WARM_UP = 200, 20
MOST = 15.0
"""Milliseconds that a turn of ours may take longer, in the median (issue 3)."""
LIMITS = Limits(
    member_turns=10**6, guild_turns=10**6, day_tokens=10**9, concurrent=8, call_seconds=30
)
WORDS = " ".join(f"Kind sentence number {n} of this answer." for n in range(16))
ANSWERS = {
    "an answer in 8 pieces": Say(WORDS, pieces=8),
    "in 100 pieces": Say(WORDS, pieces=100),
}
TASK = Data(
    {
        "title": "A quick thank-you",
        "text": "Write a short thank-you note to somebody who helped you this week.",
        "minutes": 10,
        "difficulty": "Easy",
    }
)
QUEST = "Small Surprises"
FORGET_TASK = "DELETE FROM quest_logs"

Deed = Callable[[], Awaitable[object]]


@dataclass
class Figures:
    """Milliseconds of the calls of ours and of the bare client's, in pairs, and those of CPU."""

    ours: list[float] = field(default_factory=list[float])
    bare: list[float] = field(default_factory=list[float])
    cpu: list[float] = field(default_factory=list[float])

    async def add(self, ours: Deed, bare: Deed) -> None:
        """Measure a pair."""
        cpu: list[float] = []
        for deed, times in ((ours, self.ours), (bare, self.bare)):
            start, start_cpu = perf_counter(), process_time()
            await deed()
            times.append((perf_counter() - start) * 1000)
            cpu.append((process_time() - start_cpu) * 1000)
        self.cpu.append(cpu[0] - cpu[1])

    @property
    def more(self) -> list[float]:
        """How much longer ours took, pair by pair."""
        return [ours - bare for ours, bare in zip(self.ours, self.bare, strict=True)]

    def cells(self) -> list[str]:
        """A row of the table: median and 95th percentile of each side and of the differences."""
        sides = (self.ours, self.bare, self.more, self.cpu)
        return [f"{statistics.median(side):.2f} / {p95(side):.2f}" for side in sides]


def p95(times: list[float]) -> float:
    """What one in twenty is above."""
    return sorted(times)[int(len(times) * 0.95)]


class Bench:
    """A member, KAI with the stub for its model, and the bare client beside it."""

    def __init__(self, api: str, stub: ModelStub, services: Services) -> None:
        self.stub = stub
        self.services = services
        self.client: openai.AsyncOpenAI | anthropic.AsyncAnthropic
        if api == "openai":
            self.client = openai.AsyncOpenAI(base_url=stub.openai_url, api_key=stub.key)
        else:
            self.client = anthropic.AsyncAnthropic(base_url=stub.anthropic_url, api_key=stub.key)

    def caller(self) -> Caller:
        """The member, now."""
        return self.services.caller(1, "Ann", 2, "en-GB")

    async def turn(self) -> None:
        """A whole conversation turn, with a stream that is heard as the bot's is."""

        async def show(_card: Card) -> None:
            pass

        _me, words = await talking.ask(
            self.services, self.caller(), "How do I begin?", Stream(show).hear
        )
        assert words.text == WORDS, words

    async def task(self) -> None:
        """The first sight of a quest day's task."""
        _me, (seen,) = await today.todays_quests(self.services, self.caller())
        assert "thank-you note" in (seen.log.words or ""), seen.log.words

    async def bare(self) -> None:
        """The same call as the latest of ours, by the client library alone."""
        body: Json = self.stub.requests[-1].body
        create: Any = (
            self.client.chat.completions.create
            if isinstance(self.client, openai.AsyncOpenAI)
            else self.client.messages.create
        )
        answer = await create(**body)
        if body.get("stream"):
            async for _event in answer:
                pass


async def pairs(ours: Deed, bare: Deed, between: Deed) -> Figures:
    """The figures of so many pairs, after some to warm up."""
    figures = Figures()
    for number in range(WARM_UP + PAIRS):
        await between()
        await (figures if number >= WARM_UP else Figures()).add(ours, bare)
    return figures


@asynccontextmanager
async def opened(api: str, pool: Pool) -> AsyncGenerator[Bench]:
    """A bench on one protocol; its member is on a quest."""
    async with ModelStub() as stub:
        url = stub.openai_url if api == "openai" else stub.anthropic_url
        voice = open_voice(f"{api}:test-model", base_url=url, api_key=stub.key)
        kai = Kai(voice, Budget(pool, api, LIMITS, discord.utils.utcnow))
        bench = Bench(api, stub, Services(pool, kai, discord.utils.utcnow))
        try:
            yield bench
        finally:
            await bench.client.close()
            await voice.close()


async def measure(pool: Pool, api: str, table: Table) -> None:
    """Add the rows of one protocol to the table."""

    async def nothing() -> None:
        pass

    async def forget_task() -> None:
        await pool.execute(FORGET_TASK)

    async with opened(api, pool) as bench:
        for name, answer in ANSWERS.items():
            bench.stub.otherwise = answer
            figures = await pairs(bench.turn, bench.bare, nothing)
            table.add_row(f"{api}, {name}", *figures.cells())
        bench.stub.otherwise = TASK
        figures = await pairs(bench.task, bench.bare, forget_task)
        table.add_row(f"{api}, a task", *figures.cells())


async def profile(pool: Pool, api: str) -> None:
    """Print where the time of 200 turns goes."""
    async with opened(api, pool) as bench:
        bench.stub.otherwise = Say(WORDS, pieces=100)
        for _ in range(WARM_UP):
            await bench.turn()
        with cProfile.Profile() as profiler:
            for _ in range(PAIRS):
                await bench.turn()
        pstats.Stats(profiler).sort_stats("cumulative").print_stats("bot/|db/|tests/models", 40)


async def run(database_server: str, *, profiling: bool) -> Table:
    """Measure on a fresh database."""
    table = Table("", title=f"Milliseconds, median / p95 of {PAIRS} (at most {MOST:g} more)")
    for heading in ("ours", "bare client", "more, pair by pair", "of it CPU"):
        table.add_column(heading, justify="right")
    async with postgres.database(database_server) as url:
        await runner.upgrade(url)
        pool = await create_pool(url, idle_seconds=0)
        try:
            await seed_catalogue(pool, discord.utils.utcnow)
            services = Services(pool, Kai(), discord.utils.utcnow)
            quest_id = await pool.fetchval("SELECT id FROM quests WHERE name = $1", QUEST)
            ann = services.caller(1, "Ann", 2, "en-GB")
            await joining.join(services, ann, "quest", quest_id)
            for api in ("openai", "anthropic"):
                if profiling:
                    await profile(pool, api)
                else:
                    await measure(pool, api, table)
        finally:
            await pool.close()
    return table


def main() -> None:
    """Measure and print; with `profile`, print where the time goes instead."""
    profiling = "profile" in sys.argv[1:]
    with postgres.server() as database_server:
        table = asyncio.run(run(database_server, profiling=profiling))
    if not profiling:
        Console(width=120).print(table)


if __name__ == "__main__":
    main()
