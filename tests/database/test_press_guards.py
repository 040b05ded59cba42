"""A press on a daily post: what it writes at once, and what keeps it from writing."""

import asyncio
import datetime as dt
from collections import Counter
from collections.abc import AsyncGenerator
from dataclasses import replace
from typing import Any

import pytest

from bot.actions import profile
from bot.actions.doing import DayDone
from bot.actions.pressing import DoneBefore
from bot.actions.reflecting import Reflected
from db import day_logs
from db.day_logs import Completed, Completion
from db.members import Me
from db.pool import Pool
from tests.database import invariants, small_catalogue
from tests.database.posted import ACT, doers, in_ledger
from tests.database.presses import press
from tests.database.rival import Bots
from tests.database.small_catalogue import member, services_at
from tests.database.test_guards import faster, waiting

ANN, BEN = 101, 102
START = dt.datetime(2026, 5, 1, 9, tzinfo=dt.UTC)
ONE_DAY = dt.timedelta(days=1)
QUEST, SHORT = 5, 1  # five days and one

ENROLMENTS = "SELECT quest_id, status, current_day, start_date FROM public.user_quests ORDER BY id"
LOGS = "SELECT day_number, task_generated, completed FROM public.quest_logs ORDER BY day_number"
TURNS = "SELECT context_type, assistant_response FROM public.kai_interactions ORDER BY id"

FIRST_PRESS = Completion(
    enrolment_id=0,
    expected_day=None,
    day=1,
    next_day=2,
    status="active",
    local_date=START.date(),
    points=20,
    reflection=None,
    context_type=None,
    response=None,
    function_called=None,
    expected_status="none",
    new_item_id=QUEST,
    words=ACT,
)


class Scene:
    """A post of a quest, and members who have never used the bot."""

    def __init__(self, pool: Pool, post_id: int) -> None:
        self.pool = pool
        self.post_id = post_id
        self.now = START

    async def does(self, deed: str, *args: Any, who: int = ANN) -> Any:
        """Let a member do something; the answer or the sentence."""
        return await press(services_at(self.pool, self.now), deed, who, *args)

    async def did(self, *args: Any, who: int = ANN) -> Any:
        """Let a member press on the post."""
        return await self.does("did", self.post_id, *args, who=who)

    async def account(self) -> Me:
        """Ann's account as it is."""
        services = services_at(self.pool, self.now)
        return await profile.read_me(services, member(services, ANN))

    async def writes(self, **changes: Any) -> Completed | None:
        """Write a press that was decided on earlier, whatever holds by now."""
        completion = replace(FIRST_PRESS, post_id=self.post_id, **changes)
        return await day_logs.complete_day(
            self.pool, await self.account(), "quest", completion, self.now
        )

    async def rows(self, sql: str, *args: Any) -> list[tuple[Any, ...]]:
        """Rows of the database."""
        return [tuple(row) for row in await self.pool.fetch(sql, *args)]


@pytest.fixture
async def scene(pool: Pool) -> AsyncGenerator[Scene]:
    """All is well in the rows afterwards."""
    await small_catalogue.start_over(pool)
    yield Scene(pool, await in_ledger(pool, QUEST, START))
    assert await invariants.broken(pool) == []


async def test_a_first_press_writes_all_at_once(scene: Scene) -> None:
    """The enrolment, its first day with the post's act, the points, and the doer; and no turn."""
    done = await scene.did()
    assert isinstance(done, DayDone)
    assert (done.day, done.points, done.total) == (1, 20, 20)
    assert await scene.rows(ENROLMENTS) == [(QUEST, "active", 2, START.date())]
    assert await scene.rows(LOGS) == [(1, ACT, True)]
    assert await doers(scene.pool, scene.post_id) == [ANN]
    assert await scene.rows(TURNS) == []
    assert (await scene.account()).enrolment_version == 1, "other joins must look again"


async def test_a_quest_of_one_day(scene: Scene) -> None:
    """The first press finishes it, and the next says so."""
    scene.post_id = await in_ledger(scene.pool, SHORT, START, guild_id=2)
    done = await scene.did()
    assert (done.finished, done.points) == (True, 10)
    assert isinstance(await scene.did(), DoneBefore)
    scene.now += ONE_DAY
    assert type(await scene.did()).__name__ == "AlreadyFinished"
    assert await scene.rows(ENROLMENTS) == [(SHORT, "completed", 1, START.date())]


async def test_a_press_takes_up_again_what_was_left(scene: Scene) -> None:
    """It goes on where it stopped, at any number of other quests."""
    await scene.does("join", "quest", QUEST)
    await scene.does("done", "quest", QUEST)
    await scene.does("leave quest", QUEST)
    for quest in (2, 3, 4):
        await scene.does("join", "quest", quest)
    version = (await scene.account()).enrolment_version
    scene.now += ONE_DAY
    done = await scene.did()
    assert (done.day, done.total) == (2, 40)
    assert (QUEST, "active", 3, START.date()) in await scene.rows(ENROLMENTS)
    assert (await scene.account()).enrolment_version == version + 1


async def test_a_press_on_what_is_left_without_a_day(scene: Scene) -> None:
    """NULL and 0 are day 1, for who was on it and for who left."""
    await scene.does("join", "quest", QUEST)
    await scene.does("leave quest", QUEST)
    await scene.pool.execute("UPDATE public.user_quests SET current_day = NULL")
    assert (await scene.did()).day == 1


async def test_a_task_that_is_there_stays(scene: Scene) -> None:
    """Seen before the press, or while it was being written."""
    await scene.does("join", "quest", QUEST)
    await scene.does("see quests")
    ((_, task, _),) = await scene.rows(LOGS)
    assert task != ACT
    await scene.does("leave quest", QUEST)
    ((enrolment_id,),) = await scene.rows("SELECT id FROM public.user_quests")
    assert await scene.writes(
        enrolment_id=enrolment_id, expected_day=1, expected_status="cancelled", new_item_id=None
    )
    assert await scene.rows(LOGS) == [(1, task, True)]


async def test_an_act_that_the_member_has_had(scene: Scene) -> None:
    """KAI writes another one, with its turn, before the day is done."""
    assert (await scene.did()).day == 1
    scene.now += ONE_DAY
    assert (await scene.did()).day == 2
    (_, (_, task, _)) = await scene.rows(LOGS)
    assert task not in (None, ACT)
    assert await scene.rows(TURNS) == [("quest_task", task)]
    assert await doers(scene.pool, scene.post_id) == [ANN]


async def test_an_enrolment_that_came_meanwhile(scene: Scene) -> None:
    """A press that read none makes no second one, and does no day of it."""
    await scene.does("join", "quest", QUEST)
    assert await scene.writes() is None
    assert await scene.rows(ENROLMENTS) == [(QUEST, "active", 1, START.date())]
    assert await scene.rows(LOGS) == []
    assert await doers(scene.pool, scene.post_id) == []


@pytest.mark.parametrize("status", ["active", "completed"])
async def test_an_enrolment_that_goes_on_meanwhile(scene: Scene, status: str) -> None:
    """A press that read it as left writes nothing."""
    await scene.does("join", "quest", QUEST)
    ((enrolment_id,),) = await scene.rows("SELECT id FROM public.user_quests")
    if status == "completed":
        await scene.pool.execute(
            "UPDATE public.user_quests SET status = $1, current_day = 5, completed_at = $2",
            status,
            START.date(),
        )
    stale = {"enrolment_id": enrolment_id, "expected_status": "cancelled", "new_item_id": None}
    for day in (1, 5):
        assert await scene.writes(**stale, expected_day=day) is None
    assert await doers(scene.pool, scene.post_id) == []


async def test_a_second_day_on_one_date(scene: Scene) -> None:
    """Done here and left: the constraint holds one completion a local date, and all else falls."""
    await scene.did()
    await scene.does("leave quest", QUEST)
    ((enrolment_id,),) = await scene.rows("SELECT id FROM public.user_quests")
    second = {"day": 2, "next_day": 3, "expected_day": 2, "expected_status": "cancelled"}
    assert await scene.writes(**second, enrolment_id=enrolment_id, new_item_id=None) is None
    assert await scene.rows(ENROLMENTS) == [(QUEST, "cancelled", 2, START.date())]
    assert isinstance(await scene.did(), DoneBefore)


async def test_a_post_that_is_gone_by_then(scene: Scene) -> None:
    """The day counts all the same."""
    scene.post_id = 999
    written = await scene.writes()
    assert written is not None
    assert written.total == 20


async def test_done_elsewhere_counts_on_the_post(scene: Scene) -> None:
    """A press after `/quest done` changes nothing but the post's count."""
    await scene.does("join", "quest", QUEST)
    await scene.does("done", "quest", QUEST)
    assert await doers(scene.pool, scene.post_id) == []
    assert isinstance(await scene.did(), DoneBefore)
    assert isinstance(await scene.did("It was good."), Reflected)
    assert await doers(scene.pool, scene.post_id) == [ANN]
    assert await scene.rows("SELECT reflection FROM public.quest_logs") == [("It was good.",)]


async def test_a_first_press_beside_another_day(scene: Scene) -> None:
    """Points of both add up; the account is there, and the enrolment version moves."""
    await scene.does("join", "challenge", 4)
    async with faster(scene.pool) as first:
        challenge_day = await press(services_at(first, START), "done", ANN, "challenge", 4)
        pressed = asyncio.create_task(scene.did())
        await waiting(scene.pool)
    done = await pressed
    assert isinstance(challenge_day, DayDone)
    assert (challenge_day.total, done.total) == (10, 30)
    assert [badge.points_required for badge in (*challenge_day.badges, *done.badges)] == [10, 25]
    assert (await scene.account()).enrolment_version == 2


@pytest.fixture
async def bots(database_url: str) -> AsyncGenerator[tuple[Bots, int]]:
    """Two bots and a post in one database; all is well in it afterwards."""
    async with Bots.started(database_url) as started:
        await small_catalogue.start_over(started.pool)
        yield started, await in_ledger(started.pool, QUEST, START)
        assert await invariants.broken(started.pool) == []


async def test_fifty_presses_of_a_newcomer_do_one_day(bots: tuple[Bots, int]) -> None:
    """From the account to the doer, everything is there once."""
    both, post_id = bots
    pressed = await both.press(START, [["did", ANN, post_id]] * 50)
    assert Counter(pressed) == {"DayDone": 1, "DoneBefore": 49}
    assert await doers(both.pool, post_id) == [ANN]
    assert await both.pool.fetchval("SELECT count(*) FROM public.user_quests") == 1
    assert await both.pool.fetchval("SELECT points FROM discord.accounts") == 20


async def test_many_members_press_at_once(bots: tuple[Bots, int]) -> None:
    """Each has their own day, and the post has them all."""
    both, post_id = bots
    pressed = await both.press(START, [["did", who, post_id] for who in range(101, 126)] * 2)
    assert Counter(pressed) == {"DayDone": 25, "DoneBefore": 25}
    assert await doers(both.pool, post_id) == list(range(101, 126))


async def test_presses_race_everything_else(bots: tuple[Bots, int]) -> None:
    """`/quest done`, `start` and `leave` of the same quest: one day, and nothing is lost."""
    both, post_id = bots
    for number in range(8):
        who, at = ANN + number, START
        others = [["done", who, "quest", QUEST], ["join", who, "quest", QUEST]]
        others += [["leave quest", who, QUEST]]
        pressed = Counter(await both.press(at, [["did", who, post_id], *others] * 5))
        assert pressed["DayDone"] == 1, pressed
        counted = await both.pool.fetchval(
            "SELECT count(*) FROM discord.completions c JOIN discord.accounts a USING (user_id)"
            " WHERE a.discord_id = $1",
            who,
        )
        assert counted == 1
        assert who in await doers(both.pool, post_id)
