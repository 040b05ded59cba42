"""The daily post: KAI's act for everybody, who has done it, and the buttons under it."""

from bot.actions.types import Post
from bot.rules.points import day_points, difficulty_of
from bot.ui.buttons import Press
from bot.ui.card import Card, Colour
from bot.ui.text import line, of_total, plural, quote

MAX_ACT = 2000


def post_card(post: Post, *, live: bool = True) -> Card:
    """One day's post. Its buttons carry its row's id; a preview (not `live`) has them switched off.

    Whoever looks for a post in a channel knows it by that id.
    """
    off = not live
    points = plural(day_points("quest", post.difficulty), "point")
    return Card(
        Colour.KAI,
        f"## 🌱 {line(post.quest)}\n"
        f"-# Day {of_total(post.day, post.total_days)} · {post.local_date:%A} "
        f"{post.local_date.day} {post.local_date:%B}",
        f"**Today's kind act**\n{quote(post.act, MAX_ACT)}",
        f"{_done_by(post.doers)}\n-# {difficulty_of(post.difficulty)} · {points}",
        buttons=[
            Press("I did it", "did", post.id, style="success", emoji="💛", disabled=off),
            Press("Reflect", "think", post.id, disabled=off),
            Press("My day", "day", disabled=off),
        ],
    )


def _done_by(doers: int) -> str:
    if not doers:
        return "Nobody has done it yet. Will you be the first?"
    have = "has" if doers == 1 else "have"
    return f"💛 **{plural(doers, 'person', 'people')}** {have} done it so far."
