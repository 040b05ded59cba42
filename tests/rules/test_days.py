"""A member's local day, in every zone: where it begins, and when the next one opens."""

import datetime as dt
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.rules.days import (
    REST_AFTER_ZONE_CHANGE,
    LastDone,
    find_zone,
    local_date,
    opens_at,
    start_of_day,
    zone_names,
)

ONE_DAY = dt.timedelta(days=1)
TICK = dt.timedelta(microseconds=1)
FIRST, LAST = dt.date(2026, 1, 1), dt.date(2037, 12, 31)

zones = st.sampled_from(zone_names())
dates = st.dates(FIRST, LAST)
instants = st.timedeltas(dt.timedelta(), LAST - FIRST).map(
    lambda passed: dt.datetime(2026, 1, 1, tzinfo=dt.UTC) + passed
)


def utc(text: str) -> dt.datetime:
    """An instant from a text such as "2026-10-31 03:30"."""
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


@given(dates, zones)
def test_a_day_begins_where_its_date_does(date: dt.date, zone: str) -> None:
    """The first instant of a date has that date, and the one before it the day before."""
    start = start_of_day(date, zone)
    assert local_date(start, zone) == date
    assert local_date(start - TICK, zone) == date - ONE_DAY


def test_dates_never_go_backwards_in_any_zone() -> None:
    """Every day of two years lasts from 22 to 26 hours, and holds its own date to the end."""
    for zone in zone_names():
        start = start_of_day(dt.date(2026, 1, 1), zone)
        for number in range(2 * 365):
            date = dt.date(2026, 1, 1) + number * ONE_DAY
            end = start_of_day(date + ONE_DAY, zone)
            assert dt.timedelta(hours=22) <= end - start <= dt.timedelta(hours=26), (zone, date)
            start = end


@pytest.mark.parametrize(
    ("zone", "date", "start"),
    [
        ("UTC", "2026-03-29", "2026-03-29 00:00"),
        ("Asia/Kathmandu", "2026-07-01", "2026-06-30 18:15"),
        ("America/Toronto", "2026-03-08", "2026-03-08 05:00"),
        ("America/Toronto", "2026-03-09", "2026-03-09 04:00"),
        ("Africa/Cairo", "2026-04-24", "2026-04-23 22:00"),  # clocks jump from 00:00 to 01:00
        ("America/Santiago", "2026-09-06", "2026-09-06 04:00"),  # and here
        ("America/Havana", "2026-11-01", "2026-11-01 04:00"),  # midnight comes twice: the first
        ("Atlantic/Azores", "2026-10-25", "2026-10-25 00:00"),  # and here
        ("Asia/Beirut", "2026-10-25", "2026-10-24 22:00"),  # 23:00 comes twice before midnight
        ("America/Nuuk", "2026-03-29", "2026-03-29 01:00"),  # clocks jump from 23:00 to midnight
        ("Australia/Lord_Howe", "2026-04-05", "2026-04-04 13:00"),  # clocks move by half an hour
    ],
)
def test_midnights_that_are_skipped_or_come_twice(zone: str, date: str, start: str) -> None:
    """A day begins after the gap, or at the first of two midnights."""
    assert start_of_day(dt.date.fromisoformat(date), zone) == utc(start)


def test_a_date_that_a_zone_skipped_begins_where_the_next_one_does() -> None:
    """Samoa went from 29 to 31 December 2011 when it crossed the date line."""
    skipped, following = dt.date(2011, 12, 30), dt.date(2011, 12, 31)
    assert start_of_day(skipped, "Pacific/Apia") == start_of_day(following, "Pacific/Apia")
    assert local_date(start_of_day(skipped, "Pacific/Apia"), "Pacific/Apia") == following


def test_who_has_done_nothing_may_begin() -> None:
    """Before the first completion the day is open, zone changed or not."""
    now = utc("2026-06-01 12:00")
    assert opens_at(None, "America/Toronto", None) <= now
    assert opens_at(None, "America/Toronto", now) <= now


@given(instants, zones, st.timedeltas(-ONE_DAY, 4 * ONE_DAY))
def test_one_day_a_local_date(at: dt.datetime, zone: str, later: dt.timedelta) -> None:
    """With the zone unchanged, a day is open exactly when the local date has moved on."""
    last = LastDone(local_date(at, zone), at)
    is_open = opens_at(last, zone, None) <= at + later
    assert is_open == (local_date(at + later, zone) > last.local_date)


@given(instants, zones, zones, st.timedeltas(-ONE_DAY, ONE_DAY), st.timedeltas(TICK, 4 * ONE_DAY))
def test_after_a_change_of_zone(
    at: dt.datetime, old: str, new: str, change: dt.timedelta, later: dt.timedelta
) -> None:
    """The stored date must be past in the new zone, and 20 hours gone if it changed since."""
    last = LastDone(local_date(at, old), at)
    changed_since = change >= dt.timedelta()
    now = at + later
    is_open = opens_at(last, new, at + change) <= now
    date_is_past = local_date(now, new) > last.local_date
    assert is_open == (date_is_past and (not changed_since or later >= REST_AFTER_ZONE_CHANGE))


@given(instants, zones, zones)
def test_a_traveller_neither_wins_nor_loses_a_day(at: dt.datetime, old: str, new: str) -> None:
    """From 20 hours to two days and two hours lie between two days, wherever one flies."""
    wait = opens_at(LastDone(local_date(at, old), at), new, at) - at
    assert dt.timedelta(hours=20) <= wait <= dt.timedelta(hours=52)


def test_from_samoa_to_kiribati_and_back() -> None:
    """The same hour has two dates there: flying over wins no second day on one of them."""
    at = utc("2026-06-01 12:00")
    last = LastDone(local_date(at, "Pacific/Pago_Pago"), at)
    assert (last.local_date, local_date(at, "Pacific/Kiritimati")) == (
        dt.date(2026, 6, 1),
        dt.date(2026, 6, 2),
    )
    assert opens_at(last, "Pacific/Kiritimati", at) == utc("2026-06-02 08:00")
    ahead = LastDone(local_date(at, "Pacific/Kiritimati"), at)
    assert opens_at(ahead, "Pacific/Pago_Pago", at) == utc("2026-06-03 11:00")


def test_a_change_of_zone_before_the_last_day_no_longer_counts() -> None:
    """The 20 hours are over once a day was done in the new zone: midnight opens the next."""
    at = utc("2026-06-01 22:00")
    last = LastDone(local_date(at, "Europe/London"), at)
    assert opens_at(last, "Europe/London", at - TICK) == utc("2026-06-01 23:00")
    assert opens_at(last, "Europe/London", at) == utc("2026-06-02 18:00")


@given(zones, st.sampled_from([str.upper, str.lower, str.title, str.swapcase]))
def test_a_zone_is_found_in_any_case(zone: str, change: Callable[[str], str]) -> None:
    """With spaces for underscores, too."""
    assert find_zone(f"  {change(zone.replace('_', ' '))} ") == zone


@pytest.mark.parametrize("text", ["", "EST", "Etc/GMT+5", "Mars/Olympus", "../UTC", "Toronto\x00"])
def test_what_is_no_zone_of_a_place_is_not_found(text: str) -> None:
    """Offsets and abbreviations have no clock changes, so they are not offered."""
    assert find_zone(text) is None


def test_the_zones_on_offer() -> None:
    """Sorted, without doubles, with the ones that members of a Canadian charity need."""
    names = zone_names()
    assert list(names) == sorted(set(names))
    assert {"UTC", "America/Toronto", "America/St_Johns", "America/Vancouver"} <= set(names)
