"""`/quest`: looking, starting, doing and leaving mystery quests."""

from typing import TYPE_CHECKING

import discord
from discord import app_commands
from discord.app_commands import Range, Transform
from discord.ext import commands

from bot.actions import browsing, doing, joining, today
from bot.rules.texts import MAX_TEXT
from bot.ui import catalogue, days
from bot.ui.manner import Manner
from bot.ui.nouns import ItemOption
from cogs.common import Part
from cogs.days import done_or_reflected

if TYPE_CHECKING:
    from bot.client import KindnessBot

Mine = Transform[int, ItemOption("quest", "mine")]


class Quest(Part, commands.GroupCog, group_name="quest"):
    """Every day a mystery act of kindness from KAI. Up to three at once."""

    @app_commands.command(name="list", extras={"manner": Manner.PUBLIC})
    async def list_(self, interaction: discord.Interaction) -> None:
        """See the quests you can start"""
        me, items = await browsing.list_items(self.services, self.caller(interaction), "quest")
        await self.send(interaction, me, catalogue.list_card("quest", items))

    @app_commands.command()
    @app_commands.describe(quest="Which one")
    async def view(
        self, interaction: discord.Interaction, quest: Transform[int, ItemOption("quest", "any")]
    ) -> None:
        """Look at one quest in full"""
        me, view = await browsing.view_item(self.services, self.caller(interaction), "quest", quest)
        await self.send(interaction, me, catalogue.view_card("quest", view))

    @app_commands.command()
    @app_commands.describe(quest="Which one")
    async def start(
        self, interaction: discord.Interaction, quest: Transform[int, ItemOption("quest", "open")]
    ) -> None:
        """Start a mystery quest"""
        joined = await joining.join(self.services, self.caller(interaction), "quest", quest)
        await self.send(interaction, joined.me, days.joined_card(joined))

    @app_commands.command()
    @app_commands.describe(quest="Which one; all of yours when you leave this out")
    async def today(self, interaction: discord.Interaction, quest: Mine | None = None) -> None:
        """See the mystery that KAI has for you today"""
        me, found = await today.todays_quests(self.services, self.caller(interaction), quest)
        await self.send(interaction, me, days.today_card(found))

    @app_commands.command()
    @app_commands.describe(
        quest="Which one, if you are on several",
        reflection="How was it? A few words, if you like",
    )
    async def done(
        self,
        interaction: discord.Interaction,
        quest: Mine | None = None,
        reflection: Range[str, 1, MAX_TEXT] | None = None,
    ) -> None:
        """Mark today's mystery as done"""
        me, result = await doing.complete_day(
            self.services, self.caller(interaction), "quest", quest, reflection
        )
        await self.send(interaction, me, done_or_reflected(interaction, result))

    @app_commands.command()
    async def progress(self, interaction: discord.Interaction) -> None:
        """See how far you are in your quests"""
        me, items = await browsing.list_progress(self.services, self.caller(interaction), "quest")
        await self.send(interaction, me, catalogue.progress_card("quest", items))

    @app_commands.command()
    @app_commands.describe(quest="Which one")
    async def leave(self, interaction: discord.Interaction, quest: Mine) -> None:
        """Leave a quest; your days are kept"""
        left = await joining.leave_quest(self.services, self.caller(interaction), quest)
        await self.send(interaction, left.me, days.left_card(left))


async def setup(bot: "KindnessBot") -> None:
    """Load the group."""
    await bot.add_cog(Quest(bot))
