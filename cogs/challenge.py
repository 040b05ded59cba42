"""`/challenge`: looking, joining, doing and leaving challenges."""

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


class Challenge(Part, commands.GroupCog, group_name="challenge"):
    """Paths of days, each with its own small idea. One at a time."""

    @app_commands.command(name="list", extras={"manner": Manner.PUBLIC})
    async def list_(self, interaction: discord.Interaction) -> None:
        """See the challenges you can join"""
        me, items = await browsing.list_items(self.services, self.caller(interaction), "challenge")
        await self.send(interaction, me, catalogue.list_card("challenge", items))

    @app_commands.command()
    @app_commands.describe(challenge="Which one")
    async def view(
        self,
        interaction: discord.Interaction,
        challenge: Transform[int, ItemOption("challenge", "any")],
    ) -> None:
        """Look at one challenge in full"""
        me, view = await browsing.view_item(
            self.services, self.caller(interaction), "challenge", challenge
        )
        await self.send(interaction, me, catalogue.view_card("challenge", view))

    @app_commands.command()
    @app_commands.describe(challenge="Which one")
    async def join(
        self,
        interaction: discord.Interaction,
        challenge: Transform[int, ItemOption("challenge", "open")],
    ) -> None:
        """Take up a challenge"""
        joined = await joining.join(self.services, self.caller(interaction), "challenge", challenge)
        await self.send(interaction, joined.me, days.joined_card(joined))

    @app_commands.command()
    async def today(self, interaction: discord.Interaction) -> None:
        """See what today's day of your challenge asks"""
        me, day = await today.todays_challenge(self.services, self.caller(interaction))
        await self.send(interaction, me, days.today_card([day]))

    @app_commands.command()
    @app_commands.describe(reflection="How was it? A few words, if you like")
    async def done(
        self, interaction: discord.Interaction, reflection: Range[str, 1, MAX_TEXT] | None = None
    ) -> None:
        """Mark today's day as done"""
        me, result = await doing.complete_day(
            self.services, self.caller(interaction), "challenge", reflection=reflection
        )
        await self.send(interaction, me, done_or_reflected(interaction, result))

    @app_commands.command()
    async def progress(self, interaction: discord.Interaction) -> None:
        """See how far you are in your challenges"""
        me, items = await browsing.list_progress(
            self.services, self.caller(interaction), "challenge"
        )
        await self.send(interaction, me, catalogue.progress_card("challenge", items))

    @app_commands.command()
    async def leave(self, interaction: discord.Interaction) -> None:
        """Leave your challenge; your days are kept"""
        left = await joining.leave_challenge(self.services, self.caller(interaction))
        await self.send(interaction, left.me, days.left_card(left))


async def setup(bot: "KindnessBot") -> None:
    """Load the group."""
    await bot.add_cog(Challenge(bot))
