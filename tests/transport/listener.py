"""A small client that hears what the bot would hear; the stand-in is proved with it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import discord

from tests.transport.standin import StandIn, addressed_to
from tests.transport.world import Channel

MESSAGES = discord.Intents(guilds=True, guild_messages=True, dm_messages=True)


class Listener(discord.AutoShardedClient):
    """Keeps the messages that it hears of, and the edits, as they came."""

    def __init__(self, intents: discord.Intents) -> None:
        super().__init__(
            intents=intents,
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
            max_messages=None,
        )
        self._connection.guild_ready_timeout = 0.05
        self.heard: list[discord.Message] = []
        self.edits: list[discord.RawMessageUpdateEvent] = []

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Without discord.py's five seconds between IDENTIFYs."""

    async def on_message(self, message: discord.Message) -> None:
        """Keep it."""
        self.heard.append(message)

    async def on_raw_message_edit(self, payload: discord.RawMessageUpdateEvent) -> None:
        """Keep it."""
        self.edits.append(payload)

    @property
    def texts(self) -> list[str]:
        """The contents heard, in order."""
        return [message.content for message in self.heard]

    def place(self, channel: Channel) -> discord.TextChannel:
        """The channel as this client knows it."""
        found = self.get_channel(channel.id)
        assert isinstance(found, discord.TextChannel)
        return found


@asynccontextmanager
async def listening(
    stand_in: StandIn, intents: discord.Intents = MESSAGES, sessions: int = 1
) -> AsyncGenerator[Listener]:
    """A client, connected; stopped at the end."""
    with addressed_to(stand_in):
        async with Listener(intents) as bot:
            running = asyncio.create_task(bot.start(stand_in.token))
            await stand_in.connected(running, sessions=sessions)
            await asyncio.wait_for(bot.wait_until_ready(), 3)
            yield bot
        await running
    assert stand_in.unknown == []
