"""Streaks: consecutive local dates with a completion, with a rest day now and then."""

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass

REST_EVERY = 7
ONE_DAY = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Streak:
    """Days with a completion, the rest days between them, and whether today is still to come."""

    days: int
    rest_days: tuple[dt.date, ...]
    pending: bool


def streak(dates: Collection[dt.date], today: dt.date) -> Streak:
    """The streak that stands on `today`, a member's local date, from their completion dates.

    Any seven consecutive dates may hold one miss: a rest day, shown but not counted. Today not
    yet done is pending, not missed.
    """
    done = frozenset(dates)
    pending = today not in done
    day = today - ONE_DAY if pending else today
    days = 0
    rests: list[dt.date] = []
    while True:
        if day in done:
            days += 1
        else:
            rested_lately = bool(rests) and (rests[-1] - day).days < REST_EVERY
            if rested_lately or day - ONE_DAY not in done:
                return Streak(days, tuple(rests), pending)
            rests.append(day)
        day -= ONE_DAY
