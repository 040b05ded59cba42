"""A tiny bot with one of everything that the browser must be able to drive."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, Final

import discord
from discord import app_commands, ui
from discord.ext import commands

from bot.errors import NotJoined
from bot.playground import Clock, MakeBot, serve

Interaction = discord.Interaction[Any]

CHALLENGES: Final = {1: "Discover the Power of Kindness", 2: "Kind Words", 3: "Quiet Help"}


@asynccontextmanager
async def running(make_bot: MakeBot) -> AsyncGenerator[str]:
    """A playground with that bot on any free port: its address, until the block ends."""
    stop = asyncio.Event()
    ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    serving = asyncio.create_task(serve(make_bot, port=0, stop=stop, on_ready=ready.set_result))
    await asyncio.wait((ready, serving), return_when=asyncio.FIRST_COMPLETED)
    if serving.done():
        await serving
    try:
        yield ready.result()
    finally:
        stop.set()
        await serving


class Reflection(ui.Modal, title="A reflection"):
    """One labelled text, as the real bot's modals have it."""

    words = ui.Label(
        text="What happened?",
        description="A sentence is plenty.",
        component=ui.TextInput[Any](style=discord.TextStyle.paragraph, max_length=4000),
    )

    mood = ui.Label(
        text="How was it?",
        component=ui.Select[Any](
            options=[discord.SelectOption(label=mood) for mood in ("Easy", "Hard")], required=False
        ),
    )

    async def on_submit(self, interaction: Interaction, /) -> None:
        """Answer with what was written."""
        assert isinstance(self.words.component, ui.TextInput)
        assert isinstance(self.mood.component, ui.Select)
        mood = ", ".join(self.mood.component.values)
        await interaction.response.send_message(
            f"Kept: {self.words.component.value} {mood}".strip(), ephemeral=True
        )


class Reflect(ui.DynamicItem[ui.Button[Any]], template=r"standin:reflect:(?P<id>\d+)"):
    """A button that lives on after a restart and opens the modal."""

    def __init__(self, challenge_id: int) -> None:
        super().__init__(
            ui.Button(label="Add a reflection", custom_id=f"standin:reflect:{challenge_id}")
        )

    @classmethod
    async def from_custom_id(
        cls, interaction: Interaction, item: ui.Item[Any], match: Any, /
    ) -> "Reflect":
        """The same button again, from its id."""
        return cls(int(match["id"]))

    async def callback(self, interaction: Interaction) -> None:
        """Open the modal."""
        await interaction.response.send_modal(Reflection())


def card(text: str, challenge_id: int) -> ui.LayoutView:
    """A Components V2 card with a button."""
    view = ui.LayoutView(timeout=None)
    view.add_item(
        ui.Container[Any](
            ui.TextDisplay[Any](text),
            ui.Separator[Any](),
            ui.ActionRow[Any](Reflect(challenge_id)),
            accent_colour=discord.Colour(0x2F9E6E),
        )
    )
    return view


class Picker(ui.View):
    """A select menu in an ordinary message."""

    def __init__(self) -> None:
        super().__init__(timeout=None)

    @ui.select(options=[discord.SelectOption(label=name) for name in CHALLENGES.values()])
    async def picked(self, interaction: Interaction, select: ui.Select[Any]) -> None:
        """Say what was chosen, in place of the menu."""
        await interaction.response.edit_message(content=f"You chose {select.values[0]}", view=None)


class StandIn(commands.AutoShardedBot):
    """Syncs its own commands, sharded as the real one is."""

    def __init__(self, clock: Clock) -> None:
        super().__init__("!", intents=discord.Intents(guilds=True))
        self.clock = clock
        self.born = clock()

    async def setup_hook(self) -> None:
        """Register the commands and the button."""
        self.add_dynamic_items(Reflect)
        self.tree.add_command(Challenge())
        self.tree.add_command(Moderate())
        await self.tree.sync()


class Challenge(app_commands.Group, name="challenge", description="Challenges"):
    """Commands with an autocompleted id, a choice and an error."""

    @app_commands.command()
    async def join(self, interaction: Interaction, challenge: int) -> None:
        """Join a challenge"""
        text = f"## {CHALLENGES[challenge]}\nDay 1 of 7, for {interaction.user.display_name}."
        view = card(text, challenge)
        view.stop()
        await interaction.response.send_message(view=view)

    @join.autocomplete("challenge")
    async def _names(self, _: Interaction, current: str) -> list[app_commands.Choice[int]]:
        return [
            app_commands.Choice(name=name, value=key)
            for key, name in CHALLENGES.items()
            if current.casefold() in name.casefold()
        ]

    @app_commands.command()
    async def today(self, interaction: Interaction, reflection: str | None = None) -> None:
        """Show today, to its member alone"""
        await interaction.response.defer(ephemeral=True)
        now = interaction.client.clock()  # pyright: ignore[reportUnknownVariableType, reportAttributeAccessIssue, reportUnknownMemberType]
        await interaction.edit_original_response(content=f"It is {now:%Y-%m-%d}. {reflection}")

    @app_commands.command()
    async def pick(self, interaction: Interaction) -> None:
        """Choose from a menu"""
        await interaction.response.send_message("Which?", view=Picker(), ephemeral=True)

    @app_commands.command()
    async def leave(self, interaction: Interaction) -> None:
        """Leave, which nobody can"""
        raise NotJoined("challenge", None)

    async def on_error(self, interaction: Interaction, error: app_commands.AppCommandError) -> None:
        """A kind sentence, as the real bot's handler gives it."""
        await interaction.response.send_message("You are not on a challenge.", ephemeral=True)


@app_commands.default_permissions(moderate_members=True)
class Moderate(app_commands.Group, name="moderate", description="For moderators"):
    """A command that takes a member and a choice."""

    @app_commands.command()
    @app_commands.choices(
        period=[app_commands.Choice(name=n, value=n.lower()) for n in ("Week", "Month")]
    )
    async def award(
        self, interaction: Interaction, member: discord.Member, period: str = "week"
    ) -> None:
        """Award a member"""
        await interaction.response.send_message(f"{member.display_name} has it, this {period}.")
