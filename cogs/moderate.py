"""`/moderate` and "Award a badge": badges that moderators give, in the home server alone."""

from typing import TYPE_CHECKING

import discord
from discord import app_commands
from discord.app_commands import Range, Transform
from discord.ext import commands

from bot.actions import awarding, browsing
from bot.actions.awarding import MAX_REASON
from bot.errors import Conflict
from bot.ui import badges
from bot.ui.access import ACCESS, require
from bot.ui.answering import open_form
from bot.ui.forms import Field, Form
from bot.ui.manner import Manner
from bot.ui.nouns import BadgeOption
from bot.ui.text import choice_name
from cogs.common import Part

if TYPE_CHECKING:
    from bot.client import KindnessBot

Person = discord.User | discord.Member
GivenBadge = Transform[int, BadgeOption(given_only=True)]
MENU = "Award a badge"


@app_commands.guild_only()
@app_commands.default_permissions(ACCESS["moderate"])
class Moderate(Part, commands.GroupCog, group_name="moderate"):
    """Give badges as a thank-you, or take them back"""

    def __init__(self, bot: "KindnessBot") -> None:
        super().__init__(bot)
        self.menu = app_commands.ContextMenu(
            name=MENU, callback=self.award_menu, extras={"manner": Manner.FORM}
        )
        self.menu.default_permissions = ACCESS["moderate"]

    async def cog_load(self) -> None:
        """Add the context menu, which a cog cannot hold by itself."""
        for guild_id in self.bot.home_guild_ids:
            self.bot.tree.add_command(self.menu, guild=discord.Object(guild_id))

    async def cog_unload(self) -> None:
        """Take it out again."""
        for guild_id in self.bot.home_guild_ids:
            self.bot.tree.remove_command(MENU, type=self.menu.type, guild=discord.Object(guild_id))

    @app_commands.command(extras={"manner": Manner.PUBLIC})
    @app_commands.describe(
        member="Whom to thank", badge="Which badge", reason="What for; everybody reads it"
    )
    async def award(
        self,
        interaction: discord.Interaction,
        member: discord.User,
        badge: GivenBadge,
        reason: Range[str, 1, MAX_REASON] | None = None,
    ) -> None:
        """Give somebody a badge, once"""
        await self._award(interaction, member, badge, reason)

    @app_commands.command()
    @app_commands.describe(
        member="Who has it", badge="Which badge", reason="Why; kept in the audit log"
    )
    async def revoke(
        self,
        interaction: discord.Interaction,
        member: discord.User,
        badge: GivenBadge,
        reason: Range[str, 1, MAX_REASON] | None = None,
    ) -> None:
        """Take back a badge that was given"""
        require(interaction, "moderate", self.bot.home_guild_ids)
        awarded = await awarding.revoke(
            self.services,
            self.caller(interaction),
            self.subject(interaction, member),
            badge,
            reason,
        )
        await self.send(interaction, awarded.me, badges.revoked_card(awarded, member.mention))

    async def award_menu(self, interaction: discord.Interaction, member: Person) -> None:
        """Choose the badge and the reason in a form."""
        require(interaction, "moderate", self.bot.home_guild_ids)
        _refuse_bots(member)
        offered = await browsing.offer_badges(self.services, "", given_only=True)
        if not offered:
            raise Conflict("There is no badge to give yet. `/catalog badge-add` makes one.")
        options = {
            str(badge.id): choice_name(badge.name, badge.id, ambiguous=badge.ambiguous)
            for badge in offered
        }

        async def submit(submitted: discord.Interaction, values: dict[str, str]) -> None:
            await self._award(submitted, member, int(values["badge"]), values["reason"])

        fields = [
            Field("badge", "Which badge?", options=options),
            Field("reason", "What for?", "Everybody reads it.", required=False, limit=MAX_REASON),
        ]
        title = f"A badge for {member.display_name}"
        await open_form(interaction, Form(title, fields, submit, Manner.PUBLIC))

    async def _award(
        self, interaction: discord.Interaction, member: Person, badge: int, reason: str | None
    ) -> None:
        require(interaction, "moderate", self.bot.home_guild_ids)
        _refuse_bots(member)
        awarded = await awarding.award(
            self.services,
            self.caller(interaction),
            self.subject(interaction, member),
            badge,
            reason,
        )
        card = badges.awarded_card(awarded, member.mention, interaction.user.mention)
        await self.send(interaction, awarded.me, card)


def _refuse_bots(member: Person) -> None:
    if member.bot:
        raise Conflict("A badge is for a person, and this is a bot.")


async def setup(bot: "KindnessBot") -> None:
    """Load the group into the home servers."""
    homes = [discord.Object(guild_id) for guild_id in bot.home_guild_ids]
    await bot.add_cog(Moderate(bot), guilds=homes)
