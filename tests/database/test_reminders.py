"""The statements of reminders, each by itself: planned once, written by who holds the row."""

import asyncio
import datetime as dt

import pytest

from bot.actions import planning, profile, reminding
from bot.actions.services import Services
from bot.rules.posting import WINDOW
from db import ledger, members, reminders
from db.ledger import Claim
from db.members import Me
from db.pool import Pool
from db.reminders import PlannedReminder
from tests.database import small_catalogue
from tests.database.small_catalogue import member, services_at
from tests.database.test_guards import faster, waiting

START = dt.datetime(2026, 5, 1, 9, tzinfo=dt.UTC)
ONE_DAY = dt.timedelta(days=1)
ONE_HOUR = dt.timedelta(hours=1)
ANN, BEN = 101, 102
EVENING = dt.time(20, 30)
DUE = dt.datetime(2026, 5, 1, 20, 30, tzinfo=dt.UTC)


@pytest.fixture
async def services(pool: Pool) -> Services:
    """Ann and Ben are reminded at 20:30; it is morning."""
    await small_catalogue.start_over(pool)
    services = services_at(pool, START)
    for who in (ANN, BEN):
        await reminding.set_reminder(services, member(services, who), "20:30")
    return services


async def me(services: Services, who: int) -> Me:
    """A member's account as it is."""
    return await profile.read_me(services, member(services, who))


async def rows(pool: Pool) -> list[tuple[int, str, str]]:
    """The ledger: whose, which date, and what became of it."""
    found = await pool.fetch(
        "SELECT user_id, local_date, status FROM discord.reminders ORDER BY user_id, local_date"
    )
    return [(row[0], f"{row[1]:%m-%d}", row[2]) for row in found]


async def upcoming(pool: Pool) -> list[tuple[dt.date | None, dt.datetime | None]]:
    """The next reminder of each member."""
    sql = "SELECT next_reminder_on, next_reminder_at FROM discord.accounts ORDER BY user_id"
    return [(row[0], row[1]) for row in await pool.fetch(sql)]


async def plan(pool: Pool, now: dt.datetime) -> int:
    """Plan what is due at an instant."""
    return await planning.plan(services_at(pool, now))


async def claim(pool: Pool, user_id: int, now: dt.datetime = DUE) -> Claim:
    """Take a member's row for sending."""
    row_id = await pool.fetchval("SELECT id FROM discord.reminders WHERE user_id = $1", user_id)
    found = await ledger.claim(pool, "reminders", row_id, now)
    assert found is not None
    return found


async def test_what_is_due_is_planned_once(services: Services) -> None:
    """And each member moves on to the next date; nothing is due before its instant."""
    pool = services.pool
    assert await plan(pool, DUE - dt.timedelta(seconds=1)) == 0
    assert await plan(pool, DUE) == 2
    assert await plan(pool, DUE) == 0
    assert await rows(pool) == [(1, "05-01", "planned"), (2, "05-01", "planned")]
    assert await upcoming(pool) == [((DUE + ONE_DAY).date(), DUE + ONE_DAY)] * 2
    row = await pool.fetchrow("SELECT * FROM discord.reminders WHERE user_id = 1")
    assert row is not None
    assert (row["due_at"], row["expires_at"]) == (DUE, DUE + WINDOW)
    assert row["send_at"] >= DUE


async def test_two_planners_share_the_work(services: Services) -> None:
    """What one holds the other passes over, without waiting for it."""
    pool = services.pool
    async with pool.acquire() as first, first.transaction():
        (held,) = await reminders.due(first, DUE, 1)
        async with pool.acquire() as second, second.transaction():
            (other,) = await reminders.due(second, DUE, 10)
    assert {held.user_id, other.user_id} == {1, 2}
    assert (held.time, held.zone, held.next_at) == (EVENING, "UTC", DUE)


async def test_what_is_too_late_is_missed(services: Services) -> None:
    """From the end of its window on; it is in the ledger, so that nothing is lost silently."""
    pool = services.pool
    assert await plan(pool, DUE + WINDOW) == 2
    assert {status for _user, _date, status in await rows(pool)} == {"missed"}
    assert (await upcoming(pool))[0] == ((DUE + ONE_DAY).date(), DUE + ONE_DAY)


async def test_a_date_that_has_its_row_gets_no_other(services: Services) -> None:
    """Whatever the account says, the ledger holds one row a member and date."""
    pool = services.pool
    await plan(pool, DUE)
    await pool.execute("UPDATE discord.accounts SET next_reminder_at = $1", DUE)
    late = DUE + dt.timedelta(minutes=5)
    row = PlannedReminder(1, DUE.date(), late, late, (DUE + ONE_DAY).date(), DUE + ONE_DAY)
    async with pool.acquire() as connection:
        assert await reminders.plan(connection, [row], late, WINDOW) == 0
    assert len(await rows(pool)) == 2
    assert (await upcoming(pool))[0][1] == DUE + ONE_DAY


async def test_what_was_sent_is_written_by_who_holds_it(services: Services) -> None:
    """A later attempt's row is not theirs any more; the channel is kept for the next time."""
    pool = services.pool
    await plan(pool, DUE)
    first = await claim(pool, 1)
    minute = DUE + dt.timedelta(seconds=61)
    second = await claim(pool, 1, minute)
    assert second.attempt == first.attempt + 1
    assert not await reminders.sent(pool, first, 7, 8, minute)
    assert not await reminders.closed(pool, first, minute)
    assert await reminders.sent(pool, second, 7, 8, minute)
    assert not await reminders.sent(pool, second, 9, 9, minute)
    row = await pool.fetchrow("SELECT * FROM discord.reminders WHERE user_id = 1")
    assert row is not None
    assert (row["status"], row["message_id"], row["sent_at"]) == ("sent", 7, minute)
    channels = await pool.fetch("SELECT dm_channel_id FROM discord.accounts ORDER BY user_id")
    assert [found[0] for found in channels] == [8, None]


async def test_closed_direct_messages_end_one_members_reminders(services: Services) -> None:
    """Until they set one again, of which they are told once."""
    pool = services.pool
    await plan(pool, DUE)
    assert await reminders.closed(pool, await claim(pool, 1), DUE)
    assert await rows(pool) == [(1, "05-01", "closed"), (2, "05-01", "planned")]
    assert await upcoming(pool) == [(None, None), ((DUE + ONE_DAY).date(), DUE + ONE_DAY)]
    assert (await me(services, ANN)).dms_closed
    assert not (await me(services, BEN)).dms_closed
    await profile.told_of_closed_dms(services, await me(services, ANN))
    assert not (await me(services, ANN)).dms_closed


async def test_a_zone_that_changed_meanwhile(services: Services) -> None:
    """A time that was reckoned in the old zone is not written; on the second look it is."""
    pool = services.pool
    old = await me(services, ANN)
    caller = member(services, ANN)
    await profile.set_zone(services, caller, "Asia/Kathmandu")
    before = await upcoming(pool)
    assert not await reminders.set_time(pool, old, dt.time(8), START.date(), START)
    assert await upcoming(pool) == before

    async with faster(pool) as first:
        await profile.set_zone(services_at(first, START), caller, "UTC")
        later = asyncio.create_task(reminding.set_reminder(services, caller, "8:00"))
        await waiting(pool)
    found = await later
    eight = dt.datetime(2026, 5, 2, 8, tzinfo=dt.UTC)
    assert (found.me.zone, found.first_at) == ("UTC", eight)
    assert (await upcoming(pool))[0] == (eight.date(), eight)


async def test_a_time_that_changed_meanwhile(services: Services) -> None:
    """The zone is set with the new time's next coming, not with the old one's."""
    pool, caller = services.pool, member(services, ANN)
    ann = await me(services, ANN)
    wrong = (dt.time(8), START.date(), START)
    assert not await members.set_zone(pool, ann.user_id, "Asia/Kathmandu", START, wrong)
    assert not await members.set_zone(pool, ann.user_id, "Asia/Kathmandu", START, None)
    assert (await me(services, ANN)).zone == "UTC"

    async with faster(pool) as first:
        await reminding.set_reminder(services_at(first, START), caller, "22:00")
        later = asyncio.create_task(profile.set_zone(services, caller, "Asia/Kathmandu"))
        await waiting(pool)
    await later
    there = dt.datetime(2026, 5, 1, 16, 15, tzinfo=dt.UTC)
    assert (await upcoming(pool))[0] == (there.date(), there)


async def test_putting_off_is_done_once(services: Services) -> None:
    """By twenty presses at once; each of them is told the same."""
    pool = services.pool
    await plan(pool, DUE)
    held = await claim(pool, 1)
    await reminders.sent(pool, held, 7, 8, DUE)
    caller = member(services_at(pool, DUE), ANN)
    presses = [reminding.snooze(services, caller, held.id, 0) for _press in range(20)]
    untils = [until for _me, until in await asyncio.gather(*presses)]
    assert untils == [DUE + ONE_HOUR] * 20
    row = await pool.fetchrow("SELECT * FROM discord.reminders WHERE user_id = 1")
    assert row is not None
    assert (row["status"], row["snoozes"], row["attempts"]) == ("planned", 1, 1)
    assert (row["message_id"], row["sent_at"], row["sending_at"]) == (None, None, None)
    again = await claim(pool, 1, DUE + ONE_HOUR)
    assert again.attempt == 2, "who held it before holds it no more"


async def test_ending_and_sending_at_once(services: Services) -> None:
    """Both take the account first, so neither waits for the other with something in hand."""
    pool = services.pool
    await plan(pool, DUE)
    held = await claim(pool, 1)
    async with faster(pool) as first:
        await first.execute("SELECT FROM discord.accounts WHERE user_id = 1 FOR UPDATE")
        writing = asyncio.create_task(reminders.sent(pool, held, 7, 8, DUE))
        await waiting(pool)
        await reminders.end(first, 1)
        free = "SELECT id FROM discord.reminders WHERE user_id = 1 FOR UPDATE NOWAIT"
        assert await first.fetchval(free) == held.id
    assert await writing
    assert (await rows(pool))[0] == (1, "05-01", "sent")
