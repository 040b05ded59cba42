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

log = structlog.get_logger(__name__)


async def recount_all(services: Services) -> None:
    """Recount everybody who needs it, each in a transaction of their own.

    Who cannot be recounted just then is named in the log, and waits for the next night.
    """
    now = services.clock()
    users = await recounts.behind(services.pool, now)
    days = 0
    for user_id in users:
        try:
            async with links.together(services.pool) as connection:
                days += await recount(connection, user_id, now)
        except Exception:  # whatever it is, it is nobody else's trouble
            log.warning("not recounted tonight", user_id=user_id, exc_info=True)
    log.info("recounted", users=len(users), days=days)


async def recount(connection: Connection, user_id: int, now: dt.datetime) -> int:
    """Count a user's marked days and add up their points, in the transaction that is open.

    Gives how many days were counted; nothing happens to a user without an account. `now` is
    aware UTC.
    """
    zone = await recounts.lock(connection, user_id)
    if zone is None:
        return 0
    counted = 0
    days = await recounts.marked_days(connection, user_id, now)
    if days:
        dates = [local_date(day.at, zone) for day in days]
        points = [day_points(day.kind, day.difficulty) for day in days]
        counted = await recounts.count_in(connection, user_id, days, dates, points)
    await recounts.add_up(connection, user_id, now)
    return counted
