"""`/badge`: the badges there are, and who has them."""

from typing import TYPE_CHECKING

import discord
from discord import app_commands
from discord.app_commands import Transform
from discord.ext import commands

from bot.actions import browsing
from bot.ui import badges
from bot.ui.nouns import BadgeOption
from cogs.common import Part, in_guild

if TYPE_CHECKING:
    from bot.client import KindnessBot


class Badge(Part, commands.GroupCog, group_name="badge"):
    """Earned by points, or given as a thank-you."""

    @app_commands.command(name="list")
    async def list_(self, interaction: discord.Interaction) -> None:
        """See every badge, and which are yours"""
        me, held = await browsing.list_badges(self.services, self.caller(interaction))
        await self.send(interaction, me, badges.badge_list_card(held, me.points))

    @app_commands.command()
    @app_commands.describe(badge="Which one")
    async def show(
        self, interaction: discord.Interaction, badge: Transform[int, BadgeOption()]
    ) -> None:
        """Look at one badge"""
        me, held, holders = await browsing.show_badge(
            self.services, self.caller(interaction), badge
        )
        card = badges.badge_card(held, holders, me.points, in_guild=in_guild(interaction))
        await self.send(interaction, me, card)

    @app_commands.command()
    @app_commands.describe(member="Whose badges; yours when you leave this out")
    async def earned(
        self, interaction: discord.Interaction, member: discord.User | None = None
    ) -> None:
        """See the badges that you or somebody else has"""
        whom = member or interaction.user
        me, held = await browsing.badges_of(self.services, self.caller(interaction), whom.id)
        whose = None if whom.id == interaction.user.id else whom.mention
        await self.send(interaction, me, badges.earned_card(held, whose))


async def setup(bot: "KindnessBot") -> None:
    """Load the group."""
    await bot.add_cog(Badge(bot))
