"""The stand-in's places: channels, guilds, and all that there is of them, with their JSON.

Everything here is plain state; who hears about a change is the gateway's business.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.transport.people import Json, Member, Role, User, snowflake
from tests.transport.permissions import (
    ADMINISTRATOR,
    ALL_PERMISSIONS,
    EVERYONE,
    MEMBER,
    SEND_MESSAGES,
    VIEW_CHANNEL,
    Overwrite,
    overwritten,
)


@dataclass(eq=False)
class Channel:
    """A guild's text channel, or one person's DMs with the bot.

    Where it is `readonly` the bot may not post; people may. The bot finds that out by trying, or
    from an interaction's `app_permissions`. `overwrites`, by the id of a role or member, are there
    for everybody to see. `last_message_id` may be that of a message that was deleted since.
    """

    name: str
    guild: Guild | None = None
    recipient: User | None = None
    position: int = 0
    readonly: bool = False
    overwrites: dict[int, Overwrite] = field(default_factory=dict[int, Overwrite])
    last_message_id: int | None = None
    id: int = field(default_factory=snowflake)

    def permissions_of(self, user: User) -> int:
        """What the user, who is in the guild, may do here, as permission bits."""
        if self.guild is None:
            return EVERYONE
        bits = self.guild.permissions_of(user)
        if not self.overwrites:
            return bits
        roles = [role.id for role in self.guild.members[user.id].roles]
        return overwritten(bits, self.overwrites, self.guild.id, roles, user.id)

    def payload(self) -> Json:
        """The channel object."""
        last = None if self.last_message_id is None else str(self.last_message_id)
        if self.recipient is not None:
            recipients = [self.recipient.payload()]
            return {
                "id": str(self.id),
                "type": 1,
                "flags": 0,
                "last_message_id": last,
                "recipients": recipients,
            }
        assert self.guild is not None
        overwrites = [
            {"id": str(target), "type": o.kind, "allow": str(o.allow), "deny": str(o.deny)}
            for target, o in self.overwrites.items()
        ]
        return {
            "id": str(self.id),
            "type": 0,
            "guild_id": str(self.guild.id),
            "name": self.name,
            "topic": None,
            "position": self.position,
            "permission_overwrites": overwrites,
            "nsfw": False,
            "parent_id": None,
            "rate_limit_per_user": 0,
            "last_message_id": last,
            "flags": 0,
        }


class Guild:
    """A server: its channels, its roles and who is in it; `index` has all servers' channels.

    `system_channel` is that of Discord's own messages, if it has one.
    """

    def __init__(
        self, name: str, owner: User, index: dict[int, Channel], guild_id: int | None = None
    ) -> None:
        self.id = guild_id or snowflake()
        self.name = name
        self.owner = owner
        self.everyone = Role("@everyone", EVERYONE, position=0, id=self.id)
        self.roles = [self.everyone]
        self.channels: list[Channel] = []
        self.system_channel: Channel | None = None
        self.members: dict[int, Member] = {}
        self._index = index

    def add_channel(self, name: str) -> Channel:
        """A new text channel at the end of the list."""
        channel = Channel(name, guild=self, position=len(self.channels))
        self.channels.append(channel)
        self._index[channel.id] = channel
        return channel

    def remove_channel(self, channel: Channel) -> None:
        """Delete a channel: nobody finds it any more."""
        self.channels.remove(channel)
        del self._index[channel.id]

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
        """What the user may do here before any channel's overwrites, as permission bits."""
        if user is self.owner:
            return ALL_PERMISSIONS
        bits = self.everyone.permissions
        for role in self.members[user.id].roles:
            bits |= role.permissions
        return ALL_PERMISSIONS if bits & ADMINISTRATOR else bits

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
            "system_channel_id": self.system_channel and str(self.system_channel.id),
        }


class World:
    """All guilds and DMs that the bot can see, and the bot's own account.

    `guilds` are those that the bot is in; one that it has left keeps its channels.
    """

    def __init__(self) -> None:
        self.me = User("Get Kinder", bot=True)
        self.owner = User("Get Kinder team")
        self.guilds: dict[int, Guild] = {}
        self.dms: dict[int, Channel] = {}
        self.channels: dict[int, Channel] = {}
        self.users: dict[int, User] = {self.me.id: self.me, self.owner.id: self.owner}

    def add_guild(self, name: str, bot_permissions: int, age: int = 0) -> Guild:
        """A new guild with the bot in it, made `age` milliseconds ago."""
        guild = Guild(name, self.owner, self.channels, snowflake(age))
        guild.add_member(self.owner)
        guild.add_member(self.me, bot_permissions, managed=True)
        self.guilds[guild.id] = guild
        return guild

    def dm_with(self, user: User) -> Channel:
        """The one DM channel between the bot and that user."""
        if user.id not in self.dms:
            channel = Channel("", recipient=user)
            self.dms[user.id] = self.channels[channel.id] = channel
        return self.dms[user.id]

    def channel(self, channel_id: int) -> Channel | None:
        """The channel with that id, in any guild or among the DMs."""
        return self.channels.get(channel_id)

    def reaches(self, channel: Channel) -> bool:
        """Whether the bot is in the channel's guild, and may view the channel."""
        if channel.guild is not None and channel.guild.id not in self.guilds:
            return False
        return bool(channel.permissions_of(self.me) & VIEW_CHANNEL)

    def bot_permissions(self, channel: Channel) -> int:
        """What the bot may do in that channel, as permission bits."""
        bits = channel.permissions_of(self.me)
        return bits & ~SEND_MESSAGES if channel.readonly else bits

    def overwrite(self, channel: Channel, bit: int, *, allowed: bool | None) -> None:
        """Allow or deny the bot one permission in a channel, or (None) leave it to the guild."""
        before = channel.overwrites.get(self.me.id, Overwrite(MEMBER))
        after = before.changed(bit, allowed=allowed)
        channel.overwrites[self.me.id] = after
        if not after.allow | after.deny:
            del channel.overwrites[self.me.id]

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
