"""How an enrolment moves, whatever stands in `current_day`."""

from hypothesis import given
from hypothesis import strategies as st

from bot.rules.enrolment import ACTIVE, COMPLETED, advance, day_to_do

totals = st.integers(1, 400)
any_day = st.none() | st.integers(-5, 500)


@given(any_day, totals)
def test_the_day_to_do_is_one_of_its_days(current: int | None, total: int) -> None:
    """NULL and 0 are day 1, and nobody is past the last day."""
    day = day_to_do(current, total)
    assert 1 <= day <= total
    if current is not None and 1 <= current <= total:
        assert day == current


def test_null_and_zero_read_as_day_one() -> None:
    """The column's default is 0, and the website leaves NULL."""
    assert [day_to_do(day, 7) for day in (None, 0, 1, 7, 8)] == [1, 1, 1, 7, 7]


@given(any_day, totals)
def test_an_advance_goes_one_day_on_or_finishes(current: int | None, total: int) -> None:
    """The last day stays `current_day` and ends the enrolment; every other leads to the next."""
    step = advance(current, total)
    assert step.day == day_to_do(current, total)
    assert step.finished == (step.day == total)
    assert step.next_day == min(step.day + 1, total)
    assert step.status == (COMPLETED if step.finished else ACTIVE)


@given(st.sampled_from([None, 0, 1]), totals)
def test_each_day_is_done_once_on_the_way(current: int | None, total: int) -> None:
    """From the start it takes every day, in order, and then it is finished."""
    days: list[int] = []
    status = ACTIVE
    while status == ACTIVE:
        step = advance(current, total)
        days.append(step.day)
        current, status = step.next_day, step.status
    assert days == list(range(1, total + 1))
    assert current == total
