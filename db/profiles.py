"""A member's profile card and a server's leaderboard, each in one read."""

import datetime as dt
from dataclasses import dataclass

from db.members import ME, ME_COLUMNS, SUSPENDED, TOUCHED, Caller, Me
from db.pool import Pool, fetch_one, fetch_some
from db.rows import Badge

READ_PROFILE = f"""{ME}{TOUCHED}
SELECT {ME_COLUMNS},
       (SELECT COALESCE(sum(current_day), 0)::int FROM public.user_challenges
         WHERE user_id = me.user_id AND status = 'completed') AS completed_days,
       ARRAY(SELECT DISTINCT local_date FROM discord.completions
              WHERE user_id = me.user_id) AS dates,
       (SELECT COALESCE(json_agg(item ORDER BY item.kind, item.id), '[]') FROM (
            SELECT 'challenge' AS kind, e.id, c.name, c.total_days,
                   LEAST(GREATEST(COALESCE(e.current_day, 1), 1), c.total_days) AS current_day
              FROM public.user_challenges e JOIN public.challenges c ON c.id = e.challenge_id
             WHERE e.user_id = me.user_id AND e.status = 'active'
            UNION ALL
            SELECT 'quest', e.id, q.name, q.total_days,
                   LEAST(GREATEST(COALESCE(e.current_day, 1), 1), q.total_days)
              FROM public.user_quests e JOIN public.quests q ON q.id = e.quest_id
             WHERE e.user_id = me.user_id AND e.status = 'active') item) AS items,
       (SELECT COALESCE(json_agg(held ORDER BY held.earned_at DESC, held.id), '[]') FROM (
            SELECT b.id, b.name, b.icon, b.description, b.points_required, ub.earned_at
              FROM public.user_badges ub JOIN public.badges b ON b.id = ub.badge_id
             WHERE ub.user_id = me.user_id) held) AS badges,
       (SELECT min(b.points_required) FROM public.badges b
         WHERE b.points_required > me.points) AS next_badge_at
  FROM me"""

READ_LEADERBOARD = f"""{ME}{TOUCHED}, scores AS (
    SELECT a.discord_id, g.checked_at,
           CASE WHEN $7::date IS NULL THEN a.points ELSE (
                SELECT COALESCE(sum(c.points), 0)::int FROM discord.completions c
                 WHERE c.user_id = a.user_id AND c.local_date >= $7) END AS points
      FROM discord.guild_members g
      JOIN discord.accounts a ON a.user_id = g.user_id
      JOIN public.userdata u ON u.id = a.user_id
     WHERE g.guild_id = $3 AND NOT g.has_left AND a.on_leaderboard
       AND NOT {SUSPENDED}
), ranked AS (
    SELECT *, rank() OVER (ORDER BY points DESC) AS place FROM scores WHERE points > 0
)
SELECT {ME_COLUMNS}, r.discord_id AS member_id, r.points AS score, r.place::int, r.checked_at
  FROM me
  LEFT JOIN (SELECT * FROM ranked ORDER BY place, discord_id LIMIT $8) r ON true
UNION ALL
SELECT {ME_COLUMNS}, r.discord_id, r.points, r.place::int, r.checked_at
  FROM me
  JOIN ranked r ON r.discord_id = me.discord_id
   AND r.discord_id NOT IN (SELECT discord_id FROM ranked ORDER BY place, discord_id LIMIT $8)
 ORDER BY place, member_id"""

MARK_CHECKED = """
UPDATE discord.guild_members g
   SET checked_at = $4, has_left = a.discord_id = ANY ($3::bigint[])
  FROM discord.accounts a
 WHERE g.guild_id = $1 AND a.user_id = g.user_id AND a.discord_id = ANY ($2::bigint[])"""


@dataclass(frozen=True, slots=True)
class ActiveItem:
    """An active enrolment as the profile shows it."""

    kind: str
    name: str
    total_days: int
    current_day: int


@dataclass(frozen=True, slots=True)
class Profile:
    """What the profile card shows. `completed_days` are those of completed challenges."""

    completed_days: int
    dates: tuple[dt.date, ...]
    items: tuple[ActiveItem, ...]
    badges: tuple[Badge, ...]
    next_badge_at: int | None


@dataclass(frozen=True, slots=True)
class Rank:
    """One line of a leaderboard. `checked_at` is when Discord last said that they are here."""

    discord_id: int
    points: int
    place: int
    checked_at: dt.datetime | None


async def read_profile(pool: Pool, caller: Caller) -> tuple[Me, Profile]:
    """The caller's profile."""
    row = await fetch_one(pool, READ_PROFILE, *caller.args)
    items = [{n: item[n] for n in ActiveItem.__slots__} for item in row["items"]]
    badges = [{n: badge[n] for n in Badge.__slots__} for badge in row["badges"]]
    return Me.of(row), Profile(
        completed_days=row["completed_days"],
        dates=tuple(row["dates"]),
        items=tuple(ActiveItem(**item) for item in items),
        badges=tuple(Badge(**badge) for badge in badges),
        next_badge_at=row["next_badge_at"],
    )


async def read_leaderboard(
    pool: Pool, caller: Caller, since: dt.date | None, size: int
) -> tuple[Me, list[Rank]]:
    """The first `size` members of the caller's server, and the caller's own line at the end.

    Counts completions from the date `since` on, or all points when it is None.
    """
    rows = await fetch_some(pool, READ_LEADERBOARD, *caller.args, since, size)
    return Me.of(rows[0]), [
        Rank(row["member_id"], row["score"], row["place"], row["checked_at"])
        for row in rows
        if row["member_id"] is not None
    ]


async def mark_checked(
    pool: Pool, guild_id: int, checked: list[int], left: list[int], now: dt.datetime
) -> None:
    """Remember whom Discord was asked about, and who of them has left the server."""
    await pool.execute(MARK_CHECKED, guild_id, checked, left, now)
