"""The bot is killed in the middle of turns of KAI's, at named points: each turn is there, with all
of its effect, or there is none of it; and whoever does the same again is not served twice.

All that stops a turn at its point is outside of the process: the model, and proxies on its way to
PostgreSQL and to Discord.
"""

import asyncio
import json
import os
import random
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass
from multiprocessing.context import ForkServerContext
from pathlib import Path
from random import Random
from typing import Final, Literal

import pytest

from bot.ui.text import ELLIPSIS
from db.pool import Pool
from tests.database.invariants import broken
from tests.models.asked import ModelRequest
from tests.models.script import Item, Scripted
from tests.process.deeds import DEEDS, Deed, Effect
from tests.process.scene import ANSWER_SECONDS, Rows, Scene, staged
from tests.transport.interactions import DEFERRED, DEFERRED_UPDATE, Exchange

TIMES: Final = int(os.environ.get("KAI_KILLS") or 10)
"""Kills at each point, spread evenly over the deeds; `KAI_KILLS=20` and more when there is time."""

AT_MOST_LATER: Final = 0.03
"""Seconds after the model's answer within which the process is killed: it is at work on it then."""

Point = Literal["after the answer", "before the commit", "after the commit"]
POINTS: Final[tuple[Point, ...]] = ("after the answer", "before the commit", "after the commit")

# Beside the invariants that hold anywhere: what a turn is for is there, and has its turn.
APART = """
SELECT 'a reflection without its turn' AS what, lost::text FROM (
    SELECT user_id, challenge_id, reflection FROM challenge_logs WHERE reflection IS NOT NULL
    EXCEPT
    SELECT user_id, context_id, message FROM kai_interactions WHERE context_type = 'reflection'
) lost
UNION ALL
SELECT 'a turn without its reflection', lost::text FROM (
    SELECT user_id, context_id, message FROM kai_interactions WHERE context_type = 'reflection'
    EXCEPT
    SELECT user_id, challenge_id, reflection FROM challenge_logs
) lost
UNION ALL
SELECT 'a turn without its completion', lost::text FROM (
    SELECT user_id, context_id FROM kai_interactions WHERE function_called ~ 'complete_day'
    EXCEPT
    SELECT user_id, item_id FROM discord.completions
) lost
UNION ALL
SELECT 'a draft without the answer that offers it', lost::text FROM (
    SELECT user_id, created_at AT TIME ZONE 'UTC' FROM discord.reflection_drafts
    EXCEPT
    SELECT user_id, created_at FROM kai_interactions
     WHERE context_type = 'chat' AND function_called = 'save_reflection'
) lost"""


@pytest.fixture
async def scene(
    database_url: str, forks: ForkServerContext, tmp_path: Path
) -> AsyncGenerator[Scene]:
    async with staged(database_url, forks, tmp_path) as scene:
        yield scene


@dataclass(frozen=True)
class Reaching:
    """How a turn comes to its point: what the model says, and how one knows that it is there."""

    script: list[Scripted]
    reached: Callable[[], Awaitable[str]]


def after_the_answer(scene: Scene, deed: Deed, later: float) -> Reaching:
    """The model has answered to the end; from that answer on nothing gets to the database."""
    *others, last = deed.script(deed.words[0])
    served = len(scene.stub.served) + len(others) + 1

    def answer(_request: ModelRequest) -> Item:
        scene.gate.shut()
        return last

    async def reached() -> str:
        await scene.stub.until(lambda: len(scene.stub.served) == served, ANSWER_SECONDS)
        await asyncio.sleep(later)
        on = "its next statement was held" if scene.gate.held.is_set() else "at work on it"
        return f"{later * 1000:.0f} ms after the answer, {on}"

    return Reaching([*others, answer], reached)


def before_the_commit(scene: Scene, deed: Deed) -> Reaching:
    """The statement that writes the turn is on its way, and the server never gets it."""
    scene.gate.holds = lambda sql: sql == deed.sql

    async def reached() -> str:
        await scene.gate.held.wait()
        return "its statement was held"

    return Reaching([*deed.script(deed.words[0])], reached)


def before_the_reply(scene: Scene, deed: Deed, *, knowing: bool) -> Reaching:
    """The server has committed; the process waits for its word, or knows and is about to reply."""

    def holds_answer(sql: str) -> bool:
        if sql == deed.sql and knowing:
            scene.valve.shut()
        return sql == deed.sql and not knowing

    async def reached() -> str:
        await (scene.valve if knowing else scene.gate).held.wait()
        return "its reply was held" if knowing else "the server's answer was held"

    scene.gate.holds_answer = holds_answer
    return Reaching([*deed.script(deed.words[0])], reached)


def reaching(scene: Scene, deed: Deed, point: Point, number: int, chance: Random) -> Reaching:
    """How the turn comes to that point, this time."""
    match point:
        case "after the answer":
            return after_the_answer(scene, deed, chance.uniform(0, AT_MOST_LATER))
        case "before the commit":
            return before_the_commit(scene, deed)
        case "after the commit":
            return before_the_reply(scene, deed, knowing=number % 2 == 1)


def changes(before: Rows, after: Rows) -> Effect:
    """How many rows of each table went and came."""
    gone = Counter(table for table, _row in (before - after).elements())
    come = Counter(table for table, _row in (after - before).elements())
    return {table: (gone[table], come[table]) for table in gone | come}


def both(one: Effect, other: Effect) -> Effect:
    """One effect and then the other, on other rows."""
    tables = one.keys() | other.keys()
    pairs = {table: (one.get(table, (0, 0)), other.get(table, (0, 0))) for table in tables}
    return {table: (a[0] + b[0], a[1] + b[1]) for table, (a, b) in pairs.items()}


def answers(before: Rows, after: Rows) -> list[str]:
    """What KAI says in the turns that came, a task without its title; oldest first."""
    new = [json.loads(row) for table, row in after - before if table == "public.kai_interactions"]
    in_order = sorted(new, key=lambda turn: turn["id"])
    return [turn["assistant_response"].split(": ")[-1] for turn in in_order]


async def apart(pool: Pool) -> list[str]:
    """The rows that break a rule of the database's, or are there without their other half."""
    return await broken(pool) + [f"{what}: {row}" for what, row in await pool.fetch(APART)]


def was_told_nothing(exchange: Exchange) -> bool:
    """Whether the member has seen no answer yet: at most that it will come, or grows."""
    deferred = exchange.answer_type in (None, DEFERRED, DEFERRED_UPDATE)
    growing = all(f" {ELLIPSIS}" in str(edit) for edit in exchange.edits)
    return deferred and growing and not exchange.followups


@pytest.mark.parametrize("deed", DEEDS.values(), ids=DEEDS)
@pytest.mark.parametrize("point", POINTS)
async def test_a_turn_is_there_with_its_effect_or_is_not(
    scene: Scene, point: Point, deed: Deed
) -> None:
    seed = random.randrange(2**32)
    chance = Random(seed)
    is_committed = point == "after the commit"
    first, second = deed.words
    for number in range(TIMES // len(DEEDS)):
        ann = await scene.newcomer(f"Ann {number}")
        go = await deed.prepare(scene, ann)
        before = await scene.rows()

        turn = reaching(scene, deed, point, number, chance)
        scene.stub.queue(*turn.script)
        exchange = await go()
        try:
            what = await asyncio.wait_for(turn.reached(), ANSWER_SECONDS)
        except TimeoutError as error:
            raise AssertionError(f"the turn did not come there:\n{scene.log()}") from error
        await scene.kill()
        print(f"{point} (seed {seed}), kill {number + 1}: {what}")

        left = await scene.rows()
        assert changes(before, left) == (deed.effect if is_committed else {})
        assert answers(before, left) == ([first] if is_committed else [])
        assert await apart(scene.pool) == []
        assert was_told_nothing(exchange)
        assert await scene.slots_taken() == (point == "after the answer")

        await scene.start()
        scene.stub.queue(*deed.script(second))
        again = await (await go()).answered(ANSWER_SECONDS)
        kept = deed.kept if is_committed else None
        await scene.sees(again, kept or second)
        await scene.sees(again, deed.button)
        done = await scene.rows()
        all_of_it = both(deed.effect, deed.again) if is_committed else deed.effect
        assert changes(before, done) == all_of_it
        assert answers(before, done) == [first] * is_committed + [second] * (kept is None)
        assert await apart(scene.pool) == []
        assert await scene.slots_taken() == 0, "the dead process's has come free"
        scene.stub.script.clear()
