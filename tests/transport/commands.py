"""The commands that the bot has registered, and what a person's client makes of them.

Building an interaction's options refuses, with ValueError, what Discord's client would not send.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from tests.transport.messages import items_of
from tests.transport.people import Json, Role, User, snowflake
from tests.transport.world import Channel

SUBCOMMAND, GROUP = 1, 2
STRING, INTEGER, BOOLEAN, USER, CHANNEL, ROLE, NUMBER = 3, 4, 5, 6, 7, 8, 10
_PLAIN = {STRING: str, INTEGER: int, BOOLEAN: bool, NUMBER: (int, float)}


@dataclass(frozen=True)
class Found:
    """A command and the subcommands down to the one that is meant."""

    command: Json
    steps: list[Json]

    @property
    def options(self) -> list[Json]:
        """The options of the innermost command."""
        return items_of(self.steps[-1] if self.steps else self.command, "options")

    def data(self, leaves: list[Json]) -> Json:
        """The interaction's data: the filled-in options inside their subcommands."""
        for step in reversed(self.steps):
            leaves = [{"type": step["type"], "name": step["name"], "options": leaves}]
        data = {key: self.command[key] for key in ("id", "name", "type")}
        if "guild_id" in self.command:
            data["guild_id"] = self.command["guild_id"]
        return data | {"options": leaves}


class Commands:
    """What is registered, by scope: a guild's id, or None for everywhere.

    `syncs` lists the scope of every bulk overwrite, in order.
    """

    def __init__(self, application_id: int) -> None:
        self._application_id = application_id
        self.by_scope: dict[int | None, list[Json]] = {}
        self.syncs: list[int | None] = []

    def overwrite(self, guild_id: int | None, bodies: list[Json]) -> list[Json]:
        """Replace a scope's commands; one of the same kind and name keeps its id."""
        old = {(c["type"], c["name"]): c["id"] for c in self.by_scope.get(guild_id, [])}
        commands: list[Json] = []
        for body in bodies:
            command: Json = {
                "type": 1,
                "description": "",
                "default_member_permissions": None,
                "nsfw": False,
                **body,
                "integration_types": body.get("integration_types") or [0],
                "application_id": str(self._application_id),
                "version": str(snowflake()),
            }
            command["id"] = old.get((command["type"], command["name"]), str(snowflake()))
            if guild_id is not None:
                command["guild_id"] = str(guild_id)
            commands.append(command)
        self.by_scope[guild_id] = commands
        self.syncs.append(guild_id)
        return commands

    def find(self, path: str, kind: int, channel: Channel) -> Found:
        """The command that a person finds there by that path (`challenge join`).

        Permissions hide nothing, as an Integrations override can lift them. Raises
        LookupError when there is none.
        """
        name, *inner = [path] if kind != 1 else path.split()
        scopes = [None] if channel.guild is None else [channel.guild.id, None]
        for command in [c for scope in scopes for c in self.by_scope.get(scope, [])]:
            if _fits(command, channel) and command["name"] == name and command["type"] == kind:
                return Found(command, _descend(command, inner))
        raise LookupError(f"no command {path!r} here; registered: {self.names()}")

    def names(self) -> list[str]:
        """The top-level names of all scopes, sorted."""
        return sorted({c["name"] for commands in self.by_scope.values() for c in commands})


def _fits(command: Json, channel: Channel) -> bool:
    is_guild = channel.guild is not None
    contexts = command.get("contexts")
    if contexts is not None:
        return (0 if is_guild else 1) in contexts
    return is_guild or command.get("dm_permission") is not False


def _descend(command: Json, names: list[str]) -> list[Json]:
    steps: list[Json] = []
    for name in names:
        options = items_of(steps[-1] if steps else command, "options")
        step = next((o for o in options if o["name"] == name and o["type"] <= GROUP), None)
        if step is None:
            raise LookupError(f"{command['name']!r} has no subcommand {name!r}")
        steps.append(step)
    leaf = steps[-1] if steps else command
    if any(option["type"] <= GROUP for option in items_of(leaf, "options")):
        raise LookupError(f"{leaf['name']!r} needs a subcommand")
    return steps


def fill(found: Found, given: Mapping[str, object]) -> list[Json]:
    """The options as the client sends them. Raises ValueError for what it would not send."""
    known = {option["name"]: option for option in found.options}
    if unknown := given.keys() - known.keys():
        raise ValueError(f"unknown options {sorted(unknown)}, there are {sorted(known)}")
    missing = [n for n, o in known.items() if o.get("required") and n not in given]
    if missing:
        raise ValueError(f"required options missing: {missing}")
    return [
        {"name": name, "type": known[name]["type"], "value": _value(known[name], value)}
        for name, value in given.items()
    ]


def typing(found: Found, focused: str, typed: str, given: Mapping[str, object]) -> list[Json]:
    """The options while the person types in one of them, which offers autocomplete."""
    known = {option["name"]: option for option in found.options}
    if not known.get(focused, {}).get("autocomplete"):
        raise ValueError(f"{focused!r} has no autocomplete")
    leaves: list[Json] = [
        {"name": name, "type": known[name]["type"], "value": _value(known[name], value)}
        for name, value in given.items()
    ]
    option = {"name": focused, "type": known[focused]["type"], "value": typed, "focused": True}
    return [*leaves, option]


def _value(option: Json, value: object) -> object:
    kind: int = option["type"]
    if kind not in _PLAIN:
        expected = {USER: User, CHANNEL: Channel, ROLE: Role}[kind]
        if not isinstance(value, expected):
            raise ValueError(f"{option['name']!r} wants a {expected.__name__}, not {value!r}")
        return str(value.id)
    is_wrong_bool = isinstance(value, bool) and kind != BOOLEAN
    if is_wrong_bool or not isinstance(value, _PLAIN[kind]):
        raise ValueError(f"{option['name']!r} is of type {kind}, not {value!r}")
    choices = [choice["value"] for choice in items_of(option, "choices")]
    if choices and value not in choices:
        raise ValueError(f"{value!r} is not among the choices {choices}")
    size = len(value) if isinstance(value, str) else cast("float", value)
    low = option.get("min_length", option.get("min_value"))
    high = option.get("max_length", option.get("max_value"))
    if (low is not None and size < low) or (high is not None and size > high):
        raise ValueError(f"{option['name']!r} is outside {low} to {high}: {value!r}")
    return value
