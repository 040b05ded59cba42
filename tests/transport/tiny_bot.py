"""A very small discord.py bot that uses what the real one uses; the stand-in is proved with it."""

from __future__ import annotations

import re
from io import BytesIO
from typing import Any

import discord
from discord import app_commands, ui
from discord.ext import commands

Interaction = discord.Interaction[Any]
ACTS = {1: "Hold a door", 2: "Write a note", 3: "Plant a tree"}


class Reflection(ui.Modal, title="How was it?"):
    """A form with one required and one optional input."""

    text = ui.Label(
        text="Your reflection", component=ui.TextInput[Any](custom_id="text", max_length=50)
    )
    mood = ui.Label(
        text="Mood", component=ui.TextInput[Any](custom_id="mood", required=False, default="calm")
    )

    async def on_submit(self, interaction: Interaction, /) -> None:
        """Say back what was written."""
        text, mood = self.text.component, self.mood.component
        assert isinstance(text, ui.TextInput)
        assert isinstance(mood, ui.TextInput)
        await interaction.response.send_message(f"{text.value} ({mood.value})", ephemeral=True)


class Done(ui.DynamicItem[ui.Button[Any]], template=r"tiny:done:(?P<act>\d+)"):
    """A button that knows its act from its id, and so outlives the process."""

    def __init__(self, act: int) -> None:
        super().__init__(ui.Button[Any](label="Done", custom_id=f"tiny:done:{act}"))
        self.act = act

    @classmethod
    async def from_custom_id(
        cls, interaction: Interaction, item: ui.Item[Any], match: re.Match[str], /
    ) -> Done:
        """The button that was pressed."""
        return cls(int(match["act"]))

    async def callback(self, interaction: Interaction) -> None:
        """Turn the card over."""
        await interaction.response.edit_message(view=Card(self.act, f"{ACTS[self.act]}: done"))


class Reflect(ui.Button[Any]):
    """A button that lives in the view store."""

    async def callback(self, interaction: Interaction) -> None:
        """Open the form."""
        await interaction.response.send_modal(Reflection())


class Pick(ui.Select[Any]):
    """A select that answers by deferring and editing."""

    async def callback(self, interaction: Interaction) -> None:
        """Say what was chosen."""
        await interaction.response.defer()
        await interaction.edit_original_response(content=self.values[0], view=None)


class Card(ui.LayoutView):
    """A Components V2 card with two buttons."""

    def __init__(self, act: int, text: str) -> None:
        super().__init__()
        row = ui.ActionRow[Any](Done(act), Reflect(label="Reflect", custom_id="reflect"))
        self.add_item(ui.Container[Any](ui.TextDisplay(text), row))


class Act(app_commands.Group, name="act", description="Acts of kindness"):
    """The slash commands."""

    @app_commands.command(description="Show an act")
    async def show(self, interaction: Interaction, act: int) -> None:
        """Answer with a card."""
        card = Card(act, f"{ACTS[act]} for {interaction.user.display_name}")
        await interaction.response.send_message(view=card)

    @show.autocomplete("act")
    async def offer(self, interaction: Interaction, typed: str) -> list[app_commands.Choice[int]]:
        """The acts that hold what was typed."""
        found = [(key, name) for key, name in ACTS.items() if typed.lower() in name.lower()]
        return [app_commands.Choice(name=name, value=key) for key, name in found]

    @app_commands.command(description="Think first")
    async def think(self, interaction: Interaction) -> None:
        """Defer, edit, and follow up."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        await interaction.edit_original_response(content="thought")
        await interaction.followup.send("and more", ephemeral=True)

    @app_commands.command(description="Think, then say it at once")
    async def muse(self, interaction: Interaction) -> None:
        """Defer, and let a follow-up take the deferred answer's place."""
        await interaction.response.defer()
        await interaction.followup.send("mused")

    @app_commands.command(description="Pick an act")
    async def pick(self, interaction: Interaction) -> None:
        """Send a file and a select."""
        options = [discord.SelectOption(label=name, value=name) for name in ACTS.values()]
        view = ui.View().add_item(Pick(custom_id="pick", placeholder="Which?", options=options))
        file = discord.File(BytesIO(b"acts"), "acts.txt")
        await interaction.response.send_message("Pick one", view=view, file=file)

    @app_commands.command(description="Thank somebody")
    async def thank(self, interaction: Interaction, member: discord.User) -> None:
        """Tell them in their DMs."""
        await interaction.response.send_message(f"Thanking {member.display_name}")
        await member.send(f"Thank you from {interaction.user.display_name}", nonce=7)


class TinyBot(commands.AutoShardedBot):
    """Logs in, syncs in `setup_hook`, counts what it hears."""

    def __init__(self, home: int, *, members: bool = False) -> None:
        super().__init__(
            command_prefix=(),
            help_command=None,
            intents=discord.Intents(guilds=True, members=members),
            member_cache_flags=discord.MemberCacheFlags.none(),
            chunk_guilds_at_startup=False,
            max_messages=None,
            guild_ready_timeout=0.05,
        )
        self.home = discord.Object(home)
        self.interactions_heard = 0

    async def setup_hook(self) -> None:
        """Register the commands: one group everywhere, one menu entry at home."""
        self.add_dynamic_items(Done)
        self.tree.add_command(Act())
        menu = app_commands.ContextMenu(name="Award a badge", callback=award)
        self.tree.add_command(menu, guild=self.home)
        await self.tree.sync()
        await self.tree.sync(guild=self.home)

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Without discord.py's five seconds between IDENTIFYs."""

    async def on_interaction(self, interaction: Interaction) -> None:
        """Count deliveries, doubled ones too."""
        self.interactions_heard += 1


async def award(interaction: Interaction, member: discord.Member) -> None:
    """The menu entry."""
    may = interaction.permissions.moderate_members
    await interaction.response.send_message(f"{member.display_name}: {may}", ephemeral=True)
