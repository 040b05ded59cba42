"""Which months are old enough for an archive, and how the files of an archive are named."""

import datetime as dt
import re

LEAST_AGE = dt.timedelta(days=30)
DAYS = {"d": 1, "w": 7}
_AGE = re.compile(r"([0-9]{1,5})([dw])", re.IGNORECASE)
_NAME = re.compile(r"kai_interactions-([0-9]{4})-(0[1-9]|1[0-2])(?:\.([1-9][0-9]*))?\.csv\.gz")
_MONTH = re.compile(r"([0-9]{4})-(0[1-9]|1[0-2])")


def parse_age(text: str) -> dt.timedelta:
    """An age such as 180d (days) or 26w (weeks). Raises ValueError with a sentence."""
    found = _AGE.fullmatch(text.strip())
    if found is None:
        raise ValueError(
            "The age must be a number of days or weeks, such as 180d or 26w: please try again."
        )
    age = dt.timedelta(days=int(found[1]) * DAYS[found[2].lower()])
    if age < LEAST_AGE:
        raise ValueError(
            f"The age must be {LEAST_AGE.days} days or more, so that KAI keeps what it was told "
            "lately: please give a longer one."
        )
    return age


def months_before(now: dt.datetime, age: dt.timedelta) -> dt.date:
    """The first day of the month that holds the instant `age` before `now` (aware).

    All months (UTC) before it are wholly older than that.
    """
    return (now.astimezone(dt.UTC) - age).date().replace(day=1)


def next_month(month: dt.date) -> dt.date:
    """The first day of the month after the one that begins on this day."""
    return (month + dt.timedelta(days=31)).replace(day=1)


def parse_month(text: str) -> dt.date:
    """The first day of a month such as 2025-03. Raises ValueError with a sentence."""
    found = _MONTH.fullmatch(text.strip())
    if found is None or found[1] == "0000":
        raise ValueError("The month must look like 2025-03: please try again.")
    return dt.date(int(found[1]), int(found[2]), 1)


def file_name(month: dt.date, number: int = 1) -> str:
    """The name of a month's first file, or of a later one."""
    further = f".{number}" if number > 1 else ""
    return f"kai_interactions-{month.year:04}-{month.month:02}{further}.csv.gz"


def month_of(name: str) -> dt.date | None:
    """The month that a file of this name is of; None when it is no name of an archive's file."""
    found = _NAME.fullmatch(name)
    if found is None or found[1] == "0000":
        return None
    return dt.date(int(found[1]), int(found[2]), 1)


def number_of(name: str) -> int:
    """Which of its month's files a file of this name is, counted from 1."""
    found = _NAME.fullmatch(name)
    return int(found[3] or 1) if found else 0
