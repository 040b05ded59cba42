"""Streaks, compared with a slow reference that follows the rule word by word."""

import datetime as dt

from hypothesis import given
from hypothesis import strategies as st

from bot.rules.streaks import Streak, streak

TODAY = dt.date(2026, 3, 15)


def ago(*days: int) -> list[dt.date]:
    """Dates so many days before today."""
    return [TODAY - dt.timedelta(days=day) for day in days]


def reference(done: set[dt.date], today: dt.date) -> Streak:
    """The longest run up to today that begins with a completion and keeps to the rule.

    Every run is tried, and in each every seven consecutive dates are looked at.
    """
    pending = today not in done
    end = today - dt.timedelta(days=1) if pending else today
    best = Streak(0, (), pending)
    for first in sorted((date for date in done if date <= end), reverse=True):
        run = [first + dt.timedelta(days=n) for n in range((end - first).days + 1)]
        weeks = [run[n : n + 7] for n in range(len(run))]
        if all(sum(date not in done for date in week) <= 1 for week in weeks):
            rests = tuple(date for date in reversed(run) if date not in done)
            best = Streak(len(run) - len(rests), rests, pending)
    return best


@given(st.sets(st.integers(-2, 40).map(lambda day: ago(day)[0])))
def test_any_dates(done: set[dt.date]) -> None:
    """Scattered dates, some of them to come (a traveller's)."""
    assert streak(done, TODAY) == reference(done, TODAY)


@given(st.sets(st.integers(0, 60), max_size=8))
def test_long_runs_with_few_misses(missed: set[int]) -> None:
    """Two months of days with a few gaps, which is where the rest days matter."""
    done = {ago(day)[0] for day in range(61) if day not in missed}
    assert streak(done, TODAY) == reference(done, TODAY)


def test_nothing_done_is_no_streak() -> None:
    """Today is still to come."""
    assert streak([], TODAY) == Streak(0, (), pending=True)


def test_today_not_yet_done_is_pending() -> None:
    """It neither counts nor breaks."""
    assert streak(ago(1, 2, 3), TODAY) == Streak(3, (), pending=True)
    assert streak(ago(0, 1, 2, 3), TODAY) == Streak(4, (), pending=False)


def test_a_rest_day_is_shown_but_not_counted() -> None:
    """Also when it was yesterday."""
    assert streak(ago(0, 2, 3), TODAY) == Streak(3, tuple(ago(1)), pending=False)
    assert streak(ago(2, 3), TODAY) == Streak(2, tuple(ago(1)), pending=True)


def test_two_misses_in_a_row_end_it() -> None:
    """There is one rest day, not two."""
    assert streak(ago(0, 3, 4), TODAY) == Streak(1, (), pending=False)
    assert streak(ago(3, 4), TODAY) == Streak(0, (), pending=True)


def test_seven_dates_hold_one_miss() -> None:
    """A second miss six days after the first ends the streak; after seven it is another rest."""
    week_apart = [day for day in range(20) if day not in (2, 9)]
    assert streak(ago(*week_apart), TODAY) == Streak(18, tuple(ago(2, 9)), pending=False)
    too_soon = [day for day in range(20) if day not in (2, 8)]
    assert streak(ago(*too_soon), TODAY) == Streak(7, tuple(ago(2)), pending=False)


def test_a_miss_before_the_first_day_is_no_rest() -> None:
    """A streak begins with something done."""
    assert streak(ago(0, 1, 3, 5), TODAY) == Streak(3, tuple(ago(2)), pending=False)
    assert streak(ago(0), TODAY) == Streak(1, (), pending=False)
