"""`/daily`: a server's daily posts, for those who manage it."""

from typing import TYPE_CHECKING

import discord
from discord import app_commands
from discord.app_commands import Range, Transform
from discord.ext import commands

from bot.actions import daily
from bot.actions.daily import DailyPosts, MayPost
from bot.errors import Conflict, NotAllowed
from bot.ui import daily as cards
from bot.ui.access import ACCESS, missing_in, require
from bot.ui.answering import defer
from bot.ui.card import Card
from bot.ui.nouns import ChannelOption, ItemOption, ZoneOption
from bot.ui.posts import post_card
from cogs.common import Part

if TYPE_CHECKING:
    from bot.client import KindnessBot

DailyQuest = Transform[int, ItemOption("quest", "daily")]
MAX_TYPED = 50


@app_commands.guild_only()
@app_commands.default_permissions(ACCESS["daily"])
class DailyGroup(Part, commands.GroupCog, group_name="daily"):
    """One kind act a day for everybody here, posted by KAI"""

    async def interaction_check(self, interaction: discord.Interaction, /) -> bool:
        """Only those who manage this server, whatever Discord's own setting says."""
        try:
            require(interaction, "daily", self.bot.home_guild_ids)
        except NotAllowed as error:
            raise app_commands.CheckFailure from error  # discord.py lets nothing else through
        return True

    @app_commands.command()
    @app_commands.describe(
        channel="Where to post",
        time="When, such as 9:00, 21:30 or 9am",
        timezone="A large city near you; start typing its name",
        quest="Whose acts to post; left out, it stays as it is (Daily Spark at first)",
    )
    async def setup(
        self,
        interaction: discord.Interaction,
        channel: Transform[app_commands.AppCommandChannel, ChannelOption],
        time: Range[str, 1, MAX_TYPED],
        timezone: Transform[str, ZoneOption],
        quest: DailyQuest | None = None,
    ) -> None:
        """Post a kind act every day, at a time of yours"""
        await defer(interaction)
        self._may_post(interaction)(channel.id)
        found = await daily.set_up(
            self.services, self.caller(interaction), channel.id, time, timezone, quest
        )
        shown = cards.set_up_card(found)
        await self.send(interaction, found.me, shown, await self._preview(found))

    @app_commands.command()
    async def status(self, interaction: discord.Interaction) -> None:
        """See when the next post comes, how the last one went, and what is wrong"""
        caller = self.caller(interaction)
        found = await daily.read_daily(self.services, caller)
        missing = _missing(interaction, found.schedule.channel_id)
        shown = cards.status_card(found, missing, caller.now)
        await self.send(interaction, found.me, shown)

    @app_commands.command()
    async def preview(self, interaction: discord.Interaction) -> None:
        """See the next post before everybody does"""
        await defer(interaction)
        found = await daily.read_daily(self.services, self.caller(interaction))
        await self.send(interaction, found.me, await self._preview(found))

    @app_commands.command()
    async def skip(self, interaction: discord.Interaction) -> None:
        """Leave the next post out"""
        found, date = await daily.skip(self.services, self.caller(interaction))
        await self.send(interaction, found.me, cards.skipped_card(found.schedule, date))

    @app_commands.command()
    async def pause(self, interaction: discord.Interaction) -> None:
        """Stop the daily posts until you want them back"""
        found = await daily.pause(self.services, self.caller(interaction))
        await self.send(interaction, found.me, cards.paused_card())

    @app_commands.command()
    async def resume(self, interaction: discord.Interaction) -> None:
        """Start the daily posts again"""
        found = await daily.resume(
            self.services, self.caller(interaction), self._may_post(interaction)
        )
        await self.send(interaction, found.me, cards.resumed_card(found.schedule))

    @app_commands.command(name="post-now")
    async def post_now(self, interaction: discord.Interaction) -> None:
        """Send today's post now"""
        found = await daily.post_now(
            self.services, self.caller(interaction), self._may_post(interaction)
        )
        await self.send(interaction, found.me, cards.post_now_card(found.schedule))

    async def _preview(self, found: DailyPosts) -> Card:
        return post_card(await daily.preview(self.services, found), live=False)

    def _may_post(self, interaction: discord.Interaction) -> MayPost:
        """Says what is missing where the bot may not post."""

        def check(channel_id: int) -> None:
            missing = _missing(interaction, channel_id)
            if missing:
                raise Conflict(cards.missing_sentence(f"<#{channel_id}>", missing))

        return check


def _missing(interaction: discord.Interaction, channel_id: int) -> list[str]:
    guild = interaction.guild
    if guild is None:
        return []  # nothing is known of this server now; sending will tell
    return missing_in(guild.get_channel(channel_id), guild.me)


async def setup(bot: "KindnessBot") -> None:
    """Load the group."""
    await bot.add_cog(DailyGroup(bot))
