"""KAI's turns that stand alone: answers, and forgetting. Others are written with their effect."""

import datetime as dt
from dataclasses import dataclass

from db.members import ME, ME_COLUMNS, TOUCHED, Caller, Me, naive
from db.pool import Pool, fetch_one

READ_PROGRESS = f"""{ME}{TOUCHED}
SELECT {ME_COLUMNS},
       ARRAY(SELECT DISTINCT local_date FROM discord.completions
              WHERE user_id = me.user_id) AS dates,
       e.day AS challenge_day, c.total_days AS challenge_days, c.name AS challenge,
       q.day AS quest_day, qq.total_days AS quest_days, qq.name AS quest
  FROM me
  LEFT JOIN LATERAL (
       SELECT challenge_id, GREATEST(COALESCE(current_day, 1), 1) AS day
         FROM public.user_challenges
        WHERE user_id = me.user_id AND status = 'active'
        ORDER BY start_date DESC NULLS LAST, id DESC LIMIT 1) e ON true
  LEFT JOIN public.challenges c ON c.id = e.challenge_id
  LEFT JOIN LATERAL (
       SELECT quest_id, GREATEST(COALESCE(current_day, 1), 1) AS day
         FROM public.user_quests
        WHERE user_id = me.user_id AND status = 'active'
        ORDER BY start_date DESC NULLS LAST, id DESC LIMIT 1) q ON true
  LEFT JOIN public.quests qq ON qq.id = q.quest_id"""

WRITE_TURN = """
INSERT INTO public.kai_interactions
       (user_id, context_type, context_id, message, assistant_response, function_called, created_at)
VALUES ($1, 'chat', NULL, $2, $3, NULL, $4)"""

COUNT_TURNS = f"""{ME}{TOUCHED}
SELECT {ME_COLUMNS},
       (SELECT count(*) FROM public.kai_interactions k WHERE k.user_id = me.user_id) AS turns
  FROM me"""

FORGET = """
WITH account AS (
    UPDATE discord.accounts SET forgotten_until = $2 WHERE user_id = $1 RETURNING user_id
), forgotten AS (
    DELETE FROM public.kai_interactions k USING account a
     WHERE k.user_id = a.user_id
    RETURNING k.id
)
SELECT count(*) FROM forgotten"""


@dataclass(frozen=True, slots=True)
class Progress:
    """What KAI may say of the caller: completion dates, and the latest active items' days."""

    dates: tuple[dt.date, ...]
    challenge_day: int | None
    challenge_days: int | None
    challenge: str | None
    quest_day: int | None
    quest_days: int | None
    quest: str | None


async def read_progress(pool: Pool, caller: Caller) -> tuple[Me, Progress]:
    """The caller and what KAI may say of their progress."""
    row = await fetch_one(pool, READ_PROGRESS, *caller.args)
    values = {name: row[name] for name in Progress.__slots__ if name != "dates"}
    return Me.of(row), Progress(dates=tuple(row["dates"]), **values)


async def write_answer(
    pool: Pool, user_id: int, message: str, response: str, now: dt.datetime
) -> None:
    """Log one answer of KAI's as a turn."""
    await pool.execute(WRITE_TURN, user_id, message, response, naive(now))


async def count_turns(pool: Pool, caller: Caller) -> tuple[Me, int]:
    """How many turns of the caller's are kept."""
    row = await fetch_one(pool, COUNT_TURNS, *caller.args)
    return Me.of(row), row["turns"]


async def forget(pool: Pool, user_id: int, now: dt.datetime) -> int:
    """Erase every turn of a member, and note until when; gives how many there were."""
    erased: int = await pool.fetchval(FORGET, user_id, now)
    return erased
