"""When a daily thing is due: a local time of day, once each local date, whatever the clocks do.

Every instant is an aware datetime in UTC, every zone an IANA name, every time of day naive.
"""

import datetime as dt
from bisect import bisect_left
from functools import cache
from zoneinfo import ZoneInfo

from bot.rules.days import local_date, start_of_day

WINDOW = dt.timedelta(hours=3)
"""How long after its instant a post may still be sent; it may cross midnight."""
OPEN_AT_LEAST = dt.timedelta(hours=12)
ONE_DAY = dt.timedelta(days=1)
ONE_SECOND = dt.timedelta(seconds=1)


def instant_of(date: dt.date, time: dt.time, zone: str) -> dt.datetime | None:
    """The first instant at which the clocks of `zone` show this date and time, or later, in UTC.

    A time that comes twice is thus its first coming; one that the clocks jump over is the first
    instant after the jump, even where that is the midnight at which the date ends. None when the
    whole date is jumped over.
    """
    here = _clocks(zone)
    wanted = dt.datetime.combine(date, time)
    instant = wanted.replace(tzinfo=here).astimezone(dt.UTC)
    if _shown(instant, here) == wanted:
        return instant
    jump = _end_of_jump(wanted, here)
    dates_around = _shown(jump - ONE_SECOND, here).date(), _shown(jump, here).date()
    return jump if date in dates_around else None


def next_instant(
    after: dt.datetime, time: dt.time, zone: str, after_date: dt.date | None = None
) -> tuple[dt.date, dt.datetime]:
    """The first local date, and its instant, at which a daily time comes later than `after`.

    `after_date` is the last local date that had its turn, in whatever zone and at whatever time
    that was: only later dates count, so that who moves westwards has no date twice.
    """
    date = local_date(after, zone)  # an earlier one had its instant when this began, at the latest
    if after_date is not None:
        date = max(date, after_date + ONE_DAY)
    while (instant := instant_of(date, time, zone)) is None or instant <= after:
        date += ONE_DAY
    return date, instant


def open_until(sent_at: dt.datetime, date: dt.date, zone: str) -> dt.datetime:
    """Until when a post can be answered even if a newer one was sent: to the end of its local date
    in the server's zone, and for twelve hours at least."""
    return max(start_of_day(date + ONE_DAY, zone), sent_at + OPEN_AT_LEAST)


@cache
def _clocks(zone: str) -> ZoneInfo:
    """Kept for good: zoneinfo itself keeps eight zones, and reads the file again for any other."""
    return ZoneInfo(zone)


def _shown(instant: dt.datetime, here: ZoneInfo) -> dt.datetime:
    return instant.astimezone(here).replace(tzinfo=None)


def _end_of_jump(missing: dt.datetime, here: ZoneInfo) -> dt.datetime:
    """The first instant after the jump over a local time that does not exist.

    Reckoned with the offset after the jump that time lies before it; with the one before, after
    it. Clocks change at whole seconds.
    """
    missing = missing.replace(microsecond=0, tzinfo=here)
    before = missing.replace(fold=1).astimezone(dt.UTC)
    after = missing.replace(fold=0).astimezone(dt.UTC)
    seconds = bisect_left(
        range((after - before) // ONE_SECOND),
        missing.replace(tzinfo=None),
        key=lambda second: _shown(before + second * ONE_SECOND, here),
    )
    return before + seconds * ONE_SECOND
