"""The stand-in's accounts, roles and memberships, and their JSON. All plain state."""

from __future__ import annotations

import itertools
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import discord

Json = dict[str, Any]

_counter = itertools.count(1)


def snowflake(age: int = 0) -> int:
    """A new Discord id of this moment, or of `age` milliseconds ago; later ids are larger."""
    milliseconds = time.time_ns() // 1_000_000 - discord.utils.DISCORD_EPOCH - age
    return milliseconds << 22 | next(_counter) & 0x3FFFFF


def timestamp() -> str:
    """This moment as Discord writes it: ISO 8601 in UTC."""
    return datetime.now(UTC).isoformat()


@dataclass(eq=False)
class User:
    """A Discord account."""

    name: str
    locale: str = "en-GB"
    bot: bool = False
    id: int = field(default_factory=snowflake)

    @property
    def mention(self) -> str:
        """What names them in a message."""
        return f"<@{self.id}>"

    def payload(self) -> Json:
        """The user object."""
        return {
            "id": str(self.id),
            "username": self.name.lower().replace(" ", "_"),
            "discriminator": "0",
            "global_name": self.name,
            "avatar": None,
            "primary_guild": None,
            "bot": self.bot,
            "public_flags": 0,
            "flags": 0,
        }


@dataclass(eq=False)
class Role:
    """A guild's role; @everyone has the guild's own id."""

    name: str
    permissions: int
    position: int = 1
    managed: bool = False
    id: int = field(default_factory=snowflake)

    def payload(self) -> Json:
        """The role object."""
        return {
            "id": str(self.id),
            "name": self.name,
            "color": 0,
            "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
            "hoist": False,
            "position": self.position,
            "permissions": str(self.permissions),
            "managed": self.managed,
            "mentionable": False,
            "flags": 0,
        }


@dataclass(eq=False)
class Member:
    """A user in a guild, with the roles that carry their permissions."""

    user: User
    roles: list[Role] = field(default_factory=list[Role])
    joined_at: str = field(default_factory=timestamp)

    def payload(self) -> Json:
        """The member object, with the user inside."""
        return {
            "user": self.user.payload(),
            "nick": None,
            "avatar": None,
            "banner": None,
            "roles": [str(role.id) for role in self.roles],
            "joined_at": self.joined_at,
            "premium_since": None,
            "communication_disabled_until": None,
            "deaf": False,
            "mute": False,
            "pending": False,
            "flags": 0,
        }
