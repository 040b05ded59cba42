"""`I did it` and `Reflect` on a daily post: the day of its quest, done from wherever one stands.

Who is not on the quest takes it up by it; the post's act becomes their task of the day.
"""

from dataclasses import dataclass, replace

from bot.actions.doing import DayDone, PostDay, complete
from bot.actions.reflecting import DayToReflect, Reflected, add_reflection
from bot.actions.services import Services, checked_text, refuse_suspended
from bot.actions.today import Today, day_of, is_done_today, with_words
from bot.errors import (
    AlreadyFinished,
    PostClosed,
    Retired,
    SomebodyWasFaster,
    TooEarly,
    UserError,
)
from bot.rules.enrolment import ACTIVE, COMPLETED
from bot.rules.posting import open_until
from db import presses
from db.members import Caller, Me
from db.presses import SeenPost
from db.rows import Enrolment


@dataclass(frozen=True, slots=True)
class DoneBefore:
    """Today's day of the post's quest, which was done before the press."""

    today: Today


@dataclass(frozen=True, slots=True)
class Pressed:
    """What a press led to; `is_counted` says that the post has seen one more person's day done."""

    result: DayDone | Reflected | DoneBefore
    is_counted: bool


def is_open(post: SeenPost, caller: Caller) -> bool:
    """Whether the post can still be answered: until a newer one came, and for a day's rest."""
    return not post.has_newer or caller.now < open_until(post.sent_at, post.date, post.zone)


def as_taken_up(enrolment: Enrolment) -> Enrolment:
    """The enrolment as a press makes it: one that was left, or is not yet there, goes on."""
    return enrolment if enrolment.status == COMPLETED else replace(enrolment, status=ACTIVE)


async def press(
    services: Services, caller: Caller, post_id: int, reflection: str | None = None
) -> tuple[Me, Pressed]:
    """Do the caller's day of a post's quest; with it done already, add or replace its reflection.

    Raises PostClosed, AlreadyFinished, Retired, TooEarly, BadText, SomebodyWasFaster, Suspended;
    a reflection is handed back.
    """
    text = checked_text(reflection, "Your reflection")
    try:
        return await _press(services, caller, post_id, text)
    except UserError as error:
        raise error.returning(text) from None


async def _press(
    services: Services, caller: Caller, post_id: int, text: str | None
) -> tuple[Me, Pressed]:
    for _attempt in range(3):
        me, seen = await presses.read_press(services.pool, caller, post_id)
        refuse_suspended(me)
        if seen is None or not is_open(seen[0], caller):
            raise PostClosed
        post, standing = seen
        today = day_of(me, as_taken_up(standing), caller.now)
        if today is None:
            raise AlreadyFinished("quest", standing.name, standing.finished_on, None)
        if today.done:
            return me, await _done_before(services, caller, me, post, today, text)
        if standing.status != ACTIVE and not post.is_offered:
            raise Retired("quest", standing.name)
        words = _words_of(post, today)
        if words is None:
            with_another = await with_words(services, caller, me, [today], unread=True)
            if with_another is None:
                continue
            today = with_another[0]
        done = await complete(
            services, caller, me, today, text, PostDay(post.id, standing.status, words)
        )
        if done is not None:
            return me, Pressed(done, is_counted=not post.is_doer)
    raise SomebodyWasFaster


def _words_of(post: SeenPost, today: Today) -> str | None:
    """The day's task: the one that the member has, else the post's act; None if they had that."""
    if today.log.words is not None:
        return today.log.words
    return None if post.act in today.enrolment.earlier else post.act


async def _done_before(
    services: Services, caller: Caller, me: Me, post: SeenPost, today: Today, text: str | None
) -> Pressed:
    """The day was done before: it counts on the post, too, and can be reflected on.

    Raises TooEarly when that was not on the member's own today.
    """
    item, log = today.enrolment, today.log
    if not is_done_today(me, item, caller.now) and today.opens is not None:
        raise TooEarly(item.name, today.opens)
    is_counted = not post.is_doer and await presses.add_doer(
        services.pool, post.id, me.user_id, caller.now
    )
    if text is None:
        return Pressed(DoneBefore(today), is_counted)
    day = DayToReflect("quest", item.item_id, item.name, log.day, item.total_days, log.reflection)
    return Pressed(await add_reflection(services, caller, me, day, text), is_counted)
