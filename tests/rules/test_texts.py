"""Texts that go into rows: what can be kept, and how names and templates are made fit."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.actions.seeding import read_catalogue
from bot.rules.texts import (
    MAX_FIRSTNAME,
    fill_template,
    firstname_for,
    is_blank,
    is_emoji,
    is_storable,
)

any_text = st.text(st.characters())  # lone surrogates and NUL among them


@given(any_text)
def test_storable_is_what_postgresql_takes(text: str) -> None:
    """UTF-8 without NUL."""
    try:
        encoded = text.encode()
    except UnicodeEncodeError:
        assert not is_storable(text)
    else:
        assert is_storable(text) == (0 not in encoded)


@pytest.mark.parametrize("text", [None, "", " ", "\n\t\u2003"])
def test_white_space_is_nothing(text: str | None) -> None:
    """A reflection of blanks is none."""
    assert is_blank(text)


@given(any_text)
def test_every_display_name_gives_a_first_name(name: str) -> None:
    """Never empty, storable, trimmed, and never what the website's purge takes for spam."""
    first = firstname_for(name)
    assert first
    assert first == first.strip()
    assert len(first) <= MAX_FIRSTNAME
    assert is_storable(first)
    assert not re.fullmatch(r"[A-Za-z]{16,}", first)


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("Ann", "Ann"),
        ("  Ann  ", "Ann"),
        ("", "Friend"),
        ("\x00\ud83d", "Friend"),
        ("Wolfeschlegelsteinhausen", "Wolfeschlegelst"),
        ("Fourteen chars and more", "Fourteen chars"),
        ("\U0001f33b" * 20, "\U0001f33b" * 15),
    ],
)
def test_first_names(name: str, first: str) -> None:
    """Cut at fifteen characters, without a blank left at the end."""
    assert firstname_for(name) == first


def test_a_template_takes_the_four_names_and_no_other() -> None:
    """All else stays as it was written, whatever str.format would make of it."""
    template = "{day}/{total_days} {challenge} {name} {{name}} {0} {day!r} {self.x} { day } {"
    filled = fill_template(template, day=2, total_days=7, challenge="Smile", name="Ann")
    assert filled == "2/7 Smile Ann {Ann} {0} {day!r} {self.x} { day } {"


NAMES = st.sampled_from(["{day}", "{total_days}", "{challenge}", "{name}"])
LITERALS = st.sampled_from(["{x}", "{", "}", "\\1", "\\g<0>", "%s", "$1", "plain", "\n"])


@given(st.lists(st.tuples(st.booleans(), NAMES, LITERALS)), any_text, any_text)
def test_values_are_put_in_literally(
    parts: list[tuple[bool, str, str]], challenge: str, name: str
) -> None:
    """A challenge or member whose name looks like a template stays what it is."""
    values = {"{day}": "3", "{total_days}": "9", "{challenge}": challenge, "{name}": name}
    template = "|".join(known if is_name else other for is_name, known, other in parts)
    expected = "|".join(values[known] if is_name else other for is_name, known, other in parts)
    filled = fill_template(template, day=3, total_days=9, challenge=challenge, name=name)
    assert filled == expected


@pytest.mark.parametrize(
    "text",
    [
        "🌻",
        "❤️",
        "🫶🏽",
        "👩‍❤️‍👩",
        "🇨🇦",
        "1️⃣",
        "#️⃣",
        "‼️",
        "🏴󠁧󠁢󠁳󠁣󠁴󠁿",
        "<:kind:123456789012345678>",
        "<a:kind_2:123456789012345678>",
    ],
)
def test_emoji(text: str) -> None:
    """Discord's own custom ones, and Unicode's of one mark or several joined."""
    assert is_emoji(text)


@pytest.mark.parametrize(
    "text",
    ["", " ", "a", "1", "heart", ":heart:", "❤️ a", "<:kind:12>", "<@123456789012345678>", "#", "@"],
)
def test_what_is_no_emoji(text: str) -> None:
    """Names of emoji, text and mentions."""
    assert not is_emoji(text)


def test_the_starter_catalogue_has_emoji_for_icons() -> None:
    """What the seed writes would also pass a moderator's form."""
    assert [badge.slug for badge in read_catalogue().badge if not is_emoji(badge.icon)] == []
