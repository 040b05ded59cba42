"""Reflecting on a day that was done, until its local midnight."""

from dataclasses import dataclass

from bot.actions.companion import ReflectionRequest, Words
from bot.actions.services import Services, checked_text, refuse_suspended
from bot.errors import BadText, Conflict, OfferGone, ReflectionClosed, Unknown
from bot.rules.days import local_date
from bot.rules.points import Kind
from db import day_logs, turns
from db.members import Caller, Me

CONTEXT: dict[Kind, str] = {"challenge": "reflection", "quest": "quest_reflection"}


@dataclass(frozen=True, slots=True)
class DayToReflect:
    """A day of an item, with the reflection that it has so far."""

    kind: Kind
    item_id: int
    item: str
    day: int
    total_days: int
    reflection: str | None


@dataclass(frozen=True, slots=True)
class Reflected:
    """A reflection that was added to a day, or replaced there, and KAI's note on it."""

    day: DayToReflect
    reflection: str
    note: Words


async def reflect(
    services: Services,
    caller: Caller,
    kind: Kind,
    item_id: int,
    day: int,
    reflection: str,
    *,
    draft_id: int | None = None,
) -> tuple[Me, Reflected]:
    """Add or replace the caller's reflection of a day that they completed today.

    With `draft_id` it is one that KAI offered to save, which can be done once.
    Raises Unknown, ReflectionClosed, BadText, Suspended; the text is handed back.
    """
    text = checked_text(reflection, "Your reflection")
    if text is None:
        raise BadText("Your reflection", "is empty. A word or two is enough.")
    me, found = await day_logs.read_day(services.pool, caller, kind, item_id, day)
    refuse_suspended(me)
    if found is None:
        raise Unknown(kind).returning(text)
    done_on = found.local_date or (found.marked_at and local_date(found.marked_at, me.zone))
    if done_on != local_date(caller.now, me.zone):
        raise ReflectionClosed(found.name).returning(text)
    target = DayToReflect(kind, item_id, found.name, day, found.total_days, found.reflection)
    return me, await add_reflection(services, caller, me, target, text, draft_id)


async def keep_draft(services: Services, caller: Caller, draft_id: int) -> tuple[Me, Reflected]:
    """Save the reflection that KAI offered to save, now that the caller agrees.

    Raises OfferGone when it was saved before, is forgotten or another member's, and as `reflect`.
    """
    draft = await turns.read_draft(services.pool, caller.discord_id, draft_id)
    if draft is None:
        raise OfferGone
    return await reflect(
        services,
        caller,
        draft.kind,
        draft.item_id,
        draft.day_number,
        draft.reflection,
        draft_id=draft_id,
    )


@dataclass(frozen=True, slots=True)
class KeptReflection:
    """A reflection as it was written."""

    item: str
    reflection: str


async def read_reflection(
    services: Services, caller: Caller, kind: Kind, item_id: int, day: int
) -> tuple[Me, KeptReflection]:
    """The caller's own reflection on a day. Raises Unknown, Conflict when there is none."""
    me, found = await day_logs.read_day(services.pool, caller, kind, item_id, day)
    refuse_suspended(me)
    if found is None:
        raise Unknown(kind)
    if found.reflection is None:
        raise Conflict("There is no reflection of yours on that day.")
    return me, KeptReflection(found.name, found.reflection)


async def add_reflection(
    services: Services,
    caller: Caller,
    me: Me,
    day: DayToReflect,
    text: str,
    draft_id: int | None = None,
) -> Reflected:
    """Write a checked reflection, with KAI's note as its turn.

    Raises ReflectionClosed, OfferGone.
    """
    note = await note_on(services, caller, me, day, text)
    written = await day_logs.reflect(
        services.pool,
        me,
        day.kind,
        day.item_id,
        day.day,
        reflection=text,
        context_type=CONTEXT[day.kind],
        response=note.text,
        now=caller.now,
        draft_id=draft_id,
    )
    if not written:
        if draft_id is not None:
            raise OfferGone
        raise ReflectionClosed(day.item).returning(text)
    return Reflected(day, text, note)


async def note_on(
    services: Services, caller: Caller, me: Me, day: DayToReflect, text: str
) -> Words:
    """KAI's note on a reflection."""
    return await services.companion.note_on(
        ReflectionRequest(
            user_id=me.user_id,
            guild_id=caller.guild_id,
            name=caller.firstname,
            kind=day.kind,
            item=day.item,
            day=day.day,
            total_days=day.total_days,
            text=text,
        )
    )
