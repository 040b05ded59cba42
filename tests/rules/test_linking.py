"""Addresses, codes, and what is said of the website's accounts."""

import datetime as dt
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.rules.linking import (
    LETTERS,
    folded,
    is_reserved,
    is_undoable,
    new_code,
    trouble_with,
    verdict_on,
)

NOW = dt.datetime(2026, 4, 1, 12, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    "address", ["a@b", " ann@example.org\n", "a+b@c.ca", "É@ü.example", "a" * 249 + "@b.ca"]
)
def test_addresses(address: str) -> None:
    assert trouble_with(address) is None


@pytest.mark.parametrize(
    "address",
    [
        *("", "@", "a@", "@b", "ab", "a@b@c", "a b@c", "a\u00a0b@c", "a\tb@c", "a\x00@b.ca"),
        *("a\u200b@b", "a" * 251 + "@b.ca"),
    ],
)
def test_what_is_no_address(address: str) -> None:
    assert trouble_with(address) == "shape"


@pytest.mark.parametrize(
    "address", ["a@invalid", "a@b.INVALID", "discord-1@members.getkinder.invalid", "a@b.invalid."]
)
def test_reserved_addresses(address: str) -> None:
    assert trouble_with(address) == "reserved"


def test_only_the_ending_is_reserved() -> None:
    assert not is_reserved("a@invalid.example.org")
    assert not is_reserved("invalid@notinvalid")


def test_only_asciis_letters_are_folded() -> None:
    assert folded(" Ann.ÉÄ@Example.ORG ") == "ann.ÉÄ@example.org"
    assert folded("\u212aelvin@x.ca") == "\u212aelvin@x.ca", "the sign of the kelvin is no k"


@given(st.text())
def test_folding_twice_changes_nothing(address: str) -> None:
    assert folded(folded(address)) == folded(address)


def test_codes() -> None:
    codes = {new_code() for _ in range(200)}
    assert len(codes) == 200
    assert all(re.fullmatch(rf"KIND-[{LETTERS}]{{4}}-[{LETTERS}]{{4}}", code) for code in codes)
    assert not set("01ILO") & set(LETTERS)


def test_verdicts() -> None:
    plain = ("a@b.ca", False, False)
    assert verdict_on([]) == "none"
    assert verdict_on([plain]) == "ready"
    assert verdict_on([plain, ("A@b.ca", True, True)]) == "several"
    assert verdict_on([("a@b.ca", True, True)]) == "linked"
    assert verdict_on([("a@b.ca", False, True)]) == "suspended"
    assert verdict_on([("kai@members.getkinder.invalid", True, False)]) == "reserved"


def test_thirty_days() -> None:
    assert is_undoable(NOW, NOW + dt.timedelta(days=30, seconds=-1))
    assert not is_undoable(NOW, NOW + dt.timedelta(days=30))
