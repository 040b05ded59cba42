"""A server's schedule under races: whoever changes it has read what it is, or changes nothing."""

import asyncio
import contextlib
import datetime as dt

import pytest

from bot.actions import daily, planning
from bot.actions.seeding import seed_catalogue
from bot.errors import Conflict, SomebodyWasFaster
from db import ledger, schedules
from db.members import Caller
from db.pool import Pool
from db.schedules import Move
from tests.database.small_catalogue import services_at

NOON = dt.datetime(2027, 1, 12, 17, tzinfo=dt.UTC)
NINE = dt.datetime(2027, 1, 13, 14, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
GUILD, CHANNEL = 7, 70
LEDGER = "SELECT local_date, status FROM discord.daily_posts ORDER BY local_date"
NEXT = "SELECT next_post_on FROM discord.guilds WHERE guild_id = 7"


def manager(pool: Pool, now: dt.datetime, who: int = 1) -> tuple[daily.Services, Caller]:
    """The services and one of those who manage the server, at an instant."""
    services = services_at(pool, now)
    return services, services.caller(who, f"Manager {who}", GUILD, "en-GB")


async def set_up(pool: Pool, now: dt.datetime = NOON, who: int = 1) -> None:
    """Daily posts at nine in Toronto."""
    await daily.set_up(*manager(pool, now, who), CHANNEL, "9:00", "America/Toronto", None)


def anywhere(_channel_id: int) -> None:
    """The bot may post in every channel."""


@pytest.fixture
async def posting(pool: Pool) -> Pool:
    """A database whose server has its daily posts set up."""
    await seed_catalogue(pool, lambda: NOON)
    await set_up(pool)
    return pool


async def rows(pool: Pool) -> list[tuple[dt.date, str]]:
    """The ledger."""
    return [tuple(row) for row in await pool.fetch(LEDGER)]


async def test_what_was_read_long_ago_changes_nothing(posting: Pool) -> None:
    """Each change is refused once the schedule has moved, paused or counted on."""
    services, caller = manager(posting, NOON)
    found = await schedules.read(posting, caller, NOON.date() - DAY)
    assert found.schedule is not None
    assert found.quest is not None
    moves = [
        Move("move", "daily_pause", {}, None, None, NOON, "asked"),
        Move("skip_next", "daily_skip", {}, None, None, None, None, NINE.date(), NINE, NINE),
        Move("post_now", "daily_post_now", {}, None, None, None, None, NINE.date(), NINE, NINE),
    ]
    before = await posting.fetchval("SELECT count(*) FROM discord.audit_log")
    for moved in ("next_post_at = next_post_at + interval '1 s'", "post_day = 2", "paused_at = $1"):
        args = [NOON] if "$1" in moved else []
        await posting.execute(f"UPDATE discord.guilds SET {moved}", *args)
        for move in moves:
            assert not await schedules.move(services.pool, caller, found, move), (moved, move)
        assert not await schedules.set_up(
            services.pool, caller, found, found.schedule, found.quest, 1, {}
        )
        await posting.execute(
            "UPDATE discord.guilds SET next_post_at = $1, post_day = 1, paused_at = NULL", NINE
        )
    assert await rows(posting) == []
    assert await posting.fetchval("SELECT count(*) FROM discord.audit_log") == before
    assert await schedules.move(services.pool, caller, found, moves[0]), (
        "nothing else stood against"
    )


async def test_two_set_up_a_new_server_at_once(pool: Pool) -> None:
    """One schedule comes of it."""
    await seed_catalogue(pool, lambda: NOON)
    await asyncio.gather(*(set_up(pool, who=who) for who in range(1, 6)))
    assert await pool.fetchval("SELECT count(*) FROM discord.guilds") == 1
    assert await pool.fetchval(NEXT) == NINE.date()


async def test_many_skip_at_once(posting: Pool) -> None:
    """Whoever is told that a post was skipped has skipped one that nobody else did."""

    async def skip(who: int) -> dt.date | None:
        try:
            return (await daily.skip(*manager(posting, NOON, who)))[1]
        except SomebodyWasFaster:
            return None

    told = [date for date in await asyncio.gather(*map(skip, range(1, 9))) if date]
    assert told
    assert sorted(told) == [date for date, _status in await rows(posting)]
    assert await posting.fetchval(NEXT) == max(told) + DAY


@pytest.mark.parametrize("seed", range(8))
async def test_the_planner_beside_every_change(posting: Pool, seed: int) -> None:
    """At the very minute of a post, somebody changes it: its date has one row, and no more."""
    services, caller = manager(posting, NINE)
    changes = [
        daily.skip(services, caller),
        daily.post_now(services, caller, anywhere),
        daily.pause(services, caller),
        set_up(posting, NINE, 2),
    ]
    chosen = changes[seed % 4]
    for other in changes:
        if other is not chosen:
            other.close()

    async def change() -> None:
        await asyncio.sleep(0.001 * (seed // 4))
        with contextlib.suppress(Conflict, SomebodyWasFaster):
            await chosen

    await asyncio.gather(planning.plan(services), change())
    kept = await rows(posting)
    assert len(kept) <= 2
    assert len({date for date, _status in kept}) == len(kept)
    next_on = await posting.fetchval(NEXT)
    if next_on is not None:
        assert next_on > max(
            (date for date, status in kept if status != "planned"), default=NOON.date()
        )
    assert {status for _date, status in kept} <= {"planned", "skipped"}


async def test_what_is_being_sent_is_nobodys_to_change(posting: Pool) -> None:
    """A claimed row stays: it is not skipped, taken back, or sent again."""
    services, caller = manager(posting, NINE)
    await planning.plan(services)
    post = await posting.fetchval("SELECT id FROM discord.daily_posts")
    assert await ledger.claim(posting, "daily_posts", post, NINE)
    with pytest.raises(Conflict, match="being sent"):
        await daily.post_now(services, caller, anywhere)
    _now, skipped = await daily.skip(services, caller)
    assert skipped == NINE.date() + DAY
    await set_up(posting, NINE)
    await daily.pause(services, caller)
    assert (NINE.date(), "sending") in await rows(posting)
