"""A server's daily posts, as those who manage it set them up, look at them and change them."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from bot.actions.acts import ActQuest, act_for
from bot.actions.services import Services, refuse_suspended
from bot.errors import Conflict, Retired, SomebodyWasFaster, Unknown
from bot.rules.clock import time_of_day
from bot.rules.days import find_zone, local_date
from bot.rules.posting import WINDOW, next_instant
from db import schedules
from db.members import Caller, Me
from db.rows import Post
from db.schedules import Daily, DailyQuest, LedgerRow, Move, Schedule

__all__ = ["DailyPosts", "LedgerRow", "Schedule"]

ATTEMPTS = 3
ONE_DAY = dt.timedelta(days=1)
MOST_SKIPPED = dt.timedelta(days=14)

MayPost = Callable[[int], None]
"""Raises a UserError that names what is missing when the bot may not post in this channel."""
Decide = Callable[[Daily, Schedule], Move]


@dataclass(frozen=True, slots=True)
class DailyPosts:
    """A server's daily posts once they are set up.

    `day` is that of the next post, `quest` None where its quest is gone. `rows` are the ledger's
    from about today on and the one before them, by date.
    """

    me: Me
    schedule: Schedule
    quest: DailyQuest | None
    day: int
    rows: tuple[LedgerRow, ...]


async def set_up(
    services: Services, caller: Caller, channel_id: int, time: str, zone: str, quest_id: int | None
) -> DailyPosts:
    """Set a server's daily posts up, or change them; they keep their quest when none is named.

    `time` and `zone` are as they were typed. Raises Conflict, Unknown, Retired, Suspended.
    """
    at, zone_name = _time(time), _zone(zone)
    for _attempt in range(ATTEMPTS):
        found = await _read(services, caller, quest_id)
        quest = _quest_to_follow(found, quest_id)
        next_on, next_at = next_instant(caller.now, at, zone_name, found.last_turn)
        schedule = Schedule(channel_id, at, zone_name, next_on, next_at, None, None)
        day = found.day if quest.stays else quest.sent + 1
        details = {
            "channel": str(channel_id),
            "time": f"{at:%H:%M}",
            "zone": zone_name,
            "quest": quest.name,
            "day": day,
        }
        if await schedules.set_up(services.pool, caller, found, schedule, quest, day, details):
            return DailyPosts(found.me, schedule, quest, day, found.rows)
    raise SomebodyWasFaster


def _time(text: str) -> dt.time:
    found = time_of_day(text)
    if found is None:
        raise Conflict(
            "{text} is not a time that I can read. Please write it like 9:00, 21:30 or 9am.",
            text=text[:50],
        )
    return found


def _zone(text: str) -> str:
    found = find_zone(text)
    if found is None:
        raise Conflict(
            "I do not know the time zone {text}. Start typing the name of a large city near "
            "you, and pick it from the list.",
            text=text[:50],
        )
    return found


def _quest_to_follow(found: Daily, wanted: int | None) -> DailyQuest:
    quest = found.quest
    if quest is None:
        if wanted is not None:
            raise Unknown("quest")
        raise _no_quest()
    if not (quest.is_open or quest.is_standing or quest.stays):
        raise Retired("quest", quest.name)
    if not quest.stays and quest.sent >= quest.total_days:
        raise Conflict(
            "This server has had every day of **{quest}** already. Please choose another quest.",
            quest=quest.name,
        )
    return quest


def _no_quest() -> Conflict:
    return Conflict(
        "There is no quest to post from at the moment. Please choose one that there is."
    )


async def _read(services: Services, caller: Caller, quest_id: int | None = None) -> Daily:
    since = caller.now.date() - ONE_DAY  # a local date is at most a day from the UTC date
    found = await schedules.read(services.pool, caller, since, quest_id)
    refuse_suspended(found.me)
    return found


def _set_up_already(found: Daily) -> Schedule:
    if found.schedule is None:
        raise Conflict(
            "Daily posts are not set up here yet. `/daily setup` does it in one go: a channel, "
            "a time and your time zone."
        )
    return found.schedule


async def read_daily(services: Services, caller: Caller) -> DailyPosts:
    """How the server's daily posts stand. Raises Conflict when they are not set up, Suspended."""
    found = await _read(services, caller)
    return _posts(found, _set_up_already(found))


def _posts(found: Daily, schedule: Schedule) -> DailyPosts:
    return DailyPosts(found.me, schedule, found.quest, found.day, found.rows)


async def preview(services: Services, found: DailyPosts) -> Post:
    """The next post as it will read. It may call a model. Raises Conflict without a quest."""
    schedule, quest = found.schedule, found.quest
    if quest is None:
        raise _no_quest()
    act = await act_for(services, ActQuest(quest.id, quest.theme, quest.difficulty), found.day)
    return Post(
        id=0,
        guild_id=0,
        channel_id=schedule.channel_id,
        local_date=schedule.next_on or local_date(services.clock(), schedule.zone),
        quest_id=quest.id,
        quest=quest.name,
        total_days=quest.total_days,
        difficulty=quest.difficulty,
        day=found.day,
        act=act,
        doers=0,
    )


async def _change(services: Services, caller: Caller, decide: Decide) -> DailyPosts:
    """Read, decide, write; gives the schedule as it is now."""
    for _attempt in range(ATTEMPTS):
        found = await _read(services, caller)
        schedule = _set_up_already(found)
        change = decide(found, schedule)
        if await schedules.move(services.pool, caller, found, change):
            moved = Schedule(
                *(schedule.channel_id, schedule.time, schedule.zone),
                *(change.next_on, change.next_at, change.paused_at, change.pause_reason),
            )
            return _posts(found, moved)
    raise SomebodyWasFaster


async def pause(services: Services, caller: Caller) -> DailyPosts:
    """Stop the posts until somebody resumes them; one that is planned is taken back.

    Raises Conflict when they are paused or not set up, Suspended.
    """

    def decide(_found: Daily, schedule: Schedule) -> Move:
        if schedule.paused_at is not None:
            raise Conflict("Daily posts are paused already. `/daily resume` starts them again.")
        return Move("move", "daily_pause", {}, None, None, caller.now, "asked")

    return await _change(services, caller, decide)


async def resume(services: Services, caller: Caller, may_post: MayPost) -> DailyPosts:
    """Start the posts again, with the next time that comes.

    Raises Conflict when they run or are not set up, Suspended, and what `may_post` raises.
    """

    def decide(found: Daily, schedule: Schedule) -> Move:
        if schedule.paused_at is None:
            raise Conflict(
                "Daily posts are not paused. `/daily status` shows when the next one comes."
            )
        may_post(schedule.channel_id)
        following = next_instant(caller.now, schedule.time, schedule.zone, found.last_turn)
        return Move("move", "daily_resume", {"next": f"{following[0]}"}, *following)

    return await _change(services, caller, decide)


async def skip(services: Services, caller: Caller) -> tuple[DailyPosts, dt.date]:
    """Leave the next post out; gives the schedule after it and the local date that was skipped.

    Raises Conflict when they are paused, not set up, or two weeks are skipped already; Suspended.
    """

    skipped: list[dt.date] = []

    def decide(found: Daily, schedule: Schedule) -> Move:
        next_on, next_at = _running(schedule)
        planned = next((row for row in found.rows if row.status == "planned"), None)
        if planned is not None:
            skipped.append(planned.local_date)
            details = {"date": f"{skipped[-1]}"}
            return Move(
                "skip_planned", "daily_skip", details, next_on, next_at, on=planned.local_date
            )
        if next_at - caller.now > MOST_SKIPPED:
            raise Conflict(
                "Two weeks of posts are skipped already. `/daily pause` stops them until you "
                "want them back."
            )
        skipped.append(next_on)
        return Move(
            "skip_next",
            "daily_skip",
            {"date": f"{next_on}"},
            *next_instant(next_at, schedule.time, schedule.zone, next_on),
            on=next_on,
            due_at=next_at,
            expires_at=next_at + WINDOW,
        )

    changed = await _change(services, caller, decide)
    return changed, skipped[-1]


def _running(schedule: Schedule) -> tuple[dt.date, dt.datetime]:
    if schedule.next_on is None or schedule.next_at is None:
        raise Conflict("Daily posts are paused here. `/daily resume` starts them again.")
    return schedule.next_on, schedule.next_at


async def post_now(services: Services, caller: Caller, may_post: MayPost) -> DailyPosts:
    """Have today's post sent now: one that was skipped, missed or failed, or before its time.

    Raises Conflict when it was sent or may have been, when posts are paused or not set up,
    Suspended, and what `may_post` raises.
    """

    def decide(found: Daily, schedule: Schedule) -> Move:
        following = _running(schedule)
        if found.quest is None:
            raise _no_quest()
        today = local_date(caller.now, schedule.zone)
        _refuse_a_second(next((row for row in found.rows if row.local_date == today), None))
        may_post(schedule.channel_id)
        if following[0] <= today:
            had = max(today, found.last_turn or today)
            following = next_instant(caller.now, schedule.time, schedule.zone, had)
        return Move(
            "post_now",
            "daily_post_now",
            {"date": f"{today}"},
            *following,
            on=today,
            due_at=caller.now,
            expires_at=caller.now + WINDOW,
        )

    return await _change(services, caller, decide)


def _refuse_a_second(row: LedgerRow | None) -> None:
    status = row.status if row else None
    if status == "sent":
        raise Conflict("Today's post has been sent already. One a day is what keeps it special.")
    if status == "sending":
        raise Conflict("Today's post is being sent at this moment. Please look into the channel.")
    if status == "unknown":
        raise Conflict(
            "Nobody can say whether today's post arrived: Discord did not answer, and I could not "
            "look into the channel. So that nobody gets it twice, it is not sent again. "
            "Tomorrow's comes as usual."
        )
