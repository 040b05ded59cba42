"""Counting the days that the website marked as done, as if they had been done here.

Such a day counts once: at night, or when its account is linked. It stands on the date that it was
in the member's zone when the website wrote it, and of two days of one challenge or quest on one
date only the first counts (one a local day). What it is worth is decided when it is counted.
"""

import datetime as dt

import structlog

from bot.actions.services import Services
from bot.rules.days import local_date
from bot.rules.points import day_points
from db import links, recounts
from db.pool import Connection
from db.recounts import CountedDay

log = structlog.get_logger(__name__)


async def recount_all(services: Services) -> None:
    """Recount everybody who needs it, each in a transaction of their own.

    Who is in somebody's way just then waits for the next night.
    """
    now = services.clock()
    users = await recounts.behind(services.pool, now)
    for user_id in users:
        try:
            async with links.together(services.pool) as connection:
                await recount(connection, user_id, now)
        except links.Clashed:
            log.info("not recounted tonight", user_id=user_id)
    log.info("recounted", users=len(users))


async def recount(connection: Connection, user_id: int, now: dt.datetime) -> None:
    """Count a user's marked days and add up their points, in the transaction that is open.

    Nothing happens to a user without an account. `now` is aware UTC.
    """
    zone = await recounts.lock(connection, user_id)
    if zone is None:
        return
    marked = await recounts.marked_days(connection, user_id, now)
    days = [
        CountedDay(day, local_date(day.at, zone), day_points(day.kind, day.difficulty))
        for day in marked
    ]
    if days:
        await recounts.count_in(connection, user_id, days)
    await recounts.add_up(connection, user_id, now)
