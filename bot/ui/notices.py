"""What is said when something did not go as wished, and what a newcomer is told."""

from collections.abc import Sequence
from itertools import islice

from discord import ui

from bot.errors import MustSwitch, UserError, WhichQuest
from bot.rules.texts import storable
from bot.ui.buttons import Press
from bot.ui.card import Card, Colour
from bot.ui.text import as_labels, line

FIRST_USE = (
    "KAI, our kindness companion, keeps what you write to it and what it answers so that it can "
    "help you better, and `/kai forget` erases it at any time."
)

DMS_CLOSED = (
    "I could not write to you, so your reminder was switched off. Allow direct messages from this "
    "server, and set it again with `/settings reminder time`."
)

MAX_HANDED_BACK = 3200
MAX_WAYS_ON = 25


def error_card(error: UserError) -> Card:
    """A user error as the member reads it, with a text that was not taken handed back."""
    return _handing_back(error.returned_text, error.render(line), _ways_on(error))


def _ways_on(error: UserError) -> list[Press]:
    if isinstance(error, MustSwitch):
        return [Press("Switch", "switch", error.challenge_id, style="primary", emoji="🔁")]
    if isinstance(error, WhichQuest):
        return [
            Press(f"I did {name}", "done", "quest", quest_id, "any", style="success")
            for quest_id, name in islice(as_labels(error.quests, 60).items(), MAX_WAYS_ON)
        ]
    return []


def _handing_back(typed: str | None, sentence: str, buttons: Sequence[Press] = ()) -> Card:
    """A sentence, and what the member had typed where it can be copied as it was."""
    text = storable(typed or "")
    in_file = len(text) > MAX_HANDED_BACK or "```" in text
    words = f"Your words, so that nothing is lost:\n```\n{text}\n```" if text else None
    if in_file:
        words = "Your words are in this file, so that nothing is lost:"
    card = Card(Colour.NOTE, sentence, words, buttons=buttons)
    if in_file:
        card.attach_text("your-words.txt", text)
    return card


def fault_card(reference: str, typed: str | None = None) -> Card:
    """A fault of ours: short, kind, and with the reference that the log has."""
    return _handing_back(
        typed,
        "Something went wrong on our side, and we are sorry. Nothing was half-saved: "
        f"please try again in a moment.\n-# If it keeps happening, tell a moderator: `{reference}`",
    )


def notice(text: str, *, colour: Colour = Colour.NOTE, buttons: list[Press] | None = None) -> Card:
    """A plain sentence on a card."""
    return Card(colour, ui.TextDisplay(text), buttons=buttons or [])
