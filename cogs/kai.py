"""KAI: asked by `/kai ask`, by a mention, a reply or a direct message; and having it forget."""

import re
from functools import partial
from typing import TYPE_CHECKING

import discord
from discord import app_commands
from discord.app_commands import Range
from discord.ext import commands

from bot.actions import profile, reflecting, talking
from bot.actions.talking import MAX_QUESTION
from bot.actions.types import Caller
from bot.kai.safety import RESOURCES
from bot.ui import days, talk
from bot.ui.answering import answer, show_so_far
from bot.ui.buttons import number_in, pressed
from bot.ui.manner import Manner
from bot.ui.notices import FIRST_USE
from bot.ui.replying import Reply, said_before, tell_privately, typing_in
from bot.ui.streaming import Stream
from cogs.common import Part

if TYPE_CHECKING:
    from bot.client import KindnessBot


WRITTEN = (discord.MessageType.default, discord.MessageType.reply)


class Kai(Part, commands.GroupCog, group_name="kai"):
    """Your kindness companion"""

    @app_commands.command()
    @app_commands.describe(message="Anything about kindness, or about your day")
    async def ask(
        self, interaction: discord.Interaction, message: Range[str, 1, MAX_QUESTION]
    ) -> None:
        """Ask KAI something; only you see it"""
        stream = Stream(partial(show_so_far, interaction), message)
        me, words = await talking.ask(self.services, self.caller(interaction), message, stream.hear)
        await self.send(interaction, me, *talk.answer_cards(words, message))

    @commands.Cog.listener()
    async def on_message(self, message: discord.Message) -> None:
        """Somebody wrote to KAI: directly, with a mention, or with a reply that pings it."""
        if not self._is_for_kai(message) or self.bot.has_heard(message.id):
            return
        reply = Reply(message)
        try:
            await self._reply(message, reply)
        except Exception as error:  # noqa: BLE001  everything that is raised is reported
            await reply.report(error)

    def _is_for_kai(self, message: discord.Message) -> bool:
        if message.author.bot or message.webhook_id or message.type not in WRITTEN:
            return False
        mentioned = any(user.id == self.bot.user_id for user in message.mentions)
        return mentioned or _is_direct(message)

    async def _reply(self, message: discord.Message, reply: Reply) -> None:
        text = re.sub(rf"<@!?{self.bot.user_id}>", "", message.content).strip()
        if not text:
            await reply.finish(talk.listening_card())
            return
        stream = Stream(reply.show)
        async with typing_in(message.channel):
            me, words = await talking.ask(
                self.services,
                self._writer(message),
                text,
                stream.hear,
                public=not _is_direct(message),
                replied_to=said_before(message, self.bot.user_id),
            )
        cards = talk.answer_cards(words)
        if words.crisis and not _is_direct(message):
            told = await tell_privately(message.author, cards[0])
            cards = [talk.neutral_card(told=told)]
        if not me.welcomed:
            cards[0].add_note(FIRST_USE)
        await reply.finish(*cards)
        if not me.welcomed:
            await profile.welcome(self.services, me.discord_id)

    def _writer(self, message: discord.Message) -> Caller:
        guild = message.guild
        locale = str(guild.preferred_locale) if guild else "en-US"
        author = message.author
        return self.services.caller(
            author.id, author.display_name, guild.id if guild else None, locale
        )

    @pressed("care", Manner.PRIVATE)
    async def care(self, interaction: discord.Interaction, _args: list[str]) -> None:
        """The resources, for whoever asks to read them privately."""
        await answer(interaction, talk.care_card(RESOURCES))

    @pressed("keep")
    async def keep(self, interaction: discord.Interaction, args: list[str]) -> None:
        """Yes: save the reflection that KAI offered to save."""
        me, reflected = await reflecting.keep_draft(
            self.services, self.caller(interaction), number_in(args[0])
        )
        await self.send(interaction, me, days.reflected_card(reflected))

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


def _is_direct(message: discord.Message) -> bool:
    """Whether only its writer reads the answer. (A server that is not known yet has no `guild`.)"""
    return isinstance(message.channel, discord.DMChannel)


async def setup(bot: "KindnessBot") -> None:
    """Load the group."""
    await bot.add_cog(Kai(bot))
