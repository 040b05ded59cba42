"""Members' reminders: setting them, what one says, putting one off, ending them.

A reminder is a direct message at the member's local time, once a local date, and only when a day
of theirs can be done.
"""

import datetime as dt
from dataclasses import dataclass, replace

from bot.actions.myday import my_day
from bot.actions.services import Services, refuse_suspended
from bot.actions.today import Today
from bot.errors import SomebodyWasFaster, UserError
from bot.rules.clock import time_of_day
from bot.rules.days import start_of_day
from bot.rules.posting import ONE_DAY, WINDOW, next_instant
from db import reminders
from db.ledger import Claim
from db.members import Caller, Me, NextReminder
from db.reminders import OwnReminder, ReminderRow, Setting

SNOOZE_FOR = dt.timedelta(hours=1)
MAX_SNOOZES = 5
"""A local date's reminder can be put off so often."""


@dataclass(frozen=True, slots=True)
class ReminderSet:
    """A reminder that was set: the local time, and when (aware UTC) it comes first.

    `was_closed` says that the last one could not reach the member.
    """

    me: Me
    time: dt.time
    first_at: dt.datetime
    was_closed: bool


@dataclass(frozen=True, slots=True)
class Reminder:
    """A reminder as it is sent. `days` are those that can be done now; none: send nothing."""

    id: int
    discord_id: int
    dm_channel_id: int | None
    snoozes: int
    days: tuple[Today, ...]

    @property
    def can_snooze(self) -> bool:
        """Whether it can be put off once more."""
        return self.snoozes < MAX_SNOOZES

    @property
    def nonce(self) -> str:
        """What Discord knows this very message by: at most 25 characters."""
        return f"gk-reminder-{self.id}-{self.snoozes}"


def moved(setting: Setting, zone: str, now: dt.datetime) -> NextReminder | None:
    """A member's reminder in another zone, on no date that the ledger has; None without one."""
    if setting.time is None:
        return None
    return (setting.time, *next_instant(now, setting.time, zone, setting.planned_on))


async def set_reminder(services: Services, caller: Caller, text: str) -> ReminderSet:
    """Remind the caller daily at a time of day, in their zone.

    Raises UserError when `text` means no time, Suspended.
    """
    time = time_of_day(text)
    if time is None:
        raise UserError(
            "I cannot read **{time}** as a time of day. Write it like `8:00`, `20:30` or `8am`.",
            time=text[:50],
        )
    for _attempt in range(2):
        me, setting = await reminders.read_setting(services.pool, caller)
        refuse_suspended(me)
        next_on, next_at = next_instant(caller.now, time, me.zone, setting.reminded_on)
        if await reminders.set_time(services.pool, me, time, next_on, next_at):
            told = replace(me, dms_closed=False)
            return ReminderSet(told, time, next_at, was_closed=me.dms_closed)
    raise SomebodyWasFaster


async def reminder_off(services: Services, caller: Caller) -> tuple[Me, bool]:
    """Remind the caller no more; gives whether they were reminded so far. Raises Suspended."""
    me, setting = await reminders.read_setting(services.pool, caller)
    refuse_suspended(me)
    if setting.time is not None:
        await reminders.end(services.pool, me.user_id)
    return me, setting.time is not None


async def read_reminder(services: Services, reminder_id: int) -> Reminder | None:
    """What a reminder says now; None when its member is gone.

    First sight of a day's words writes them with their turn, as looking at today does. Raises
    SomebodyWasFaster when that changed twice meanwhile.
    """
    row = await reminders.read_reminder(services.pool, reminder_id)
    if row is None:
        return None
    days = await _open_days(services, row) if row.is_wanted else ()
    return Reminder(row.id, row.discord_id, row.dm_channel_id, row.snoozes, days)


async def _open_days(services: Services, row: ReminderRow) -> tuple[Today, ...]:
    """The days that the member can do now, the challenge's first."""
    caller = services.caller(row.discord_id, row.firstname, None, row.locale)
    _me, today = await my_day(services, caller)
    days = [day for day in (today.challenge, *today.quests) if day is not None]
    return tuple(day for day in days if not day.done)


async def snooze(
    services: Services, caller: Caller, reminder_id: int, snoozes: int
) -> tuple[Me, dt.datetime]:
    """Put the caller's reminder off by an hour; gives until when (aware UTC).

    Pressing twice puts it off once. Raises UserError when it is not theirs or of another time,
    ended, put off too often, or when their day ends before; Suspended.
    """
    for _attempt in range(2):
        me, reminder = await reminders.read_own(services.pool, caller, reminder_id)
        refuse_suspended(me)
        if reminder is None:
            raise UserError("That reminder is not there any more, or it is somebody else's.")
        if reminder.status == "planned" and reminder.snoozes == snoozes + 1:
            return me, reminder.due_at
        midnight = _refuse_or_midnight(me, reminder, snoozes, caller.now)
        due_at = caller.now + SNOOZE_FOR
        expires_at = min(due_at + WINDOW, midnight)
        if await reminders.snooze(services.pool, reminder, due_at, expires_at):
            return me, due_at
    raise SomebodyWasFaster


def _refuse_or_midnight(
    me: Me, reminder: OwnReminder, snoozes: int, now: dt.datetime
) -> dt.datetime:
    """When the reminder's day ends. Raises UserError when it cannot be put off."""
    if not reminder.is_wanted:
        raise UserError("Your reminders are off. `/settings reminder time` turns them on again.")
    if reminder.snoozes != snoozes or reminder.status not in ("sending", "sent", "unknown"):
        raise UserError("That is an older card of this reminder, so nothing was changed.")
    if snoozes >= MAX_SNOOZES:
        raise UserError(
            "I have put this off five times today, and that is as often as I do. Tomorrow is "
            "another day, and what today asks waits for you until midnight."
        )
    midnight = start_of_day(reminder.local_date + ONE_DAY, me.zone)
    if now + SNOOZE_FOR >= midnight:
        raise UserError(
            "The day of this reminder is over in an hour, so there is no later any more. "
            "The next reminder comes at its usual time."
        )
    return midnight


async def sent(services: Services, claim: Claim, message_id: int, dm_channel_id: int) -> bool:
    """Write that a claimed reminder was sent; False when somebody else has its row."""
    return await reminders.sent(services.pool, claim, message_id, dm_channel_id, services.clock())


async def closed(services: Services, claim: Claim) -> bool:
    """Write that the member takes no direct messages, which ends their reminders.

    They are told with their next command. False when somebody else has the row.
    """
    return await reminders.closed(services.pool, claim, services.clock())
