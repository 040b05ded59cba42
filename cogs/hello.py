"""The first words in a new server, and what happens when the bot is sent away."""

import asyncio
from typing import TYPE_CHECKING

import discord
import structlog
from discord.ext import commands

from bot.actions import greeting
from bot.ui.answering import NOT_SENT
from bot.ui.told import hello_card
from cogs.common import Part

if TYPE_CHECKING:
    from bot.client import KindnessBot

log = structlog.get_logger(__name__)
HELLO_SECONDS = 10


class Hello(Part):
    """Listens to the servers that the bot comes to and leaves."""

    @commands.Cog.listener()
    async def on_guild_join(self, guild: discord.Guild) -> None:
        """Say once, where the bot may speak, what it is and how the daily post begins."""
        channel = _where_to_speak(guild)
        if channel is None or not await greeting.greet(self.services, guild.id):
            return
        try:
            async with asyncio.timeout(HELLO_SECONDS):
                await channel.send(view=hello_card())
        except (*NOT_SENT, TimeoutError) as error:
            log.info("a server was not greeted", guild=guild.id, error=repr(error))

    @commands.Cog.listener()
    async def on_guild_remove(self, guild: discord.Guild) -> None:
        """The server's daily post rests."""
        await greeting.left(self.services, guild.id)


def _where_to_speak(guild: discord.Guild) -> discord.TextChannel | None:
    """The channel for such messages, or else the first one in which the bot may write."""
    system = [guild.system_channel] if guild.system_channel else []
    for channel in (*system, *guild.text_channels):
        allowed = channel.permissions_for(guild.me)
        if allowed.view_channel and allowed.send_messages:
            return channel
    return None


async def setup(bot: "KindnessBot") -> None:
    """Load the listeners."""
    await bot.add_cog(Hello(bot))
