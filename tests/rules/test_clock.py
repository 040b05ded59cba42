"""A time of day, in the ways that people write it."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.rules.clock import time_of_day


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("8:00", "08:00"),
        ("08:00", "08:00"),
        (" 20:30 ", "20:30"),
        ("20.30", "20:30"),
        ("20h30", "20:30"),
        ("20 h 30", "20:30"),
        ("8h", "08:00"),
        ("0:00", "00:00"),
        ("23:59", "23:59"),
        ("8am", "08:00"),
        ("8 AM", "08:00"),
        ("8:05pm", "20:05"),
        ("8:05 p.m.", "20:05"),
        ("08:00 p. m.", "20:00"),
        ("12am", "00:00"),
        ("12:30 am", "00:30"),
        ("12pm", "12:00"),
        ("noon", "12:00"),
        ("Midnight", "00:00"),
    ],
)
def test_what_people_write(text: str, meant: str) -> None:
    """Both clocks, with and without minutes, in any case."""
    assert time_of_day(text) == dt.time.fromisoformat(meant)


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "8", "20", "soon", "8:", "8.", "8:0", "8:000", "108:00", "8:00:00", "800"),
        *("24:00", "25:00", "12:60", "8:60am", "0am", "13pm", "-8:00", "8:00 xm", "8:00 am am"),
        *("٨:٠٠", "8:00\n9:00"),
    ],
)
def test_what_means_no_time_or_two(text: str) -> None:
    """Nothing is guessed."""
    assert time_of_day(text) is None


@given(st.times().map(lambda time: time.replace(second=0, microsecond=0)))
def test_every_minute_can_be_written(time: dt.time) -> None:
    """In the 24 hours of the day, and in its two halves."""
    assert time_of_day(f"{time:%H:%M}") == time
    assert time_of_day(f"{time:%I:%M %p}") == time


@given(st.text(max_size=12))
def test_any_text_is_a_time_to_the_minute_or_none(text: str) -> None:
    """Whatever is typed raises nothing."""
    time = time_of_day(text)
    assert time is None or (time.second, time.microsecond, time.tzinfo) == (0, 0, None)
