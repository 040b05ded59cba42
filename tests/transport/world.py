"""The stand-in's people and places: users, roles, channels, guilds, and their JSON.

Everything here is plain state; who hears about a change is the gateway's business.
"""

from __future__ import annotations

import itertools
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import discord

Json = dict[str, Any]

EVERYONE = discord.Permissions(
    view_channel=True,
    send_messages=True,
    embed_links=True,
    attach_files=True,
    read_message_history=True,
    use_application_commands=True,
).value
ALL_PERMISSIONS = discord.Permissions.all().value
SEND_MESSAGES = discord.Permissions(send_messages=True).value
MANAGE_MESSAGES = discord.Permissions(manage_messages=True).value

_counter = itertools.count(1)


def snowflake() -> int:
    """A new Discord id of this moment; later ids are larger."""
    milliseconds = time.time_ns() // 1_000_000 - discord.utils.DISCORD_EPOCH
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
class Channel:
    """A guild's text channel, or one person's DMs with the bot.

    Where it is `readonly` the bot may not post; people may. The bot finds that out by trying, or
    from an interaction's `app_permissions`.
    """

    name: str
    guild: Guild | None = None
    recipient: User | None = None
    position: int = 0
    readonly: bool = False
    id: int = field(default_factory=snowflake)

    def payload(self) -> Json:
        """The channel object."""
        if self.recipient is not None:
            recipients = [self.recipient.payload()]
            return {
                "id": str(self.id),
                "type": 1,
                "flags": 0,
                "last_message_id": None,
                "recipients": recipients,
            }
        assert self.guild is not None
        return {
            "id": str(self.id),
            "type": 0,
            "guild_id": str(self.guild.id),
            "name": self.name,
            "topic": None,
            "position": self.position,
            "permission_overwrites": [],
            "nsfw": False,
            "parent_id": None,
            "rate_limit_per_user": 0,
            "last_message_id": None,
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


class Guild:
    """A server: its channels, its roles and who is in it."""

    def __init__(self, name: str, owner: User) -> None:
        self.id = snowflake()
        self.name = name
        self.owner = owner
        self.everyone = Role("@everyone", EVERYONE, position=0, id=self.id)
        self.roles = [self.everyone]
        self.channels: list[Channel] = []
        self.members: dict[int, Member] = {}

    def add_channel(self, name: str) -> Channel:
        """A new text channel at the end of the list."""
        channel = Channel(name, guild=self, position=len(self.channels))
        self.channels.append(channel)
        return channel

    def channel(self, name: str) -> Channel:
        """The channel of that name. Raises KeyError when there is none."""
        for channel in self.channels:
            if channel.name == name:
                return channel
        raise KeyError(name)

    def add_member(self, user: User, permissions: int = 0, *, managed: bool = False) -> Member:
        """Let the user in; permissions beyond @everyone's come by a role of their own."""
        member = Member(user)
        if permissions:
            role = Role(f"{user.name}'s role", permissions, len(self.roles), managed)
            self.roles.append(role)
            member.roles.append(role)
        self.members[user.id] = member
        return member

    def permissions_of(self, user: User) -> int:
        """What the user may do in every channel here, as permission bits."""
        if user is self.owner:
            return ALL_PERMISSIONS
        bits = self.everyone.permissions
        for role in self.members[user.id].roles:
            bits |= role.permissions
        return ALL_PERMISSIONS if discord.Permissions(bits).administrator else bits

    def payload(self, me: User) -> Json:
        """The guild as GUILD_CREATE shows it to a bot without the members intent."""
        return {
            "id": str(self.id),
            "name": self.name,
            "icon": None,
            "owner_id": str(self.owner.id),
            "preferred_locale": "en-GB",
            "features": [],
            "emojis": [],
            "stickers": [],
            "roles": [role.payload() for role in self.roles],
            "channels": [channel.payload() for channel in self.channels],
            "threads": [],
            "members": [self.members[me.id].payload()],
            "member_count": len(self.members),
            "large": False,
            "joined_at": self.members[me.id].joined_at,
            "voice_states": [],
            "presences": [],
            "stage_instances": [],
            "guild_scheduled_events": [],
            "verification_level": 0,
            "default_message_notifications": 0,
            "explicit_content_filter": 0,
            "afk_timeout": 300,
            "mfa_level": 0,
            "nsfw_level": 0,
            "premium_tier": 0,
            "system_channel_flags": 0,
        }


class World:
    """All guilds and DMs that the bot can see, and the bot's own account."""

    def __init__(self) -> None:
        self.me = User("Get Kinder", bot=True)
        self.owner = User("Get Kinder team")
        self.guilds: dict[int, Guild] = {}
        self.dms: dict[int, Channel] = {}
        self.users: dict[int, User] = {self.me.id: self.me, self.owner.id: self.owner}

    def add_guild(self, name: str, bot_permissions: int) -> Guild:
        """A new guild with the bot in it."""
        guild = Guild(name, self.owner)
        guild.add_member(self.owner)
        guild.add_member(self.me, bot_permissions, managed=True)
        self.guilds[guild.id] = guild
        return guild

    def dm_with(self, user: User) -> Channel:
        """The one DM channel between the bot and that user."""
        if user.id not in self.dms:
            self.dms[user.id] = Channel("", recipient=user)
        return self.dms[user.id]

    def channel(self, channel_id: int) -> Channel | None:
        """The channel with that id, in any guild or among the DMs."""
        places = [*self.dms.values(), *(c for g in self.guilds.values() for c in g.channels)]
        return next((channel for channel in places if channel.id == channel_id), None)

    def bot_permissions(self, channel: Channel) -> int:
        """What the bot may do in that channel, as permission bits."""
        bits = EVERYONE if channel.guild is None else channel.guild.permissions_of(self.me)
        return bits & ~SEND_MESSAGES if channel.readonly else bits

    def account(self) -> Json:
        """The bot's own user object, as only it may see it."""
        return self.me.payload() | {"mfa_enabled": True, "locale": "en-GB", "verified": True}

    def application(self) -> Json:
        """The bot's application object."""
        return {
            "id": str(self.me.id),
            "name": self.me.name,
            "icon": None,
            "description": "",
            "summary": "",
            "type": None,
            "bot_public": True,
            "bot_require_code_grant": False,
            "verify_key": "0" * 64,
            "flags": 0,
            "flags_new": "0",
            "explicit_content_filter": 0,
            "eligible_oauth2_scopes": [],
            "redirect_uris": [],
            "interactions_endpoint_url": None,
            "role_connections_verification_url": None,
            "owner": self.owner.payload(),
            "team": None,
            "approximate_guild_count": len(self.guilds),
            "approximate_user_install_count": 0,
            "approximate_user_authorization_count": 0,
        }
