"""Planning on real rows: each server and local date once, each in its turn, whatever was asleep."""

import asyncio
import datetime as dt
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.actions import pace, planning
from bot.actions.planning import Job
from bot.actions.seeding import seed_catalogue
from bot.rules.posting import WINDOW, instant_of, next_instant
from db import posts
from db.pool import Pool
from tests.database.posted import in_ledger
from tests.database.small_catalogue import services_at

DUE = dt.datetime(2026, 5, 1, 9, tzinfo=dt.UTC)
NINE = dt.time(9)
ONE_DAY = dt.timedelta(days=1)
ONE_MINUTE = dt.timedelta(minutes=1)
ONE_TURN = dt.timedelta(seconds=1 / 48)
SURPRISES = "Small Surprises"
LONG_AGO = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)

SET_UP = """
INSERT INTO discord.guilds (guild_id, joined_at, zone, post_channel_id, post_time, post_quest_id,
                            post_day, next_post_on, next_post_at)
SELECT id, $2, $3, 1000 + id, $4, $5, $6, $7, $2 FROM unnest($1::bigint[]) AS server (id)"""


@pytest.fixture
async def catalogue(pool: Pool) -> Pool:
    """A database with the starter catalogue."""
    await seed_catalogue(pool, lambda: LONG_AGO)
    return pool


async def set_up(
    pool: Pool,
    *guild_ids: int,
    at: dt.datetime = DUE,
    on: dt.date | None = None,
    zone: str = "UTC",
    time: dt.time = NINE,
    quest: str | None = None,
    day: int = 1,
) -> None:
    """Give servers a daily post, the next at that instant."""
    quest_id = await quest_id_of(pool, quest) if quest else None
    on = on or at.date()
    await pool.execute(SET_UP, list(guild_ids), at, zone, time, quest_id, day, on)


async def quest_id_of(pool: Pool, name: str) -> int:
    """The id of a quest."""
    return int(await pool.fetchval("SELECT id FROM quests WHERE name = $1", name))


async def plan(pool: Pool, now: dt.datetime = DUE) -> int:
    """Plan what is due at an instant."""
    return await planning.plan(services_at(pool, now))


async def jobs(pool: Pool, now: dt.datetime) -> list[Job]:
    """What is handed out at an instant."""
    return await planning.open_jobs(services_at(pool, now))


async def rows(pool: Pool, guild_id: int = 1) -> list[tuple[dt.date, str]]:
    """A server's dates in the ledger, and what became of them."""
    sql = "SELECT local_date, status FROM discord.daily_posts WHERE guild_id = $1 ORDER BY 1"
    return [(row[0], row[1]) for row in await pool.fetch(sql, guild_id)]


async def guild(pool: Pool, guild_id: int = 1) -> dict[str, Any]:
    """A server's schedule."""
    row = await pool.fetchrow("SELECT * FROM discord.guilds WHERE guild_id = $1", guild_id)
    assert row is not None
    return dict(row)


async def turns(pool: Pool) -> list[dt.datetime]:
    """The turns of all posts, in order."""
    sql = "SELECT send_at FROM discord.daily_posts ORDER BY send_at"
    return [row[0] for row in await pool.fetch(sql)]


# What is planned, and when


async def test_what_is_due(catalogue: Pool) -> None:
    await set_up(catalogue, 1, day=4)
    await set_up(catalogue, 2, at=DUE + dt.timedelta(seconds=1))
    assert await plan(catalogue, DUE - dt.timedelta(microseconds=1)) == 0
    assert await plan(catalogue) == 1
    assert await plan(catalogue) == 0
    row = await catalogue.fetchrow("SELECT * FROM discord.daily_posts")
    assert row is not None
    spark = await quest_id_of(catalogue, "Daily Spark")
    assert (row["guild_id"], row["channel_id"], row["local_date"]) == (1, 1001, DUE.date())
    assert (row["quest_id"], row["day_number"], row["status"]) == (spark, 4, "planned")
    assert (row["due_at"], row["expires_at"], row["send_at"]) == (DUE, DUE + WINDOW, DUE)
    found = await guild(catalogue)
    assert (found["next_post_on"], found["next_post_at"]) == ((DUE + ONE_DAY).date(), DUE + ONE_DAY)
    assert found["post_day"] == 4, "it moves on when the post was sent"


async def test_turns_follow_each_other(catalogue: Pool) -> None:
    """Forty-eight a second, those of a second round after those of the first."""
    await set_up(catalogue, *range(1, 101))
    await plan(catalogue)
    await set_up(catalogue, *range(101, 121))
    await plan(catalogue)
    found = await turns(catalogue)
    assert found[0] == DUE
    wanted = [DUE + number * ONE_TURN for number in range(120)]
    off = [abs(turn - there) for turn, there in zip(found, wanted, strict=True)]
    assert max(off) < dt.timedelta(milliseconds=1)
    at = [job.at for job in await jobs(catalogue, DUE)]
    assert at == sorted(at)


async def test_more_than_a_batch(catalogue: Pool) -> None:
    """All are planned in one round; those of the next quarter of a minute are handed out."""
    await set_up(catalogue, *range(1, 5001))
    assert await plan(catalogue) == 5000
    found = await turns(catalogue)
    assert len(set(found)) == 5000
    assert found[-1] - found[0] == pytest.approx(4999 * ONE_TURN, abs=dt.timedelta(seconds=0.1))
    handed_out = await jobs(catalogue, DUE)
    assert len(handed_out) == pytest.approx(15 * 48, abs=2)
    rest = await jobs(catalogue, DUE + ONE_MINUTE)
    assert {job.id for job in rest} > {job.id for job in handed_out}


async def test_turns_come_after_a_hold(catalogue: Pool) -> None:
    services = services_at(catalogue, DUE)
    await pace.hold_all(services, 40)
    await pace.hold_all(services, 10)  # a shorter one does not end it
    await set_up(catalogue, 1, 2)
    await plan(catalogue)
    assert (await turns(catalogue))[0] == DUE + dt.timedelta(seconds=40)
    assert await pace.is_held(services)
    assert not await pace.is_held(services_at(catalogue, DUE + dt.timedelta(seconds=40)))


async def test_a_clock_that_went_back(catalogue: Pool) -> None:
    """Turns and holds of a day that has not come yet keep nobody waiting."""
    ahead = services_at(catalogue, DUE + ONE_DAY)
    await pace.take_turn(ahead)
    await pace.hold_all(ahead, 60)
    services = services_at(catalogue, DUE)
    assert not await pace.is_held(services)
    assert await pace.take_turn(services) == DUE
    await pace.hold_all(services, 10)
    assert await pace.take_turn(services) == DUE + dt.timedelta(seconds=10)


async def test_turns_taken_at_once(catalogue: Pool) -> None:
    """Nobody has the same one, whoever asks."""
    services = services_at(catalogue, DUE)
    found = await asyncio.gather(*(pace.take_turn(services) for _ in range(200)))
    assert len(set(found)) == 200
    assert max(found) - min(found) == pytest.approx(199 * ONE_TURN, abs=dt.timedelta(seconds=0.01))


async def test_planners_at_once(catalogue: Pool) -> None:
    """Each server is one planner's; no turn is given twice."""
    await set_up(catalogue, *range(1, 301))
    counts = await asyncio.gather(*(plan(catalogue) for _ in range(8)))
    assert sum(counts) == 300
    assert await catalogue.fetchval("SELECT count(*) FROM discord.daily_posts") == 300
    assert len(set(await turns(catalogue))) == 300
    moved = await catalogue.fetch("SELECT DISTINCT next_post_at FROM discord.guilds")
    assert [row[0] for row in moved] == [DUE + ONE_DAY]


async def test_what_another_planner_holds(catalogue: Pool) -> None:
    """It is passed over, without waiting."""
    await set_up(catalogue, 1, 2)
    async with catalogue.acquire() as first, first.transaction():
        (held,) = await posts.due(first, DUE, 1)
        assert await plan(catalogue) == 1
        assert await rows(catalogue, held.guild_id) == []


# After a sleep


async def test_after_days_of_sleep(catalogue: Pool) -> None:
    """The oldest is written as missed, those between are passed over, the one in time is sent."""
    await set_up(catalogue, 1)
    now = DUE + 5 * ONE_DAY + dt.timedelta(hours=2)
    assert await plan(catalogue, now) == 2
    assert await rows(catalogue) == [
        (DUE.date(), "missed"),
        ((DUE + 5 * ONE_DAY).date(), "planned"),
    ]
    assert (await guild(catalogue))["next_post_at"] == DUE + 6 * ONE_DAY
    (job,) = await jobs(catalogue, now)
    assert job.at == now, "what is too late has taken no turn"


async def test_after_days_of_sleep_and_too_late(catalogue: Pool) -> None:
    await set_up(catalogue, 1)
    now = DUE + 5 * ONE_DAY + WINDOW
    await plan(catalogue, now)
    assert await rows(catalogue) == [(DUE.date(), "missed")]
    assert (await guild(catalogue))["next_post_at"] == DUE + 6 * ONE_DAY
    assert await jobs(catalogue, now) == []


async def test_planned_and_then_asleep(catalogue: Pool) -> None:
    """A row whose window is over is missed, whatever its turn."""
    await set_up(catalogue, 1)
    await plan(catalogue)
    await plan(catalogue, DUE + WINDOW - ONE_MINUTE)
    assert await rows(catalogue) == [(DUE.date(), "planned")]
    await plan(catalogue, DUE + WINDOW)
    assert await rows(catalogue) == [(DUE.date(), "missed")]


async def test_a_window_that_crosses_midnight(catalogue: Pool) -> None:
    """It belongs to the post's own date."""
    late = dt.datetime(2026, 5, 1, 23, 59, tzinfo=dt.UTC)
    await set_up(catalogue, 1, at=late, time=late.time())
    await plan(catalogue, late + dt.timedelta(hours=2))
    assert await rows(catalogue) == [(late.date(), "planned")]
    assert (await guild(catalogue))["next_post_at"] == late + ONE_DAY


# Quests that change


async def test_a_chosen_quest_that_was_shortened(catalogue: Pool) -> None:
    """The Daily Spark goes on where it was, and there is something to tell."""
    spark = await quest_id_of(catalogue, "Daily Spark")
    for day in (1, 2):
        await in_ledger(catalogue, spark, DUE - day * 7 * ONE_DAY, guild_id=1)
    await set_up(catalogue, 1, quest=SURPRISES, day=6)
    await catalogue.execute("UPDATE quests SET total_days = 5 WHERE name = $1", SURPRISES)
    await plan(catalogue)
    row = await catalogue.fetchrow("SELECT * FROM discord.daily_posts WHERE status = 'planned'")
    assert row is not None
    assert (row["quest_id"], row["day_number"]) == (spark, 3)
    found = await guild(catalogue)
    assert (found["post_quest_id"], found["post_day"]) == (None, 3)
    assert found["to_tell"] == {"what": "quest_ended", "quest": SURPRISES}
    assert found["tell_at"] == DUE


async def test_the_last_day_of_a_chosen_quest(catalogue: Pool) -> None:
    """It is that quest's: only then is it over."""
    await set_up(catalogue, 1, quest=SURPRISES, day=7)
    await plan(catalogue)
    row = await catalogue.fetchrow("SELECT * FROM discord.daily_posts")
    assert row is not None
    assert (row["quest_id"], row["day_number"]) == (await quest_id_of(catalogue, SURPRISES), 7)
    assert (await guild(catalogue))["to_tell"] is None


async def test_a_chosen_quest_that_was_deleted(catalogue: Pool) -> None:
    """The Daily Spark makes up for it, from where it was, and there is something to tell."""
    await set_up(catalogue, 1, quest=SURPRISES, day=3)
    await catalogue.execute("DELETE FROM quests WHERE name = $1", SURPRISES)
    await plan(catalogue)
    row = await catalogue.fetchrow("SELECT * FROM discord.daily_posts")
    assert row is not None
    assert row["quest_id"] == await quest_id_of(catalogue, "Daily Spark")
    assert (row["status"], row["day_number"]) == ("planned", 1)
    found = await guild(catalogue)
    assert (found["post_quest_id"], found["post_day"]) == (None, 1)
    assert found["to_tell"] == {"what": "quest_ended", "quest": None}


# Odd rows


async def test_a_zone_that_the_tables_do_not_know(catalogue: Pool) -> None:
    """The post goes on in the bot's own zone, and no other server notices."""
    await set_up(catalogue, 1, zone="Atlantis/Poseidonis")
    await set_up(catalogue, 2, zone="Asia/Kathmandu", time=dt.time(14, 45))
    assert await plan(catalogue) == 2
    for guild_id in (1, 2):
        assert await rows(catalogue, guild_id) == [(DUE.date(), "planned")]
        assert (await guild(catalogue, guild_id))["next_post_at"] == DUE + ONE_DAY


async def test_a_zone_that_was_dropped_far_in_the_east(catalogue: Pool) -> None:
    """Its last date has not come yet in the bot's own zone: it does not come twice."""
    at = dt.datetime(2026, 4, 30, 13, tzinfo=dt.UTC)
    await set_up(catalogue, 1, at=at, on=DUE.date(), zone="Atlantis/Kiritimati", time=dt.time(3))
    await plan(catalogue, at)
    found = await guild(catalogue)
    wanted = dt.datetime(2026, 5, 2, 3, tzinfo=dt.UTC)
    assert (found["next_post_on"], found["next_post_at"]) == (wanted.date(), wanted)


@pytest.mark.parametrize("status", ["sent", "skipped", "sending", "planned", "unknown", "failed"])
async def test_a_date_that_has_its_row(catalogue: Pool, status: str) -> None:
    """Whatever the schedule says: it moves on, and nothing new is sent."""
    spark = await quest_id_of(catalogue, "Daily Spark")
    await in_ledger(catalogue, spark, DUE - ONE_MINUTE, guild_id=1, status=status)
    before = await catalogue.fetch("SELECT * FROM discord.daily_posts")
    await set_up(catalogue, 1)
    assert await plan(catalogue) == 0
    assert await catalogue.fetch("SELECT * FROM discord.daily_posts") == before
    assert (await guild(catalogue))["next_post_at"] == DUE + ONE_DAY


async def test_the_local_date_is_the_servers(catalogue: Pool) -> None:
    """At the same instant it is Friday here and Saturday there."""
    for guild_id, zone, time, on in (
        (1, "Pacific/Honolulu", dt.time(23), dt.date(2026, 4, 30)),
        (2, "Pacific/Kiritimati", dt.time(23), dt.date(2026, 5, 1)),
    ):
        assert instant_of(on, time, zone) == DUE
        await set_up(catalogue, guild_id, zone=zone, time=time, on=on)
    await plan(catalogue)
    assert await rows(catalogue, 1) == [(dt.date(2026, 4, 30), "planned")]
    assert await rows(catalogue, 2) == [(dt.date(2026, 5, 1), "planned")]


# Years of it

ZONES = ["UTC", "America/Vancouver", "Australia/Lord_Howe", "Pacific/Apia", "Africa/Casablanca"]
TIMES = [dt.time(0), dt.time(1, 30), dt.time(2, 30), dt.time(23, 59)]
MOVE = """
UPDATE discord.guilds SET zone = $1, post_time = $2, next_post_on = $3, next_post_at = $4"""
changes = st.lists(
    st.tuples(st.integers(1, 60), st.sampled_from(ZONES), st.sampled_from(TIMES)), max_size=6
)


@pytest.mark.long
@given(
    minutes=st.integers(0, 15 * 365 * 24 * 60),
    changes=changes,
)
@settings(
    max_examples=8,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
async def test_each_date_once(
    catalogue: Pool, minutes: int, changes: list[tuple[int, str, dt.time]]
) -> None:
    """Over moves of zone and time: no date comes twice, none in between is left out.

    A date may be left out only where it has no instant any more: where the server moves.
    """
    start = dt.datetime(2011, 1, 1, tzinfo=dt.UTC) + minutes * ONE_MINUTE
    await catalogue.execute("TRUNCATE discord.guilds, discord.daily_posts, discord.pace CASCADE")
    await catalogue.execute("INSERT INTO discord.pace (next_at, held_until) VALUES ($1, $1)", start)
    zone, time = "UTC", NINE
    on, at = next_instant(start, time, zone)
    await set_up(catalogue, 1, at=at, on=on, zone=zone, time=time)
    planned: list[tuple[dt.date, dt.datetime]] = []
    for posts_until_then, new_zone, new_time in [*changes, (20, zone, time)]:
        for _post in range(posts_until_then):
            found = await guild(catalogue)
            at = found["next_post_at"]
            planned.append((found["next_post_on"], at))
            assert await plan(catalogue, at) == 1, "the date has its row already"
            following = (await guild(catalogue))["next_post_on"]
            left_out = (following - planned[-1][0]).days - 1
            assert all(
                instant_of(planned[-1][0] + number * ONE_DAY, time, zone) is None
                for number in range(1, left_out + 1)
            )
        zone, time = new_zone, new_time
        on, at = next_instant(at, time, zone, planned[-1][0])
        assert at <= planned[-1][1] + 3 * ONE_DAY
        await catalogue.execute(MOVE, zone, time, on, at)
    dates = [date for date, _row in await rows(catalogue)]
    assert dates == [date for date, _at in planned]
    assert sorted(set(dates)) == dates
