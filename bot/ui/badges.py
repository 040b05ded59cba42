"""Cards of badges: the list, one in full, a member's own, and one that was given."""

from bot.actions.awarding import Awarded
from bot.actions.types import Badge, HeldBadge
from bot.ui.buttons import Press
from bot.ui.card import Block, Card, Colour
from bot.ui.catalogue import pager
from bot.ui.text import bar, cut, escape, icon, line, plural, quote

PER_LIST = 20
MAX_LISTED = 80


def badge_list_card(held: list[HeldBadge], points: int, page: int = 0) -> Card:
    """Every badge, those of the member ticked."""
    pages = max(1, -(-len(held) // PER_LIST))
    page = min(max(page, 0), pages - 1)
    shown = held[page * PER_LIST : (page + 1) * PER_LIST]
    have = sum(one.earned_at is not None for one in held)
    count = f"\n-# page {page + 1} of {pages}" if pages > 1 else ""
    blocks: list[Block] = [f"## Badges\nYou have {have} of {len(held)}.{count}"]
    ahead = [one.badge.points_required for one in held if _is_ahead(one, points)]
    nearest = min(filter(None, ahead), default=0)
    earned = [_list_line(one, points, nearest) for one in shown if one.badge.points_required]
    given = [_list_line(one, points, nearest) for one in shown if not one.badge.points_required]
    if earned:
        blocks.append("**Earned by points**\n" + "\n".join(earned))
    if given:
        blocks.append("**Given by moderators**\n" + "\n".join(given))
    if not held:
        blocks.append("There are no badges yet. Please look in again soon.")
    return Card(Colour.BADGE, *blocks, buttons=pager("badge", page, pages))


def _is_ahead(one: HeldBadge, points: int) -> bool:
    return one.earned_at is None and (one.badge.points_required or 0) > points


def _list_line(one: HeldBadge, points: int, nearest: int) -> str:
    """A badge in a line short enough for a phone; only the nearest says how far it is."""
    badge = one.badge
    how = f" · {badge.points_required:,} points" if badge.points_required else ""
    if one.earned_at is not None:
        mark = " ✅"
    elif nearest and badge.points_required == nearest:
        mark = f" · {nearest - points:,} to go"
    else:
        mark = ""
    return f"{icon(badge.icon)} {line(badge.name, MAX_LISTED)}{how}{mark}"


def badge_card(one: HeldBadge, holders: int, points: int, *, in_guild: bool) -> Card:
    """One badge in full; `points` are the member's own."""
    badge = one.badge
    how = (
        "Given by moderators, as a thank-you."
        if badge.points_required is None
        else f"Earned with {badge.points_required:,} points."
    )
    have = f"-# {plural(holders, 'person has', 'people have')} it." if holders else ""
    mine = f"✅ Yours since {_since(one)}." if one.earned_at else ""
    if badge.points_required and _is_ahead(one, points):
        mine = f"{bar(points, badge.points_required)}\n-# {badge.points_required - points:,} to go"
    share = one.earned_at is not None and in_guild
    return Card(
        Colour.BADGE,
        _title(badge),
        cut(escape(badge.description or ""), 1500),
        "\n".join(part for part in (how, mine, have) if part),
        buttons=[Press("Share it here", "share", "badge", badge.id, emoji="🎉") if share else None],
    )


def _title(badge: Badge) -> str:
    return f"## {icon(badge.icon)} {line(badge.name)}"


def _since(one: HeldBadge, style: str = "D") -> str:
    return f"<t:{int(one.earned_at.timestamp())}:{style}>" if one.earned_at else ""


def earned_card(held: list[HeldBadge], whose: str | None) -> Card:
    """The badges of one member: the caller's own when `whose` (a mention) is None."""
    title = "Your badges" if whose is None else f"Badges of {whose}"
    shown = held[:PER_LIST]
    lines = [
        f"{icon(one.badge.icon)} **{line(one.badge.name, MAX_LISTED)}** · {_since(one, 'd')}"
        for one in shown
    ]
    if len(held) > len(shown):
        lines.append(f"-# and {len(held) - len(shown)} more")
    none = (
        "None yet. The first comes with the first day that you do: `/challenge list`."
        if whose is None
        else "None yet."
    )
    return Card(Colour.BADGE, f"## {title}", "\n".join(lines) or none)


def awarded_card(awarded: Awarded, member: str, giver: str) -> Card:
    """What everybody sees when a badge is given. Mentions ping nobody."""
    badge = awarded.badge
    return Card(
        Colour.BADGE,
        f"{_title(badge)}\n{member} receives this badge from {giver}.",
        quote(awarded.reason, 600) if awarded.reason else "",
        f"-# {line(badge.description, 600)}" if badge.description else "",
    )


def revoked_card(awarded: Awarded, member: str) -> Card:
    """What the moderator sees when a badge was taken back."""
    return Card(
        Colour.NOTE,
        f"{member} no longer has {icon(awarded.badge.icon)} **{line(awarded.badge.name)}**.",
    )


def badge_share_card(badge: Badge, member: str) -> Card:
    """What everybody sees when a member shares a badge."""
    return Card(
        Colour.BADGE,
        f"### 🎉 {member} has the badge {icon(badge.icon)} {line(badge.name)}",
        cut(escape(badge.description or ""), 600),
    )
