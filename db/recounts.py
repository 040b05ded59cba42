"""Days that the website marked as done, counted among a member's completions, and the points.

Whoever counts takes the account's row first, as every write of a member's days does, and reads in
statements of their own after that: one that waited for the row would see the days as they were.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from db.members import naive
from db.pool import Connection, Pool
from db.rows import Kind

# A day without its moment has no date to stand on, and one of the future is not done yet.
_MARKED = """
SELECT l.user_id, 'challenge' AS kind, l.challenge_id AS item_id, l.day_number, l.completed_at,
       NULL AS difficulty
  FROM public.challenge_logs l
 WHERE l.completed AND l.completed_at <= $1 AND l.day_number >= 1
UNION ALL
SELECT l.user_id, 'quest', l.quest_id, l.day_number, l.completed_at, q.difficulty
  FROM public.quest_logs l JOIN public.quests q ON q.id = l.quest_id
 WHERE l.completed AND l.completed_at <= $1 AND l.day_number >= 1"""

_UNCOUNTED = """
NOT EXISTS (SELECT FROM discord.completions c
             WHERE c.user_id = m.user_id AND c.kind = m.kind AND c.item_id = m.item_id
               AND c.day_number = m.day_number)"""

BEHIND = f"""
SELECT a.user_id
  FROM discord.accounts a
 WHERE EXISTS (SELECT FROM ({_MARKED}) m WHERE m.user_id = a.user_id AND {_UNCOUNTED})
    OR a.points <> (SELECT COALESCE(sum(c.points), 0) FROM discord.completions c
                     WHERE c.user_id = a.user_id)
 ORDER BY a.user_id"""

LOCK = "SELECT zone FROM discord.accounts WHERE user_id = $1 FOR UPDATE"

MARKED_DAYS = f"""
SELECT m.kind, m.item_id, m.day_number, m.completed_at, m.difficulty
  FROM ({_MARKED}) m
 WHERE m.user_id = $2 AND {_UNCOUNTED}
 ORDER BY m.completed_at, m.day_number"""

COUNT_IN = """
INSERT INTO discord.completions
       (user_id, kind, item_id, day_number, local_date, points, completed_at)
SELECT $1, d.kind, d.item_id, d.day_number, d.local_date, d.points, d.completed_at
  FROM unnest($2::text[], $3::int[], $4::int[], $5::date[], $6::int[], $7::timestamptz[])
       WITH ORDINALITY
       AS d (kind, item_id, day_number, local_date, points, completed_at, place)
 ORDER BY d.place
ON CONFLICT DO NOTHING"""

ADD_UP = """
WITH account AS (
    UPDATE discord.accounts a
       SET points = (SELECT COALESCE(sum(c.points), 0)::int FROM discord.completions c
                      WHERE c.user_id = a.user_id)
     WHERE a.user_id = $1
    RETURNING a.user_id, a.points
)
INSERT INTO public.user_badges (user_id, badge_id, earned_at)
SELECT account.user_id, b.id, $2
  FROM account
  JOIN public.badges b ON b.points_required > 0 AND b.points_required <= account.points
ON CONFLICT (user_id, badge_id) DO NOTHING"""


@dataclass(frozen=True, slots=True)
class MarkedDay:
    """A day that the website marked as done and nobody has counted; `at` is aware UTC."""

    kind: Kind
    item_id: int
    day: int
    at: dt.datetime
    difficulty: str | None


@dataclass(frozen=True, slots=True)
class CountedDay:
    """A marked day with the member's local date that it stands on, and what it is worth."""

    marked: MarkedDay
    local_date: dt.date
    points: int


async def behind(pool: Pool, now: dt.datetime) -> list[int]:
    """The users with an account whose days are not all counted, or whose points are not the sum."""
    return [row["user_id"] for row in await pool.fetch(BEHIND, naive(now))]


async def lock(connection: Connection, user_id: int) -> str | None:
    """The zone of a user's account, which nobody else changes until the end; None without one."""
    zone: str | None = await connection.fetchval(LOCK, user_id)
    return zone


async def marked_days(connection: Connection, user_id: int, now: dt.datetime) -> list[MarkedDay]:
    """The days that nobody has counted, the oldest first."""
    rows = await connection.fetch(MARKED_DAYS, naive(now), user_id)
    return [
        MarkedDay(kind, item_id, day, at.replace(tzinfo=dt.UTC), difficulty)
        for kind, item_id, day, at, difficulty in rows
    ]


async def count_in(connection: Connection, user_id: int, days: Sequence[CountedDay]) -> None:
    """Write days as completions; of two of one item on one date, the first counts."""
    await connection.execute(
        COUNT_IN,
        user_id,
        [d.marked.kind for d in days],
        [d.marked.item_id for d in days],
        [d.marked.day for d in days],
        [d.local_date for d in days],
        [d.points for d in days],
        [d.marked.at for d in days],
    )


async def add_up(connection: Connection, user_id: int, now: dt.datetime) -> None:
    """Let the points be those of the completions, and give the badges that they reach."""
    await connection.execute(ADD_UP, user_id, naive(now))
