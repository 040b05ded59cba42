"""Cards to look through: the lists, one item in full, and a member's own progress."""

from bot.actions.types import Item, ItemView
from bot.rules.enrolment import ACTIVE, COMPLETED, is_endless
from bot.rules.points import Kind, day_points, difficulty_of
from bot.ui.buttons import Press
from bot.ui.card import KIND_COLOUR, Block, Card, divider, line_with_button
from bot.ui.text import bar, cut, escape, line, of_total, plural, progress, rows

PER_PAGE = 6
MAX_DESCRIPTION = 180
TITLES = {"challenge": "Challenges", "quest": "Mystery quests"}
INTROS = {
    "challenge": "A path of days, each with its own small idea. One at a time.",
    "quest": "Every day KAI gives you a mystery act of kindness. Up to three at once.",
}


def page_of(count: int, wanted: int) -> tuple[int, int]:
    """The page that can be shown for a wanted one (from 0), and how many there are."""
    pages = max(1, -(-count // PER_PAGE))
    return min(max(wanted, 0), pages - 1), pages


def pager(what: str, page: int, pages: int) -> list[Press]:
    """Buttons to the pages beside this one."""
    if pages == 1:
        return []
    return [
        Press("Back", "page", what, page - 1, disabled=page == 0),
        Press("More", "page", what, page + 1, disabled=page == pages - 1),
    ]


def list_card(kind: Kind, items: list[Item], page: int = 0) -> Card:
    """The items that are open to join, a page of them."""
    page, pages = page_of(len(items), page)
    shown = items[page * PER_PAGE : (page + 1) * PER_PAGE]
    count = f"\n-# {len(items)} in all · page {page + 1} of {pages}" if pages > 1 else ""
    blocks: list[Block] = [f"## {TITLES[kind]}\n{INTROS[kind]}{count}"]
    if not items:
        blocks.append("There is nothing to join yet. Please look in again soon.")
    blocks += [
        line_with_button(_list_line(kind, item), Press("Look", "view", kind, item.id))
        for item in shown
    ]
    return Card(KIND_COLOUR[kind], *blocks, buttons=pager(kind, page, pages))


def _facts(kind: Kind, item: Item) -> str:
    days = "no last day" if is_endless(item.total_days) else plural(item.total_days, "day")
    points = f"{day_points(kind, item.difficulty)} points a day"
    return (
        f"{days} · {points}"
        if kind == "challenge"
        else (f"{difficulty_of(item.difficulty)} · {days} · {points}")
    )


def _list_line(kind: Kind, item: Item) -> str:
    own = {ACTIVE: " · 🟨 you are on it", COMPLETED: " · ✅ finished"}.get(item.status or "", "")
    text = line(item.description or "", MAX_DESCRIPTION)
    return f"**{line(item.name)}**\n{text}\n-# {_facts(kind, item)}{own}".replace("\n\n", "\n")


def view_card(kind: Kind, view: ItemView) -> Card:
    """One item in full, with the way in."""
    item = view.item
    days = "\n".join(f"{n}. {line(title or '…', 80)}" for n, title in enumerate(view.days[:14], 1))
    more = item.total_days - min(len(view.days), 14)
    if days and more > 0:
        days += f"\n-# and {plural(more, 'more day')}"
    closed = "" if view.is_open else "-# No longer open to newcomers."
    return Card(
        KIND_COLOUR[kind],
        f"## {line(item.name)}\n-# {_facts(kind, item)}",
        cut(escape(item.description or ""), 1500),
        days,
        _own_standing(item),
        closed,
        buttons=_view_buttons(kind, view),
    )


def _own_standing(item: Item) -> str:
    if item.status == ACTIVE:
        day = min(max(item.current_day or 1, 1), item.total_days)
        return rows(
            progress(day - 1, item.total_days, today=True),
            f"You are on day {of_total(day, item.total_days)}.",
        )
    if item.status == COMPLETED:
        return f"{bar(item.total_days, item.total_days)}\n✅ You finished this one."
    return ""


def _view_buttons(kind: Kind, view: ItemView) -> list[Press]:
    item = view.item
    if item.status == ACTIVE:
        args = (kind,) if kind == "challenge" else (kind, item.id)
        return [Press("Show me today", "today", *args, style="primary")]
    if item.status == COMPLETED or not view.is_open:
        return []
    label = "Join" if kind == "challenge" else "Start"
    return [Press(label, "join", kind, item.id, style="success", emoji="🌱")]


def progress_card(kind: Kind, items: list[Item], page: int = 0) -> Card:
    """All that the member has taken up of a kind, drawn as bars."""
    page, pages = page_of(len(items), page)
    shown = items[page * PER_PAGE : (page + 1) * PER_PAGE]
    noun = "challenges" if kind == "challenge" else "quests"
    blocks: list[Block] = [f"## Your {noun}"]
    if not items:
        verb = "join" if kind == "challenge" else "start"
        blocks.append(f"Nothing here yet. `/{kind} list` shows what there is to {verb}.")
    for number, item in enumerate(shown):
        if number:
            blocks.append(divider())
        blocks.append(_progress_line(item))
    return Card(KIND_COLOUR[kind], *blocks, buttons=pager(f"my_{kind}", page, pages))


def _progress_line(item: Item) -> str:
    day = min(max(item.current_day or 1, 1), item.total_days)
    done = item.total_days if item.status == COMPLETED else day - 1
    standing = {
        ACTIVE: f"day {of_total(day, item.total_days)} is next",
        COMPLETED: f"all {plural(item.total_days, 'day')} done ✅",
    }.get(item.status or "", f"left after {plural(done, 'day')}; you can come back")
    drawn = progress(done, item.total_days, today=item.status == ACTIVE)
    return rows(f"**{line(item.name)}**", f"-# {standing}", drawn)
