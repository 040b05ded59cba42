"""What the ledger is asked and told while something of it is sent. See `bot.posting.sending`."""

import datetime as dt
from dataclasses import replace

from bot.actions.acts import ActQuest, act_for
from bot.actions.services import Services
from db import guilds, ledger, posts
from db.guilds import Notice
from db.ledger import Claim, Ledger
from db.rows import Post

__all__ = ["Claim", "Ledger", "Notice"]

FIRST_PAUSE = dt.timedelta(seconds=15)
LONGEST_PAUSE = dt.timedelta(minutes=2)
TELL_AGAIN = dt.timedelta(minutes=10)


async def claim(services: Services, which: Ledger, row_id: int) -> Claim | None:
    """Take a row for sending; None when it is not to be sent, or not by us."""
    return await ledger.claim(services.pool, which, row_id, services.clock())


async def read_post(services: Services, claimed: Claim) -> Post | None:
    """What a claimed post says, its act written if that was not done in time.

    None, and the row is closed, when its quest is gone, or when posts were paused while it waited
    to be tried again.
    """
    found = await posts.read_post(services.pool, claimed.id)
    if found is None:
        await close(services, claimed, "failed", "quest_gone")
        return None
    if found.is_paused and not claimed.was_sending:
        await close(services, claimed, "skipped")
        return None
    post = found.post
    if not post.act:
        quest = ActQuest(post.quest_id, found.theme, post.difficulty)
        post = replace(post, act=await act_for(services, quest, post.day))
        await posts.set_act(services.pool, claimed, post.act)
    return post


async def post_sent(services: Services, claimed: Claim, message_id: int) -> bool:
    """Write that a post was sent; False when somebody else has its row."""
    return await posts.sent(services.pool, claimed, message_id, services.clock())


async def post_refused(services: Services, claimed: Claim, reason: str) -> None:
    """Write that a channel takes no posts any more, which pauses the server's schedule."""
    await posts.refused(services.pool, claimed, reason, services.clock())


async def try_again(services: Services, claimed: Claim, trouble: str) -> None:
    """Give a row back that was certainly not sent: each time it is tried somewhat later."""
    pause = min(FIRST_PAUSE * 2 ** min(claimed.attempt - 1, 10), LONGEST_PAUSE)
    await ledger.release(services.pool, claimed, services.clock() + pause, trouble)


async def put_off(services: Services, claimed: Claim, until: dt.datetime) -> None:
    """Give a row back that was certainly not sent, to be sent at that instant."""
    await ledger.release(services.pool, claimed, until, None)


async def leave(services: Services, claimed: Claim, trouble: str) -> None:
    """Leave a row of which nobody knows whether it was sent; it is settled in a minute."""
    await ledger.note_trouble(services.pool, claimed, trouble)


async def close(
    services: Services, claimed: Claim, status: str, trouble: str | None = None
) -> None:
    """End a row that is not sent: failed, missed, unknown, skipped, or nothing to be said."""
    await ledger.close(services.pool, claimed, status, trouble)


async def read_notice(services: Services, guild_id: int) -> Notice | None:
    """What a server's administrators are to be told, if anything."""
    return await guilds.read_notice(services.pool, guild_id)


async def told(services: Services, notice: Notice) -> None:
    """They were told, or cannot be."""
    await guilds.told(services.pool, notice)


async def tell_later(services: Services, guild_id: int) -> None:
    """They could not be told now: again in ten minutes."""
    await guilds.tell_later(services.pool, guild_id, services.clock() + TELL_AGAIN)


async def ensure_kai(services: Services) -> None:
    """Make KAI's own user where there is none."""
    await posts.ensure_kai(services.pool)
