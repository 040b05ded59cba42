"""The buttons under a daily post: doing its day, reflecting on it, and all that today asks."""

from typing import TYPE_CHECKING

import discord

from bot.actions import myday, pressing
from bot.actions.doing import DayDone
from bot.actions.pressing import DoneBefore, Pressed
from bot.actions.reflecting import Reflected
from bot.actions.types import Me
from bot.errors import AlreadyFinished, PostClosed, Retired
from bot.ui import days
from bot.ui.answering import open_form
from bot.ui.buttons import number_in, pressed
from bot.ui.card import Card
from bot.ui.forms import Field, Form
from bot.ui.manner import Manner
from bot.ui.myday import done_before_card, my_day_card
from bot.ui.text import line
from cogs.common import Part, in_guild

if TYPE_CHECKING:
    from bot.client import KindnessBot

HINT = "Only you and KAI see this. Sending it also marks today as done."


class Posts(Part):
    """Buttons only; a server's own commands are in the cog of its daily post."""

    @pressed("did")
    async def did(self, interaction: discord.Interaction, args: list[str]) -> None:
        """The act of the post is done; a post that can no longer be answered opens My day."""
        post_id, caller = number_in(args[0]), self.caller(interaction)
        try:
            me, press = await pressing.press(self.services, caller, post_id)
        except (PostClosed, AlreadyFinished, Retired) as error:
            me, day = await myday.my_day(self.services, caller)
            await self.send(interaction, me, my_day_card(day, error.render(line)))
            return
        await self._answer_press(interaction, me, post_id, press)

    @pressed("think", Manner.FORM)
    async def think(self, interaction: discord.Interaction, args: list[str]) -> None:
        """Open the form for a reflection, which does the day, too."""
        post_id = number_in(args[0])

        async def submit(submitted: discord.Interaction, values: dict[str, str]) -> None:
            me, press = await pressing.press(
                self.services, self.caller(submitted), post_id, values["reflection"]
            )
            await self._answer_press(submitted, me, post_id, press)

        field = Field("reflection", "How was it?", HINT, long=True)
        await open_form(interaction, Form("Your reflection", [field], submit))

    @pressed("day")
    async def day(self, interaction: discord.Interaction, _args: list[str]) -> None:
        """The member's own challenge and quests of today."""
        me, day = await myday.my_day(self.services, self.caller(interaction))
        await self.send(interaction, me, my_day_card(day))

    async def _answer_press(
        self, interaction: discord.Interaction, me: Me, post_id: int, press: Pressed
    ) -> None:
        if press.is_counted:
            self.bot.counters.show(post_id)
        await self.send(interaction, me, _card_of(press.result, interaction))


def _card_of(result: DayDone | Reflected | DoneBefore, interaction: discord.Interaction) -> Card:
    match result:
        case DayDone():
            return days.done_card(result, in_guild=in_guild(interaction))
        case Reflected():
            return days.reflected_card(result)
        case DoneBefore():
            return done_before_card(result)


async def setup(bot: "KindnessBot") -> None:
    """Load the buttons."""
    await bot.add_cog(Posts(bot))
