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

BEHIND_SECONDS = 60
"""How long looking through everybody's days may take; it is the night's, and locks nothing."""

# A day without its moment has no date to stand on, and one of the future is not done yet; a moment
# before the charity was there says no more (there is "-infinity", too, and the year 1).
_MARKED = """
SELECT l.user_id, 'challenge' AS kind, l.challenge_id AS item_id, l.day_number, l.completed_at,
       NULL AS difficulty
  FROM public.challenge_logs l
 WHERE l.completed AND l.completed_at BETWEEN '2000-01-01' AND $1 AND l.day_number >= 1
UNION ALL
SELECT l.user_id, 'quest', l.quest_id, l.day_number, l.completed_at, q.difficulty
  FROM public.quest_logs l JOIN public.quests q ON q.id = l.quest_id
 WHERE l.completed AND l.completed_at BETWEEN '2000-01-01' AND $1 AND l.day_number >= 1"""

_UNCOUNTED = """
NOT EXISTS (SELECT FROM discord.completions c
             WHERE c.user_id = m.user_id AND c.kind = m.kind AND c.item_id = m.item_id
               AND c.day_number = m.day_number)"""

BEHIND = f"""
SELECT m.user_id
  FROM ({_MARKED}) m JOIN discord.accounts a ON a.user_id = m.user_id
 WHERE {_UNCOUNTED}
UNION
SELECT a.user_id
  FROM discord.accounts a
  LEFT JOIN (SELECT user_id, sum(points) AS points FROM discord.completions GROUP BY user_id) c
    ON c.user_id = a.user_id
 WHERE a.points <> COALESCE(c.points, 0)
 ORDER BY user_id"""

LOCK = "SELECT zone FROM discord.accounts WHERE user_id = $1 FOR UPDATE"

MARKED_DAYS = f"""
SELECT m.kind, m.item_id, m.day_number, m.completed_at, m.difficulty
  FROM ({_MARKED}) m
 WHERE m.user_id = $2 AND {_UNCOUNTED}"""

COUNT_IN = """
WITH counted AS (
    INSERT INTO discord.completions
           (user_id, kind, item_id, day_number, local_date, points, completed_at)
    SELECT $1, d.*
      FROM unnest($2::text[], $3::int[], $4::int[], $5::date[], $6::int[], $7::timestamptz[])
           AS d (kind, item_id, day_number, local_date, points, completed_at)
     WHERE NOT EXISTS (SELECT FROM discord.completions c
                        WHERE c.user_id = $1 AND c.kind = d.kind AND c.item_id = d.item_id
                          AND c.local_date = d.local_date)
     ORDER BY d.completed_at, d.day_number
    ON CONFLICT DO NOTHING
    RETURNING 1
)
SELECT count(*)::int FROM counted"""

ADD_UP = """
WITH earned AS (
    SELECT COALESCE(sum(points), 0)::int AS points FROM discord.completions WHERE user_id = $1
), corrected AS (
    UPDATE discord.accounts a SET points = earned.points
      FROM earned
     WHERE a.user_id = $1 AND a.points <> earned.points
)
INSERT INTO public.user_badges (user_id, badge_id, earned_at)
SELECT $1, b.id, $2
  FROM earned
  JOIN public.badges b ON b.points_required > 0 AND b.points_required <= earned.points
ON CONFLICT (user_id, badge_id) DO NOTHING"""


@dataclass(frozen=True, slots=True)
class MarkedDay:
    """A day that the website marked as done and nobody has counted; `at` is aware UTC."""

    kind: Kind
    item_id: int
    day: int
    at: dt.datetime
    difficulty: str | None


async def behind(pool: Pool, now: dt.datetime) -> list[int]:
    """The users with an account whose days are not all counted, or whose points are not the sum."""
    rows = await pool.fetch(BEHIND, naive(now), timeout=BEHIND_SECONDS)
    return [row["user_id"] for row in rows]


async def lock(connection: Connection, user_id: int) -> str | None:
    """The zone of a user's account, which nobody else changes until the end; None without one."""
    zone: str | None = await connection.fetchval(LOCK, user_id)
    return zone


async def marked_days(connection: Connection, user_id: int, now: dt.datetime) -> list[MarkedDay]:
    """The days that nobody has counted, in no order."""
    rows = await connection.fetch(MARKED_DAYS, naive(now), user_id)
    return [
        MarkedDay(kind, item_id, day, at.replace(tzinfo=dt.UTC), difficulty)
        for kind, item_id, day, at, difficulty in rows
    ]


async def count_in(
    connection: Connection,
    user_id: int,
    days: Sequence[MarkedDay],
    dates: Sequence[dt.date],
    points: Sequence[int],
) -> int:
    """Write days as completions, each on its local date and worth its points; gives how many.

    Of one item a date has one day only: the one that has it already, or else the first.
    """
    counted: int = await connection.fetchval(
        COUNT_IN,
        user_id,
        [day.kind for day in days],
        [day.item_id for day in days],
        [day.day for day in days],
        dates,
        points,
        [day.at for day in days],
    )
    return counted


async def add_up(connection: Connection, user_id: int, now: dt.datetime) -> None:
    """Let an account's points be those of the completions, and give the badges they reach."""
    await connection.execute(ADD_UP, user_id, naive(now))
