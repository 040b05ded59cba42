"""A member's own: `/me`, `/leaderboard`, `/settings` and `/help`."""

import asyncio
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import discord
from discord import app_commands
from discord.app_commands import Range, Transform
from discord.ext import commands

from bot.actions import profile, reminding
from bot.actions.profile import Period
from bot.ui import profile as cards
from bot.ui import reminders
from bot.ui.buttons import number_in, pressed
from bot.ui.manner import Manner
from bot.ui.notices import notice
from bot.ui.nouns import ZoneOption
from bot.ui.talk import help_card
from bot.ui.text import line
from cogs.common import Part

if TYPE_CHECKING:
    from bot.client import KindnessBot

PRESENCE_SECONDS = 5


class Member(Part):
    """The commands without a group."""

    @app_commands.command()
    async def me(self, interaction: discord.Interaction) -> None:
        """See your level, points, streak and badges"""
        card = await profile.profile(self.services, self.caller(interaction))
        shown = cards.profile_card(card, interaction.user.mention)
        await self.send(interaction, card.me, shown)

    @app_commands.command(extras={"manner": Manner.PUBLIC})
    @app_commands.guild_only()
    @app_commands.describe(period="This month when you leave it out")
    async def leaderboard(self, interaction: discord.Interaction, period: Period = "month") -> None:
        """See who has been kind here lately"""
        board = await profile.leaderboard(
            self.services, self.caller(interaction), period, self._who_left(interaction)
        )
        await self.send(interaction, board.me, cards.leaderboard_card(board))

    def _who_left(self, interaction: discord.Interaction) -> profile.WhoLeft:
        """Asks Discord who of some people is no longer in this server."""
        guild = interaction.guild

        async def gone(guild: discord.Guild, user_id: int) -> bool:
            try:
                await guild.fetch_member(user_id)
            except discord.NotFound:
                return True
            return False

        async def who_left(user_ids: list[int]) -> set[int] | None:
            if guild is None:
                return None
            try:
                async with asyncio.timeout(PRESENCE_SECONDS):
                    answers = await asyncio.gather(*(gone(guild, user_id) for user_id in user_ids))
            except (discord.HTTPException, TimeoutError):
                return None
            return {user_id for user_id, left in zip(user_ids, answers, strict=True) if left}

        return who_left

    @app_commands.command(name="help")
    async def help_(self, interaction: discord.Interaction) -> None:
        """See what this bot can do and where to begin"""
        me = await profile.read_me(self.services, self.caller(interaction))
        await self.send(interaction, me, help_card())


class Settings(Part, commands.GroupCog, group_name="settings"):
    """How the bot treats you"""

    @app_commands.command()
    @app_commands.describe(zone="A city near you; your days turn at midnight there")
    async def timezone(
        self, interaction: discord.Interaction, zone: Transform[str, ZoneOption]
    ) -> None:
        """Set your time zone"""
        me, name = await profile.set_zone(self.services, self.caller(interaction), zone)
        there = self.services.clock().astimezone(ZoneInfo(name))
        text = (
            f"Your time zone is **{line(name)}** now. It is {there:%H:%M} there, and your days "
            "turn at midnight."
        )
        await self.send(interaction, me, notice(text))

    @app_commands.command()
    @app_commands.describe(show="Whether you appear on leaderboards")
    async def leaderboard(self, interaction: discord.Interaction, show: bool) -> None:
        """Appear on leaderboards, or on none"""
        me = await profile.set_on_leaderboard(self.services, self.caller(interaction), show)
        said = "You appear on leaderboards." if show else "You appear on no leaderboard any more."
        await self.send(interaction, me, notice(said))

    reminder = app_commands.Group(name="reminder", description="A direct message a day")

    @reminder.command(name="time")
    @app_commands.describe(at="Your local time, such as 8:00, 20:30 or 8am")
    async def reminder_time(self, interaction: discord.Interaction, at: Range[str, 1, 20]) -> None:
        """Be reminded each day of what is still open"""
        result = await reminding.set_reminder(self.services, self.caller(interaction), at)
        await self.send(interaction, result.me, reminders.set_card(result))

    @reminder.command(name="off")
    async def reminder_off(self, interaction: discord.Interaction) -> None:
        """Be reminded no more"""
        await self._end(interaction)

    @pressed("stop", Manner.IN_PLACE)
    async def stop(self, interaction: discord.Interaction, _args: list[str]) -> None:
        """Be reminded no more, from a reminder."""
        await self._end(interaction)

    async def _end(self, interaction: discord.Interaction) -> None:
        me, was_on = await reminding.reminder_off(self.services, self.caller(interaction))
        await self.send(interaction, me, reminders.off_card(was_on=was_on))

    @pressed("snooze", Manner.IN_PLACE)
    async def snooze(self, interaction: discord.Interaction, args: list[str]) -> None:
        """Be reminded later."""
        reminder_id, snoozes = number_in(args[0]), number_in(args[1])
        me, until = await reminding.snooze(
            self.services, self.caller(interaction), reminder_id, snoozes
        )
        await self.send(interaction, me, reminders.snoozed_card(until))


async def setup(bot: "KindnessBot") -> None:
    """Load the commands."""
    await bot.add_cog(Member(bot))
    await bot.add_cog(Settings(bot))
