"""Daily posts: whose is due, the ledger's rows, and what sending one changes.

The standing quest is found by its slug. A server's chosen quest that is over, shortened or gone
makes place for it.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from db.ledger import Claim
from db.members import naive
from db.pool import Connection, Pool, fetch_one
from db.rows import Post

KAI_EMAIL = "kai@members.getkinder.invalid"
"""By which KAI's own `userdata` row is found: its turns in daily posts are written there."""

STANDING = """(SELECT s.item_id FROM discord.catalogue_slugs s
                WHERE s.kind = 'quest' AND s.slug = 'daily-spark')"""
"""The id of the standing quest, in a statement."""


def _back_to_standing(ended: str, quest: str, now: str) -> str:
    """What a server's schedule becomes where its chosen quest has `ended`: the standing one's.

    Its administrators are to be told which `quest` it was.
    """
    return f"""post_quest_id = CASE WHEN NOT {ended} THEN g.post_quest_id END,
           to_tell = CASE WHEN {ended}
                          THEN jsonb_build_object('what', 'quest_ended', 'quest', {quest})
                          ELSE g.to_tell END,
           tell_at = CASE WHEN {ended} THEN {now} ELSE g.tell_at END"""


DAY_OF_STANDING = f"""(SELECT count(*) + 1 FROM discord.daily_posts p
                        WHERE p.guild_id = g.guild_id AND p.quest_id = {STANDING}
                          AND p.status = 'sent')"""
"""Which day of the standing quest comes next in the server `g`, in a statement."""

DUE = """
SELECT guild_id, zone, post_time, next_post_on, next_post_at
  FROM discord.guilds
 WHERE next_post_at <= $1
 ORDER BY next_post_at
 LIMIT $2
   FOR UPDATE SKIP LOCKED"""

PLAN = f"""
WITH due AS (
    SELECT d.*, g.post_channel_id, g.next_post_on AS local_date, g.next_post_at AS due_at,
           followed.id AS quest_id,
           q.id IS NULL AND g.post_quest_id IS NOT NULL AS is_over, chosen.name AS chosen,
           CASE WHEN q.id IS NOT NULL OR g.post_quest_id IS NULL THEN g.post_day
                ELSE {DAY_OF_STANDING} END AS day_number
      FROM unnest($1::bigint[], $2::timestamptz[], $3::date[], $4::timestamptz[])
           AS d (guild_id, send_at, next_on, next_at)
      JOIN discord.guilds g ON g.guild_id = d.guild_id
     CROSS JOIN (SELECT {STANDING} AS id) standing
      LEFT JOIN public.quests chosen ON chosen.id = g.post_quest_id
      LEFT JOIN public.quests q ON q.id = g.post_quest_id AND g.post_day <= q.total_days
      LEFT JOIN public.quests followed ON followed.id = COALESCE(q.id, standing.id)
), planned AS (
    INSERT INTO discord.daily_posts
           (guild_id, local_date, channel_id, quest_id, day_number, act, status,
            due_at, expires_at, send_at)
    SELECT guild_id, local_date, post_channel_id, quest_id, day_number,
           (SELECT a.act FROM discord.daily_acts a
             WHERE a.quest_id = due.quest_id AND a.day_number = due.day_number),
           CASE WHEN due_at + $5::interval <= $6 THEN 'missed' ELSE 'planned' END,
           due_at, due_at + $5::interval, send_at
      FROM due
    ON CONFLICT (guild_id, local_date) DO NOTHING
    RETURNING guild_id
), moved AS (
    UPDATE discord.guilds g
       SET next_post_on = due.next_on, next_post_at = due.next_at, post_day = due.day_number,
           {_back_to_standing("due.is_over", "due.chosen", "$6")}
      FROM due
     WHERE g.guild_id = due.guild_id
)
SELECT count(*) FROM planned"""

# The texts that will be wanted soon and are not written yet.
UNWRITTEN = f"""
SELECT DISTINCT q.id, COALESCE(q.random_task_seed, '') AS theme, q.difficulty, g.post_day
  FROM discord.guilds g
  JOIN public.quests q ON q.id = COALESCE(g.post_quest_id, {STANDING})
 WHERE g.next_post_at <= $1
   AND NOT EXISTS (SELECT FROM discord.daily_acts a
                    WHERE a.quest_id = q.id AND a.day_number = g.post_day)
 LIMIT $2"""

READ_ACT = """
SELECT (SELECT act FROM discord.daily_acts WHERE quest_id = $1 AND day_number = $2) AS act,
       ARRAY(SELECT act FROM discord.daily_acts
              WHERE quest_id = $1 AND day_number BETWEEN $2 - 365 AND $2 + 365
              ORDER BY day_number DESC) AS others,
       (SELECT id FROM public.userdata WHERE email = $3) AS kai"""

KEEP_ACT = """
WITH kept AS (
    INSERT INTO discord.daily_acts AS a (quest_id, day_number, act, written_at)
    VALUES ($1, $2, $3, $4)
    ON CONFLICT (quest_id, day_number) DO UPDATE SET act = a.act
    RETURNING act
)
SELECT act FROM kept"""

ENSURE_KAI = """
INSERT INTO public.userdata (firstname, lastname, email)
SELECT 'KAI', '(Get Kinder)', $1::varchar
 WHERE NOT EXISTS (SELECT FROM public.userdata WHERE email = $1)
ON CONFLICT (email) DO NOTHING"""

READ_POST = """
SELECT p.id, p.guild_id, p.channel_id, p.local_date, q.id AS quest_id, q.name AS quest,
       q.total_days, q.difficulty, p.day_number AS day,
       COALESCE(p.act, '') AS act,
       (SELECT count(*) FROM discord.post_doers d WHERE d.post_id = p.id)::int AS doers,
       COALESCE(q.random_task_seed, '') AS theme,
       EXISTS (SELECT FROM discord.guilds g
                WHERE g.guild_id = p.guild_id AND g.paused_at IS NOT NULL) AS is_paused
  FROM discord.daily_posts p
  JOIN public.quests q ON q.id = p.quest_id
 WHERE p.id = $1"""

SET_ACT = """
UPDATE discord.daily_posts SET act = $3 WHERE id = $1 AND status = 'sending' AND attempts = $2"""

SENT = f"""
WITH post AS (
    UPDATE discord.daily_posts
       SET status = 'sent', message_id = $3, sent_at = $4, trouble = NULL
     WHERE id = $1 AND status = 'sending' AND attempts = $2
    RETURNING guild_id, quest_id, day_number, act
), guild AS (
    SELECT g.guild_id, g.post_quest_id, q.name,
           g.post_quest_id IS NOT NULL AND post.day_number >= q.total_days AS is_over,
           post.day_number
      FROM post
      JOIN discord.guilds g ON g.guild_id = post.guild_id
      JOIN public.quests q ON q.id = post.quest_id
     WHERE COALESCE(g.post_quest_id, {STANDING}) = post.quest_id
), moved AS (
    UPDATE discord.guilds g
       SET post_day = CASE WHEN guild.is_over THEN {DAY_OF_STANDING}
                           ELSE guild.day_number + 1 END,
           {_back_to_standing("guild.is_over", "guild.name", "$4")}
      FROM guild
     WHERE g.guild_id = guild.guild_id
       AND g.post_quest_id IS NOT DISTINCT FROM guild.post_quest_id
), turn AS (
    INSERT INTO public.kai_interactions
           (user_id, context_type, context_id, message, assistant_response, function_called,
            created_at)
    SELECT u.id, 'daily_post', post.quest_id, NULL, post.act, NULL, $6
      FROM post JOIN public.userdata u ON u.email = $5
)
SELECT count(*) FROM post"""

# A schedule that stands in another channel by now is not paused by what the old one says.
REFUSED = """
WITH post AS (
    UPDATE discord.daily_posts SET status = 'failed', trouble = $3
     WHERE id = $1 AND status = 'sending' AND attempts = $2
    RETURNING guild_id, channel_id
)
UPDATE discord.guilds g
   SET next_post_on = NULL, next_post_at = NULL, paused_at = $4, pause_reason = $3,
       to_tell = jsonb_build_object('what', $3::text), tell_at = $4
  FROM post
 WHERE g.guild_id = post.guild_id AND g.post_channel_id = post.channel_id
   AND g.paused_at IS NULL"""


@dataclass(frozen=True, slots=True)
class DueGuild:
    """A server whose post is due: `next_on` is the local date and `next_at` its instant (UTC)."""

    guild_id: int
    zone: str
    time: dt.time
    next_on: dt.date
    next_at: dt.datetime


@dataclass(frozen=True, slots=True)
class ActQuest:
    """What KAI needs to know of a quest to write an act for one of its days."""

    id: int
    theme: str
    difficulty: str | None


@dataclass(frozen=True, slots=True)
class PostToWrite:
    """A post and the theme of its quest; `is_paused`: its server's posts were paused meanwhile."""

    post: Post
    theme: str
    is_paused: bool


@dataclass(frozen=True, slots=True)
class Planned:
    """What is written for a due server: its turn, and when its next post comes."""

    guild_id: int
    send_at: dt.datetime
    next_on: dt.date
    next_at: dt.datetime


async def due(connection: Connection, now: dt.datetime, limit: int) -> list[DueGuild]:
    """The servers whose post is due, held until the transaction ends; the longest due first."""
    return [DueGuild(*row) for row in await connection.fetch(DUE, now, limit)]


async def plan(
    connection: Connection, planned: Sequence[Planned], now: dt.datetime, window: dt.timedelta
) -> int:
    """Write the ledger's rows and move the schedules on; gives how many rows are new.

    What cannot be sent within the `window` after its instant any more is written as missed.
    """
    count: int = await connection.fetchval(
        PLAN,
        [p.guild_id for p in planned],
        [p.send_at for p in planned],
        [p.next_on for p in planned],
        [p.next_at for p in planned],
        window,
        now,
    )
    return count


async def unwritten(pool: Pool, until: dt.datetime, limit: int) -> list[tuple[ActQuest, int]]:
    """The quests and days whose act is wanted until then, and is not written yet."""
    rows = await pool.fetch(UNWRITTEN, until, limit)
    return [(ActQuest(row[0], row[1], row[2]), row[3]) for row in rows]


async def read_act(pool: Pool, quest_id: int, day: int) -> tuple[str | None, tuple[str, ...], int]:
    """The act of a quest's day if there is one; those within a year of it; KAI's user id, or 0."""
    row = await fetch_one(pool, READ_ACT, quest_id, day, KAI_EMAIL)
    return row["act"], tuple(row["others"]), row["kai"] or 0


async def keep_act(pool: Pool, quest_id: int, day: int, act: str, now: dt.datetime) -> str:
    """Keep an act for a quest's day; gives the one that was kept first."""
    kept: str = await pool.fetchval(KEEP_ACT, quest_id, day, act, now)
    return kept


async def ensure_kai(pool: Pool) -> None:
    """Make KAI's own `userdata` row where there is none."""
    await pool.execute(ENSURE_KAI, KAI_EMAIL)


async def read_post(pool: Pool, post_id: int) -> PostToWrite | None:
    """One post; None when there is none of that id, or its quest is gone."""
    row = await pool.fetchrow(READ_POST, post_id)
    return None if row is None else PostToWrite(Post.of(row), row["theme"], row["is_paused"])


async def set_act(pool: Pool, claim: Claim, act: str) -> None:
    """Keep with a post the act that it is sent with."""
    await pool.execute(SET_ACT, claim.id, claim.attempt, act)


async def sent(pool: Pool, claim: Claim, message_id: int, now: dt.datetime) -> bool:
    """Write that a post was sent, with KAI's turn and the schedule's next day; False if not ours.

    A chosen quest that ends with it makes place for the standing one, of which the server's
    administrators will be told.
    """
    written: int = await pool.fetchval(
        SENT, claim.id, claim.attempt, message_id, now, KAI_EMAIL, naive(now)
    )
    return written > 0


async def refused(pool: Pool, claim: Claim, reason: str, now: dt.datetime) -> None:
    """Write that a channel takes no posts any more, and pause the server's schedule for it."""
    await pool.execute(REFUSED, claim.id, claim.attempt, reason, now)
