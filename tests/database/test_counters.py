"""The right to edit a post: one process at a time, and none before the gap is over."""

import asyncio
import datetime as dt

import pytest

from bot.actions import counting
from db.pool import Pool
from tests.database import small_catalogue
from tests.database.posted import in_ledger
from tests.database.small_catalogue import services_at

START = dt.datetime(2026, 5, 1, 9, tzinfo=dt.UTC)
TICK = dt.timedelta(microseconds=1)
QUEST = 5

COUNTED = """
WITH member AS (INSERT INTO public.userdata (firstname, lastname, email)
                VALUES ('A', 'B', gen_random_uuid()::text) RETURNING id)
INSERT INTO discord.post_doers (post_id, user_id, done_at) SELECT $1, id, $2 FROM member"""


@pytest.fixture
async def post_id(pool: Pool) -> int:
    """A post that one person has done, which it does not show yet."""
    await small_catalogue.start_over(pool)
    post = await in_ledger(pool, QUEST, START)
    await pool.execute(COUNTED, post, START)
    return post


async def test_one_of_many_may_edit(pool: Pool, post_id: int) -> None:
    """Twenty ask at once; the one that may has all that is on the post."""
    services = services_at(pool, START)
    assert await counting.edit_due(services, post_id) == START
    claims = await asyncio.gather(*(counting.claim_edit(services, post_id) for _ in range(20)))
    (claimed,) = [claim for claim in claims if claim is not None]
    post, message_id = claimed
    assert (post.id, post.quest, post.doers, message_id) == (post_id, "Quest 5", 1, 77)


async def test_the_gap_begins_when_an_edit_is_over(pool: Pool, post_id: int) -> None:
    """And from its beginning while it lasts, should it never end."""
    claimed = await counting.claim_edit(services_at(pool, START), post_id)
    assert claimed is not None
    over = START + dt.timedelta(seconds=2)
    assert await counting.edit_due(services_at(pool, over), post_id) == START + counting.GAP

    await counting.note_shown(services_at(pool, over), claimed[0])
    assert await counting.edit_due(services_at(pool, over), post_id) is None
    await pool.execute(COUNTED, post_id, over)
    due = over + counting.GAP
    assert await counting.edit_due(services_at(pool, over), post_id) == due
    assert await counting.claim_edit(services_at(pool, due - TICK), post_id) is None
    again = await counting.claim_edit(services_at(pool, due), post_id)
    assert again is not None
    assert again[0].doers == 2


async def test_posts_that_cannot_be_edited(pool: Pool, post_id: int) -> None:
    """One whose message is not known yet is looked at again; others are let be."""
    services = services_at(pool, START)
    for change, due in {
        "status = 'sending', message_id = NULL": START + counting.GAP,
        "status = 'failed'": None,
        "status = 'unknown'": None,
        "status = 'sent', quest_id = NULL": None,
    }.items():
        await pool.execute(f"UPDATE discord.daily_posts SET {change}")
        assert await counting.edit_due(services, post_id) == due, change
        assert await counting.claim_edit(services, post_id) is None, change
    assert await counting.edit_due(services, 999) is None


async def test_what_was_left_behind(pool: Pool, post_id: int) -> None:
    """Posts of the last two days that show another number than they should."""
    right = await in_ledger(pool, QUEST, START, guild_id=2)
    below = await in_ledger(pool, QUEST, START, guild_id=3, shown_count=4)
    await in_ledger(pool, QUEST, START - dt.timedelta(days=3), shown_count=4)
    found = await counting.left_behind(services_at(pool, START + dt.timedelta(days=1)))
    assert sorted(found) == [post_id, below]
    assert right not in found
