"""What a dashboard shows of the whole community: ten reads, nothing about one member.

Dates are included at both ends. People whom the website suspended are not counted, save among
KAI's turns, which cost the same. The plans are kept in docs/explain by `python -m bot db explain`.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from db.members import SUSPENDED, naive
from db.pool import Pool, fetch_one
from db.rows import Kind, twins

T = TypeVar("T")

COUNTED = f"NOT {SUSPENDED}"

ACTIVE_MEMBERS = f"""
WITH done AS (
    SELECT c.user_id, c.local_date, date_trunc($3, c.local_date::timestamp)::date AS beginning,
           date_trunc($3, min(c.local_date) OVER (PARTITION BY c.user_id)::timestamp) AS first
      FROM discord.completions c JOIN public.userdata u ON u.id = c.user_id
     WHERE {COUNTED}
)
SELECT beginning, count(DISTINCT user_id)::int,
       count(DISTINCT user_id) FILTER (WHERE first = beginning)::int
  FROM done
 WHERE local_date BETWEEN $1 AND $2
 GROUP BY beginning
 ORDER BY beginning"""

COMPLETIONS = f"""
SELECT c.local_date, c.kind, count(*)::int, count(DISTINCT c.user_id)::int, sum(c.points)::int
  FROM discord.completions c JOIN public.userdata u ON u.id = c.user_id
 WHERE c.local_date BETWEEN $1 AND $2 AND {COUNTED}
 GROUP BY c.local_date, c.kind
 ORDER BY c.local_date, c.kind"""

DAY = "LEAST(GREATEST(COALESCE(e.current_day, 1), 1), i.total_days)"

FUNNEL = twins(f"""
SELECT i.id, i.name, i.total_days,
       count(e.id)::int,
       count(e.id) FILTER (WHERE EXISTS (
           SELECT FROM public.challenge_logs l
            WHERE l.user_id = e.user_id AND l.challenge_id = i.id AND l.completed))::int,
       count(e.id) FILTER (WHERE e.status = 'active')::int,
       count(e.id) FILTER (WHERE e.status = 'completed')::int,
       count(e.id) FILTER (WHERE e.status = 'cancelled')::int,
       avg({DAY}) FILTER (WHERE e.status = 'active')::float8
  FROM public.challenges i
  LEFT JOIN (public.user_challenges e JOIN public.userdata u ON u.id = e.user_id AND {COUNTED})
         ON e.challenge_id = i.id
 GROUP BY i.id
 ORDER BY 4 DESC, i.id""")

STOPS = twins(f"""
SELECT i.id, i.name, {DAY} AS day, count(*) FILTER (WHERE e.status = 'cancelled')::int,
       count(*) FILTER (WHERE e.status = 'active')::int
  FROM public.user_challenges e
  JOIN public.challenges i ON i.id = e.challenge_id
  JOIN public.userdata u ON u.id = e.user_id
 WHERE (e.status = 'cancelled'
        OR e.status = 'active' AND COALESCE(e.start_date, '-infinity') < $1 AND NOT EXISTS (
           SELECT FROM public.challenge_logs l
            WHERE l.user_id = e.user_id AND l.challenge_id = e.challenge_id
              AND l.completed AND l.completed_at >= $1))
   AND {COUNTED}
 GROUP BY i.id, day
 ORDER BY i.id, day""")

BADGES = f"""
SELECT b.id, b.name, b.points_required, count(h.id)::int,
       count(h.id) FILTER (WHERE h.earned_at >= $1::date AND h.earned_at < $2::date + 1)::int
  FROM public.badges b
  LEFT JOIN (public.user_badges h JOIN public.userdata u ON u.id = h.user_id AND {COUNTED})
         ON h.badge_id = b.id
 GROUP BY b.id
 ORDER BY 4 DESC, b.id"""

TURNS = """
SELECT created_at::date AS day, COALESCE(context_type, '') AS context, count(*)::int,
       count(DISTINCT user_id)::int, count(function_called)::int
  FROM public.kai_interactions
 WHERE created_at >= $1::date AND created_at < $2::date + 1
 GROUP BY 1, 2
 ORDER BY 1, 2"""

POSTS = f"""
SELECT p.local_date,
       count(*) FILTER (WHERE p.status = 'sent')::int,
       count(*) FILTER (WHERE p.status = 'missed')::int,
       count(*) FILTER (WHERE p.status IN ('failed', 'unknown'))::int,
       COALESCE(sum(d.doers), 0)::int
  FROM discord.daily_posts p
  LEFT JOIN (SELECT d.post_id, count(*) AS doers
               FROM discord.post_doers d JOIN discord.daily_posts p ON p.id = d.post_id
               JOIN public.userdata u ON u.id = d.user_id
              WHERE p.local_date BETWEEN $1 AND $2 AND {COUNTED}
              GROUP BY d.post_id) d ON d.post_id = p.id
 WHERE p.local_date BETWEEN $1 AND $2
 GROUP BY p.local_date
 ORDER BY p.local_date"""

REMINDERS = f"""
SELECT r.local_date,
       count(*) FILTER (WHERE r.status = 'sent')::int,
       count(*) FILTER (WHERE r.status = 'missed')::int,
       count(*) FILTER (WHERE r.status IN ('failed', 'closed', 'unknown'))::int,
       count(*) FILTER (WHERE r.status = 'sent' AND EXISTS (
           SELECT FROM discord.completions c
            WHERE c.user_id = r.user_id AND c.local_date = r.local_date
              AND c.completed_at >= r.sent_at))::int
  FROM discord.reminders r JOIN public.userdata u ON u.id = r.user_id
 WHERE r.local_date BETWEEN $1 AND $2 AND {COUNTED}
 GROUP BY r.local_date
 ORDER BY r.local_date"""

BIGGEST_TABLES = """
SELECT n.nspname || '.' || c.relname, greatest(c.reltuples, 0)::bigint,
       pg_total_relation_size(c.oid)
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind = 'r' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
 ORDER BY 3 DESC, 1 LIMIT $1"""

TURNS_KEPT = """
SELECT count(*), count(*) FILTER (WHERE created_at < $1), min(created_at)
  FROM public.kai_interactions"""


@dataclass(frozen=True, slots=True)
class ActiveMembers:
    """Members who completed a day in the day or week that begins then, and who did so first."""

    beginning: dt.date
    members: int
    newcomers: int


@dataclass(frozen=True, slots=True)
class Completions:
    """Days of challenges or of quests completed on a local date: by how many, worth how much."""

    local_date: dt.date
    kind: Kind
    days: int
    members: int
    points: int


@dataclass(frozen=True, slots=True)
class Funnel:
    """What became of those who joined an item; `began` have completed a day of it.

    `average_day` is of the active ones, None when there are none.
    """

    item_id: int
    name: str
    total_days: int
    joined: int
    began: int
    active: int
    completed: int
    left: int
    average_day: float | None


@dataclass(frozen=True, slots=True)
class Stop:
    """How many stopped before a day of an item: `left` said so, `quiet` just came no more."""

    item_id: int
    name: str
    day: int
    left: int
    quiet: int


@dataclass(frozen=True, slots=True)
class BadgeCount:
    """How many hold a badge, and how many got it between two dates (UTC)."""

    badge_id: int
    name: str
    points_required: int | None
    held: int
    awarded: int


@dataclass(frozen=True, slots=True)
class Turns:
    """KAI's turns of a UTC date and context ("" for none); in those `with_tool` a tool did it."""

    date: dt.date
    context: str
    turns: int
    members: int
    with_tool: int


@dataclass(frozen=True, slots=True)
class Posts:
    """The daily posts of a local date in all servers, and how often their acts were done."""

    local_date: dt.date
    sent: int
    missed: int
    failed: int
    doers: int


@dataclass(frozen=True, slots=True)
class Reminders:
    """The reminders of a local date; `followed` are those after which their member did a day."""

    local_date: dt.date
    sent: int
    missed: int
    failed: int
    followed: int


@dataclass(frozen=True, slots=True)
class TableSize:
    """A table's rows, as PostgreSQL last estimated them, and bytes with its indexes."""

    name: str
    about_rows: int
    size: int


@dataclass(frozen=True, slots=True)
class TurnsKept:
    """How many turns are kept, and how many are `older` than asked; `oldest` is aware UTC."""

    turns: int
    older: int
    oldest: dt.datetime | None


async def _all(pool: Pool, shape: type[T], sql: str, *arguments: Any) -> list[T]:
    return [shape(*row) for row in await pool.fetch(sql, *arguments)]


async def active_members(
    pool: Pool, since: dt.date, until: dt.date, per: Literal["day", "week"] = "day"
) -> list[ActiveMembers]:
    """Members who completed a day, per local date or per week (from Monday) between the dates.

    A week at either end counts only its days between the dates.
    """
    return await _all(pool, ActiveMembers, ACTIVE_MEMBERS, since, until, per)


async def completions(pool: Pool, since: dt.date, until: dt.date) -> list[Completions]:
    """Completed days per local date and kind."""
    return await _all(pool, Completions, COMPLETIONS, since, until)


async def funnel(pool: Pool, kind: Kind) -> list[Funnel]:
    """What became of those who joined each challenge, or each quest; the most joined first."""
    return await _all(pool, Funnel, FUNNEL[kind])


async def stops(pool: Pool, kind: Kind, quiet_since: dt.date) -> list[Stop]:
    """Before which day members stop: they left, or have done no day since a date (UTC)."""
    return await _all(pool, Stop, STOPS[kind], quiet_since)


async def badges(pool: Pool, since: dt.date, until: dt.date) -> list[BadgeCount]:
    """Who holds which badge, counted, and how many were awarded between the dates (UTC)."""
    return await _all(pool, BadgeCount, BADGES, since, until)


async def turns(pool: Pool, since: dt.date, until: dt.date) -> list[Turns]:
    """KAI's turns per UTC date and context."""
    return await _all(pool, Turns, TURNS, since, until)


async def posts(pool: Pool, since: dt.date, until: dt.date) -> list[Posts]:
    """Daily posts per local date: sent, missed, failed, and how often their acts were done."""
    return await _all(pool, Posts, POSTS, since, until)


async def reminders(pool: Pool, since: dt.date, until: dt.date) -> list[Reminders]:
    """Reminders per local date, and how many were followed by a completed day."""
    return await _all(pool, Reminders, REMINDERS, since, until)


async def biggest_tables(pool: Pool, limit: int) -> list[TableSize]:
    """The biggest tables of the database, the website's among them."""
    return await _all(pool, TableSize, BIGGEST_TABLES, limit)


async def turns_kept(pool: Pool, before: dt.datetime) -> TurnsKept:
    """How many turns are kept, and how many of them are from before an instant (aware UTC)."""
    count, older, oldest = await fetch_one(pool, TURNS_KEPT, naive(before))
    return TurnsKept(count, older, oldest and oldest.replace(tzinfo=dt.UTC))
