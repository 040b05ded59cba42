"""KAI's answers, what it keeps, and the help card."""

from bot.actions.companion import Words
from bot.ui.buttons import Press
from bot.ui.card import Card, Colour
from bot.ui.text import cut, escape, is_cut, line, plural, quote

MAX_ANSWER = 2500
MAX_FULL = 3500

HELP = """## Get Kinder
Small acts of kindness, one day at a time, with KAI, your kindness companion.

**🧭 Challenges** are paths of days, one at a time.
`/challenge list` · `join` · `today` · `done` · `progress` · `leave`

**🎁 Mystery quests** bring a surprise act from KAI every day, up to three at once.
`/quest list` · `start` · `today` · `done` · `progress` · `leave`

**🏅 Badges** come with your points, or as a thank-you from moderators.
`/badge list` · `show` · `earned`

**💬 KAI** listens: `/kai ask`. What it keeps of you goes with `/kai forget`.

**🌱 You:** `/me` · `/leaderboard` · `/settings`"""


def answer_card(question: str, words: Words) -> Card:
    """KAI's answer to a member; the resources when the question spoke of danger."""
    if words.crisis:
        return Card(Colour.CARE, words.text)
    return Card(Colour.KAI, quote(question, 400), f"**KAI**\n{cut(escape(words.text), MAX_ANSWER)}")


def forget_card(turns: int) -> Card:
    """Asks before anything is forgotten."""
    if not turns:
        return Card(Colour.KAI, "KAI keeps nothing of your conversations at the moment.")
    return Card(
        Colour.KAI,
        f"KAI keeps **{plural(turns, 'exchange')}** with you: what you wrote to it, and what it "
        "answered. Shall it forget all of that? This cannot be undone.",
        "-# Your days, points, badges and the reflections in your challenges and quests stay.",
        buttons=[Press("Forget them all", "forget", style="danger")],
    )


def forgotten_card(turns: int) -> Card:
    """What was forgotten."""
    return Card(Colour.KAI, f"Done. KAI has forgotten {plural(turns, 'exchange')} with you.")


def help_card() -> Card:
    """What the bot can do, and where to begin."""
    return Card(
        Colour.KAI,
        HELP,
        buttons=[
            Press("See the challenges", "list", "challenge", style="primary", emoji="🧭"),
            Press("See the quests", "list", "quest", style="primary", emoji="🎁"),
        ],
    )


def full_text_card(item: str, day: int, text: str) -> Card:
    """All of a reflection: on the card when it fits there, else as a text file."""
    head = f"Day {day} of **{line(item)}**, all that you wrote:"
    if not is_cut(text, MAX_FULL):
        return Card(Colour.KAI, head, quote(text, MAX_FULL))
    card = Card(Colour.KAI, head)
    card.attach_text("reflection.txt", text)
    return card
