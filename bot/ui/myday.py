"""`My day`, and what a press on a daily post is answered with."""

from bot.actions.myday import MyDay, PostToDo
from bot.actions.pressing import DoneBefore
from bot.rules.points import day_points, difficulty_of
from bot.ui.buttons import PREFIX, Press
from bot.ui.card import KIND_COLOUR, Block, Card, Colour, divider
from bot.ui.days import today_parts
from bot.ui.text import line, plural, quote

MAX_ITEMS = 4
MAX_ACT = 1500

HEAD = "### 🧭 My day"
NOTHING = (
    "You are not on a challenge or a quest at the moment. A **challenge** guides you through days "
    "that build on one another; a **quest** brings a small mystery each day. Have a look:"
)


def my_day_card(day: MyDay, sentence: str | None = None) -> Card:
    """All that today asks of the member; `sentence` (rendered) says first what a press came to."""
    found = [*([day.challenge] if day.challenge else []), *day.quests]
    blocks, buttons = today_parts(found[:MAX_ITEMS])
    if len(found) > MAX_ITEMS:
        blocks.append(f"-# and {len(found) - MAX_ITEMS} more: `/quest today` shows them all")
    if day.post is not None and day.post.is_own:
        buttons = [_counting(button, day.post) for button in buttons]
    elif day.post is not None:
        blocks += [divider() if blocks else None, _act(day.post)]
        which = f": {line(day.post.quest, 50)}" if found else ""
        buttons.append(_did(f"I did it{which}", day.post))
    if not found:
        blocks.append(NOTHING)
        buttons += [
            Press("See the challenges", "list", "challenge", emoji="🧭"),
            Press("See the quests", "list", "quest", emoji="🎁"),
        ]
    head = "\n".join(filter(None, (sentence, HEAD)))
    return Card(Colour.KAI, head, *blocks, buttons=buttons)


def _act(post: PostToDo) -> Block:
    points = plural(day_points("quest", post.difficulty), "point")
    return (
        f"### {line(post.quest)}\n-# From this server's daily post · "
        f"{difficulty_of(post.difficulty)} · {points}\n{quote(post.act, MAX_ACT)}"
    )


def _did(label: str, post: PostToDo) -> Press:
    return Press(label, "did", post.id, style="success", emoji="💛")


def _counting(button: Press, post: PostToDo) -> Press:
    """The button of the post's quest, so that it counts on the post; any other as it is."""
    if button.custom_id.startswith(f"{PREFIX}done:quest:{post.quest_id}:"):
        return _did(button.item.label or "I did it", post)
    return button


def done_before_card(before: DoneBefore) -> Card:
    """Today's day was done before the press: when the next one opens, and the ways on."""
    item, log, opens = before.today.enrolment, before.today.log, before.today.opens
    following = (
        "And with it the whole quest. Wonderful!"
        if opens is None
        else f"The next one opens <t:{int(opens.timestamp())}:R>."
    )
    reflect = "Change my reflection" if log.reflection else "Add a reflection"
    return Card(
        KIND_COLOUR["quest"],
        f"💛 Your day of **{line(item.name)}** is already done for today, and it counts here. "
        f"{following}",
        buttons=[
            Press(reflect, "reflect", "quest", item.item_id, log.day, emoji="📝"),
            Press("My day", "day", emoji="🧭"),
        ],
    )
