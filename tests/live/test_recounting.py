"""Days that the website marked as done: counted once, on their date, and never in anybody's way."""

import asyncio
import datetime as dt

import pytest

from bot.actions.recounting import recount, recount_all
from bot.actions.services import Services
from bot.kai.companion import Kai
from tests.behaviour.town import Town, text_of
from tests.live.linking import UNEVEN
from tests.live.website import Website

SEVEN_DAYS = 1
COMPLETIONS = "SELECT day_number, local_date, points FROM discord.completions ORDER BY id"
POINTS = "SELECT points FROM discord.accounts"
WAITING = """
SELECT count(*) FROM pg_stat_activity
 WHERE datname = current_database() AND wait_event_type = 'Lock'"""
MAY = dt.datetime(2026, 5, 1, 9, tzinfo=dt.UTC)


@pytest.fixture
def granted_url(small_granted_url: str) -> str:
    """Few people are enough."""
    return small_granted_url


@pytest.fixture
async def user(town: Town, website: Website) -> int:
    """The user's id of Ann, who has used the bot, and is on a challenge of the website's."""
    await town.slash(town.ann, "help")
    user = await town.user_id(town.ann)
    await website.enrols(user, SEVEN_DAYS, MAY.date(), 1)
    return user


async def night(town: Town) -> None:
    """The worker's night."""
    await recount_all(Services(town.pool, Kai(), town.env.now))
    assert await town.rows(UNEVEN) == []


async def in_zone(town: Town, zone: str) -> None:
    await town.value("UPDATE discord.accounts SET zone = $1", zone)


async def test_a_day_counts_once(town: Town, website: Website, user: int) -> None:
    yesterday = town.env.now() - dt.timedelta(days=1)
    await website.marks(user, SEVEN_DAYS, 1, yesterday)
    await website.moves(user, SEVEN_DAYS, 2)
    assert "**10**" not in text_of(await town.slash(town.ann, "me"))
    await night(town)
    await night(town)
    assert await town.rows(COMPLETIONS) == [(1, yesterday.date(), 10)]
    done = await town.slash(town.ann, "challenge done")
    assert "Day 2 is done" in text_of(done)
    await night(town)
    assert await town.value(POINTS) == 20
    assert "2 days" in text_of(await town.slash(town.ann, "me"))


@pytest.mark.parametrize(
    ("zone", "at", "date"),
    [
        ("UTC", "2026-05-02 05:00", dt.date(2026, 5, 2)),
        ("America/Vancouver", "2026-05-02 05:00", dt.date(2026, 5, 1)),
        ("Pacific/Auckland", "2026-05-02 20:00", dt.date(2026, 5, 3)),
    ],
)
async def test_it_stands_on_the_members_own_date(
    town: Town, website: Website, user: int, zone: str, at: str, date: dt.date
) -> None:
    await in_zone(town, zone)
    moment = dt.datetime.fromisoformat(f"{at}+00:00")
    await website.marks(user, SEVEN_DAYS, 1, moment)
    await night(town)
    assert await town.rows(COMPLETIONS) == [(1, date, 10)]
    assert await town.value("SELECT completed_at FROM discord.completions") == moment


async def test_of_two_days_on_one_date_the_first_counts(
    town: Town, website: Website, user: int
) -> None:
    for day, hour in ((2, 10), (1, 9), (3, 34)):
        at = MAY.replace(hour=0) + dt.timedelta(hours=hour)
        await website.marks(user, SEVEN_DAYS, day, at)
    await night(town)
    may = MAY.date()
    assert await town.rows(COMPLETIONS) == [(1, may, 10), (3, may + dt.timedelta(days=1), 10)]


@pytest.mark.parametrize(
    "row",
    ["0, true, moment", "1, true, NULL", "1, NULL, moment", "1, true, moment + interval '1 day'"],
)
async def test_what_is_no_day(town: Town, website: Website, user: int, row: str) -> None:
    """Day 0, a day without its moment, one that is not marked, one of tomorrow's."""
    await website.execute(
        "INSERT INTO challenge_logs (user_id, challenge_id, day_number, completed, completed_at)"
        f" SELECT $1, $2, {row} FROM (SELECT $3::timestamp AS moment) now",
        *(user, SEVEN_DAYS, town.env.now().replace(tzinfo=None)),
    )
    await night(town)
    assert await town.rows(COMPLETIONS) == []


@pytest.mark.parametrize(("difficulty", "points"), [("hard", 20), (None, 15), ("Easy", 10)])
async def test_a_quests_day_is_worth_what_it_is_here(
    town: Town, website: Website, user: int, difficulty: str | None, points: int
) -> None:
    quest = await town.add("quest", "Small gifts", difficulty=difficulty)
    await website.execute(
        "INSERT INTO quest_logs (user_id, quest_id, day_number, completed, completed_at)"
        " VALUES ($1, $2, 1, true, $3)",
        *(user, quest, MAY.replace(tzinfo=None)),
    )
    await night(town)
    assert await town.rows(COMPLETIONS) == [(1, MAY.date(), points)]


async def test_badges_come_with_the_points(town: Town, website: Website, user: int) -> None:
    badge = await town.add("badge", "Twice kind", points_required=20)
    for day in (1, 2):
        await website.marks(user, SEVEN_DAYS, day, MAY + dt.timedelta(days=day))
    await night(town)
    held = await town.rows("SELECT badge_id FROM user_badges WHERE user_id = $1", user)
    assert (badge,) in held
    assert "Twice kind" in text_of(await town.slash(town.ann, "badge earned"))


async def test_points_that_went_wrong_are_mended(town: Town, user: int) -> None:
    await town.slash(town.ann, "challenge done")
    await town.value("UPDATE discord.accounts SET points = 700")
    await night(town)
    assert await town.value(POINTS) == 10


async def test_a_press_waits_for_a_recount_under_way(
    town: Town, website: Website, user: int
) -> None:
    await website.marks(user, SEVEN_DAYS, 1, town.env.now() - dt.timedelta(days=1))
    await website.moves(user, SEVEN_DAYS, 2)
    async with town.pool.acquire() as connection, connection.transaction():
        await recount(connection, user, town.env.now())
        pressing = asyncio.create_task(town.slash(town.ann, "challenge done"))
        await waiting(town)
    assert "Day 2 is done" in text_of(await pressing)
    await night(town)
    assert await town.value(POINTS) == 20


async def test_a_recount_waits_for_a_press_under_way(
    town: Town, website: Website, user: int
) -> None:
    """And sees the days as they are then: what was just done is not counted again."""
    await website.marks(user, SEVEN_DAYS, 1, town.env.now() - dt.timedelta(days=1))
    async with town.pool.acquire() as connection, connection.transaction():
        await connection.execute("SELECT FROM discord.accounts FOR UPDATE")
        recounting = asyncio.create_task(night(town))
        await waiting(town)
        await recount(connection, user, town.env.now())
    await recounting
    assert await town.value(POINTS) == 10


async def waiting(town: Town) -> None:
    """Wait until somebody waits for a lock."""
    async with asyncio.timeout(10):
        while not await town.value(WAITING):  # noqa: ASYNC110
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("at", ["-infinity", "infinity", "0001-01-01 00:00", "9999-12-31 23:59"])
async def test_a_moment_that_is_none(town: Town, website: Website, user: int, at: str) -> None:
    await in_zone(town, "America/Vancouver")
    await website.marks(user, SEVEN_DAYS, 1, MAY)
    await website.execute(
        "INSERT INTO challenge_logs (user_id, challenge_id, day_number, completed, completed_at)"
        f" VALUES ($1, $2, 2, true, '{at}')",
        *(user, SEVEN_DAYS),
    )
    await night(town)
    assert await town.rows(COMPLETIONS) == [(1, MAY.date(), 10)]


async def test_a_day_that_never_counts_is_left_alone(
    town: Town, website: Website, user: int
) -> None:
    """It shares its date with another; the nights write nothing more, not even a used-up id."""
    for day in (1, 2):
        await website.marks(user, SEVEN_DAYS, day, MAY)
    await night(town)
    versions = "SELECT xmin::text FROM discord.accounts WHERE user_id = $1"
    next_id = "SELECT last_value FROM pg_sequences WHERE sequencename = 'completions_id_seq'"
    before = await town.value(versions, user), await town.value(next_id)
    for _night in range(2):
        await night(town)
    assert (await town.value(versions, user), await town.value(next_id)) == before


async def test_one_members_trouble_is_nobody_elses(town: Town, website: Website, user: int) -> None:
    """Here that of one whose zone there is none of."""
    await town.slash(town.ben, "help")
    other = await town.user_id(town.ben)
    for who in (user, other):
        await website.marks(who, SEVEN_DAYS, 1, MAY)
    zone = "UPDATE discord.accounts SET zone = $2 WHERE user_id = $1"
    await town.value(zone, min(user, other), "Atlantis/Port")
    await night(town)
    counted = "SELECT array_agg(user_id) FROM discord.completions"
    assert await town.value(counted) == [max(user, other)]
    await town.value(zone, min(user, other), "UTC")
    await night(town)
    assert await town.value(counted) == [max(user, other), min(user, other)]


async def test_a_badge_that_goes_meanwhile_stops_nobody(
    town: Town, website: Website, user: int
) -> None:
    """Everybody else is recounted, and who was in somebody's way is the next night."""
    badge = await town.add("badge", "Soon gone", points_required=10)
    await website.marks(user, SEVEN_DAYS, 1, MAY)
    await town.slash(town.ben, "challenge join", challenge=SEVEN_DAYS)
    await town.value("UPDATE discord.accounts SET points = 7 WHERE discord_id = $1", town.ben.id)
    await website.execute("BEGIN")
    await website.execute("DELETE FROM badges WHERE id = $1", badge)
    recounting = asyncio.create_task(night(town))
    await asyncio.wait({recounting}, timeout=0.5)
    assert not recounting.done()
    await website.execute("COMMIT")
    await recounting
    assert await town.value("SELECT points FROM discord.accounts WHERE user_id <> $1", user) == 0
    await night(town)
    assert await town.value("SELECT points FROM discord.accounts WHERE user_id = $1", user) == 10
