"""Ages, months and names of an archive."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.rules import archives
from bot.rules.archives import file_name, month_of, months_before, next_month, number_of

MONTHS = st.dates(max_value=dt.date(9999, 11, 30)).map(lambda day: day.replace(day=1))


@pytest.mark.parametrize(
    ("text", "days"), [("180d", 180), ("30d", 30), (" 26w ", 182), ("52W", 364), ("00030D", 30)]
)
def test_ages(text: str, days: int) -> None:
    assert archives.parse_age(text) == dt.timedelta(days=days)


@pytest.mark.parametrize("text", ["", "180", "d", "6m", "1y", "-180d", "1.5w", "180 d", "1000000d"])
def test_what_is_no_age(text: str) -> None:
    with pytest.raises(ValueError, match=r"^The age must be a number of days or weeks"):
        archives.parse_age(text)


@pytest.mark.parametrize("text", ["29d", "0d", "4w"])
def test_what_is_too_young(text: str) -> None:
    with pytest.raises(ValueError, match=r"^The age must be 30 days or more"):
        archives.parse_age(text)


@pytest.mark.parametrize(
    ("now", "first"),
    [
        ("2026-01-15T12:00+00:00", "2025-12-01"),
        ("2026-01-31T00:00+00:00", "2026-01-01"),
        ("2026-01-30T23:59+00:00", "2025-12-01"),
        ("2026-01-31T01:00+02:00", "2025-12-01"),
    ],
)
def test_the_first_month_that_is_too_young(now: str, first: str) -> None:
    """Thirty days before, in UTC; all months before it are wholly older."""
    found = months_before(dt.datetime.fromisoformat(now), dt.timedelta(days=30))
    assert found == dt.date.fromisoformat(first)


def test_names() -> None:
    march = dt.date(2025, 3, 1)
    assert file_name(march) == "kai_interactions-2025-03.csv.gz"
    assert file_name(march, 2) == "kai_interactions-2025-03.2.csv.gz"
    assert next_month(dt.date(2025, 12, 1)) == dt.date(2026, 1, 1)
    assert archives.parse_month(" 2025-03 ") == march


@given(month=MONTHS, number=st.integers(1, 1000))
def test_a_name_tells_its_month_and_number(month: dt.date, number: int) -> None:
    name = file_name(month, number)
    assert (month_of(name), number_of(name)) == (month, number)
    assert month < next_month(month) <= month + dt.timedelta(days=31)
    assert next_month(month).day == 1


@pytest.mark.parametrize(
    "name",
    [
        "kai_interactions-2025-13.csv.gz",
        "kai_interactions-0000-01.csv.gz",
        "kai_interactions-2025-03.csv.gz.part",
        "kai_interactions-2025-03.0.csv.gz",
        "kai_interactions-2025-03.csv",
        "notes.csv.gz",
    ],
)
def test_what_is_no_name_of_ours(name: str) -> None:
    assert month_of(name) is None


@pytest.mark.parametrize("text", ["March", "2025-3", "2025-13", "0000-01", "2025-03-01"])
def test_what_is_no_month(text: str) -> None:
    with pytest.raises(ValueError, match=r"^The month must look like 2025-03"):
        archives.parse_month(text)
