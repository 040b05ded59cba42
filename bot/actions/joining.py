"""Taking up a challenge or a quest, and leaving it."""

from dataclasses import dataclass

from bot.actions.services import Services, refuse_suspended
from bot.errors import (
    AlreadyFinished,
    AlreadyJoined,
    MustSwitch,
    NotJoined,
    Retired,
    SomebodyWasFaster,
    TooManyQuests,
    Unknown,
)
from bot.rules.days import local_date
from bot.rules.enrolment import ACTIVE, COMPLETED, MAX_ACTIVE_QUESTS
from bot.rules.points import Kind
from db import challenges, enrolments, quests
from db.enrolments import Candidate
from db.members import Caller, Me

# Whoever was faster took a place of the same member; with a challenge and the quests all taken,
# the next look says so.
ATTEMPTS = MAX_ACTIVE_QUESTS + 2


@dataclass(frozen=True, slots=True)
class Joined:
    """A fresh or resumed enrolment: the day about to be done, and the challenge left for it."""

    me: Me
    kind: Kind
    item: Candidate
    day: int
    resumed: bool
    left: str | None


@dataclass(frozen=True, slots=True)
class Left:
    """An enrolment that was cancelled; its rows are kept."""

    me: Me
    kind: Kind
    item_id: int
    name: str
    day: int | None
    total_days: int


async def join(
    services: Services, caller: Caller, kind: Kind, item_id: int, *, switch: bool = False
) -> Joined:
    """Take up a challenge or a quest, from where it stopped if it was left before.

    One challenge at a time: `switch` leaves the present one. Up to three quests, not counting the
    daily quests of servers.
    Raises Unknown, Retired, AlreadyJoined, AlreadyFinished, MustSwitch, TooManyQuests, Suspended.
    """
    for _attempt in range(ATTEMPTS):
        me, item = await enrolments.read_candidate(services.pool, caller, kind, item_id)
        refuse_suspended(me)
        if item is None:
            raise Unknown(kind)
        _refuse(kind, item, switch=switch)
        day = await enrolments.enrol(
            services.pool,
            me,
            kind,
            item.item_id,
            start_date=local_date(caller.now, me.zone),
            switch=switch and kind == "challenge",
        )
        if day is not None:
            left = next(iter(item.active.values()), None) if kind == "challenge" else None
            return Joined(me, kind, item, day, resumed=item.status is not None, left=left)
    raise SomebodyWasFaster


def _refuse(kind: Kind, item: Candidate, *, switch: bool) -> None:
    if item.status == ACTIVE:
        raise AlreadyJoined(kind, item.name)
    if item.status == COMPLETED:
        raise AlreadyFinished(kind, item.name, item.finished_on, item.suggestion)
    if not item.is_active:
        raise Retired(kind, item.name)
    if kind == "challenge" and item.active and not switch:
        raise MustSwitch(item.item_id, item.name, next(iter(item.active.values())))
    if kind == "quest" and not item.is_daily and len(item.active) >= MAX_ACTIVE_QUESTS:
        raise TooManyQuests(MAX_ACTIVE_QUESTS)


async def leave_challenge(services: Services, caller: Caller) -> Left:
    """Leave the active challenge (every one, should the website have made several).

    Raises NotJoined when there is none, Suspended.
    """
    me, current = await challenges.read_current(services.pool, caller)
    refuse_suspended(me)
    if current is None or current.status != ACTIVE:
        raise NotJoined("challenge")
    if not await enrolments.leave(services.pool, me, "challenge", None):
        raise NotJoined("challenge", current.name)
    return Left(
        me, "challenge", current.item_id, current.name, current.current_day, current.total_days
    )


async def leave_quest(services: Services, caller: Caller, quest_id: int) -> Left:
    """Leave one quest. Raises NotJoined when the caller is not on it, Suspended."""
    me, current = await quests.read_current(services.pool, caller, quest_id)
    refuse_suspended(me)
    quest = next((q for q in current if q.item_id == quest_id), None)
    if quest is None or quest.status != ACTIVE:
        raise NotJoined("quest", quest.name if quest else None, named=True)
    if not await enrolments.leave(services.pool, me, "quest", quest_id):
        raise NotJoined("quest", quest.name)
    return Left(me, "quest", quest.item_id, quest.name, quest.current_day, quest.total_days)
