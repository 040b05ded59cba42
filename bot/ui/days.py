"""Cards of a day: what today asks, a day done, a reflection, joining and leaving."""

from collections.abc import Sequence

from bot.actions.companion import Words
from bot.actions.doing import DayDone
from bot.actions.joining import Joined, Left
from bot.actions.reflecting import Reflected
from bot.actions.today import Today
from bot.actions.types import Badge, DayLog, DayText, Enrolment, Item
from bot.rules.enrolment import ACTIVE, is_endless
from bot.rules.points import Kind, day_points, difficulty_of
from bot.ui.buttons import Press
from bot.ui.card import KIND_COLOUR, Block, Card, Colour, divider
from bot.ui.text import (
    as_label,
    as_labels,
    bar,
    cut,
    escape,
    icon,
    is_cut,
    line,
    of_total,
    plural,
    progress,
    quote,
    rows,
)

MAX_BODY = 1500
MAX_BADGE = 300
MAX_EARNED = 3
MAX_TOGETHER = 5


def today_card(days: list[Today]) -> Card:
    """What today asks of the member, for a challenge or for up to three quests."""
    blocks, buttons = today_parts(days)
    return Card(KIND_COLOUR[days[0].enrolment.kind], *blocks, buttons=buttons)


def today_parts(days: Sequence[Today]) -> tuple[list[Block], list[Press]]:
    """The blocks and the buttons of several days, of a challenge and of quests."""
    names = {
        kind: as_labels({d.enrolment.item_id: d.enrolment.name for d in of_kind}, 50)
        for kind in KIND_COLOUR
        if (of_kind := [d for d in days if d.enrolment.kind == kind])
    }
    blocks: list[Block] = []
    buttons: list[Press] = []
    for number, day in enumerate(days[:MAX_TOGETHER]):
        if number:
            blocks.append(divider())
        blocks += _day_blocks(day)
        name = names[day.enrolment.kind][day.enrolment.item_id]
        buttons += _day_buttons(day, name if len(days) > 1 else None)
    if len(days) > MAX_TOGETHER:  # more than three at once are the website's
        blocks.append(f"-# and {len(days) - MAX_TOGETHER} more: `/quest today` shows one by name")
    return blocks, buttons


def _day_blocks(day: Today) -> list[Block]:
    item, log = day.enrolment, day.log
    done = item.total_days if item.status != ACTIVE else log.day if day.done else log.day - 1
    head = rows(
        f"### {line(item.name)}",
        f"-# Day {of_total(log.day, item.total_days)}{_facts(day)}",
        progress(done, item.total_days, today=not day.done),
    )
    return [head, *_what_it_asks(item, log), *_standing(day)]


def _facts(day: Today) -> str:
    item = day.enrolment
    difficulty = f" · {difficulty_of(item.difficulty)}" if item.kind == "quest" else ""
    points = "" if day.done else f" · {day_points(item.kind, item.difficulty)} points"
    return difficulty + points


def _what_it_asks(item: Enrolment, log: DayLog) -> list[Block]:
    if item.kind == "quest":
        return [f"**Today's mystery**\n{quote(log.words)}" if log.words else None]
    description = [cut(escape(item.description or ""), MAX_BODY)]
    return [
        divider(),
        *(_challenge_text(log.text) if log.text else description),
        f"**KAI says**\n{quote(log.words)}" if log.words else None,
    ]


def _challenge_text(text: DayText) -> list[Block]:
    principle = f"\n*{line(text.principle)}*" if text.principle else ""
    acts = "\n".join(f"- {line(act)}" for act in text.acts[:6])
    return [
        f"### {line(text.title)}{principle}" if text.title else principle.strip(),
        cut(escape(text.body or ""), MAX_BODY),
        f"**Ways to do it**\n{acts}" if acts else None,
    ]


def _standing(day: Today) -> list[Block]:
    if not day.done:
        return []
    wrote = f"**You wrote**\n{quote(day.log.reflection, 300)}" if day.log.reflection else None
    if day.opens is None:
        return [wrote, f"✅ Done, and with it the whole {day.enrolment.kind}. Wonderful."]
    return [wrote, f"✅ Done. The next day opens <t:{int(day.opens.timestamp())}:R>."]


def _day_buttons(day: Today, name: str | None) -> list[Press]:
    item = day.enrolment
    ref = (item.kind, item.item_id, day.log.day)
    which = f": {name}" if name else ""
    if day.done:
        label = "Change my reflection" if day.log.reflection else "Add a reflection"
        return [Press(label + which, "reflect", *ref, emoji="📝")]
    return [Press(f"I did it{which}", "done", *ref, style="success", emoji="✅")]


def done_card(done: DayDone, *, in_guild: bool) -> Card:
    """A day that was just completed: what it brought, and what comes next."""
    item = done.enrolment
    ref = (item.kind, item.item_id, done.day)
    blocks = [_done_head(done), _reflection_block(done.reflection, done.note)]
    blocks += [earned_line(badge) for badge in done.badges[:MAX_EARNED]]
    if len(done.badges) > MAX_EARNED:
        blocks.append(f"-# and {len(done.badges) - MAX_EARNED} more: `/badge earned`")
    reflect = "Change my reflection" if done.reflection else "Add a reflection"
    buttons = [
        Press(reflect, "reflect", *ref, emoji="📝"),
        _read_all(done.reflection, ref),
        Press("Share that I finished", "share", item.kind, item.item_id, emoji="🎉")
        if done.finished and in_guild
        else None,
    ]
    if in_guild:
        buttons += [
            Press(f"Share {as_label(badge.name, 60)}", "share", "badge", badge.id, emoji="🏅")
            for badge in done.badges[:MAX_EARNED]
        ]
    colour = Colour.CARE if done.note and done.note.crisis else KIND_COLOUR[item.kind]
    return Card(colour, *blocks, buttons=buttons)


def _done_head(done: DayDone) -> str:
    item = done.enrolment
    title = "🎉 You finished it!" if done.finished else f"✅ Day {done.day} is done"
    gained = (
        f"**+{done.points} points**, {done.total:,} in all."
        if done.points
        else "The website had counted this day already, so it gives no points twice."
    )
    following = (
        f"All {plural(item.total_days, 'day')} of it. Thank you for every one. "
        f"`/{item.kind} list` shows what could come next."
        if done.opens is None
        else f"The next day opens <t:{int(done.opens.timestamp())}:R>."
    )
    endless = is_endless(item.total_days)
    count = "" if endless else f"-# {done.day} of {plural(item.total_days, 'day')}"
    return rows(
        f"### {title}",
        f"**{line(item.name)}**",
        count,
        progress(done.day, item.total_days),
        f"{gained} {following}",
    )


def earned_line(badge: Badge) -> str:
    """A new badge, as its own block."""
    return (
        f"### {icon(badge.icon)} New badge: {line(badge.name)}\n"
        f"{cut(escape(badge.description or ''), MAX_BADGE)}"
    )


def _reflection_block(reflection: str | None, note: Words | None) -> str | None:
    if reflection is None or note is None:
        return None
    words = note.text if note.crisis else f"**KAI says**\n{quote(note.text)}"
    return f"**You wrote**\n{quote(reflection)}\n\n{words}"


def _read_all(reflection: str | None, ref: tuple[object, ...]) -> Press | None:
    if reflection is None or not is_cut(reflection):
        return None
    return Press("Read all I wrote", "read", *ref, emoji="📖")


def reflected_card(reflected: Reflected) -> Card:
    """A reflection that was added or replaced, with KAI's note."""
    day = reflected.day
    ref = (day.kind, day.item_id, day.day)
    what = "Your reflection was changed" if day.reflection else "Your reflection is kept"
    return Card(
        Colour.CARE if reflected.note.crisis else Colour.KAI,
        f"### 📝 {what}\nDay {day.day} of **{line(day.item)}**",
        _reflection_block(reflected.reflection, reflected.note),
        buttons=[
            Press("Change my reflection", "reflect", *ref, emoji="📝"),
            _read_all(reflected.reflection, ref),
        ],
    )


def joined_card(joined: Joined) -> Card:
    """A fresh or resumed enrolment, with the way to today's day."""
    item, kind = joined.item, joined.kind
    title = "Welcome back" if joined.resumed else "You are in"
    left = f"You left **{line(joined.left)}**; your days there are kept." if joined.left else ""
    return Card(
        KIND_COLOUR[kind],
        rows(
            f"### {title}: {line(item.name)}",
            f"-# Day {of_total(joined.day, item.total_days)}",
            progress(joined.day - 1, item.total_days, today=True),
        ),
        cut(escape(item.description or ""), MAX_BODY),
        left,
        buttons=[
            Press("Show me today", "today", *_today_of(kind, item.item_id), style="primary"),
        ],
    )


def _today_of(kind: Kind, item_id: int) -> tuple[object, ...]:
    return (kind,) if kind == "challenge" else (kind, item_id)


def left_card(left: Left) -> Card:
    """An enrolment that was left, with the way back."""
    return Card(
        Colour.NOTE,
        f"You left **{line(left.name)}**. Your days are kept: "
        "come back whenever you like, and you go on where you stopped.",
        buttons=[Press("Go on after all", "join", left.kind, left.item_id)],
    )


def finished_share_card(item: Item, kind: Kind, member: str) -> Card:
    """What everybody sees when a member (a mention that pings nobody) shares that they finished."""
    total_days = item.total_days
    return Card(
        KIND_COLOUR[kind],
        f"### 🎉 {member} finished {line(item.name)}\n"
        f"{bar(total_days, total_days)}\n{plural(total_days, 'day')} of kindness. Well done!",
        buttons=[Press("Have a look", "view", kind, item.id)],
    )
