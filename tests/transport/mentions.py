"""Whom a message's words ping, as its `allowed_mentions` let them.

Sources: "Allowed Mentions Object" in Discord's message reference, and its "Text Display": text of
Components V2 pings as content does, embeds never do.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from tests.transport.people import Json

_PERSON = re.compile(r"<@!?(\d+)>")
_ROLE = re.compile(r"<@&(\d+)>")
_EVERYONE = re.compile("@(everyone|here)")
_KINDS = ["users", "roles", "everyone"]


@dataclass(frozen=True)
class Pings:
    """The ids of people and of roles, and whether it is everyone (or everyone here)."""

    users: list[int]
    roles: list[int]
    everyone: bool

    def listed(self) -> list[int | str]:
        """All of them in one list; everyone is the word "everyone"."""
        return [*self.users, *self.roles, *(["everyone"] if self.everyone else [])]


def all_allowed(*, replied_user: bool = True) -> Json:
    """What counts where nothing is said, and for what people write at their clients."""
    return {"parse": _KINDS, "replied_user": replied_user}


def pings(text: str, allowed: Json | None, replied_to: int | None = None) -> Pings:
    """Whom the text pings, and `replied_to`, the author of the message that it answers.

    It is taken at its word: neither is the id looked up, nor the right to ping everyone. Once
    there are `allowed_mentions`, `replied_user` is off unless it is in them.
    """
    rules = all_allowed() if allowed is None else allowed
    parse: list[str] = rules.get("parse") or []
    found: dict[str, list[int]] = {}
    for kind, pattern in (("users", _PERSON), ("roles", _ROLE)):
        given: list[str] = rules.get(kind) or []
        listed = {int(entry) for entry in given}
        named = map(int, pattern.findall(text))
        found[kind] = [entry for entry in named if kind in parse or entry in listed]
    if replied_to is not None and rules.get("replied_user"):
        found["users"].insert(0, replied_to)
    users, roles = (list(dict.fromkeys(found[kind])) for kind in ("users", "roles"))
    return Pings(users, roles, "everyone" in parse and _EVERYONE.search(text) is not None)
