"""`/playground`: what exists in the playground alone, and moves its clock."""

import asyncio
from typing import TYPE_CHECKING

import discord
from discord import app_commands
from discord.ext import commands

from bot.ui.answering import answer
from bot.ui.card import Colour
from bot.ui.notices import notice
from cogs.common import Part

if TYPE_CHECKING:
    from bot.client import KindnessBot


class Playground(Part, commands.GroupCog, group_name="playground"):
    """What you can do in the playground alone"""

    def __init__(self, bot: "KindnessBot", tomorrow: asyncio.Event) -> None:
        super().__init__(bot)
        self._tomorrow = tomorrow

    @app_commands.command()
    async def tomorrow(self, interaction: discord.Interaction) -> None:
        """Let a day go by, and see the next daily post arrive"""
        text = (
            "🌙 A day goes by… In a few seconds it is this time tomorrow, and what was due in "
            "between, such as the daily post in **#kindness**, has come."
        )
        await answer(interaction, notice(text, colour=Colour.KAI))
        self._tomorrow.set()


async def setup(bot: "KindnessBot") -> None:
    """Load the group, where there is a clock to move."""
    if bot.tomorrow is not None:
        await bot.add_cog(Playground(bot, bot.tomorrow))
