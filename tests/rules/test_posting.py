"""A daily time, once each local date, through every change of the clocks and of the zone.

The table of instants was worked out by hand from the announced changes, not by zoneinfo.
"""

import datetime as dt
from collections.abc import Iterator
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.rules.days import local_date, start_of_day, zone_names
from bot.rules.posting import instant_of, next_instant, open_until

ONE_DAY = dt.timedelta(days=1)
ONE_MINUTE = dt.timedelta(minutes=1)
TICK = dt.timedelta(microseconds=1)

TIMES = ("00:00", "01:30", "02:30", "23:59")
YEARS = {
    "America/Vancouver": (2025, 2026, 2027),
    "Europe/Dublin": (2026, 2027),
    "Australia/Lord_Howe": (2026, 2027),
    "Asia/Kathmandu": (2026, 2027, 2028),
    "Pacific/Apia": (2011, 2026, 2027),
    "Africa/Casablanca": (2026, 2027),
}
SKIPPED = {("Pacific/Apia", dt.date(2011, 12, 30))}

# Zone -> lines of a local date and the instants, in UTC, of its posts at the four TIMES. Each
# change has the day before it, its own and the day after. From or to a date that is not here,
# every post comes exactly 24 hours after the last: the test checks that, too.
TABLE: dict[str, tuple[str, ...]] = {
    "America/Vancouver": (
        # -8 to -7 on 9 March at 02:00, 10:00 UTC: 02:00 to 03:00 vanish. 02:30 becomes 03:00,
        # the instant of the jump itself.
        "2025-03-08 | 03-08 08:00 | 03-08 09:30 | 03-08 10:30 | 03-09 07:59",
        "2025-03-09 | 03-09 08:00 | 03-09 09:30 | 03-09 10:00 | 03-10 06:59",
        "2025-03-10 | 03-10 07:00 | 03-10 08:30 | 03-10 09:30 | 03-11 06:59",
        # -7 to -8 on 2 November at 02:00, 09:00 UTC: 01:00 to 02:00 come twice. The first 01:30
        # is still at -7, 08:30 UTC (the second would be 09:30); 02:30 is at -8.
        "2025-11-01 | 11-01 07:00 | 11-01 08:30 | 11-01 09:30 | 11-02 06:59",
        "2025-11-02 | 11-02 07:00 | 11-02 08:30 | 11-02 10:30 | 11-03 07:59",
        "2025-11-03 | 11-03 08:00 | 11-03 09:30 | 11-03 10:30 | 11-04 07:59",
        # -8 to -7 on 8 March at 02:00, 10:00 UTC, for the last time: 02:00 to 03:00 vanish.
        "2026-03-07 | 03-07 08:00 | 03-07 09:30 | 03-07 10:30 | 03-08 07:59",
        "2026-03-08 | 03-08 08:00 | 03-08 09:30 | 03-08 10:00 | 03-09 06:59",
        "2026-03-09 | 03-09 07:00 | 03-09 08:30 | 03-09 09:30 | 03-10 06:59",
        # British Columbia stays at -7: on 1 November, when the clocks of its neighbours go back,
        # nothing vanishes and nothing comes twice, nor on 14 March, when theirs go forward.
        "2026-10-31 | 10-31 07:00 | 10-31 08:30 | 10-31 09:30 | 11-01 06:59",
        "2026-11-01 | 11-01 07:00 | 11-01 08:30 | 11-01 09:30 | 11-02 06:59",
        "2026-11-02 | 11-02 07:00 | 11-02 08:30 | 11-02 09:30 | 11-03 06:59",
        "2027-03-14 | 03-14 07:00 | 03-14 08:30 | 03-14 09:30 | 03-15 06:59",
    ),
    "Europe/Dublin": (
        # 0 to +1 on 29 March at 01:00, 01:00 UTC: 01:00 to 02:00 vanish. 01:30 becomes 02:00,
        # the instant of the jump; 02:30 is at +1, half an hour later.
        "2026-03-28 | 03-28 00:00 | 03-28 01:30 | 03-28 02:30 | 03-28 23:59",
        "2026-03-29 | 03-29 00:00 | 03-29 01:00 | 03-29 01:30 | 03-29 22:59",
        "2026-03-30 | 03-29 23:00 | 03-30 00:30 | 03-30 01:30 | 03-30 22:59",
        # +1 to 0 on 25 October at 02:00, 01:00 UTC: 01:00 to 02:00 come twice. The first 01:30
        # is still at +1, 00:30 UTC (the second would be 01:30); 02:30 is at 0.
        "2026-10-24 | 10-23 23:00 | 10-24 00:30 | 10-24 01:30 | 10-24 22:59",
        "2026-10-25 | 10-24 23:00 | 10-25 00:30 | 10-25 02:30 | 10-25 23:59",
        "2026-10-26 | 10-26 00:00 | 10-26 01:30 | 10-26 02:30 | 10-26 23:59",
        # 0 to +1 on 28 March at 01:00, 01:00 UTC: 01:00 to 02:00 vanish.
        "2027-03-27 | 03-27 00:00 | 03-27 01:30 | 03-27 02:30 | 03-27 23:59",
        "2027-03-28 | 03-28 00:00 | 03-28 01:00 | 03-28 01:30 | 03-28 22:59",
        "2027-03-29 | 03-28 23:00 | 03-29 00:30 | 03-29 01:30 | 03-29 22:59",
        # +1 to 0 on 31 October at 02:00, 01:00 UTC: 01:00 to 02:00 come twice.
        "2027-10-30 | 10-29 23:00 | 10-30 00:30 | 10-30 01:30 | 10-30 22:59",
        "2027-10-31 | 10-30 23:00 | 10-31 00:30 | 10-31 02:30 | 10-31 23:59",
        "2027-11-01 | 11-01 00:00 | 11-01 01:30 | 11-01 02:30 | 11-01 23:59",
    ),
    "Australia/Lord_Howe": (
        # +11 to +10:30 on 5 April at 02:00, 15:00 UTC of the 4th: 01:30 to 02:00 come twice. The
        # first 01:30 is still at +11, 14:30 UTC (the second is the change itself, 15:00); 02:30
        # is at +10:30.
        "2026-04-04 | 04-03 13:00 | 04-03 14:30 | 04-03 15:30 | 04-04 12:59",
        "2026-04-05 | 04-04 13:00 | 04-04 14:30 | 04-04 16:00 | 04-05 13:29",
        "2026-04-06 | 04-05 13:30 | 04-05 15:00 | 04-05 16:00 | 04-06 13:29",
        # +10:30 to +11 on 4 October at 02:00, 15:30 UTC of the 3rd: 02:00 to 02:30 vanish. 02:30
        # is the first time after the jump: it exists, at the instant of the jump.
        "2026-10-03 | 10-02 13:30 | 10-02 15:00 | 10-02 16:00 | 10-03 13:29",
        "2026-10-04 | 10-03 13:30 | 10-03 15:00 | 10-03 15:30 | 10-04 12:59",
        "2026-10-05 | 10-04 13:00 | 10-04 14:30 | 10-04 15:30 | 10-05 12:59",
        # +11 to +10:30 on 4 April at 02:00, 15:00 UTC of the 3rd: 01:30 to 02:00 come twice.
        "2027-04-03 | 04-02 13:00 | 04-02 14:30 | 04-02 15:30 | 04-03 12:59",
        "2027-04-04 | 04-03 13:00 | 04-03 14:30 | 04-03 16:00 | 04-04 13:29",
        "2027-04-05 | 04-04 13:30 | 04-04 15:00 | 04-04 16:00 | 04-05 13:29",
        # +10:30 to +11 on 3 October at 02:00, 15:30 UTC of the 2nd: 02:00 to 02:30 vanish.
        "2027-10-02 | 10-01 13:30 | 10-01 15:00 | 10-01 16:00 | 10-02 13:29",
        "2027-10-03 | 10-02 13:30 | 10-02 15:00 | 10-02 15:30 | 10-03 12:59",
        "2027-10-04 | 10-03 13:00 | 10-03 14:30 | 10-03 15:30 | 10-04 12:59",
    ),
    "Asia/Kathmandu": (
        # +5:45 the whole year: nothing vanishes, nothing comes twice.
        "2026-07-01 | 06-30 18:15 | 06-30 19:45 | 06-30 20:45 | 07-01 18:14",
        "2027-07-01 | 06-30 18:15 | 06-30 19:45 | 06-30 20:45 | 07-01 18:14",
        "2028-02-29 | 02-28 18:15 | 02-28 19:45 | 02-28 20:45 | 02-29 18:14",
    ),
    "Pacific/Apia": (
        # -10 to -11 on 2 April at 04:00, 14:00 UTC: 03:00 to 04:00 come twice, none of ours; only
        # 23:59 is at -11 on that day.
        "2011-04-01 | 04-01 10:00 | 04-01 11:30 | 04-01 12:30 | 04-02 09:59",
        "2011-04-02 | 04-02 10:00 | 04-02 11:30 | 04-02 12:30 | 04-03 10:59",
        "2011-04-03 | 04-03 11:00 | 04-03 12:30 | 04-03 13:30 | 04-04 10:59",
        # -11 to -10 on 24 September at 03:00, 14:00 UTC: 03:00 to 04:00 vanish, none of ours.
        "2011-09-23 | 09-23 11:00 | 09-23 12:30 | 09-23 13:30 | 09-24 10:59",
        "2011-09-24 | 09-24 11:00 | 09-24 12:30 | 09-24 13:30 | 09-25 09:59",
        "2011-09-25 | 09-25 10:00 | 09-25 11:30 | 09-25 12:30 | 09-26 09:59",
        # -10 to +14 at the end of 29 December, 10:00 UTC of the 30th: all of 30 December
        # vanishes. The post of the 31st comes 24 hours after that of the 29th.
        "2011-12-28 | 12-28 10:00 | 12-28 11:30 | 12-28 12:30 | 12-29 09:59",
        "2011-12-29 | 12-29 10:00 | 12-29 11:30 | 12-29 12:30 | 12-30 09:59",
        "2011-12-31 | 12-30 10:00 | 12-30 11:30 | 12-30 12:30 | 12-31 09:59",
        # +13 the whole year since summer time was given up in 2021.
        "2026-07-01 | 06-30 11:00 | 06-30 12:30 | 06-30 13:30 | 07-01 10:59",
        "2027-07-01 | 06-30 11:00 | 06-30 12:30 | 06-30 13:30 | 07-01 10:59",
    ),
    "Africa/Casablanca": (
        # +1 to 0 for Ramadan on 15 February at 03:00, 02:00 UTC: 02:00 to 03:00 come twice. The
        # first 02:30 is still at +1, 01:30 UTC (the second would be 02:30).
        "2026-02-14 | 02-13 23:00 | 02-14 00:30 | 02-14 01:30 | 02-14 22:59",
        "2026-02-15 | 02-14 23:00 | 02-15 00:30 | 02-15 01:30 | 02-15 23:59",
        "2026-02-16 | 02-16 00:00 | 02-16 01:30 | 02-16 02:30 | 02-16 23:59",
        # 0 to +1 after it on 22 March at 02:00, 02:00 UTC: 02:00 to 03:00 vanish. 02:30 becomes
        # 03:00, the instant of the jump.
        "2026-03-21 | 03-21 00:00 | 03-21 01:30 | 03-21 02:30 | 03-21 23:59",
        "2026-03-22 | 03-22 00:00 | 03-22 01:30 | 03-22 02:00 | 03-22 22:59",
        "2026-03-23 | 03-22 23:00 | 03-23 00:30 | 03-23 01:30 | 03-23 22:59",
        # +1 to 0 for good on 20 September at 02:00, 01:00 UTC: 01:00 to 02:00 come twice. The
        # first 01:30 is still at +1, 00:30 UTC (the second would be 01:30); 02:30 is at 0.
        "2026-09-19 | 09-18 23:00 | 09-19 00:30 | 09-19 01:30 | 09-19 22:59",
        "2026-09-20 | 09-19 23:00 | 09-20 00:30 | 09-20 02:30 | 09-20 23:59",
        "2026-09-21 | 09-21 00:00 | 09-21 01:30 | 09-21 02:30 | 09-21 23:59",
        # 0 the whole year, Ramadan (8 February to 9 March) too.
        "2027-02-08 | 02-08 00:00 | 02-08 01:30 | 02-08 02:30 | 02-08 23:59",
    ),
}


def utc(text: str) -> dt.datetime:
    """An instant from a text such as "2026-10-31 03:30"."""
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


def by_hand(zone: str, time: str) -> dict[dt.date, dt.datetime]:
    """The table's instant of each of its dates, for one zone and one of the four times."""
    rows = [[cell.strip() for cell in line.split("|")] for line in TABLE[zone]]
    column = 1 + TIMES.index(time)
    return {dt.date.fromisoformat(row[0]): utc(f"{row[0][:4]}-{row[column]}") for row in rows}


def dates_of(year: int) -> Iterator[dt.date]:
    """Every date of the calendar in a year."""
    date = dt.date(year, 1, 1)
    while date.year == year:
        yield date
        date += ONE_DAY


def walk(year: int, time: dt.time, zone: str) -> list[tuple[dt.date, dt.datetime]]:
    """A year of posts, each found from the one before."""
    posts: list[tuple[dt.date, dt.datetime]] = []
    post = next_instant(start_of_day(dt.date(year, 1, 1), zone) - TICK, time, zone)
    while post[0].year == year:
        posts.append(post)
        following = next_instant(post[1], time, zone)
        assert following == next_instant(post[1], time, zone, after_date=post[0])
        post = following
    return posts


@pytest.mark.parametrize("time", TIMES)
@pytest.mark.parametrize(
    ("zone", "year"), [(zone, year) for zone, years in YEARS.items() for year in years]
)
def test_a_year_of_posts(zone: str, year: int, time: str) -> None:
    """One for each local date that exists, at the very instants that the table says."""
    posts = walk(year, dt.time.fromisoformat(time), zone)
    assert [date for date, _ in posts] == [d for d in dates_of(year) if (zone, d) not in SKIPPED]

    expected = by_hand(zone, time)
    found = dict(posts)
    in_this_year = {date: instant for date, instant in expected.items() if date.year == year}
    assert in_this_year
    assert {date: found[date] for date in in_this_year} == in_this_year
    for (date, instant), (next_date, next_one) in pairwise(posts):
        assert next_one > instant
        if date not in expected or next_date not in expected:
            assert next_one - instant == ONE_DAY, (date, next_date)


@pytest.mark.parametrize("time", ["00:00", "00:01", "12:00", "23:59"])
def test_a_date_that_a_zone_skipped_has_no_instant(time: str) -> None:
    """Samoa went from 29 to 31 December 2011: nothing was due on the 30th."""
    assert instant_of(dt.date(2011, 12, 30), dt.time.fromisoformat(time), "Pacific/Apia") is None


@pytest.mark.parametrize(
    ("date", "time", "instant"),
    [
        ("2026-03-27", "23:30", "2026-03-28 01:30"),  # at -2
        ("2026-03-28", "22:59", "2026-03-29 00:59"),
        ("2026-03-28", "23:00", "2026-03-29 01:00"),  # -2 to -1 at 23:00: the date's last hour
        ("2026-03-28", "23:30", "2026-03-29 01:00"),  # vanishes, so its post comes at midnight
        ("2026-03-29", "00:00", "2026-03-29 01:00"),
        ("2026-03-29", "23:30", "2026-03-30 00:30"),  # at -1
    ],
)
def test_clocks_that_jump_to_midnight(date: str, time: str, instant: str) -> None:
    """Greenland's jump ends a date early: that date has its post nevertheless, at its end."""
    expected = dt.date.fromisoformat(date), utc(instant)
    time_of_day = dt.time.fromisoformat(time)
    assert instant_of(expected[0], time_of_day, "America/Nuuk") == expected[1]
    assert next_instant(expected[1] - TICK, time_of_day, "America/Nuuk") == expected


@pytest.mark.parametrize(
    ("after", "time", "date", "instant"),
    [
        # -2:30 to -3:30 on 7 November 2010 at 00:01, 02:31 UTC: back to 23:01 of the 6th.
        ("2010-11-07 01:00", "23:30", "2010-11-06", "2010-11-07 02:00"),
        ("2010-11-07 02:00", "00:00", "2010-11-07", "2010-11-07 02:30"),
        ("2010-11-07 02:00", "23:30", "2010-11-07", "2010-11-08 03:00"),  # not at 03:00, again
        ("2010-11-07 02:30", "00:00", "2010-11-08", "2010-11-08 03:30"),  # not at 03:30, again
        ("2010-11-07 02:45", "00:00", "2010-11-08", "2010-11-08 03:30"),  # asked on the 6th, again
        ("2010-11-07 02:45", "00:01", "2010-11-07", "2010-11-07 03:31"),  # which comes once
    ],
)
def test_clocks_that_go_back_to_the_day_before(
    after: str, time: str, date: str, instant: str
) -> None:
    """St John's, Newfoundland, where until 2011 a date began, ended and began again."""
    expected = dt.date.fromisoformat(date), utc(instant)
    assert next_instant(utc(after), dt.time.fromisoformat(time), "America/St_Johns") == expected


@pytest.mark.parametrize("time", ["02:00", "02:30", "02:30:59.999999", "02:59:59"])
def test_every_time_in_a_jump_is_its_end(time: str) -> None:
    """Not as long after it as the time lies in it."""
    wanted = dt.time.fromisoformat(time)
    jump = utc("2026-03-08 10:00")
    assert instant_of(dt.date(2026, 3, 8), wanted, "America/Vancouver") == jump


NINE, SIX = dt.time(9), dt.time(18)


def test_a_move_to_the_east() -> None:
    """From Vancouver (-7) to Auckland (+12) right after a post: the next date comes early."""
    tenth, posted = dt.date(2026, 6, 10), utc("2026-06-10 16:00")
    assert next_instant(posted - TICK, NINE, "America/Vancouver") == (tenth, posted)
    eleventh = next_instant(posted, NINE, "Pacific/Auckland", after_date=tenth)
    assert eleventh == (dt.date(2026, 6, 11), utc("2026-06-10 21:00"))


def test_a_move_to_the_west() -> None:
    """And back: the 11th, which Auckland had, does not come again in Vancouver."""
    eleventh, posted = dt.date(2026, 6, 11), utc("2026-06-10 21:00")
    assert next_instant(posted - TICK, NINE, "Pacific/Auckland") == (eleventh, posted)
    assert next_instant(posted, NINE, "America/Vancouver")[0] == eleventh
    twelfth = next_instant(posted, NINE, "America/Vancouver", after_date=eleventh)
    assert twelfth == (dt.date(2026, 6, 12), utc("2026-06-12 16:00"))


def test_a_later_time_on_the_same_day() -> None:
    """Who had today's at nine and now wants six in the evening has the next one tomorrow."""
    tenth, posted = dt.date(2026, 6, 10), utc("2026-06-10 16:00")
    assert next_instant(posted, SIX, "America/Vancouver")[0] == tenth
    eleventh = next_instant(posted, SIX, "America/Vancouver", after_date=tenth)
    assert eleventh == (dt.date(2026, 6, 11), utc("2026-06-12 01:00"))


def test_the_last_date_does_not_hold_up_the_next() -> None:
    """A date long past changes nothing: what is due is the next occurrence."""
    now, long_ago = utc("2026-06-10 17:00"), dt.date(2026, 1, 1)
    eleventh = next_instant(now, NINE, "America/Vancouver", after_date=long_ago)
    assert eleventh == (dt.date(2026, 6, 11), utc("2026-06-11 16:00"))


def shown(instant: dt.datetime, zone: str) -> dt.datetime:
    """What the clocks show, without their zone."""
    return instant.astimezone(ZoneInfo(zone)).replace(tzinfo=None)


def first_showing(date: dt.date, time: dt.time, zone: str) -> dt.datetime | None:
    """What `instant_of` promises, by looking at the clocks minute by minute.

    Since 1990 all of them have changed at whole minutes, and none was 15 hours ahead.
    """
    wanted = dt.datetime.combine(date, time)
    instant = wanted.replace(tzinfo=dt.UTC) - dt.timedelta(hours=15)
    while shown(instant, zone) < wanted:
        instant += ONE_MINUTE
    exists = date in (shown(instant, zone).date(), shown(instant - ONE_MINUTE, zone).date())
    return instant if exists else None


@st.composite
def zones_and_instants(draw: st.DrawFn) -> tuple[str, dt.datetime]:
    """A zone and an instant from 1990 to 2037, most often within two days of a clock change."""
    zone = draw(st.sampled_from(zone_names()))
    passed = draw(st.timedeltas(dt.timedelta(), dt.timedelta(days=48 * 365)))
    instant = utc("1990-01-01 00:00") + passed
    if draw(st.integers(0, 3)):
        offset = shown(instant, zone) - instant.replace(tzinfo=None)
        for number in range(365):
            later = instant + number * ONE_DAY
            if shown(later, zone) - later.replace(tzinfo=None) != offset:
                return zone, later + draw(st.timedeltas(-2 * ONE_DAY, ONE_DAY))
    return zone, instant


minutes = st.integers(0, 239) | st.integers(0, 1439) | st.integers(1320, 1439)
times = minutes.map(lambda minute: dt.time(minute // 60, minute % 60))


@given(zones_and_instants(), times)
def test_the_next_instant_in_every_zone(at: tuple[str, dt.datetime], time: dt.time) -> None:
    """Later than asked, on the clock's time or at the end of a jump over it, and the first."""
    zone, after = at
    date, instant = next_instant(after, time, zone)
    assert instant > after
    assert instant == first_showing(date, time, zone)
    wanted = dt.datetime.combine(date, time)
    if shown(instant, zone) == wanted:
        assert local_date(instant, zone) == date
    else:
        assert shown(instant - TICK, zone) < wanted < shown(instant, zone)
        assert date in (local_date(instant - TICK, zone), local_date(instant, zone))
    for days in range(1, 4):
        earlier = first_showing(date - days * ONE_DAY, time, zone)
        assert earlier is None or earlier <= after


moves = st.lists(
    st.tuples(st.sampled_from(zone_names()), times, st.timedeltas(dt.timedelta(), 2 * ONE_DAY)),
    min_size=1,
    max_size=4,
)


@given(zones_and_instants(), times, moves)
def test_changes_of_zone_on_the_way(
    at: tuple[str, dt.datetime], time: dt.time, moves: list[tuple[str, dt.time, dt.timedelta]]
) -> None:
    """Whatever the zones and times, no date comes twice, and none that could still come is lost."""
    zone, after = at
    last_date, posted = next_instant(after, time, zone)
    for new_zone, new_time, wait in moves:
        now = posted + wait
        date, instant = next_instant(now, new_time, new_zone, after_date=last_date)
        assert date > last_date
        assert instant > now
        assert instant == first_showing(date, new_time, new_zone)
        between = last_date + ONE_DAY
        while between < date:
            missed = first_showing(between, new_time, new_zone)
            assert missed is None or missed <= now
            between += ONE_DAY
        last_date, posted = date, instant


def open_until_there(sent_at: str, date: str, zone: str) -> str:
    """Until when a post sent at an instant for a local date is open, as ISO texts in UTC."""
    sent = dt.datetime.fromisoformat(sent_at).replace(tzinfo=dt.UTC)
    return open_until(sent, dt.date.fromisoformat(date), zone).replace(tzinfo=None).isoformat(" ")


@pytest.mark.parametrize(
    ("sent_at", "date", "zone", "until"),
    [
        # In the morning: until the server's midnight, 04:00 UTC in summer.
        ("2026-05-01 13:00:00", "2026-05-01", "America/Toronto", "2026-05-02 04:00:00"),
        # In the evening, twelve hours reach further than midnight.
        ("2026-05-01 23:00:00", "2026-05-01", "America/Toronto", "2026-05-02 11:00:00"),
        ("2026-05-01 16:00:00", "2026-05-01", "America/Toronto", "2026-05-02 04:00:00"),
        ("2026-05-01 16:00:01", "2026-05-01", "America/Toronto", "2026-05-02 04:00:01"),
        # Sent after midnight of its own date, as the window allows.
        ("2026-05-02 05:00:00", "2026-05-01", "America/Toronto", "2026-05-02 17:00:00"),
        # A date of 25 hours, and one whose midnight does not exist.
        ("2026-11-01 05:00:00", "2026-11-01", "America/Toronto", "2026-11-02 05:00:00"),
        ("2026-04-23 08:00:00", "2026-04-23", "Africa/Cairo", "2026-04-23 22:00:00"),
    ],
)
def test_how_long_a_post_is_open(sent_at: str, date: str, zone: str, until: str) -> None:
    """To the end of its date where the server is, and twelve hours at least."""
    assert open_until_there(sent_at, date, zone) == until
