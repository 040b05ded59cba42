"""The buttons on cards of challenges and quests: looking, joining, doing, reflecting, sharing."""

from typing import TYPE_CHECKING

import discord

from bot.actions import browsing, doing, joining, reflecting, today
from bot.actions.doing import DayDone
from bot.actions.reflecting import Reflected
from bot.errors import UserError
from bot.rules.enrolment import COMPLETED
from bot.rules.points import Kind
from bot.ui import badges, catalogue, days, talk
from bot.ui.answering import open_form
from bot.ui.buttons import OUTDATED, number_in, pressed
from bot.ui.card import Card
from bot.ui.forms import Field, Form
from bot.ui.manner import Manner
from cogs.common import Part, in_guild

if TYPE_CHECKING:
    from bot.client import KindnessBot


def done_or_reflected(interaction: discord.Interaction, result: DayDone | Reflected) -> Card:
    """The card of a day done, or of a reflection added to one done earlier today."""
    if isinstance(result, DayDone):
        return days.done_card(result, in_guild=in_guild(interaction))
    return days.reflected_card(result)


def kind_in(text: str) -> Kind:
    """The kind that a button's id names. Raises UserError for another version's."""
    if text not in ("challenge", "quest"):
        raise UserError(OUTDATED)
    return text


class Days(Part):
    """Buttons only; the commands are in the cogs of challenges and quests."""

    @pressed("list")
    async def list_(self, interaction: discord.Interaction, args: list[str]) -> None:
        """From the help card to a list."""
        await self._list(interaction, args[0], 0)

    @pressed("page")
    async def page(self, interaction: discord.Interaction, args: list[str]) -> None:
        """Another page of a list."""
        await self._list(interaction, args[0], number_in(args[1]))

    async def _list(self, interaction: discord.Interaction, what: str, page: int) -> None:
        caller = self.caller(interaction)
        if what == "badge":
            me, held = await browsing.list_badges(self.services, caller)
            card = badges.badge_list_card(held, me.points, page)
        elif what.startswith("my_"):
            kind = kind_in(what.removeprefix("my_"))
            me, items = await browsing.list_progress(self.services, caller, kind)
            card = catalogue.progress_card(kind, items, page)
        else:
            kind = kind_in(what)
            me, items = await browsing.list_items(self.services, caller, kind)
            card = catalogue.list_card(kind, items, page)
        await self.send(interaction, me, card)

    @pressed("view")
    async def view(self, interaction: discord.Interaction, args: list[str]) -> None:
        """One item in full."""
        kind, item_id = kind_in(args[0]), number_in(args[1])
        me, view = await browsing.view_item(self.services, self.caller(interaction), kind, item_id)
        await self.send(interaction, me, catalogue.view_card(kind, view))

    @pressed("join")
    async def join(self, interaction: discord.Interaction, args: list[str]) -> None:
        """Take up a challenge or a quest."""
        await self._join(interaction, kind_in(args[0]), number_in(args[1]), switch=False)

    @pressed("switch")
    async def switch(self, interaction: discord.Interaction, args: list[str]) -> None:
        """Yes: leave the present challenge for this one."""
        await self._join(interaction, "challenge", number_in(args[0]), switch=True)

    async def _join(
        self, interaction: discord.Interaction, kind: Kind, item_id: int, *, switch: bool
    ) -> None:
        joined = await joining.join(
            self.services, self.caller(interaction), kind, item_id, switch=switch
        )
        await self.send(interaction, joined.me, days.joined_card(joined))

    @pressed("today")
    async def today(self, interaction: discord.Interaction, args: list[str]) -> None:
        """What today asks."""
        caller = self.caller(interaction)
        if kind_in(args[0]) == "challenge":
            me, day = await today.todays_challenge(self.services, caller)
            found = [day]
        else:
            quest_id = number_in(args[1]) if len(args) > 1 else None
            me, found = await today.todays_quests(self.services, caller, quest_id)
        await self.send(interaction, me, days.today_card(found))

    @pressed("done")
    async def done(self, interaction: discord.Interaction, args: list[str]) -> None:
        """The day on this card, and no other, is done."""
        day = None if args[2] == "any" else number_in(args[2])
        me, result = await doing.complete_day(
            self.services,
            self.caller(interaction),
            kind_in(args[0]),
            number_in(args[1]),
            day=day,
        )
        await self.send(interaction, me, done_or_reflected(interaction, result))

    @pressed("reflect", Manner.FORM)
    async def reflect(self, interaction: discord.Interaction, args: list[str]) -> None:
        """Open the form for a reflection."""
        kind, item_id, day = kind_in(args[0]), number_in(args[1]), number_in(args[2])

        async def submit(submitted: discord.Interaction, values: dict[str, str]) -> None:
            me, reflected = await reflecting.reflect(
                self.services, self.caller(submitted), kind, item_id, day, values["reflection"]
            )
            await self.send(submitted, me, days.reflected_card(reflected))

        field = Field("reflection", "How was it?", "Only you and KAI see this.", long=True)
        await open_form(interaction, Form(f"Your reflection on day {day}", [field], submit))

    @pressed("read", Manner.PRIVATE)
    async def read(self, interaction: discord.Interaction, args: list[str]) -> None:
        """All of a long reflection."""
        kind, item_id, day = kind_in(args[0]), number_in(args[1]), number_in(args[2])
        me, found = await reflecting.read_reflection(
            self.services, self.caller(interaction), kind, item_id, day
        )
        await self.send(interaction, me, talk.full_text_card(found.item, day, found.reflection))

    @pressed("share", Manner.PUBLIC)
    async def share(self, interaction: discord.Interaction, args: list[str]) -> None:
        """Show a finished item or a badge to the channel, if it is the member's own."""
        caller, what, row_id = self.caller(interaction), args[0], number_in(args[1])
        mention = interaction.user.mention
        if what == "badge":
            me, held, _holders = await browsing.show_badge(self.services, caller, row_id)
            if held.earned_at is None:
                raise UserError("Only a badge that is yours can be shared.")
            card = badges.badge_share_card(held.badge, mention)
        else:
            kind = kind_in(what)
            me, view = await browsing.view_item(self.services, caller, kind, row_id)
            if view.item.status != COMPLETED:
                raise UserError("Only what you have finished can be shared.")
            card = days.finished_share_card(view.item, kind, mention)
        await self.send(interaction, me, card)


async def setup(bot: "KindnessBot") -> None:
    """Load the buttons."""
    await bot.add_cog(Days(bot))
