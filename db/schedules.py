"""A server's schedule of daily posts: one read, and changes that are one guarded statement each.

A change is guarded by what was read of the schedule, and writes its row of the audit log with it.
Planned rows of the ledger follow the schedule: a change takes back what nobody has begun to send.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from db.members import ME, ME_COLUMNS, TOUCHED, Caller, Me
from db.pool import Pool, fetch_some
from db.posts import STANDING

if TYPE_CHECKING:
    from asyncpg import Record

READ = f"""{ME}{TOUCHED}
SELECT {ME_COLUMNS},
       g.post_channel_id, g.post_time, g.zone AS post_zone, COALESCE(g.post_day, 1) AS post_day,
       g.next_post_on, g.next_post_at, g.paused_at, g.pause_reason,
       q.id AS quest_id, q.name AS quest, q.total_days, q.difficulty,
       COALESCE(q.random_task_seed, '') AS theme, COALESCE(q.is_active, true) AS is_open,
       q.id IS NOT DISTINCT FROM {STANDING} AS is_standing,
       q.id IS NOT DISTINCT FROM COALESCE(g.post_quest_id, {STANDING}) AS stays,
       CASE WHEN $8::int IS NULL THEN 0
            ELSE (SELECT count(*) FROM discord.daily_posts s
                   WHERE s.guild_id = $3 AND s.quest_id = q.id AND s.status = 'sent')
            END::int AS sent,
       (SELECT max(m.local_date) FROM discord.daily_posts m
         WHERE m.guild_id = $3 AND m.status <> 'planned') AS last_turn,
       p.id, p.local_date, p.channel_id, p.status, p.due_at, p.send_at, p.sent_at, p.message_id,
       p.trouble
  FROM me
  LEFT JOIN discord.guilds g ON g.guild_id = $3
  LEFT JOIN public.quests q
    ON q.id = COALESCE($8, g.post_quest_id, {STANDING}) AND q.total_days >= 1
  LEFT JOIN LATERAL (
       (SELECT * FROM discord.daily_posts
         WHERE guild_id = $3 AND local_date >= $7 ORDER BY local_date LIMIT 40)
       UNION ALL
       (SELECT * FROM discord.daily_posts
         WHERE guild_id = $3 AND local_date < $7 ORDER BY local_date DESC LIMIT 1)) p ON true
 ORDER BY p.local_date"""

_UNCHANGED = """
           g.next_post_at IS NOT DISTINCT FROM $7 AND g.paused_at IS NOT DISTINCT FROM $8
       AND g.post_day = $9"""

_AUDIT = """
INSERT INTO discord.audit_log (guild_id, actor_id, action, item_id, details, created_at)
SELECT guild.guild_id, $2, $4, $5, $6, $3 FROM guild"""

_TAKE_BACK = """, taken_back AS (
    DELETE FROM discord.daily_posts p USING guild
     WHERE p.guild_id = guild.guild_id AND p.status = 'planned'
)"""

SET_UP = f"""
WITH guild AS (
    INSERT INTO discord.guilds AS g
           (guild_id, joined_at, zone, post_channel_id, post_time, post_quest_id, post_day,
            post_set_by, next_post_on, next_post_at)
    VALUES ($1, $3, $10, $11, $12, $13, $14, $2, $15, $16)
    ON CONFLICT (guild_id) DO UPDATE
       SET zone = EXCLUDED.zone, post_channel_id = EXCLUDED.post_channel_id,
           post_time = EXCLUDED.post_time, post_quest_id = EXCLUDED.post_quest_id,
           post_day = EXCLUDED.post_day, post_set_by = EXCLUDED.post_set_by,
           next_post_on = EXCLUDED.next_post_on, next_post_at = EXCLUDED.next_post_at,
           paused_at = NULL, pause_reason = NULL, to_tell = NULL, tell_at = NULL
     WHERE {_UNCHANGED}
    RETURNING guild_id
){_TAKE_BACK}{_AUDIT}
RETURNING id"""

# What paused it needs no telling once it is resumed; nothing else changes a paused schedule.
_MOVE = f"""
WITH guild AS (
    UPDATE discord.guilds g
       SET next_post_on = $10, next_post_at = $11, paused_at = $12::timestamptz, pause_reason = $13,
           to_tell = CASE WHEN g.paused_at IS NULL THEN g.to_tell END,
           tell_at = CASE WHEN g.paused_at IS NULL THEN g.tell_at END
     WHERE g.guild_id = $1 AND {_UNCHANGED}
    RETURNING guild_id, post_channel_id, post_day
)"""

MOVE = f"{_MOVE}{_TAKE_BACK}{_AUDIT} RETURNING id"

SKIP_NEXT = f"""{_MOVE}, post AS (
    INSERT INTO discord.daily_posts
           (guild_id, local_date, channel_id, quest_id, day_number, status,
            due_at, expires_at, send_at)
    SELECT guild_id, $14, post_channel_id, $5, post_day, 'skipped', $15, $16, $15 FROM guild
    ON CONFLICT (guild_id, local_date) DO NOTHING
){_AUDIT}
RETURNING id"""

SKIP_PLANNED = f"""{_MOVE}, post AS (
    UPDATE discord.daily_posts p SET status = 'skipped'
      FROM guild
     WHERE p.guild_id = guild.guild_id AND p.local_date = $14 AND p.status = 'planned'
    RETURNING p.id
){_AUDIT}, post
RETURNING id"""

POST_NOW = f"""{_MOVE}, post AS (
    INSERT INTO discord.daily_posts AS p
           (guild_id, local_date, channel_id, quest_id, day_number, status,
            due_at, expires_at, send_at)
    SELECT guild_id, $14, post_channel_id, $5, post_day, 'planned', $15, $16, $15 FROM guild
    ON CONFLICT (guild_id, local_date) DO UPDATE
       SET channel_id = EXCLUDED.channel_id, quest_id = EXCLUDED.quest_id,
           day_number = EXCLUDED.day_number, status = 'planned', due_at = EXCLUDED.due_at,
           expires_at = EXCLUDED.expires_at, send_at = EXCLUDED.send_at, sending_at = NULL,
           trouble = NULL, act = NULL
     WHERE p.status IN ('planned', 'missed', 'failed', 'skipped')
    RETURNING p.id
){_AUDIT}, post
RETURNING id"""

Deed = Literal["move", "skip_next", "skip_planned", "post_now"]
STATEMENTS: dict[Deed, str] = {
    "move": MOVE,
    "skip_next": SKIP_NEXT,
    "skip_planned": SKIP_PLANNED,
    "post_now": POST_NOW,
}


@dataclass(frozen=True, slots=True)
class DailyQuest:
    """The quest that a server's posts follow, or the one that was asked for.

    `stays` says that it is the one they follow at present; `sent`, how many posts of it the server
    has had, is counted only for one that was asked for.
    """

    id: int
    name: str
    total_days: int
    difficulty: str | None
    theme: str
    is_open: bool
    is_standing: bool
    stays: bool
    sent: int


@dataclass(frozen=True, slots=True)
class Schedule:
    """When and where a server's posts come. `next_on` is a local date, `next_at` aware UTC."""

    channel_id: int
    time: dt.time
    zone: str
    next_on: dt.date | None
    next_at: dt.datetime | None
    paused_at: dt.datetime | None
    pause_reason: str | None


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """What became of the post of one local date; `send_at` (aware UTC) is its turn."""

    local_date: dt.date
    channel_id: int
    status: str
    due_at: dt.datetime
    send_at: dt.datetime
    sent_at: dt.datetime | None
    message_id: int | None
    trouble: str | None


@dataclass(frozen=True, slots=True)
class Daily:
    """A server's daily posts as its administrators see them.

    `schedule` is None before they are set up, `quest` where the catalogue has none. `day` is that
    of the next post. `last_turn` is the last local date whose post is not merely planned; `rows`
    are the ledger's from about today on and the one before them, by date.
    """

    me: Me
    schedule: Schedule | None
    quest: DailyQuest | None
    day: int
    last_turn: dt.date | None
    rows: tuple[LedgerRow, ...]


@dataclass(frozen=True, slots=True)
class Move:
    """A change of where a schedule stands, with its row of the audit log.

    A skip or a post is of a local date `on`, which is `due_at` and over at `expires_at`.
    """

    deed: Deed
    action: str
    details: Mapping[str, Any]
    next_on: dt.date | None
    next_at: dt.datetime | None
    paused_at: dt.datetime | None = None
    pause_reason: str | None = None
    on: dt.date | None = None
    due_at: dt.datetime | None = None
    expires_at: dt.datetime | None = None


async def read(
    pool: Pool, caller: Caller, since: dt.date, wanted_quest: int | None = None
) -> Daily:
    """The caller, and the daily posts of their server; `quest` is the wanted one, if one is."""
    rows = await fetch_some(pool, READ, *caller.args, since, wanted_quest)
    first = rows[0]
    return Daily(
        me=Me.of(first),
        schedule=_schedule(first),
        quest=_quest(first),
        day=first["post_day"],
        last_turn=first["last_turn"],
        rows=tuple(
            LedgerRow(*(row[name] for name in LedgerRow.__slots__))
            for row in rows
            if row["id"] is not None
        ),
    )


def _schedule(row: "Record") -> Schedule | None:
    if None in (row["post_channel_id"], row["post_time"], row["post_zone"]):
        return None
    names = ("post_channel_id", "post_time", "post_zone", "next_post_on", "next_post_at")
    return Schedule(*(row[name] for name in (*names, "paused_at", "pause_reason")))


def _quest(row: "Record") -> DailyQuest | None:
    if row["quest_id"] is None:
        return None
    names = ("quest_id", "quest", "total_days", "difficulty", "theme")
    standing = ("is_open", "is_standing", "stays", "sent")
    return DailyQuest(*(row[name] for name in (*names, *standing)))


async def set_up(
    pool: Pool,
    caller: Caller,
    found: Daily,
    schedule: Schedule,
    quest: DailyQuest,
    day: int,
    details: Mapping[str, Any],
) -> bool:
    """Set a server's daily posts up, or change them; False when they changed since `found`."""
    head = _head(caller, found, "daily_setup", quest.id, details)
    chosen = None if quest.is_standing else quest.id
    written = await pool.fetchval(
        SET_UP,
        *head,
        *(schedule.zone, schedule.channel_id, schedule.time, chosen, day),
        *(schedule.next_on, schedule.next_at),
    )
    return written is not None


async def move(pool: Pool, caller: Caller, found: Daily, change: Move) -> bool:
    """Change where a schedule stands; False when it, or the post, changed since `found`."""
    quest_id = found.quest.id if found.quest else None
    args = [
        *_head(caller, found, change.action, quest_id, change.details),
        *(change.next_on, change.next_at, change.paused_at, change.pause_reason),
    ]
    if change.deed != "move":
        args.append(change.on)
    if change.deed in ("skip_next", "post_now"):
        args += [change.due_at, change.expires_at]
    return await pool.fetchval(STATEMENTS[change.deed], *args) is not None


def _head(
    caller: Caller, found: Daily, action: str, item_id: int | None, details: Mapping[str, Any]
) -> tuple[Any, ...]:
    """Parameters $1 to $9: who changes what, and what was read of it."""
    now = found.schedule
    return (
        *(caller.guild_id, caller.discord_id, caller.now, action, item_id, details),
        *(now.next_at if now else None, now.paused_at if now else None, found.day),
    )
