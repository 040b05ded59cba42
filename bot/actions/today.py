"""What today asks: the day that is open, with KAI's words for it, or the one already done."""

import asyncio
import datetime as dt
from dataclasses import dataclass, replace

from bot.actions.companion import GuidanceRequest, TaskRequest
from bot.actions.services import Services, refuse_suspended
from bot.errors import NotJoined, SomebodyWasFaster
from bot.rules.days import LastDone, local_date, opens_at
from bot.rules.enrolment import ACTIVE, COMPLETED
from bot.rules.texts import fill_template
from db import challenges, day_logs, quests
from db.day_logs import Sight
from db.members import Caller, Me
from db.rows import DayLog, Enrolment


@dataclass(frozen=True, slots=True)
class Today:
    """One item's day: `log` is the day that is open, or the one that `done` says is finished.

    `opens` (aware UTC) is when the next day opens, None when this one is open or was the last.
    """

    enrolment: Enrolment
    log: DayLog
    done: bool
    opens: dt.datetime | None


def last_done(me: Me, enrolment: Enrolment) -> list[LastDone]:
    """What the next day waits for: the last completion, and a day that the website marked since.

    Of the latter only the instant is known; its date is the one that it has in the member's zone.
    """
    last: list[LastDone] = []
    if enrolment.last_date is not None and enrolment.last_at is not None:
        last.append(LastDone(enrolment.last_date, enrolment.last_at))
    marked_at = enrolment.last_marked_at
    if marked_at is not None:
        last.append(LastDone(local_date(marked_at, me.zone), marked_at))
    return last


def next_opening(me: Me, enrolment: Enrolment, now: dt.datetime) -> dt.datetime | None:
    """When the next day opens, None when it is open at `now`."""
    openings = [opens_at(last, me.zone, me.zone_changed_at) for last in last_done(me, enrolment)]
    return max((opens for opens in openings if opens > now), default=None)


def is_done_today(me: Me, enrolment: Enrolment, now: dt.datetime) -> bool:
    """Whether a day was done on the member's local today."""
    today = local_date(now, me.zone)
    return any(last.local_date == today for last in last_done(me, enrolment))


def day_of(me: Me, enrolment: Enrolment, now: dt.datetime) -> Today | None:
    """Where the member stands in one item; None when it is behind them."""
    active = enrolment.status == ACTIVE
    opens = next_opening(me, enrolment, now)
    if active and opens is None:
        return Today(enrolment, enrolment.today, done=False, opens=None)
    finished_today = enrolment.status == COMPLETED and is_done_today(me, enrolment, now)
    if active or finished_today:
        log = enrolment.last or enrolment.today
        return Today(enrolment, log, done=True, opens=opens if active else None)
    return None


async def todays_challenge(services: Services, caller: Caller) -> tuple[Me, Today]:
    """The caller's challenge day, with KAI's guidance where the challenge asks for it.

    First sight of a day's guidance writes it with its turn. Raises NotJoined, Suspended.
    """
    for _attempt in range(2):
        me, current = await challenges.read_current(services.pool, caller)
        refuse_suspended(me)
        today = None if current is None else day_of(me, current, caller.now)
        if today is None:
            raise NotJoined("challenge")
        seen = await with_words(services, caller, me, [today])
        if seen is not None:
            return me, seen[0]
    raise SomebodyWasFaster


async def todays_quests(
    services: Services, caller: Caller, quest_id: int | None = None
) -> tuple[Me, list[Today]]:
    """The caller's quests today, or one of them, with each one's task.

    First sight of a task writes it with its turn. Raises NotJoined, Suspended.
    """
    for _attempt in range(2):
        me, current = await quests.read_current(services.pool, caller, quest_id)
        refuse_suspended(me)
        wanted = [q for q in current if quest_id in (None, q.item_id)]
        days = [day for quest in wanted if (day := day_of(me, quest, caller.now))]
        if not days:
            name = wanted[0].name if quest_id is not None and wanted else None
            raise NotJoined("quest", name, named=quest_id is not None)
        seen = await with_words(services, caller, me, days)
        if seen is not None:
            return me, seen
    raise SomebodyWasFaster


async def with_words(
    services: Services, caller: Caller, me: Me, days: list[Today], *, unread: bool = False
) -> list[Today] | None:
    """The same days with KAI's words in each that wants some, written if this is the first sight.

    `unread` words are for the record: the day is about to be done. None when somebody else saw one
    first: read again.
    """
    unseen = [day for day in days if _wants_words(day)]
    if not unseen:
        return days
    kind = unseen[0].enrolment.kind
    writing = (_first_sight(services, caller, me, day, unread=unread) for day in unseen)
    sights = await asyncio.gather(*writing)
    written = await day_logs.write_first_sights(
        services.pool,
        me,
        kind,
        sights,
        context_type="challenge_day" if kind == "challenge" else "quest_task",
        function_called=None if kind == "challenge" else "generate_mystery_quest",
        now=caller.now,
    )
    if len(written) < len(sights):
        return None
    words = {sight.item_id: sight.words for sight in sights}
    return [
        replace(day, log=replace(day.log, words=words[day.enrolment.item_id]))
        if day in unseen
        else day
        for day in days
    ]


def _wants_words(day: Today) -> bool:
    asks = day.enrolment.kind == "quest" or bool(day.enrolment.prompt)
    return not day.done and day.log.words is None and asks


async def _first_sight(
    services: Services, caller: Caller, me: Me, day: Today, *, unread: bool
) -> Sight:
    if day.enrolment.kind == "quest":
        return await _first_task(services, caller, me, day, unread=unread)
    return await _first_guidance(services, caller, me, day)


async def _first_task(
    services: Services, caller: Caller, me: Me, day: Today, *, unread: bool
) -> Sight:
    quest, number = day.enrolment, day.log.day
    task = await services.companion.write_task(
        TaskRequest(
            user_id=me.user_id,
            guild_id=caller.guild_id,
            name=caller.firstname,
            quest_id=quest.item_id,
            quest=quest.name,
            theme=quest.prompt or "",
            difficulty=quest.difficulty,
            day=number,
            total_days=quest.total_days,
            earlier=quest.earlier,
            unread=unread,
        )
    )
    return Sight(quest.item_id, number, task, None)


async def _first_guidance(services: Services, caller: Caller, me: Me, day: Today) -> Sight:
    challenge, number, text = day.enrolment, day.log.day, day.log.text
    prompt = fill_template(
        challenge.prompt or "",
        day=number,
        total_days=challenge.total_days,
        challenge=challenge.name,
        name=caller.firstname,
    )
    guidance = await services.companion.write_guidance(
        GuidanceRequest(
            user_id=me.user_id,
            guild_id=caller.guild_id,
            name=caller.firstname,
            challenge=challenge.name,
            day=number,
            total_days=challenge.total_days,
            prompt=prompt,
            title=text.title if text else "",
            body=(text.body or "") if text else "",
            acts=text.acts if text else (),
        )
    )
    return Sight(challenge.item_id, number, guidance, prompt)
