"""The floor: a discord.py bot whose one command says "pong". Run by `tests.bench.answers`."""

import os

import discord
from discord.ext import commands

from bot.app import point_at
from bot.settings import load


class PongBot(commands.AutoShardedBot):
    """As light as the real bot: no caches, no privileged intents."""

    def __init__(self) -> None:
        super().__init__(
            command_prefix=commands.when_mentioned,
            help_command=None,
            intents=discord.Intents(guilds=True),
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
            max_messages=None,
        )

    async def setup_hook(self) -> None:
        """Register the command."""

        @self.tree.command()
        async def pong(interaction: discord.Interaction) -> None:  # pyright: ignore[reportUnusedFunction]
            """Say pong"""
            await interaction.response.send_message("pong", ephemeral=True)

        await self.tree.sync()


if __name__ == "__main__":
    point_at(load(None))
    PongBot().run(os.environ["DISCORD_TOKEN"], log_handler=None)
