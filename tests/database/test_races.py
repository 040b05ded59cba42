"""Everybody at once, from two processes: what may happen once happens once, and nothing waits.

Every test looks at all the invariants in the end.
"""

import datetime as dt
from collections import Counter
from collections.abc import AsyncGenerator
from typing import Any

import pytest

from db.pool import Pool
from tests.database import invariants, small_catalogue
from tests.database.rival import Bots

ANN, BEN, SAGE = 101, 102, 103
START = dt.datetime(2026, 5, 1, 9, tzinfo=dt.UTC)
ONE_DAY = dt.timedelta(days=1)
GIVEN = len(small_catalogue.EARNED) + 1  # the id of the badge that moderators give
LONG_CHALLENGE, LONG_QUEST = 4, 5  # five days each


@pytest.fixture
async def bots(database_url: str) -> AsyncGenerator[Bots]:
    """Two bots on a database with the small catalogue; all is well in it afterwards."""
    async with Bots.started(database_url) as started:
        await small_catalogue.start_over(started.pool)
        yield started
        assert await invariants.broken(started.pool) == []


async def rows(pool: Pool, sql: str, *args: Any) -> list[tuple[Any, ...]]:
    """The rows of a query."""
    return [tuple(row) for row in await pool.fetch(sql, *args)]


@pytest.mark.parametrize(("kind", "item"), [("challenge", LONG_CHALLENGE), ("quest", LONG_QUEST)])
async def test_fifty_presses_do_one_day(bots: Bots, kind: str, item: int) -> None:
    """One advance, and an answer for each of the fifty, day after day to the last one."""
    await bots.press(START, [["join", ANN, kind, item]])
    for day in range(1, 6):
        pressed = await bots.press(START + day * ONE_DAY, [["done", ANN, kind, item]] * 50)
        late = "TooEarly" if day < 5 else "AlreadyFinished"
        assert Counter(pressed) == {"DayDone": 1, late: 49}
        logs = await rows(bots.pool, f"SELECT day_number, completed FROM {kind}_logs ORDER BY 1")
        assert logs == [(number, True) for number in range(1, day + 1)]
    done = await rows(
        bots.pool, "SELECT day_number, local_date FROM discord.completions ORDER BY day_number"
    )
    assert done == [(day, (START + day * ONE_DAY).date()) for day in range(1, 6)]
    worth = 10 if kind == "challenge" else small_catalogue.QUEST_POINTS[item]
    assert await bots.pool.fetchval("SELECT points FROM discord.accounts") == 5 * worth


async def test_fifty_presses_with_a_reflection(bots: Bots) -> None:
    """The first does the day; the others have today's reflection replaced, each with its turn."""
    await bots.press(START, [["join", ANN, "challenge", LONG_CHALLENGE]])
    presses = [["done", ANN, "challenge", LONG_CHALLENGE, f"Words {n}"] for n in range(50)]
    assert Counter(await bots.press(START, presses)) == {"DayDone": 1, "Reflected": 49}
    turns = await rows(bots.pool, "SELECT message FROM public.kai_interactions")
    kept = await rows(bots.pool, "SELECT reflection FROM public.challenge_logs WHERE completed")
    assert sorted(turns) == sorted((words,) for *_, words in presses if words)
    assert len(kept) == 1
    assert kept[0] in turns


async def more_challenges(pool: Pool, count: int) -> list[int]:
    """The ids of new challenges."""
    sql = """
        INSERT INTO public.challenges (name, total_days)
        SELECT 'More ' || n, 3 FROM generate_series(1, $1::int) AS n RETURNING id"""
    return [row[0] for row in await pool.fetch(sql, count)]


async def test_twenty_joins_leave_one_challenge(bots: Bots) -> None:
    """One is joined, and nineteen ask whether to switch."""
    challenges = await more_challenges(bots.pool, 20)
    for who in range(ANN, ANN + 5):
        pressed = await bots.press(START, [["join", who, "challenge", id_] for id_ in challenges])
        assert Counter(pressed) == {"Joined": 1, "MustSwitch": 19}


async def test_twenty_switches_leave_one_challenge(bots: Bots) -> None:
    """Whoever joins last has the place; some may be told that others were faster."""
    challenges = await more_challenges(bots.pool, 20)
    for who in range(ANN, ANN + 5):
        presses = [["switch", who, "challenge", id_] for id_ in challenges]
        pressed = Counter(await bots.press(START, presses))
        assert set(pressed) <= {"Joined", "SomebodyWasFaster"}
        active = await rows(
            bots.pool,
            "SELECT status, count(*) FROM public.user_challenges e JOIN discord.accounts a"
            " USING (user_id) WHERE a.discord_id = $1 GROUP BY 1 ORDER BY 1",
            who,
        )
        left = pressed["Joined"] - 1
        assert active == [("active", 1), *([("cancelled", left)] if left else [])]


async def test_the_same_challenge_joined_twenty_times(bots: Bots) -> None:
    """It is joined once."""
    pressed = await bots.press(START, [["join", ANN, "challenge", LONG_CHALLENGE]] * 20)
    assert Counter(pressed) == {"Joined": 1, "AlreadyJoined": 19}


async def test_ten_quest_starts_leave_three(bots: Bots) -> None:
    """Three are started, and seven have no room."""
    sql = """
        INSERT INTO public.quests (name, total_days)
        SELECT 'More ' || n, 3 FROM generate_series(1, 10) AS n RETURNING id"""
    quests = [row[0] for row in await bots.pool.fetch(sql)]
    for who in range(ANN, ANN + 5):
        pressed = await bots.press(START, [["join", who, "quest", id_] for id_ in quests])
        assert Counter(pressed) == {"Joined": 3, "TooManyQuests": 7}


async def test_several_items_done_at_once(bots: Bots) -> None:
    """Each gives its points, none is lost, and each badge on the way comes once."""
    items = [("challenge", LONG_CHALLENGE), ("quest", 3), ("quest", 4), ("quest", 5)]
    members = range(ANN, ANN + 6)
    for kind, item in items:
        await bots.press(START, [["join", who, kind, item] for who in members])
    presses = [["done", who, kind, item] for kind, item in items * 2 for who in members]
    for day in range(3):
        pressed = Counter(await bots.press(START + day * ONE_DAY, presses))
        assert pressed["DayDone"] == len(presses) // 2
    worth = 10 + sum(small_catalogue.QUEST_POINTS[item] for kind, item in items if kind == "quest")
    points = await rows(bots.pool, "SELECT points FROM discord.accounts")
    assert points == [(3 * worth,)] * len(members)


async def test_first_uses_make_one_member(bots: Bots) -> None:
    """One user and one account for each, whichever process was first."""
    members = range(ANN, ANN + 10)
    pressed = await bots.press(START, [["hello", who] for who in members for _ in range(20)])
    assert Counter(pressed) == {"Me": 200}
    for table in ("public.userdata", "discord.accounts", "discord.guild_members"):
        assert await bots.pool.fetchval(f"SELECT count(*) FROM {table}") == len(members)


async def test_a_first_use_that_joins(bots: Bots) -> None:
    """A new member's first presses may already be those that race."""
    presses = [["join", ANN, "challenge", LONG_CHALLENGE], ["join", ANN, "quest", LONG_QUEST]] * 10
    pressed = Counter(await bots.press(START, presses))
    assert pressed["Joined"] == 2
    assert pressed["AlreadyJoined"] == 18


@pytest.mark.parametrize(
    ("look", "kind", "item", "turn"),
    [
        ("see challenge", "challenge", LONG_CHALLENGE, "challenge_day"),
        ("see quests", "quest", LONG_QUEST, "quest_task"),
    ],
)
async def test_first_sights_keep_one_text_and_one_turn(
    bots: Bots, look: str, kind: str, item: int, turn: str
) -> None:
    """However many look at once; the words are there and have their turn."""
    members = range(ANN, ANN + 5)
    await bots.press(START, [["join", who, kind, item] for who in members])
    pressed = await bots.press(START, [[look, who] for who in members for _ in range(10)])
    assert len(pressed) == 50
    assert "SomebodyWasFaster" not in pressed
    assert await bots.pool.fetchval(f"SELECT count(*) FROM {kind}_logs") == len(members)
    turns = await rows(bots.pool, "SELECT context_type, count(*) FROM kai_interactions GROUP BY 1")
    assert turns == [(turn, len(members))]


async def test_a_badge_is_given_once(bots: Bots) -> None:
    """Also to somebody who has never used the bot; one badge, one audit row."""
    for subject in range(200, 205):
        presses = [["award", giver, subject, GIVEN] for giver in (SAGE, BEN) for _ in range(10)]
        assert Counter(await bots.press(START, presses)) == {"Awarded": 1, "Conflict": 19}
    assert await bots.pool.fetchval("SELECT count(*) FROM public.user_badges") == 5
    audit = await rows(
        bots.pool, "SELECT subject_id, count(*) FROM discord.audit_log GROUP BY 1 ORDER BY 1"
    )
    assert audit == [(subject, 1) for subject in range(200, 205)]


async def test_doing_leaving_and_switching_never_wait_for_one_another(bots: Bots) -> None:
    """A deadlock would raise an error, and a lost update break an invariant."""
    members = range(ANN, ANN + 4)
    challenges = [LONG_CHALLENGE, *await more_challenges(bots.pool, 3)]
    for number in range(25):
        now = START + number * ONE_DAY
        one, other = challenges[number % 4], challenges[(number + 1) % 4]
        presses: list[list[Any]] = []
        for who in members:
            await bots.press(now, [["switch", who, "challenge", one], ["join", who, "quest", 5]])
            presses += [
                ["done", who, "challenge"],
                ["done", who, "challenge", None, f"Words of day {number}"],
                ["leave challenge", who],
                ["switch", who, "challenge", other],
                ["see challenge", who],
                ["done", who, "quest", 5],
                ["leave quest", who, 5],
                ["see quests", who],
            ]
        await bots.press(now, presses)
        assert await invariants.broken(bots.pool) == []
