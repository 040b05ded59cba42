"""What is said when something did not go as wished, and what a newcomer is told."""

from discord import ui

from bot.errors import MustSwitch, UserError, WhichQuest
from bot.ui.buttons import Press
from bot.ui.card import Card, Colour
from bot.ui.text import escape, line

FIRST_USE = (
    "KAI, our kindness companion, keeps what you write to it and what it answers, so that it can "
    "help you better. `/kai forget` erases it at any time."
)

MAX_HANDED_BACK = 3500


def error_card(error: UserError) -> Card:
    """A user error as the member reads it, with a text that was not taken handed back."""
    return Card(
        Colour.NOTE,
        error.render(escape),
        _handed_back(error.returned_text),
        buttons=_ways_on(error),
    )


def _ways_on(error: UserError) -> list[Press]:
    if isinstance(error, MustSwitch):
        return [Press("Switch", "switch", error.challenge_id, style="primary", emoji="🔁")]
    if isinstance(error, WhichQuest):
        return [
            Press(f"I did {line(name, 60)}", "done", "quest", quest_id, "any", style="success")
            for quest_id, name in error.quests.items()
        ]
    return []


def _handed_back(text: str | None) -> str | None:
    """The words in a code block, where they can be copied as they were."""
    if not text:
        return None
    harmless = text.replace("```", "'''")[:MAX_HANDED_BACK]
    return f"Your words, so that nothing is lost:\n```\n{harmless}\n```"


def fault_card(reference: str) -> Card:
    """A fault of ours: short, kind, and with the reference that the log has."""
    return Card(
        Colour.NOTE,
        "Something went wrong on our side, and we are sorry. Nothing was half-saved: "
        f"please try again in a moment.\n-# If it keeps happening, tell a moderator: `{reference}`",
    )


def notice(text: str, *, colour: Colour = Colour.NOTE, buttons: list[Press] | None = None) -> Card:
    """A plain sentence on a card."""
    return Card(colour, ui.TextDisplay(text), buttons=buttons or [])
