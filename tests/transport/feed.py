"""What the bot hears of messages: MESSAGE_CREATE and MESSAGE_UPDATE, within its intents.

Source: "Message Content Intent" in Discord's gateway reference. Without that intent an app reads
what it wrote itself, what mentions it, and its DMs; of the rest it gets the fields, but empty.
"""

from __future__ import annotations

from typing import Any

from tests.transport.gateway import (
    DIRECT_MESSAGES_INTENT,
    GUILD_MESSAGES_INTENT,
    MESSAGE_CONTENT_INTENT,
    Gateway,
)
from tests.transport.messages import EPHEMERAL, items_of
from tests.transport.people import Json
from tests.transport.world import Channel, Guild, World

_CONTENT: dict[str, Any] = {"content": "", "embeds": [], "attachments": [], "components": []}


class Feed:
    """Puts messages in line for every session that is to hear of them."""

    def __init__(self, world: World, gateway: Gateway) -> None:
        self._world = world
        self._gateway = gateway

    def tell(self, name: str, message: Json) -> None:
        """Note the event, with the message as it is now; `Gateway.flush` sends it.

        Nobody hears of ephemeral messages, nor of channels that the bot may not view.
        """
        channel = self._channel_of(message)
        if message["flags"] & EPHEMERAL or not self._world.reaches(channel):
            return
        guild = channel.guild
        intent = DIRECT_MESSAGES_INTENT if guild is None else GUILD_MESSAGES_INTENT
        for session in self._gateway.hearers(None if guild is None else guild.id, intent):
            event = self.readable(message, session.intents)
            session.note(name, event if guild is None else _in_guild(event, guild))

    def readable(self, message: Json, intents: int) -> Json:
        """The message as an app with these intents gets it, and the one that it answers."""
        mine = str(self._world.me.id)
        is_named = any(user["id"] == mine for user in message["mentions"])
        is_direct = self._channel_of(message).guild is None
        if is_direct or is_named or message["author"]["id"] == mine:
            seen = message.copy()
        else:
            seen = message | ({} if intents & MESSAGE_CONTENT_INTENT else _CONTENT)
        if seen.get("referenced_message"):
            seen["referenced_message"] = self.readable(seen["referenced_message"], intents)
        return seen

    def _channel_of(self, message: Json) -> Channel:
        channel = self._world.channel(int(message["channel_id"]))
        assert channel is not None
        return channel


def _in_guild(message: Json, guild: Guild) -> Json:
    """What an event from a guild adds: which guild, and who its people are there."""
    mentions = [user | _member(guild, user) for user in items_of(message, "mentions")]
    event = message | {"guild_id": str(guild.id), "mentions": mentions}
    return event | _member(guild, message["author"])


def _member(guild: Guild, user: Json) -> Json:
    member = guild.members.get(int(user["id"]))
    if member is None:
        return {}
    return {"member": {k: value for k, value in member.payload().items() if k != "user"}}
