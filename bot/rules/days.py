"""A member's local day: which date it is, when the next one begins, when a day may be done.

Every instant is an aware datetime in UTC, every zone an IANA name.
"""

import datetime as dt
from dataclasses import dataclass
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

REST_AFTER_ZONE_CHANGE = dt.timedelta(hours=20)


@cache
def zone_names() -> tuple[str, ...]:
    """Every zone a member may choose, sorted: the IANA names that contain a place, and UTC."""
    technical = ("Etc/", "SystemV/", "posix/", "right/")
    places = (n for n in available_timezones() if "/" in n and not n.startswith(technical))
    return tuple(sorted({"UTC", *places}))


def find_zone(text: str) -> str | None:
    """The zone that a member means by `text`, in any case; None when there is none of that name."""
    wanted = text.strip().replace(" ", "_").casefold()
    return next((name for name in zone_names() if name.casefold() == wanted), None)


def local_date(now: dt.datetime, zone: str) -> dt.date:
    """The calendar date in `zone` at the instant `now`."""
    return now.astimezone(ZoneInfo(zone)).date()


def local_time(now: dt.datetime, zone: str) -> dt.datetime:
    """What the clocks of `zone` show at the instant `now`."""
    return now.astimezone(ZoneInfo(zone))


def start_of_day(date: dt.date, zone: str) -> dt.datetime:
    """The first instant of `date` in `zone`, in UTC.

    Where clocks jump over midnight the day begins after the gap; where midnight comes twice, at
    its first coming (both are what the earlier of the two offsets, fold=0, gives).
    """
    return dt.datetime.combine(date, dt.time(), ZoneInfo(zone)).astimezone(dt.UTC)


@dataclass(frozen=True, slots=True)
class LastDone:
    """The latest completed day of one challenge or quest: its stored local date, and when (UTC)."""

    local_date: dt.date
    at: dt.datetime


def opens_at(last: LastDone | None, zone: str, zone_changed_at: dt.datetime | None) -> dt.datetime:
    """The instant from which the next day may be done.

    It opens when the member's local date is later than the stored date of the last completion
    and, when the zone was changed since, 20 hours after that completion at the earliest
    (the rule of one day per local day; a traveller can neither lose nor win a day by it).
    """
    if last is None:
        return dt.datetime.min.replace(tzinfo=dt.UTC)
    opens = start_of_day(last.local_date + dt.timedelta(days=1), zone)
    if zone_changed_at is not None and zone_changed_at >= last.at:
        opens = max(opens, last.at + REST_AFTER_ZONE_CHANGE)
    return opens
