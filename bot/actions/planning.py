"""Planning: what is due goes into the ledger, each row with its turn, and the schedules move on.

The ledger alone says what is to be sent: whoever reads it again, at any time, loses nothing.
"""

import datetime as dt
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Literal

from bot.actions.pace import room_for
from bot.actions.services import Services
from bot.rules.days import find_zone
from bot.rules.posting import WINDOW, next_instant
from db import guilds, ledger, pace, posts, reminders
from db.pool import Connection
from db.posts import DueGuild, Planned
from db.reminders import DueReminder, PlannedReminder

BATCH = 1000
"""Rows that one transaction plans."""
AHEAD = dt.timedelta(seconds=15)
"""Whose turn comes within that time is handed out; the next hand-out comes before it has passed."""
NO_LEAD = dt.timedelta()

JobKind = Literal["post", "reminder", "tell"]
Batch = Callable[[Connection, dt.datetime, dt.timedelta, str], Awaitable[int | None]]


@dataclass(frozen=True, slots=True)
class Job:
    """Something to be done at `at` (aware UTC): a post or reminder by its id, a server to tell."""

    kind: JobKind
    id: int
    at: dt.datetime


async def plan(services: Services, lead: dt.timedelta = NO_LEAD) -> int:
    """Put all that is due now into the ledgers; gives how many posts and reminders are new.

    The first turn comes after `lead` at the earliest: the time that it takes to hand jobs out.
    """
    now = services.clock()
    for which in ledger.LEDGERS:
        await ledger.expire(services.pool, which, now)
    count = 0
    for batch in (_plan_posts, _plan_reminders):
        while (planned := await _in_transaction(services, batch, now, lead)) is not None:
            count += planned
    return count


async def open_jobs(services: Services) -> list[Job]:
    """What is to be done within a quarter of a minute, by the instants of their turns."""
    now = services.clock()
    until = now + AHEAD
    posts_open = await ledger.open_rows(services.pool, "daily_posts", now, until)
    reminders_open = await ledger.open_rows(services.pool, "reminders", now, until)
    tells = await guilds.to_tell(services.pool, now)
    return [
        *(Job("post", row_id, at) for row_id, at in posts_open),
        *(Job("reminder", row_id, at) for row_id, at in reminders_open),
        *(Job("tell", guild_id, now) for guild_id in tells),
    ]


async def next_at(services: Services) -> dt.datetime | None:
    """When (aware UTC) the next post or reminder is due; None when there is none to come."""
    return await ledger.next_at(services.pool)


async def _in_transaction(
    services: Services, batch: Batch, now: dt.datetime, lead: dt.timedelta
) -> int | None:
    async with services.pool.acquire() as connection, connection.transaction():
        return await batch(connection, now, lead, services.default_zone)


async def _plan_posts(
    connection: Connection, now: dt.datetime, lead: dt.timedelta, default_zone: str
) -> int | None:
    due = await posts.due(connection, now, BATCH)
    if not due:
        return None
    turns = await _turns(connection, now, lead, [guild.next_at for guild in due])
    planned = [
        Planned(guild.guild_id, turn, *_next_of(guild, now, default_zone))
        for guild, turn in zip(due, turns, strict=True)
    ]
    return await posts.plan(connection, planned, now, WINDOW)


async def _plan_reminders(
    connection: Connection, now: dt.datetime, lead: dt.timedelta, default_zone: str
) -> int | None:
    due = await reminders.due(connection, now, BATCH)
    if not due:
        return None
    turns = await _turns(connection, now, lead, [row.next_at for row in due])
    planned = [
        PlannedReminder(
            row.user_id, row.next_on, row.next_at, turn, *_next_of(row, now, default_zone)
        )
        for row, turn in zip(due, turns, strict=True)
    ]
    return await reminders.plan(connection, planned, now, WINDOW)


async def _turns(
    connection: Connection,
    now: dt.datetime,
    lead: dt.timedelta,
    due_at: Sequence[dt.datetime],
) -> list[dt.datetime]:
    """A turn of the common pace for each, one after the other, given the longest due first.

    Those that are too late to be sent take up no time.
    """
    late = sum(at <= now - WINDOW for at in due_at)
    first = await pace.take_turns(connection, now + lead, room_for(len(due_at) - late))
    return [first + room_for(max(0, number - late)) for number in range(len(due_at))]


def _next_of(
    due: DueGuild | DueReminder, now: dt.datetime, default_zone: str
) -> tuple[dt.date, dt.datetime]:
    """The local date and instant after the one that is due.

    After a long sleep the dates on the way are passed over: of those that can still be sent in
    their window, the first comes next.
    """
    zone = _known_zone(due.zone) or default_zone
    return _next_instant(max(due.next_at, now - WINDOW), due.time, zone, due.next_on)


_next_instant = lru_cache(maxsize=4096)(next_instant)
"""Many servers of a zone have their post at the same time."""
_known_zone = cache(find_zone)
"""A zone may have been dropped from the tables since it was chosen."""
