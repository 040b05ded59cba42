"""KAI's budget in PostgreSQL: limits that hold for many processes at once, and nothing lost."""

import asyncio
import datetime as dt
from dataclasses import replace

import pytest

from bot.actions.budget import Budget, OverBudgetError
from db import kai_usage
from db.kai_usage import Limits, Pass
from db.pool import Pool, create_pool

GUILD = 1456074443980900000
NOW = dt.datetime(2026, 11, 25, 12, tzinfo=dt.UTC)
LIMITS = Limits(
    member_turns=1000,
    guild_turns=1000,
    day_tokens=1_000_000,
    concurrent=8,
    call_seconds=30,
    member_at_once=64,
)


async def counts(pool: Pool) -> dict[str, tuple[int, int]]:
    rows = await pool.fetch("SELECT scope, turns, tokens FROM discord.kai_usage")
    return {row["scope"]: (row["turns"], row["tokens"]) for row in rows}


async def taken(pool: Pool) -> int:
    return await pool.fetchval(
        "SELECT count(*) FROM discord.kai_slots WHERE taken_until IS NOT NULL"
    )


def budget_of(pool: Pool, limits: Limits = LIMITS, now: dt.datetime = NOW) -> Budget:
    return Budget(pool, "openai:test", limits, lambda: now)


async def use(
    budget: Budget, user_id: int = 1, guild_id: int | None = GUILD, tokens: int = 0
) -> None:
    async with budget.call(user_id, guild_id) as call:
        call.tokens = tokens
        call.answered = True


async def refusal_of(budget: Budget, user_id: int = 1, guild_id: int | None = GUILD) -> str | None:
    try:
        await use(budget, user_id, guild_id)
    except OverBudgetError as refused:
        return refused.refusal
    return None


async def test_a_call_counts_once_for_member_server_and_bot(pool: Pool) -> None:
    async with budget_of(pool).call(1, GUILD) as call:
        assert await taken(pool) == 1
        call.tokens = 40
    assert await taken(pool) == 0
    assert await counts(pool) == {"member": (1, 0), "guild": (1, 0), "bot": (1, 40)}


@pytest.mark.parametrize(
    ("limits", "refusal"),
    [
        (replace(LIMITS, member_turns=3), "member"),
        (replace(LIMITS, guild_turns=3), "guild"),
        (replace(LIMITS, day_tokens=30), "tokens"),
    ],
)
async def test_a_day_holds_so_much_and_a_refusal_counts_nowhere(
    pool: Pool, limits: Limits, refusal: str
) -> None:
    budget = budget_of(pool, limits)
    for _turn in range(3):
        await use(budget, tokens=10)
    before = await counts(pool)
    assert [await refusal_of(budget) for _ in range(2)] == [refusal] * 2
    assert await counts(pool) == before
    assert await taken(pool) == 0
    tomorrow = budget_of(pool, limits, NOW + dt.timedelta(days=1))
    assert await refusal_of(tomorrow) is None


async def test_others_go_on_when_one_member_has_had_enough(pool: Pool) -> None:
    budget = budget_of(pool, replace(LIMITS, member_turns=1))
    await use(budget, user_id=1)
    assert await refusal_of(budget, user_id=1) == "member"
    assert await refusal_of(budget, user_id=2) is None


async def test_direct_messages_have_no_server_to_exhaust(pool: Pool) -> None:
    budget = budget_of(pool, replace(LIMITS, guild_turns=1))
    for _turn in range(3):
        assert await refusal_of(budget, guild_id=None) is None


async def test_two_processes_share_every_limit(pool: Pool, database_url: str) -> None:
    """Sixty calls at once through two pools: exactly as many as the day holds get through."""
    other = await create_pool(database_url, size=10)
    limits = replace(LIMITS, member_turns=20, concurrent=64)
    try:
        both = [budget_of(pool, limits), budget_of(other, limits)]
        refusals = await asyncio.gather(*(refusal_of(both[n % 2]) for n in range(60)))
    finally:
        await other.close()
    assert refusals.count(None) == 20
    assert set(refusals) <= {None, "member"}
    assert (await counts(pool))["member"] == (20, 0)
    assert await taken(pool) == 0


async def test_no_more_calls_at_once_than_there_are_slots(pool: Pool) -> None:
    limits = replace(LIMITS, concurrent=3)
    admitted = await asyncio.gather(
        *(kai_usage.admit(pool, "m", limits, 1, GUILD, NOW) for _ in range(12))
    )
    passes = [one for one in admitted if isinstance(one, Pass)]
    assert len(passes) == 3
    assert len({one.slot for one in passes}) == 3
    assert {one for one in admitted if not isinstance(one, Pass)} == {"busy"}


async def test_the_slot_of_a_process_that_died_is_free_again(pool: Pool) -> None:
    limits = replace(LIMITS, concurrent=1)
    died = await kai_usage.admit(pool, "m", limits, 1, GUILD, NOW)
    assert isinstance(died, Pass)
    assert await kai_usage.admit(pool, "m", limits, 1, GUILD, NOW) == "busy"
    later = NOW + dt.timedelta(seconds=31)
    took_over = await kai_usage.admit(pool, "m", limits, 1, GUILD, later)
    assert isinstance(took_over, Pass)
    # The one that was believed dead ends after all: the slot is not its own any more.
    await kai_usage.settle(
        pool, "m", limits, died, tokens=5, answered=True, failed=False, rest=None, now=later
    )
    assert await kai_usage.admit(pool, "m", limits, 1, GUILD, later) == "busy"


async def test_a_model_that_fails_again_and_again_is_left_alone(pool: Pool) -> None:
    async def fail(budget: Budget) -> None:
        async with budget.call(1, GUILD) as call:
            call.failed = True

    budget = budget_of(pool)
    for _failure in range(4):
        await fail(budget)
    await use(budget)  # one success in between, and the count begins anew
    for _failure in range(5):
        assert await refusal_of(budget_of(pool, replace(LIMITS, member_turns=1))) == "member"
        await fail(budget)
    assert await refusal_of(budget) == "resting"
    assert await refusal_of(Budget(pool, "openai:other", LIMITS, lambda: NOW)) is None
    rested = budget_of(pool, now=NOW + dt.timedelta(seconds=61))
    await fail(rested)
    assert await refusal_of(rested) == "resting", "one more failure is enough now"
    well = budget_of(pool, now=NOW + dt.timedelta(seconds=140))
    await use(well)
    await fail(well)
    assert await refusal_of(well) is None


async def test_a_model_that_asks_for_rest_gets_it_at_once(pool: Pool) -> None:
    async with budget_of(pool).call(1, GUILD) as call:
        call.failed, call.rest = True, 30
    assert await refusal_of(budget_of(pool)) == "resting"
    assert await refusal_of(budget_of(pool, now=NOW + dt.timedelta(seconds=31))) is None


async def test_the_rest_of_a_model_has_an_end_and_is_not_cut_short(pool: Pool) -> None:
    """Whatever it asks for; and neither a call that was under way nor a plain failure ends it."""
    async with budget_of(pool).call(1, GUILD) as slow, budget_of(pool).call(2, GUILD) as failing:
        async with budget_of(pool).call(3, GUILD) as call:
            call.failed, call.rest = True, 86_400
        slow.answered = True
        failing.failed = True
    assert await refusal_of(budget_of(pool, now=NOW + dt.timedelta(seconds=590))) == "resting"
    assert await refusal_of(budget_of(pool, now=NOW + dt.timedelta(seconds=610))) is None


async def test_a_member_has_so_many_calls_at_a_time(pool: Pool) -> None:
    limits = replace(LIMITS, member_at_once=2)
    passes = [await kai_usage.admit(pool, "m", limits, 1, GUILD, NOW) for _ in range(3)]
    assert [isinstance(one, Pass) for one in passes] == [True, True, False]
    assert isinstance(await kai_usage.admit(pool, "m", limits, 2, GUILD, NOW), Pass)


async def test_a_slot_is_waited_for_a_little(pool: Pool) -> None:
    budget = budget_of(pool, replace(LIMITS, concurrent=1))
    async with budget.call(1, GUILD):
        waiting = asyncio.create_task(refusal_of(budget, user_id=2))
        await asyncio.sleep(0.1)
    assert await waiting is None


async def test_without_a_database_nothing_is_admitted_and_nothing_is_lost(pool: Pool) -> None:
    budget = budget_of(pool)
    async with budget.call(1, GUILD) as call:
        call.answered = True
        await pool.close()
    assert await refusal_of(budget) == "uncounted"


async def test_a_call_that_is_broken_off_gives_its_slot_back(pool: Pool) -> None:
    budget, begun = budget_of(pool), asyncio.Event()

    async def wait_for_ever() -> None:
        async with budget.call(1, GUILD) as call:
            call.tokens = 3
            begun.set()
            await asyncio.sleep(60)

    waiting = asyncio.create_task(wait_for_ever())
    await begun.wait()
    assert await taken(pool) == 1
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert await taken(pool) == 0
    assert (await counts(pool))["bot"] == (1, 3)


async def test_old_counts_are_dropped(pool: Pool) -> None:
    await use(budget_of(pool, now=NOW - dt.timedelta(days=40)))
    await use(budget_of(pool))
    days = await pool.fetch("SELECT DISTINCT day FROM discord.kai_usage")
    assert [row["day"] for row in days] == [NOW.date()]
