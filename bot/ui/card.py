"""The card: one Components V2 container, and the buttons that a card may carry.

A card holds no callbacks of its own: every button is a `Press`, found again by its id after any
restart, so discord.py's view store stays empty. Whatever it is made of, it shows no more text than
Discord takes: the longest texts are cut first.
"""

from collections.abc import Sequence
from enum import IntEnum
from io import BytesIO
from typing import Any

import discord
from discord import ui

from bot.ui.buttons import Press
from bot.ui.text import cut

ACTION_ROW_BUTTONS = 5
MAX_DISPLAYED = 4000
"""Characters that Discord shows in all texts of one message."""


class Colour(IntEnum):
    """The accent of a card says what it is about."""

    CHALLENGE = 0x2E9E6B
    QUEST = 0x7A5AF8
    BADGE = 0xF2B705
    KAI = 0xF26B8A
    NOTE = 0x8A94A6
    CARE = 0xE0564A


KIND_COLOUR = {"challenge": Colour.CHALLENGE, "quest": Colour.QUEST}

Block = str | ui.Item["Card"] | None


class Card(ui.LayoutView):
    """A card of text blocks (empty ones are left out) with rows of buttons under them."""

    def __init__(
        self, colour: Colour, *blocks: Block, buttons: Sequence[Press | None] = ()
    ) -> None:
        super().__init__(timeout=None)
        self.container: ui.Container[Card] = ui.Container(accent_colour=int(colour))
        for block in blocks:
            if isinstance(block, str):
                if block.strip():
                    self.container.add_item(ui.TextDisplay(block))
            elif block is not None:
                self.container.add_item(block)
        row = [button for button in buttons if button is not None]
        for start in range(0, len(row), ACTION_ROW_BUTTONS):
            buttons_of_row: list[Any] = row[start : start + ACTION_ROW_BUTTONS]
            self.container.add_item(ui.ActionRow["Card"](*buttons_of_row))
        self.add_item(self.container)
        self._fit()
        self.files: list[discord.File] = []
        self.stop()

    def attach_text(self, filename: str, text: str) -> None:
        """Attach a text as a file, exactly as it is, and show it on the card."""
        self.files = [discord.File(BytesIO(text.encode()), filename)]
        self.container.add_item(ui.File["Card"](f"attachment://{filename}"))

    def add_note(self, note: str) -> None:
        """A small line under everything else."""
        self.container.add_item(ui.TextDisplay(f"-# {note}"))
        self._fit()

    def _fit(self) -> None:
        """Cut the longest texts, all to one length, until the card shows no more than it may."""
        texts = [item for item in self.walk_children() if isinstance(item, ui.TextDisplay)]
        limit = MAX_DISPLAYED
        while sum(min(len(text.content), limit) for text in texts) > MAX_DISPLAYED:
            limit -= 50
        for text in texts:
            text.content = cut(text.content, limit)


def line_with_button(text: str, button: Press) -> ui.Section["Card"]:
    """A text with one button beside it."""
    accessory: Any = button
    return ui.Section["Card"](ui.TextDisplay["Card"](text), accessory=accessory)


def divider() -> ui.Separator["Card"]:
    """A thin line between two parts of a card."""
    return ui.Separator()
