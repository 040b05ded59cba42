"""A row of a ledger between its plan and its message: when it may be taken, and what it changes."""

import asyncio
import datetime as dt

import pytest

from bot.actions import delivering, planning, reminding
from bot.actions.seeding import seed_catalogue
from db import ledger, posts
from db.ledger import Claim
from db.pool import Pool
from tests.database.small_catalogue import member, services_at
from tests.database.test_guards import faster, waiting

DUE = dt.datetime(2026, 5, 1, 9, tzinfo=dt.UTC)
ONE_HOUR = dt.timedelta(hours=1)
ONE_SECOND = dt.timedelta(seconds=1)
CHOSEN = "Small Surprises"
SET_UP = """
INSERT INTO discord.guilds (guild_id, joined_at, zone, post_channel_id, post_time, post_quest_id,
                            post_day, next_post_on, next_post_at)
SELECT $1, $2, 'UTC', 5, '9:00', (SELECT id FROM quests WHERE name = $3), 1, '2026-05-01', $2"""


@pytest.fixture
async def catalogue(pool: Pool) -> Pool:
    """A database with the starter catalogue."""
    await seed_catalogue(pool, lambda: DUE)
    return pool


async def set_up(pool: Pool, guild_id: int, quest: str | None = None) -> None:
    """Give a server a daily post that is due."""
    await pool.execute(SET_UP, guild_id, DUE, quest)


async def planned(pool: Pool) -> int:
    """The id of the one post that is planned now."""
    await planning.plan(services_at(pool, DUE))
    return int(await pool.fetchval("SELECT id FROM discord.daily_posts WHERE status = 'planned'"))


async def claimed(pool: Pool, row_id: int, now: dt.datetime = DUE) -> Claim:
    """A post, taken for sending."""
    found = await ledger.claim(pool, "daily_posts", row_id, now)
    assert found is not None
    return found


async def status(pool: Pool) -> str:
    """What became of the one post."""
    return str(await pool.fetchval("SELECT status FROM discord.daily_posts"))


async def test_a_row_is_not_taken_before_its_turn(catalogue: Pool) -> None:
    """A job that comes again brings the turn of long ago; a message is looked for since its own."""
    await set_up(catalogue, 1)
    post_id = await planned(catalogue)
    claim = await claimed(catalogue, post_id)
    again_at = DUE + ONE_HOUR
    await ledger.release(catalogue, claim, again_at, "429 0")
    for too_early in (DUE, DUE + ONE_SECOND, again_at - 3 * ONE_SECOND):
        assert await ledger.claim(catalogue, "daily_posts", post_id, too_early) is None
    assert (await claimed(catalogue, post_id, again_at)).attempt == 2


async def test_a_reminder_that_was_put_off_is_not_taken_by_its_first_job(pool: Pool) -> None:
    """A worker that dies after sending leaves its job to another, who must not send again."""
    services = services_at(pool, DUE)
    ann = member(services, 101)
    await reminding.set_reminder(services, ann, "9:01")
    at = DUE + dt.timedelta(minutes=1)
    await planning.plan(services_at(pool, at))
    row_id = await pool.fetchval("SELECT id FROM discord.reminders")
    claim = await ledger.claim(pool, "reminders", row_id, at)
    assert claim is not None
    assert await reminding.sent(services, claim, 1, 2)
    later = services_at(pool, at + ONE_SECOND)
    await reminding.snooze(later, member(later, 101), row_id, 0)
    assert await delivering.claim(later, "reminders", row_id) is None
    in_an_hour = services_at(pool, at + ONE_SECOND + ONE_HOUR)
    assert await delivering.claim(in_an_hour, "reminders", row_id) is not None


async def test_without_the_standing_quest_the_others_go_on(catalogue: Pool) -> None:
    """Somebody deletes it: the servers that follow it are told so, no other notices."""
    await set_up(catalogue, 1)
    await set_up(catalogue, 2, CHOSEN)
    await catalogue.execute("DELETE FROM quests WHERE name = 'Daily Spark'")
    assert await planning.plan(services_at(catalogue, DUE)) == 2
    rows = await catalogue.fetch(
        "SELECT id, guild_id FROM discord.daily_posts WHERE status = 'planned' ORDER BY guild_id"
    )
    services = services_at(catalogue, DUE + ONE_SECOND)
    found = [
        await delivering.read_post(services, await claimed(catalogue, row["id"], DUE + ONE_SECOND))
        for row in rows
    ]
    assert [post and post.quest for post in found] == [None, CHOSEN]
    trouble = "SELECT trouble FROM discord.daily_posts WHERE guild_id = 1"
    assert await catalogue.fetchval(trouble) == "quest_gone"


async def test_a_quest_chosen_while_the_post_is_written_down(catalogue: Pool) -> None:
    """The day that was sent is the old quest's, and moves nothing of the new one."""
    await set_up(catalogue, 1)
    claim = await claimed(catalogue, await planned(catalogue))
    async with faster(catalogue) as first:
        await first.execute(
            "UPDATE discord.guilds SET post_day = 5,"
            " post_quest_id = (SELECT id FROM quests WHERE name = $1)",
            CHOSEN,
        )
        writing = asyncio.create_task(posts.sent(catalogue, claim, 77, DUE))
        await waiting(catalogue)
    assert await writing
    assert await status(catalogue) == "sent"
    assert await catalogue.fetchval("SELECT post_day FROM discord.guilds") == 5


async def test_posts_are_paused_while_one_waits_to_be_tried_again(catalogue: Pool) -> None:
    """It had begun, so that the pause could not take it back; it does not come after it."""
    await set_up(catalogue, 1)
    post_id = await planned(catalogue)
    claim = await claimed(catalogue, post_id)
    await catalogue.execute("UPDATE discord.guilds SET paused_at = $1, pause_reason = 'asked'", DUE)
    await ledger.release(catalogue, claim, DUE + ONE_SECOND, "429 0")
    services = services_at(catalogue, DUE + ONE_SECOND)
    again = await claimed(catalogue, post_id, DUE + ONE_SECOND)
    assert await delivering.read_post(services, again) is None
    assert await status(catalogue) == "skipped"


async def test_posts_are_paused_while_nobody_knows_whether_one_was_sent(catalogue: Pool) -> None:
    """Then it is looked for all the same."""
    await set_up(catalogue, 1)
    post_id = await planned(catalogue)
    await claimed(catalogue, post_id)
    await catalogue.execute("UPDATE discord.guilds SET paused_at = $1, pause_reason = 'asked'", DUE)
    later = DUE + 61 * ONE_SECOND
    again = await claimed(catalogue, post_id, later)
    assert again.was_sending
    assert await delivering.read_post(services_at(catalogue, later), again) is not None
