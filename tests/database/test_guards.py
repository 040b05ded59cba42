"""Each guard of a write by itself: what was read is old by now, and nothing is written.

The races find most of this by luck; here the other one is always faster.
"""

import asyncio
import datetime as dt
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, cast

import pytest

from bot.actions import profile
from bot.actions.doing import DayDone
from bot.rules.points import Kind
from db import day_logs, enrolments
from db.day_logs import Completion, Sight
from db.members import Me
from db.pool import Pool
from tests.database import invariants, small_catalogue, website
from tests.database.presses import press
from tests.database.small_catalogue import member, services_at

ANN = 101
START = dt.datetime(2026, 5, 1, 9, tzinfo=dt.UTC)
ONE_DAY = dt.timedelta(days=1)
CHALLENGE, OTHER_CHALLENGE, QUEST = 4, 3, 5  # five, three and five days
ITEMS = pytest.mark.parametrize(("kind", "item"), [("challenge", CHALLENGE), ("quest", QUEST)])

DAY_ONE = Completion(
    enrolment_id=1,
    expected_day=1,
    day=1,
    next_day=2,
    status="active",
    local_date=START.date(),
    points=10,
    reflection=None,
    context_type=None,
    response=None,
    function_called=None,
)


class Ann:
    """A member in a small catalogue, on one challenge and one quest."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool
        self.now = START

    async def does(self, deed: str, *args: Any) -> Any:
        """Let her do something; the answer or the sentence."""
        return await press(services_at(self.pool, self.now), deed, ANN, *args)

    async def account(self) -> Me:
        """Her account as it is."""
        services = services_at(self.pool, self.now)
        return await profile.read_me(services, member(services, ANN))

    async def writes(self, completion: Completion, kind: Kind) -> object:
        """Write a completion that was decided on earlier, whatever holds by now."""
        return await day_logs.complete_day(
            self.pool, await self.account(), kind, completion, self.now
        )

    async def enrolment(self, kind: Kind) -> website.Enrolment:
        """Her enrolment."""
        found = await website.read(self.pool)
        return found.enrolments[ANN, kind, CHALLENGE if kind == "challenge" else QUEST]


@pytest.fixture
async def ann(pool: Pool) -> AsyncGenerator[Ann]:
    """All is well in her rows afterwards."""
    await small_catalogue.start_over(pool)
    ann = Ann(pool)
    await ann.does("join", "challenge", CHALLENGE)
    await ann.does("join", "quest", QUEST)
    yield ann
    assert await invariants.broken(pool) == []


@ITEMS
async def test_a_day_that_moved_on(ann: Ann, kind: Kind, item: int) -> None:
    """The guard is the day that was read, NULL among them; tomorrow's date would let it through."""
    await ann.does("done", kind, item)
    ann.now += ONE_DAY
    late = replace(DAY_ONE, local_date=ann.now.date())
    assert await ann.writes(late, kind) is None
    assert await ann.writes(replace(late, expected_day=None), kind) is None
    assert (await ann.enrolment(kind)).current_day == 2


@ITEMS
async def test_an_enrolment_that_was_left(ann: Ann, kind: Kind, item: int) -> None:
    """A day of it can no longer be done."""
    await ann.does(f"leave {kind}", *([item] if kind == "quest" else []))
    assert await ann.writes(DAY_ONE, kind) is None
    assert (await ann.enrolment(kind)).status == "cancelled"


@ITEMS
async def test_another_day_on_the_same_date(ann: Ann, kind: Kind, item: int) -> None:
    """Should all else agree, the constraint still holds one completion a local date."""
    await ann.does("done", kind, item)
    second = replace(DAY_ONE, expected_day=2, day=2, next_day=3)
    assert await ann.writes(second, kind) is None
    assert (await ann.enrolment(kind)).current_day == 2


@ITEMS
async def test_a_day_that_the_website_took_back(ann: Ann, kind: Kind, item: int) -> None:
    """It is done again, so that the member goes on, and counts once."""
    await ann.does("done", kind, item)
    enrolment = await ann.enrolment(kind)
    await website.blank(ann.pool, enrolment, 1)
    await ann.pool.execute(f"UPDATE public.{kind}_logs SET completed = false")
    ann.now += ONE_DAY
    again = await ann.does("done", kind, item)
    assert isinstance(again, DayDone)
    assert (again.day, again.points) == (1, 0)
    assert again.total == (10 if kind == "challenge" else small_catalogue.QUEST_POINTS[item])


@ITEMS
async def test_a_day_marked_ahead_hides_no_day_done_today(ann: Ann, kind: Kind, item: int) -> None:
    """The website marks day 3; the member does day 1, and the next one opens tomorrow."""
    await website.mark(ann.pool, await ann.enrolment(kind), 3, ann.now, moves=False)
    ann.now += ONE_DAY
    assert isinstance(await ann.does("done", kind, item), DayDone)
    assert type(await ann.does("done", kind, item)).__name__ == "TooEarly"


@ITEMS
async def test_a_day_marked_after_a_flight_cuts_no_rest_short(
    ann: Ann, kind: Kind, item: int
) -> None:
    """The 20 hours run from the day that was done here, whatever the website marks meanwhile."""
    await ann.does("done", kind, item)
    await ann.does("move", "Asia/Kathmandu")
    ann.now = START + dt.timedelta(hours=1)
    await website.mark(ann.pool, await ann.enrolment(kind), 2, ann.now, moves=True)
    ann.now = START + dt.timedelta(hours=19)  # past midnight there
    assert type(await ann.does("done", kind, item)).__name__ == "TooEarly"
    ann.now = START + dt.timedelta(hours=20)
    assert (await ann.does("done", kind, item)).day == 3


async def test_enrolments_that_changed(ann: Ann) -> None:
    """Every way to change one makes what was read before it old."""
    for deed, item in [
        ("switch", ("challenge", OTHER_CHALLENGE)),
        ("join", ("quest", 1)),
        ("leave quest", (QUEST,)),
        ("leave challenge", ()),
    ]:
        read = await ann.account()
        await ann.does(deed, *item)
        day = await enrolments.enrol(
            ann.pool, read, "challenge", 1, start_date=START.date(), switch=False
        )
        assert day is None, deed


@ITEMS
async def test_a_challenge_or_quest_finished_meanwhile(ann: Ann, kind: Kind, item: int) -> None:
    """It is not begun again."""
    read = await ann.account()
    await ann.pool.execute(
        f"UPDATE public.user_{kind}s SET status = 'completed', current_day = 5, completed_at = $1",
        START.date(),
    )
    day = await enrolments.enrol(ann.pool, read, kind, item, start_date=START.date(), switch=False)
    assert day is None
    assert (await ann.enrolment(kind)).status == "completed"


@pytest.mark.parametrize("left_at", [None, 0])
@ITEMS
async def test_resuming_without_a_day(ann: Ann, kind: Kind, item: int, left_at: int | None) -> None:
    """What the website left as NULL or 0 goes on as day 1."""
    await ann.does(f"leave {kind}", *([item] if kind == "quest" else []))
    await website.blank(ann.pool, await ann.enrolment(kind), left_at)
    joined = await ann.does("join", kind, item)
    assert (joined.day, joined.resumed) == (1, True)
    assert (await ann.enrolment(kind)).current_day == 1


async def test_words_that_are_there_stay(ann: Ann) -> None:
    """A later first sight writes no text and no turn."""
    await ann.does("see quests")
    before = await ann.pool.fetch("SELECT task_generated FROM public.quest_logs")
    written = await day_logs.write_first_sights(
        ann.pool,
        await ann.account(),
        "quest",
        [Sight(QUEST, 1, "Something else", None)],
        context_type="quest_task",
        function_called="generate_mystery_quest",
        now=START,
    )
    assert written == set()
    assert await ann.pool.fetch("SELECT task_generated FROM public.quest_logs") == before


async def test_a_reflection_waits_for_its_day(ann: Ann) -> None:
    """A log that is there but not completed takes none, and gets no turn."""
    await ann.does("see quests")
    kept = await day_logs.reflect(
        ann.pool,
        await ann.account(),
        "quest",
        QUEST,
        1,
        reflection="Too soon",
        context_type="quest_reflection",
        response="",
        now=START,
    )
    assert not kept
    assert await ann.pool.fetchval("SELECT count(*) FROM public.kai_interactions") == 1


async def test_a_bare_done_keeps_what_was_written_before(ann: Ann) -> None:
    """A reflection from the website stays; one that comes with the day replaces it."""
    await website.reflect(ann.pool, await ann.enrolment("challenge"), "From the site", START)
    await ann.does("done", "challenge", CHALLENGE)
    kept = "SELECT reflection FROM public.challenge_logs"
    assert await ann.pool.fetchval(kept) == "From the site"
    await ann.does("done", "challenge", CHALLENGE, "From here")
    assert await ann.pool.fetchval(kept) == "From here"


@asynccontextmanager
async def faster(pool: Pool) -> AsyncGenerator[Pool]:
    """A connection in the pool's clothes, whose writes the others wait for until it is left."""
    async with pool.acquire() as connection, connection.transaction():
        yield cast("Pool", connection)


async def waiting(pool: Pool) -> None:
    """Return when somebody waits for a row."""
    sql = "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND locktype = 'transactionid')"
    async with asyncio.timeout(10):
        while not await pool.fetchval(sql):  # noqa: ASYNC110 (nothing tells of it)
            await asyncio.sleep(0.01)


async def test_a_first_use_behind_another(pool: Pool) -> None:
    """The later one sees the account that it waited for, but not yet what was joined with it."""
    await small_catalogue.start_over(pool)
    async with faster(pool) as first:
        joined = await press(services_at(first, START), "join", ANN, "challenge", CHALLENGE)
        second = asyncio.create_task(
            press(services_at(pool, START), "join", ANN, "challenge", OTHER_CHALLENGE)
        )
        await waiting(pool)
    assert type(joined).__name__ == "Joined"
    assert type(await second).__name__ == "MustSwitch"
    assert await invariants.broken(pool) == []


async def test_two_days_at_once_add_up(ann: Ann) -> None:
    """Points and badges are reckoned from what is there when the other one has written."""
    async with faster(ann.pool) as first:
        quest_day = await press(services_at(first, START), "done", ANN, "quest", QUEST)
        challenge_day = asyncio.create_task(ann.does("done", "challenge", CHALLENGE))
        await waiting(ann.pool)
    assert isinstance(quest_day, DayDone)
    done = await challenge_day
    assert (quest_day.total, done.total) == (20, 30)
    assert [badge.points_required for badge in (*quest_day.badges, *done.badges)] == [10, 25]


async def test_a_day_waits_for_the_account_with_empty_hands(ann: Ann) -> None:
    """Every write takes the account first; one that held the enrolment by then would deadlock."""
    async with faster(ann.pool) as first:
        await first.execute("UPDATE discord.accounts SET locale = locale")
        done = asyncio.create_task(ann.does("done", "challenge", CHALLENGE))
        await waiting(ann.pool)
        left = await press(services_at(first, START), "leave challenge", ANN)
    assert type(left).__name__ == "Left"
    assert type(await done).__name__ == "NotJoined"
