"""What every cog shares: the services, who is calling, and how a card is sent."""

from typing import TYPE_CHECKING

import discord
from discord.ext import commands

from bot.actions import profile
from bot.actions.services import Services
from bot.actions.types import Caller, Me
from bot.ui.answering import answer, is_public, whisper
from bot.ui.card import Card
from bot.ui.notices import DMS_CLOSED, FIRST_USE, notice

if TYPE_CHECKING:
    from bot.client import KindnessBot


class Part(commands.Cog):
    """A cog with the services of its bot."""

    def __init__(self, bot: "KindnessBot") -> None:
        self.bot = bot
        self.services: Services = bot.services

    def caller(self, interaction: discord.Interaction) -> Caller:
        """Who is calling, from where and when."""
        return self.subject(interaction, interaction.user)

    async def send(self, interaction: discord.Interaction, me: Me, card: Card, *more: Card) -> None:
        """Answer with a card, or several, and with what the member has to be told once.

        That is, on first use, what KAI keeps of them; and that reminders cannot reach them.
        """
        if me.dms_closed and not is_public(interaction):
            card.add_note(DMS_CLOSED)
            await self._answer(interaction, me, card, *more)
            await profile.told_of_closed_dms(self.services, me)
        else:
            await self._answer(interaction, me, card, *more)

    async def _answer(
        self, interaction: discord.Interaction, me: Me, card: Card, *more: Card
    ) -> None:
        if me.welcomed:
            await answer(interaction, card, *more)
            return
        if not is_public(interaction):
            card.add_note(FIRST_USE)
        await answer(interaction, card, *more)
        if is_public(interaction):
            await whisper(interaction, notice(FIRST_USE))
        await profile.welcome(self.services, me.discord_id)

    def subject(
        self, interaction: discord.Interaction, user: discord.User | discord.Member
    ) -> Caller:
        """The member whom a command is about."""
        return self.services.caller(
            user.id, user.display_name, interaction.guild_id, str(interaction.locale)
        )


def in_guild(interaction: discord.Interaction) -> bool:
    """Whether there are others to share something with."""
    return interaction.guild_id is not None
