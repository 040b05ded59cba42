"""Doing a day: the log, the advance, the points, the badges and the turn, once a local day."""

import datetime as dt
from dataclasses import dataclass, replace

from bot.actions.companion import Words
from bot.actions.reflecting import CONTEXT, DayToReflect, Reflected, add_reflection, note_on
from bot.actions.services import Services, checked_text, refuse_suspended
from bot.actions.today import Today, day_of, is_done_today, with_words
from bot.errors import (
    AlreadyFinished,
    DayMoved,
    NotJoined,
    SomebodyWasFaster,
    TooEarly,
    UserError,
    WhichQuest,
)
from bot.rules.days import LastDone, local_date, opens_at
from bot.rules.enrolment import ACTIVE, advance
from bot.rules.points import Kind, day_points
from db import challenges, day_logs, quests
from db.day_logs import Completed, Completion
from db.members import Caller, Me
from db.rows import Badge, Enrolment


@dataclass(frozen=True, slots=True)
class DayDone:
    """A day that was just completed.

    `points` is what it gave (0 when the website had counted it), `total` the running total.
    `opens` (aware UTC) is when the next day opens, None when this was the last. `note` is KAI's
    on the reflection, None for a bare "done".
    """

    enrolment: Enrolment
    day: int
    finished: bool
    points: int
    total: int
    badges: tuple[Badge, ...]
    opens: dt.datetime | None
    reflection: str | None
    note: Words | None


@dataclass(frozen=True, slots=True)
class PostDay:
    """The daily post whose button does a day of its quest, and what goes with that.

    `status` is the enrolment's as it was read ("none" when there is none yet), `words` the task
    that is kept where the day has none.
    """

    post_id: int
    status: str
    words: str | None


async def complete_day(
    services: Services,
    caller: Caller,
    kind: Kind,
    item_id: int | None = None,
    reflection: str | None = None,
    day: int | None = None,
) -> tuple[Me, DayDone | Reflected]:
    """Complete today's day of the caller's challenge or of one quest, once a local day.

    With today's day done already, a reflection is added to it or replaced. `day` is the one that
    the member saw on a card: another day is not completed in its place. Raises NotJoined,
    AlreadyFinished, WhichQuest, TooEarly, DayMoved, BadText, SomebodyWasFaster, Suspended; a
    refused text is handed back.
    """
    text = checked_text(reflection, "Your reflection")
    try:
        return await _complete_day(services, caller, kind, item_id, text, day)
    except UserError as error:
        raise error.returning(text) from None


async def _complete_day(
    services: Services,
    caller: Caller,
    kind: Kind,
    item_id: int | None,
    text: str | None,
    seen_day: int | None,
) -> tuple[Me, DayDone | Reflected]:
    for _attempt in range(3):
        me, enrolment = await _read_one(services, caller, kind, item_id)
        if item_id not in (None, enrolment.item_id):
            raise DayMoved(kind)
        today = day_of(me, enrolment, caller.now)
        if today is None:
            raise NotJoined(kind, enrolment.name if item_id else None)
        if seen_day not in (None, today.log.day):
            raise DayMoved(kind)
        if today.done:
            if text is not None and is_done_today(me, enrolment, caller.now):
                return me, await add_reflection(services, caller, me, _day_to_reflect(today), text)
            if today.opens is None:
                raise AlreadyFinished(kind, enrolment.name, enrolment.finished_on, None)
            raise TooEarly(enrolment.name, today.opens)
        if kind == "quest":
            seen = await with_words(services, caller, me, [today], unread=True)
            if seen is None:
                continue
            today = seen[0]
        done = await complete(services, caller, me, today, text)
        if done is not None:
            return me, done
    raise SomebodyWasFaster


def _day_to_reflect(today: Today) -> DayToReflect:
    item, log = today.enrolment, today.log
    return DayToReflect(
        item.kind, item.item_id, item.name, log.day, item.total_days, log.reflection
    )


async def _read_one(
    services: Services, caller: Caller, kind: Kind, item_id: int | None
) -> tuple[Me, Enrolment]:
    if kind == "challenge":
        me, current = await challenges.read_current(services.pool, caller)
        refuse_suspended(me)
        if current is None:
            raise NotJoined("challenge")
        return me, current
    me, found = await quests.read_current(services.pool, caller, item_id)
    refuse_suspended(me)
    if item_id is not None:
        found = [quest for quest in found if quest.item_id == item_id]
    else:
        found = [q for q in found if q.status == ACTIVE] or found
    if not found:
        raise NotJoined("quest", named=item_id is not None)
    if len(found) > 1:
        raise WhichQuest({quest.item_id: quest.name for quest in found})
    return me, found[0]


async def complete(
    services: Services,
    caller: Caller,
    me: Me,
    today: Today,
    text: str | None,
    post: PostDay | None = None,
) -> DayDone | None:
    """Write a day that is open, as it was read, with KAI's note on a checked reflection.

    A `post` also takes its quest up where need be. None when somebody was faster: read again.
    """
    enrolment = today.enrolment
    step = advance(enrolment.current_day, enrolment.total_days)
    note = None
    if text is not None:
        note = await note_on(services, caller, me, _day_to_reflect(today), text)
    points = day_points(enrolment.kind, enrolment.difficulty)
    today_here = local_date(caller.now, me.zone)
    completion = Completion(
        enrolment_id=enrolment.id,
        expected_day=enrolment.current_day,
        day=step.day,
        next_day=step.next_day,
        status=step.status,
        local_date=today_here,
        points=points,
        reflection=text,
        context_type=CONTEXT[enrolment.kind] if note else None,
        response=note.text if note else None,
        function_called="complete_day,save_reflection" if note else None,
    )
    if post is not None:
        completion = _from_post(completion, enrolment, post)
    written = await day_logs.complete_day(services.pool, me, enrolment.kind, completion, caller.now)
    return None if written is None else _day_done(me, today, completion, written, note, caller.now)


def _from_post(completion: Completion, enrolment: Enrolment, post: PostDay) -> Completion:
    return replace(
        completion,
        expected_status=post.status,
        new_item_id=None if enrolment.id else enrolment.item_id,
        words=post.words,
        post_id=post.post_id,
    )


def _day_done(
    me: Me,
    today: Today,
    completion: Completion,
    written: Completed,
    note: Words | None,
    now: dt.datetime,
) -> DayDone:
    finished = completion.status != ACTIVE
    done = LastDone(completion.local_date, now)
    return DayDone(
        enrolment=replace(today.enrolment, today=today.log),
        day=completion.day,
        finished=finished,
        points=0 if written.total is None else completion.points,
        total=me.points if written.total is None else written.total,
        badges=written.badges,
        opens=None if finished else opens_at(done, me.zone, me.zone_changed_at),
        reflection=completion.reflection,
        note=note,
    )
