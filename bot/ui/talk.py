"""KAI's answers, what it keeps, and the help card."""

from bot.actions.companion import Offer, Words
from bot.ui.buttons import Press
from bot.ui.card import Card, Colour
from bot.ui.markdown import render, split
from bot.ui.text import ELLIPSIS, as_label, is_cut, line, plural, quote

MAX_PIECE = 2600
MAX_DRAFT = 1500
MAX_CARD = 3800
MAX_FULL = 3500

HELP = """## Get Kinder
Small acts of kindness, one day at a time, with KAI, your kindness companion.

**🧭 Challenges** are paths of days, one at a time.
`/challenge list` · `join` · `today` · `done` · `progress` · `leave`

**🎁 Mystery quests** bring a surprise act from KAI every day, up to three at once.
`/quest list` · `start` · `today` · `done` · `progress` · `leave`

**🏅 Badges** come with your points, or as a thank-you from moderators.
`/badge list` · `show` · `earned`

**💬 KAI** listens: `/kai ask`, or mention it, or write to it directly.
What it keeps of you goes with `/kai forget`.

**🌱 You:** `/me` · `/leaderboard` · `/settings`
`/account link` brings your account on the website along."""


def answer_cards(words: Words, question: str | None = None) -> list[Card]:
    """KAI's answer to a member, on as many cards as it needs, its offers under the last one.

    The resources when the question spoke of danger.
    """
    if words.crisis:
        return [care_card(words.text)]
    pieces = split(render(words.text), MAX_PIECE) or [ELLIPSIS]
    drafts = [_draft(offer) for offer in words.offers if offer.deed == "keep"]
    buttons = [_button(offer) for offer in words.offers]
    blocks = [[*_heading(question), pieces[0]], *([piece] for piece in pieces[1:])]
    if sum(map(len, [*blocks[-1], *drafts])) <= MAX_CARD:
        blocks[-1] += drafts
    else:
        blocks.append(drafts)
    cards = [Card(Colour.KAI, *block) for block in blocks[:-1]]
    return [*cards, Card(Colour.KAI, *blocks[-1], buttons=buttons)]


def answer_so_far(text: str, question: str | None = None) -> Card:
    """An answer that is still being written."""
    pieces = split(render(text), MAX_PIECE) or [""]
    return Card(Colour.KAI, *_heading(question), f"{pieces[0]} {ELLIPSIS}")


def _heading(question: str | None) -> list[str]:
    return ["**KAI**"] if question is None else [quote(question, 400), "**KAI**"]


def _draft(offer: Offer) -> str:
    words = quote(offer.reflection or "", MAX_DRAFT)
    return f"Your reflection on day {offer.day} of **{line(offer.name)}**:\n{words}"


def _button(offer: Offer) -> Press:
    """The button that does what KAI offers; its press does what the slash command would do."""
    name, target = as_label(offer.name, 50), (offer.kind, offer.item_id)
    match offer.deed:
        case "done":
            return Press(f"I did it: {name}", "done", *target, offer.day, style="success")
        case "today":
            return Press(f"Show me today: {name}", "today", *target, style="primary")
        case "join":
            return Press(f"Start {name}", "join", *target, style="primary")
        case "view":
            return Press(f"Look at {name}", "view", *target)
        case "keep":
            return Press("Save this reflection", "keep", offer.draft_id, style="success")


def care_card(text: str) -> Card:
    """The resources, for the member alone."""
    return Card(Colour.CARE, text)


def neutral_card(*, told: bool) -> Card:
    """What the channel sees where a member was, or could not be, told something privately."""
    if told:
        return Card(Colour.KAI, "💛 I have written to you privately.")
    return Card(
        Colour.KAI,
        "💛 I have something to say to you alone.",
        buttons=[Press("Read it privately", "care", style="primary")],
    )


def listening_card() -> Card:
    """What KAI says to somebody who called it and said nothing."""
    return Card(
        Colour.KAI,
        "**KAI**\nI'm listening. Write to me in the same message, or use `/kai ask` where only you "
        "see my answer.",
    )


def forget_card(turns: int) -> Card:
    """Asks before anything is forgotten: the turns that are at hand, and any that are archived."""
    if turns:
        kept = (
            f"KAI keeps **{plural(turns, 'exchange')}** with you: what you wrote to it, and what "
            "it answered. Shall it forget all of that? This cannot be undone."
        )
    else:
        kept = (
            "KAI keeps nothing of your conversations at hand. Shall it forget old ones too, which "
            "may have been put away in an archive? This cannot be undone."
        )
    return Card(
        Colour.KAI,
        kept,
        "-# What was put away in an archive is never brought back then. Your days, points, badges "
        "and the reflections in your challenges and quests stay.",
        buttons=[Press("Forget them all", "forget", style="danger")],
    )


def forgotten_card(turns: int) -> Card:
    """What was forgotten."""
    what = f"{plural(turns, 'exchange')} with you" if turns else "all that you talked about"
    return Card(Colour.KAI, f"Done. KAI has forgotten {what}.")


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
