"""The stand-in's people and places as they come, change and go, and what the bot is told of it."""

from __future__ import annotations

import asyncio

from tests.transport.actors import Actor, Stage
from tests.transport.gateway import GUILDS_INTENT
from tests.transport.people import User
from tests.transport.permissions import READ_MESSAGE_HISTORY, SEND_MESSAGES, VIEW_CHANNEL
from tests.transport.world import Channel, Guild

GUILDS_AT_ONCE = 100
_BITS = {"view": VIEW_CHANNEL, "send": SEND_MESSAGES, "history": READ_MESSAGE_HISTORY}


class Places:
    """The guilds, their channels and their members; the first guild has #kindness and #general."""

    def __init__(self, stage: Stage, bot_permissions: int) -> None:
        self._stage = stage
        self._bot_permissions = bot_permissions
        self.world = stage.world
        self.gateway = stage.gateway
        self.guild = self.world.add_guild("Get Kinder", bot_permissions)
        self.guild.add_channel("kindness")
        self.guild.add_channel("general")

    async def add_guild(self, name: str, *channels: str) -> Guild:
        """The bot is invited to another guild (with #general unless named otherwise)."""
        guild = self.world.add_guild(name, self._bot_permissions)
        for channel in channels or ("general",):
            guild.add_channel(channel)
        await self.gateway.announce(guild)
        return guild

    async def add_guilds(
        self, count: int, *, name: str = "Server {}", channel: str = "general"
    ) -> list[Guild]:
        """The bot is in so many more guilds, numbered from 1, each with one channel.

        Their ids lie a millisecond apart, so that shards share them evenly. 10,000 take about a
        second.
        """
        guilds: list[Guild] = []
        for number in range(1, count + 1):
            age = count - number
            guild = self.world.add_guild(name.format(number), self._bot_permissions, age)
            guild.add_channel(channel)
            guilds.append(guild)
            await self.gateway.announce(guild)
            if number % GUILDS_AT_ONCE == 0:
                await asyncio.sleep(0)
        return guilds

    async def throw_out(self, guild: Guild) -> None:
        """The bot is removed from a guild; what is there stays, and can be looked at."""
        del self.world.guilds[guild.id]
        data = {"id": str(guild.id)}
        await self.gateway.dispatch("GUILD_DELETE", data, guild.id, GUILDS_INTENT)

    async def invite_back(self, guild: Guild) -> None:
        """The bot is in a guild again that had thrown it out."""
        self.world.guilds[guild.id] = guild
        await self.gateway.announce(guild)

    async def delete_channel(self, channel: Channel) -> None:
        """Somebody deletes a guild's channel with all that is in it."""
        assert channel.guild is not None
        channel.guild.remove_channel(channel)
        self._stage.messages.remove_channel(channel)
        await self._tell("CHANNEL_DELETE", channel)

    async def permit(self, channel: Channel, **permissions: bool | None) -> None:
        """Overwrite what the bot may do in a channel: `view`, `send`, `history`.

        True allows, False denies, None leaves it to the guild again; what is not named stays as
        it is. The bot is told, as everybody sees a channel's overwrites.
        """
        for name, allowed in permissions.items():
            self.world.overwrite(channel, _BITS[name], allowed=allowed)
        await self._tell("CHANNEL_UPDATE", channel)

    async def add_member(
        self,
        who: str | Actor,
        *,
        guild: Guild | None = None,
        permissions: int = 0,
        locale: str = "en-GB",
        bot: bool = False,
    ) -> Actor:
        """Somebody joins a guild (the first, unless given) and looks at its first channel.

        `permissions` are bits beyond @everyone's (`discord.Permissions(…).value`).
        """
        guild = guild or self.guild
        user = User(who, locale, bot) if isinstance(who, str) else who.user
        self.world.users[user.id] = user
        member = guild.add_member(user, permissions)
        for role in member.roles:
            data = {"guild_id": str(guild.id), "role": role.payload()}
            await self.gateway.dispatch("GUILD_ROLE_CREATE", data, guild.id, GUILDS_INTENT)
        return Actor(user, guild.channels[0], self._stage)

    def remove_member(self, who: Actor, guild: Guild | None = None) -> None:
        """Somebody leaves a guild; the bot has no members intent and is not told."""
        del (guild or self.guild).members[who.id]

    def close_dms(self, who: Actor) -> None:
        """Somebody takes no more direct messages: posting there is refused with 50007."""
        self.world.dm_with(who.user).readonly = True

    async def _tell(self, name: str, channel: Channel) -> None:
        assert channel.guild is not None
        guild_id = channel.guild.id
        if guild_id in self.world.guilds:
            await self.gateway.dispatch(name, channel.payload(), guild_id, GUILDS_INTENT)
