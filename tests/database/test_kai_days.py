"""A year of one quest: 365 different tasks offline, and with a model that repeats itself, too."""

import datetime as dt
from collections.abc import AsyncGenerator, Callable

import pytest

from bot.actions import doing, joining, today
from bot.actions.budget import Budget
from bot.actions.services import Services
from bot.kai.checks import problem_with_task
from bot.kai.companion import Kai
from bot.kai.model import open_voice
from db.kai_usage import Limits
from db.members import Caller
from db.pool import Pool
from tests.models.asked import ModelRequest
from tests.models.script import Data, Item
from tests.models.stub import ModelStub

BEGIN = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)
DAYS = 365
QUEST = """
INSERT INTO quests (name, description, total_days, difficulty, random_task_seed)
VALUES ('A year of kindness', 'One act a day', 365, 'Easy', 'notes, neighbours') RETURNING id"""
LIMITS = Limits(
    member_turns=10_000,
    guild_turns=10_000,
    day_tokens=10**9,
    concurrent=8,
    call_seconds=30,
    member_at_once=64,
)
PEOPLE = ("a neighbour", "a colleague", "a cousin", "a teacher", "a friend from school")


@pytest.fixture
async def stub() -> AsyncGenerator[ModelStub]:
    async with ModelStub() as stub:
        yield stub


def one_and_the_same(_request: ModelRequest) -> Item:
    return _task("Write a short thank-you note to somebody who helped you this week.")


def five_in_turn(request: ModelRequest) -> Item:
    return _task(f"Write a short thank-you note to {PEOPLE[request.number % 5]} and post it today.")


def _task(text: str) -> Item:
    return Data({"title": "A short note", "text": text, "minutes": 10, "difficulty": "Easy"})


async def a_year(pool: Pool, kai: Kai) -> list[str]:
    """One member's tasks of a whole year, a day at a time, each done."""
    now = [BEGIN]
    services = Services(pool, kai, lambda: now[0])
    quest_id = await pool.fetchval(QUEST)

    def ann() -> Caller:
        return services.caller(42, "Ann", None, "en-GB")

    await joining.join(services, ann(), "quest", quest_id)
    for _day in range(DAYS):
        await today.todays_quests(services, ann(), quest_id)
        await doing.complete_day(services, ann(), "quest", quest_id)
        now[0] += dt.timedelta(days=1)
    rows = await pool.fetch("SELECT task_generated FROM quest_logs ORDER BY day_number")
    return [row["task_generated"] for row in rows]


async def test_offline(pool: Pool) -> None:
    tasks = await a_year(pool, Kai())
    assert len(tasks) == len(set(tasks)) == DAYS


@pytest.mark.long
@pytest.mark.parametrize(
    ("say", "of_the_models"), [(one_and_the_same, 1), (five_in_turn, 5)], ids=["one", "five"]
)
async def test_with_a_model_that_repeats_itself(
    pool: Pool, stub: ModelStub, say: Callable[[ModelRequest], Item], of_the_models: int
) -> None:
    stub.otherwise = say
    voice = open_voice("openai:test", base_url=stub.openai_url, api_key=stub.key)
    kai = Kai(voice, Budget(pool, "openai:test", LIMITS, lambda: BEGIN))
    try:
        tasks = await a_year(pool, kai)
    finally:
        await voice.close()
    assert len(tasks) == len(set(tasks)) == DAYS
    written = [task for task in tasks if task.startswith("A short note")]
    assert len(written) == of_the_models
    for number, task in enumerate(written):
        title, text = task.split(": ", 1)
        problem = problem_with_task(
            title, text, 10, "Easy", wanted="Easy", earlier=written[:number]
        )
        assert problem is None
