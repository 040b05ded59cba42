"""The counter on a daily post: how many people have done it, shown soon, and not too often."""

import datetime as dt

from bot.actions.services import Services
from db import presses
from db.rows import Post

GAP = dt.timedelta(seconds=3)
"""Between two edits of one post, over all processes."""
MENDED = dt.timedelta(days=2)
"""How long after a post was sent its counter is still put right."""


async def edit_due(services: Services, post_id: int) -> dt.datetime | None:
    """When a post's counter should be shown (aware UTC, perhaps past); None when it is right."""
    now = services.clock()
    counter = await presses.read_counter(services.pool, post_id)
    if counter is None or not counter.is_behind:
        return None
    if not counter.is_sent:  # whoever sends it writes its message down soon
        return now + GAP
    return now if counter.edited_at is None else counter.edited_at + GAP


async def claim_edit(services: Services, post_id: int) -> tuple[Post, int] | None:
    """Take the right to edit a post now, for this process alone: the post, and its message's id.

    None when somebody else has it, or its message is not known.
    """
    now = services.clock()
    return await presses.claim_edit(services.pool, post_id, now, now - GAP)


async def note_shown(services: Services, post: Post) -> None:
    """Write down that a post shows how many have done it, from which the next gap begins."""
    await presses.note_shown(services.pool, post.id, post.doers, services.clock())


async def left_behind(services: Services) -> list[int]:
    """The posts of the last days that show another number than they should."""
    return await presses.left_behind(services.pool, services.clock() - MENDED)
