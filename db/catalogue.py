"""The catalogue as members see it: lists, single items, and the names that autocomplete offers."""

from dataclasses import dataclass
from typing import Literal

from db.daily_quests import STANDING_ITEM
from db.members import ME, ME_COLUMNS, TOUCHED, Caller, Me
from db.pool import Pool, fetch_one, fetch_some
from db.rows import Kind, twins

Scope = Literal["any", "open", "mine", "daily"]
"""All items, those to join (never the standing quest), one's own, those for a daily post."""

CHOICES = twins(f"""
SELECT c.id, c.name, count(*) OVER (PARTITION BY c.name) > 1 AS ambiguous
  FROM public.challenges c
  LEFT JOIN discord.accounts a ON a.discord_id = $1
  LEFT JOIN public.user_challenges e ON e.user_id = a.user_id AND e.challenge_id = c.id
 WHERE c.total_days >= 1 AND position(lower($2) IN lower(c.name)) > 0
   AND CASE $3 WHEN 'mine' THEN e.status = 'active'
               WHEN 'open' THEN COALESCE(c.is_active, true)
                                AND e.status IS DISTINCT FROM 'active'
                                AND e.status IS DISTINCT FROM 'completed'
                                AND c.id IS DISTINCT FROM {STANDING_ITEM}
               WHEN 'daily' THEN COALESCE(c.is_active, true)
                                 OR c.id IS NOT DISTINCT FROM {STANDING_ITEM}
               ELSE true END
 ORDER BY e.status IS NOT DISTINCT FROM 'active' DESC, COALESCE(c.is_active, true) DESC,
          c.name, c.id
 LIMIT 25""")

BADGE_CHOICES = """
SELECT b.id, b.name, count(*) OVER (PARTITION BY b.name) > 1 AS ambiguous
  FROM public.badges b
 WHERE position(lower($1) IN lower(b.name)) > 0
   AND CASE WHEN $2 THEN b.points_required IS NULL
            ELSE b.points_required IS NULL OR b.points_required > 0 END
 ORDER BY b.name, b.id
 LIMIT 25"""

LIST_ITEMS = twins(f"""{ME}{TOUCHED}
SELECT {ME_COLUMNS}, c.id, c.name, c.description, c.total_days,
       to_jsonb(c) ->> 'difficulty' AS difficulty, e.status, e.current_day
  FROM me
  LEFT JOIN public.challenges c ON COALESCE(c.is_active, true) AND c.total_days >= 1
                               AND c.id IS DISTINCT FROM {STANDING_ITEM}
  LEFT JOIN public.user_challenges e ON e.user_id = me.user_id AND e.challenge_id = c.id
 ORDER BY e.status IS NOT DISTINCT FROM 'active' DESC, c.id""")

LIST_MINE = twins(f"""{ME}{TOUCHED}
SELECT {ME_COLUMNS}, c.id, c.name, c.description, c.total_days,
       to_jsonb(c) ->> 'difficulty' AS difficulty, e.status, e.current_day
  FROM me
  LEFT JOIN public.user_challenges e ON e.user_id = me.user_id
  LEFT JOIN public.challenges c ON c.id = e.challenge_id
 ORDER BY CASE e.status WHEN 'active' THEN 1 WHEN 'completed' THEN 2 ELSE 3 END,
          e.start_date DESC NULLS LAST, e.id DESC""")

VIEW_ITEM = twins(f"""{ME}{TOUCHED}
SELECT {ME_COLUMNS}, c.id, c.name, c.description, c.total_days,
       to_jsonb(c) ->> 'difficulty' AS difficulty, e.status, e.current_day,
       COALESCE(c.is_active, true) AS is_open, '{{}}'::text[] AS days
  FROM me
  LEFT JOIN public.challenges c ON c.id = $7 AND c.total_days >= 1
  LEFT JOIN public.user_challenges e ON e.user_id = me.user_id AND e.challenge_id = c.id""")
VIEW_ITEM["challenge"] = VIEW_ITEM["challenge"].replace(
    "'{}'::text[] AS days",
    """ARRAY(SELECT COALESCE(discord.day_text(c.id, day) ->> 'day_title', '')
               FROM generate_series(1, LEAST(c.total_days, 31)) day ORDER BY day) AS days""",
)


@dataclass(frozen=True, slots=True)
class Choice:
    """A row as the autocomplete offers it; `ambiguous` when another has the same name."""

    id: int
    name: str
    ambiguous: bool


@dataclass(frozen=True, slots=True)
class Item:
    """A challenge or quest as a list shows it, with the caller's own enrolment, if any."""

    id: int
    name: str
    description: str | None
    total_days: int
    difficulty: str | None
    status: str | None
    current_day: int | None


@dataclass(frozen=True, slots=True)
class ItemView:
    """One challenge or quest in full: whether it is open to join, and its days' titles.

    `days` go from the first to the last that has a title; one between without is empty.
    """

    item: Item
    is_open: bool
    days: tuple[str, ...]


async def choices(pool: Pool, kind: Kind, discord_id: int, text: str, scope: Scope) -> list[Choice]:
    """At most 25 items whose name holds `text`, the member's active ones first."""
    rows = await pool.fetch(CHOICES[kind], discord_id, text, scope)
    return [Choice(*row) for row in rows]


async def badge_choices(pool: Pool, text: str, *, given_only: bool) -> list[Choice]:
    """At most 25 badges whose name holds `text`."""
    return [Choice(*row) for row in await pool.fetch(BADGE_CHOICES, text, given_only)]


async def list_items(
    pool: Pool, caller: Caller, kind: Kind, *, mine: bool = False
) -> tuple[Me, list[Item]]:
    """The items that are open to join, the caller's active ones first; or all of their own."""
    rows = await fetch_some(pool, (LIST_MINE if mine else LIST_ITEMS)[kind], *caller.args)
    items = [Item(*(row[n] for n in Item.__slots__)) for row in rows if row["id"] is not None]
    return Me.of(rows[0]), items


async def view_item(
    pool: Pool, caller: Caller, kind: Kind, item_id: int
) -> tuple[Me, ItemView | None]:
    """One item in full, None when there is none with this id."""
    row = await fetch_one(pool, VIEW_ITEM[kind], *caller.args, item_id)
    if row["id"] is None:
        return Me.of(row), None
    item = Item(*(row[n] for n in Item.__slots__))
    days: list[str] = row["days"]
    while days and not days[-1].strip():
        days.pop()
    return Me.of(row), ItemView(item, row["is_open"], tuple(days))
