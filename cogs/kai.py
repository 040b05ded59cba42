"""`/kai`: asking the kindness companion, and having it forget."""

from typing import TYPE_CHECKING

import discord
from discord import app_commands
from discord.app_commands import Range
from discord.ext import commands

from bot.actions import talking
from bot.actions.talking import MAX_QUESTION
from bot.ui import talk
from bot.ui.buttons import pressed
from cogs.common import Part

if TYPE_CHECKING:
    from bot.client import KindnessBot


class Kai(Part, commands.GroupCog, group_name="kai"):
    """Your kindness companion"""

    @app_commands.command()
    @app_commands.describe(message="Anything about kindness, or about your day")
    async def ask(
        self, interaction: discord.Interaction, message: Range[str, 1, MAX_QUESTION]
    ) -> None:
        """Ask KAI something; only you see it"""
        me, words = await talking.ask(self.services, self.caller(interaction), message)
        await self.send(interaction, me, talk.answer_card(message, words))

    @app_commands.command()
    async def forget(self, interaction: discord.Interaction) -> None:
        """Have KAI forget your conversations"""
        me, turns = await talking.count_turns(self.services, self.caller(interaction))
        await self.send(interaction, me, talk.forget_card(turns))

    @pressed("forget")
    async def really_forget(self, interaction: discord.Interaction, _args: list[str]) -> None:
        """Yes: forget all of it."""
        me, turns = await talking.forget(self.services, self.caller(interaction))
        await self.send(interaction, me, talk.forgotten_card(turns))


async def setup(bot: "KindnessBot") -> None:
    """Load the group."""
    await bot.add_cog(Kai(bot))
