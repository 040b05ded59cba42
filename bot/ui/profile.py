"""The profile card, the leaderboard, and the settings that a member has."""

import datetime as dt

from bot.actions.profile import Leaderboard, ProfileCard
from bot.actions.types import ActiveItem, Rank
from bot.rules.streaks import Streak
from bot.ui.card import Card, Colour, divider
from bot.ui.text import bar, icon, line, of_total, plural, progress, rows

WEEK = 7
MEDALS = {1: "🥇", 2: "🥈", 3: "🥉"}
PERIODS = {"week": "this week", "month": "this month", "all": "of all time"}
ITEM_ICONS = {"challenge": "🧭", "quest": "🎁"}


def profile_card(card: ProfileCard, mention: str) -> Card:
    """Level, points, streak, active items and badges of the member."""
    profile, me = card.profile, card.me
    items = "\n".join(_item(item) for item in profile.items[:8])
    badges = " ".join(icon(badge.icon) for badge in profile.badges[:30])
    return Card(
        Colour.KAI,
        f"## {mention}\n**Kindness level {card.level}** · {plural(me.points, 'point')}"
        + _to_next_badge(me.points, profile.next_badge_at),
        _streak(card.streak, frozenset(profile.dates), card.today),
        divider(),
        items or "Nothing under way. `/challenge list` and `/quest list` show what there is.",
        divider(),
        f"**{plural(len(profile.badges), 'badge')}**\n{badges}"
        if badges
        else "No badges yet: the first comes with the first day that you do.",
        f"-# Your days turn at midnight in {line(me.zone)} (`/settings timezone`).",
    )


def _to_next_badge(points: int, at: int | None) -> str:
    if at is None:
        return ""
    return f"\n{bar(points, at)}\n-# {at - points:,} to the next badge"


def _item(item: ActiveItem) -> str:
    return rows(
        f"{ITEM_ICONS[item.kind]} **{line(item.name)}**",
        f"-# day {of_total(item.current_day, item.total_days)}",
        progress(item.current_day - 1, item.total_days, today=True),
    )


def _streak(streak: Streak, dates: frozenset[dt.date], today: dt.date) -> str:
    week = [today - dt.timedelta(days=back) for back in range(WEEK - 1, -1, -1)]

    def cell(day: dt.date) -> str:
        if day in dates:
            return "🟩"
        if day == today:
            return "🟨"
        return "🟦" if day in streak.rest_days else "⬜"

    cells = "".join(cell(day) for day in week)
    remarks = [
        "Today is still to come." if streak.pending else "",
        "🟦 is your rest day." if any(day in streak.rest_days for day in week) else "",
    ]
    told = " ".join(filter(None, remarks))
    flame = "🔥 " if streak.days else ""
    return f"{flame}**Streak: {plural(streak.days, 'day')}**\n{cells}" + (
        f"\n-# {told}" if told else ""
    )


def leaderboard_card(board: Leaderboard) -> Card:
    """The server's leaderboard; the caller's own place is always on it."""
    me = board.me.discord_id
    rows = [_rank(rank, me) for rank in board.ranks]
    if board.mine is not None and board.mine not in board.ranks:
        rows += ["⋯", _rank(board.mine, me)]
    own = ""
    if not board.me.on_leaderboard:
        own = "-# You are not shown here. `/settings leaderboard` changes that."
    elif board.mine is None:
        own = "-# You have no points in this time yet. One kind act puts you here."
    return Card(
        Colour.BADGE,
        f"## Kindness {PERIODS[board.period]}",
        "\n".join(rows) or "Nobody has points in this time yet. Be the first: `/challenge list`.",
        own,
    )


def _rank(rank: Rank, me: int) -> str:
    place = MEDALS.get(rank.place, f"**{rank.place}.**")
    you = " ← you" if rank.discord_id == me else ""
    return f"{place} <@{rank.discord_id}> · {plural(rank.points, 'point')}{you}"
