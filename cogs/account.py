"""`/account`: a member and their account on the website, linked with proof, and parted again."""

from typing import TYPE_CHECKING

import discord
from discord import app_commands
from discord.app_commands import Range
from discord.ext import commands

from bot.actions import link_requests, unlinking
from bot.ui import accounts as cards
from bot.ui.access import require
from bot.ui.buttons import number_in, pressed
from cogs.common import Part

if TYPE_CHECKING:
    from bot.client import KindnessBot

MAX_TYPED = 300
"""More than an address may have, so that one too long gets a sentence."""


class Account(Part, commands.GroupCog, group_name="account"):
    """You on the Get Kinder website"""

    @app_commands.command()
    @app_commands.describe(email="The address that you sign in to the website with")
    async def link(self, interaction: discord.Interaction, email: Range[str, 1, MAX_TYPED]) -> None:
        """Bring your days here and on the website together"""
        me, code = await link_requests.ask(self.services, self.caller(interaction), email)
        await self.send(interaction, me, cards.asked_card(email, code))

    @app_commands.command()
    async def status(self, interaction: discord.Interaction) -> None:
        """See whether you are linked, and how your request stands"""
        me, linked_at, request = await link_requests.status(self.services, self.caller(interaction))
        await self.send(interaction, me, cards.status_card(linked_at, request))

    @app_commands.command()
    async def unlink(self, interaction: discord.Interaction) -> None:
        """Part your Discord account and the website again"""
        me, parting = await unlinking.look(self.services, self.caller(interaction))
        await self.send(interaction, me, cards.unlink_card(parting))

    @pressed("unlink")
    async def really_unlink(self, interaction: discord.Interaction, _args: list[str]) -> None:
        """Yes: part the two."""
        me, parting = await unlinking.unlink(self.services, self.caller(interaction))
        await self.send(interaction, me, cards.unlinked_card(parting))

    @app_commands.command()
    async def requests(self, interaction: discord.Interaction) -> None:
        """For moderators of Get Kinder: who asks to be linked"""
        self._require(interaction)
        me, found, count = await link_requests.open_requests(
            self.services, self.caller(interaction)
        )
        await self.send(interaction, me, cards.requests_card(found, count))

    @pressed("link_look")
    async def look(self, interaction: discord.Interaction, args: list[str]) -> None:
        """A request, and what confirming it would move."""
        self._require(interaction)
        me, offered = await link_requests.look(
            self.services, self.caller(interaction), number_in(args[0])
        )
        await self.send(interaction, me, cards.offered_card(offered))

    @pressed("link_confirm")
    async def confirm(self, interaction: discord.Interaction, args: list[str]) -> None:
        """Yes: link them."""
        self._require(interaction)
        request, user = number_in(args[0]), number_in(args[1])
        me, linked = await link_requests.confirm(
            self.services, self.caller(interaction), request, user
        )
        await self.send(interaction, me, cards.linked_card(linked))

    @pressed("link_refuse")
    async def refuse(self, interaction: discord.Interaction, args: list[str]) -> None:
        """No: this one is not confirmed."""
        self._require(interaction)
        me, member_id = await link_requests.refuse(
            self.services, self.caller(interaction), number_in(args[0])
        )
        await self.send(interaction, me, cards.refused_card(member_id))

    def _require(self, interaction: discord.Interaction) -> None:
        """Only who may moderate the home server, whatever Discord shows to others."""
        require(interaction, "moderate", self.bot.home_guild_ids)


async def setup(bot: "KindnessBot") -> None:
    """Load the group."""
    await bot.add_cog(Account(bot))
