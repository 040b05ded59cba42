"""Linking a member with their account on the website: addresses, codes, and how long it holds."""

import datetime as dt
import secrets
import string
from collections.abc import Callable, Sequence
from typing import Literal

UNDOABLE = dt.timedelta(days=30)
"""How long a link can be taken back whole, a request stays open, and a decided one is kept."""

MIN_ADDRESS, MAX_ADDRESS = 3, 255
RESERVED = ".invalid"
"""Addresses under it reach nobody: the bot's own rows on the website have such."""

LETTERS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
"""Those that nobody takes for another: neither 0 nor O, neither 1 nor I nor L."""

AddressTrouble = Literal["shape", "reserved"]
Verdict = Literal["ready", "none", "several", "linked", "reserved", "suspended"]
"""Whether the website has an account of an address that can be linked, or why there is none."""

_FOLDED = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)


def folded(address: str) -> str:
    """An address for comparing: small letters, for those of ASCII alone, as PostgreSQL's "C"."""
    return address.strip().translate(_FOLDED)


def trouble_with(address: str) -> AddressTrouble | None:
    """What keeps a typed address from being one, white space around it aside; None for nothing."""
    bare = address.strip()
    name, at, host = bare.partition("@")
    if (
        not MIN_ADDRESS <= len(bare) <= MAX_ADDRESS
        or not bare.isprintable()
        or " " in bare
        or not (name and at and host)
        or "@" in host
    ):
        return "shape"
    return "reserved" if is_reserved(bare) else None


def is_reserved(address: str) -> bool:
    """Whether an address lies under the reserved domain, where the bot's own rows are."""
    host = folded(address).rpartition("@")[2].rstrip(".")
    return f".{host}".endswith(RESERVED)


def new_code(choose: Callable[[str], str] = secrets.choice) -> str:
    """A code such as KIND-7Q4F-92KD, which nobody guesses and everybody can copy by hand."""
    drawn = "".join(choose(LETTERS) for _ in range(8))
    return f"KIND-{drawn[:4]}-{drawn[4:]}"


def verdict_on(accounts: Sequence[tuple[str, bool, bool]]) -> Verdict:
    """What can be said of the website's accounts of an address.

    Each is its address, whether a Discord account has it, and whether the website suspended it.
    """
    if len(accounts) != 1:
        return "several" if accounts else "none"
    ((address, is_taken, is_suspended),) = accounts
    if is_reserved(address):
        return "reserved"
    if is_taken:
        return "linked"
    return "suspended" if is_suspended else "ready"


def is_undoable(linked_at: dt.datetime, now: dt.datetime) -> bool:
    """Whether a link can still be taken back whole (both aware UTC)."""
    return now < linked_at + UNDOABLE
