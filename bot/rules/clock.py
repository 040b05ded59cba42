"""A time of day as people write it."""

import datetime as dt
import re

_WRITTEN = re.compile(
    r"(?P<hour>[0-9]{1,2})\s*"
    r"(?:(?P<sign>[:.h])\s*(?P<minute>[0-9]{2})?)?\s*"
    r"(?:(?P<half>[ap])\.?\s?m\.?)?"
)
_NAMED = {"midnight": dt.time(0), "noon": dt.time(12)}


def time_of_day(text: str) -> dt.time | None:
    """The time, to the minute, that `text` means: `8:00`, `20:30`, `8am`, `8:30 p.m.`, `20h30`.

    None when it means none, or might mean two: a bare `8` is morning to some, evening to others.
    """
    written = text.strip().casefold()
    if written in _NAMED:
        return _NAMED[written]
    found = _WRITTEN.fullmatch(written)
    if found is None:
        return None
    hour, sign, minute, half = found.group("hour", "sign", "minute", "half")
    if sign != "h" and minute is None and (sign is not None or half is None):
        return None
    return _time(int(hour), int(minute or 0), half)


def _time(hour: int, minute: int, half: str | None) -> dt.time | None:
    """An hour of the day's two halves (1 to 12) or of the whole day (0 to 23), with its minute."""
    if half is not None:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half == "p" else 0)
    return dt.time(hour, minute) if hour <= 23 and minute <= 59 else None
