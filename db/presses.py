"""The buttons of a daily post: what a press finds, the member's whole day, and the counter."""

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

from db.challenges import CHALLENGE_COLUMNS, FROM_CHALLENGE
from db.members import ME, ME_COLUMNS, TOUCHED, Caller, Me
from db.pool import Pool, fetch_one, fetch_some
from db.quests import QUEST_COLUMNS, QUEST_DAYS, RECENT, from_quests
from db.rows import Enrolment, Post, enrolment_of, standing_of

if TYPE_CHECKING:
    from asyncpg import Record

IS_THERE = "status IN ('sending', 'sent', 'unknown')"
"""Said of a post whose message is in its channel, as far as anybody knows."""


def _post(which: str) -> str:
    """The post, as far as it is there and has its quest, in a statement that begins with `ME`."""
    return f""", post AS (
    SELECT p.id AS post_id, p.quest_id AS post_quest_id, pq.name AS post_quest,
           pq.difficulty AS post_difficulty, COALESCE(pq.is_active, true) AS is_offered,
           p.act, p.local_date AS post_date, COALESCE(p.sent_at, p.sending_at, p.due_at) AS sent_at,
           COALESCE(g.zone, $6) AS post_zone,
           EXISTS (SELECT FROM discord.daily_posts n
                    WHERE n.guild_id = p.guild_id AND n.local_date > p.local_date
                      AND n.status = 'sent') AS has_newer,
           EXISTS (SELECT FROM discord.post_doers d
                    WHERE d.post_id = p.id AND d.user_id = (SELECT user_id FROM me)) AS is_doer
      FROM discord.daily_posts p
      JOIN public.quests pq ON pq.id = p.quest_id AND pq.total_days >= 1
      LEFT JOIN discord.guilds g ON g.guild_id = p.guild_id
     WHERE {which} AND p.{IS_THERE} AND p.act IS NOT NULL
)"""


READ_PRESS = f"""{ME}{TOUCHED}{_post("p.id = $7")}
SELECT {ME_COLUMNS}, post.*, {QUEST_COLUMNS}
  FROM me
  LEFT JOIN post ON true
  LEFT JOIN public.quests q ON q.id = post.post_quest_id
  LEFT JOIN LATERAL (
       SELECT * FROM public.user_quests u
        WHERE u.user_id = me.user_id AND u.quest_id = q.id
        LIMIT 1) e ON true
{QUEST_DAYS}"""

NEWEST = f"""p.id = (SELECT n.id FROM discord.daily_posts n
                      WHERE n.guild_id = $3 AND n.{IS_THERE}
                      ORDER BY n.local_date DESC LIMIT 1)"""

MY_DAY = f"""{ME}{TOUCHED}{_post(NEWEST)}, mine AS (
    SELECT 'challenge' AS kind, {CHALLENGE_COLUMNS} {FROM_CHALLENGE}
    UNION ALL
    SELECT 'quest', {QUEST_COLUMNS}
           {from_quests("e.quest_id = (SELECT post_quest_id FROM post)", "$7")}
)
SELECT {ME_COLUMNS}, post.*, mine.*
  FROM me
  LEFT JOIN post ON true
  LEFT JOIN mine ON mine.id IS NOT NULL
 ORDER BY mine.start_date, mine.id"""

ADD_DOER = """
INSERT INTO discord.post_doers (post_id, user_id, done_at)
SELECT p.id, a.user_id, $3 FROM discord.daily_posts p, discord.accounts a
 WHERE p.id = $1 AND a.user_id = $2
ON CONFLICT (post_id, user_id) DO NOTHING
RETURNING id"""

READ_COUNTER = """
SELECT status = 'sent' AS is_sent, edited_at,
       shown_count <> (SELECT count(*) FROM discord.post_doers d WHERE d.post_id = p.id)
         AS is_behind
  FROM discord.daily_posts p
 WHERE p.id = $1 AND p.quest_id IS NOT NULL AND p.act IS NOT NULL
   AND (p.status = 'sending' OR p.status = 'sent' AND p.message_id IS NOT NULL)"""

CLAIM_EDIT = """
UPDATE discord.daily_posts p SET edited_at = $2
  FROM public.quests q
 WHERE p.id = $1 AND q.id = p.quest_id AND p.act IS NOT NULL
   AND p.status = 'sent' AND p.message_id IS NOT NULL
   AND (p.edited_at IS NULL OR p.edited_at <= $3)
RETURNING p.id, p.guild_id, p.channel_id, p.local_date, p.quest_id, q.name AS quest, q.total_days,
          q.difficulty, p.day_number AS day, p.act,
          (SELECT count(*)::int FROM discord.post_doers d WHERE d.post_id = p.id) AS doers,
          p.message_id"""

NOTE_SHOWN = "UPDATE discord.daily_posts SET shown_count = $2, edited_at = $3 WHERE id = $1"

LEFT_BEHIND = """
SELECT p.id FROM discord.daily_posts p
 WHERE p.status = 'sent' AND p.sent_at >= $1
   AND p.shown_count <> (SELECT count(*) FROM discord.post_doers d WHERE d.post_id = p.id)
 ORDER BY p.sent_at DESC"""


@dataclass(frozen=True, slots=True)
class SeenPost:
    """A post as who presses on it meets it.

    `date` is the server's local date, `zone` the server's, `sent_at` (aware UTC) when it was sent
    or, while nobody knows, when that began. `is_offered` says that its quest may be taken up.
    """

    id: int
    quest_id: int
    quest: str
    difficulty: str | None
    is_offered: bool
    act: str
    date: dt.date
    sent_at: dt.datetime
    zone: str
    has_newer: bool
    is_doer: bool


@dataclass(frozen=True, slots=True)
class Counter:
    """How a post's counter stands: `edited_at` (aware UTC) is when it was edited last.

    While it `is_sent` not, its message is perhaps there, and is not known.
    """

    is_sent: bool
    edited_at: dt.datetime | None
    is_behind: bool


def _seen_post(row: "Record") -> SeenPost | None:
    if row["post_id"] is None:
        return None
    return SeenPost(
        id=row["post_id"],
        quest_id=row["post_quest_id"],
        quest=row["post_quest"],
        difficulty=row["post_difficulty"],
        is_offered=row["is_offered"],
        act=row["act"],
        date=row["post_date"],
        sent_at=row["sent_at"],
        zone=row["post_zone"],
        has_newer=row["has_newer"],
        is_doer=row["is_doer"],
    )


async def read_press(
    pool: Pool, caller: Caller, post_id: int
) -> tuple[Me, tuple[SeenPost, Enrolment] | None]:
    """The post and where the caller stands in its quest; None when it is not there any more.

    Who is not on the quest yet has the enrolment that `standing_of` gives.
    """
    row = await fetch_one(pool, READ_PRESS, *caller.args, post_id)
    post = _seen_post(row)
    return Me.of(row), None if post is None else (post, standing_of("quest", row))


async def read_my_day(
    pool: Pool, caller: Caller
) -> tuple[Me, Enrolment | None, list[Enrolment], SeenPost | None]:
    """The caller's challenge and quests as `read_current` gives them, and the server's newest post.

    The quest of that post is among the quests in any status.
    """
    rows = await fetch_some(pool, MY_DAY, *caller.args, caller.now.date() - RECENT)
    mine: dict[str, list[Enrolment]] = {"challenge": [], "quest": []}
    for row in rows:
        kind = "challenge" if row["kind"] == "challenge" else "quest"
        enrolment = enrolment_of(kind, row)
        if enrolment is not None:
            mine[kind].append(enrolment)
    challenge = next(iter(mine["challenge"]), None)
    return Me.of(rows[0]), challenge, mine["quest"], _seen_post(rows[0])


async def add_doer(pool: Pool, post_id: int, user_id: int, now: dt.datetime) -> bool:
    """Put a member among those whose day a post has seen done; False if they were already."""
    return await pool.fetchval(ADD_DOER, post_id, user_id, now) is not None


async def read_counter(pool: Pool, post_id: int) -> Counter | None:
    """How a post's counter stands; None when there is no post that could be edited."""
    row = await pool.fetchrow(READ_COUNTER, post_id)
    return None if row is None else Counter(*row)


async def claim_edit(
    pool: Pool, post_id: int, now: dt.datetime, edited_before: dt.datetime
) -> tuple[Post, int] | None:
    """Take the right to edit a post: the post, and its message's id.

    None when it has no message, or was edited later than that.
    """
    row = await pool.fetchrow(CLAIM_EDIT, post_id, now, edited_before)
    return None if row is None else (Post.of(row), row["message_id"])


async def note_shown(pool: Pool, post_id: int, doers: int, now: dt.datetime) -> None:
    """Write which number a post shows, and that it was edited by now."""
    await pool.execute(NOTE_SHOWN, post_id, doers, now)


async def left_behind(pool: Pool, since: dt.datetime) -> list[int]:
    """The posts sent since then that show another number than they should, the newest first."""
    return [row["id"] for row in await pool.fetch(LEFT_BEHIND, since)]
