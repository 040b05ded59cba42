"""What a day is worth, and the website's kindness level."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.rules.points import DIFFICULTIES, day_points, difficulty_of, kindness_level


@pytest.mark.parametrize(
    ("difficulty", "points"),
    [
        ("Easy", 10),
        ("Medium", 15),
        ("Hard", 20),
        ("HARD", 20),
        (" easy ", 10),
        (None, 15),
        ("", 15),
        ("Impossible", 15),
    ],
)
def test_a_quest_day_by_difficulty(difficulty: str | None, points: int) -> None:
    """In any case; NULL, and what nobody knows, reads as Medium."""
    assert day_points("quest", difficulty) == points


@given(st.none() | st.text())
def test_a_challenge_day_is_ten(difficulty: str | None) -> None:
    """Challenges have no difficulty."""
    assert day_points("challenge", difficulty) == 10


@given(st.none() | st.text())
def test_every_text_has_a_difficulty(text: str | None) -> None:
    """The column is free text."""
    assert difficulty_of(text) in DIFFICULTIES


@pytest.mark.parametrize(("days", "level"), [(0, 1), (9, 1), (10, 2), (19, 2), (20, 3), (100, 11)])
def test_the_level_goes_up_every_ten_days(days: int, level: int) -> None:
    """As the website counts: floor(days / 10) + 1."""
    assert kindness_level(days) == level
