"""KAI's turns that stand alone: answers, and forgetting. Others are written with their effect."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from db.members import ME, ME_COLUMNS, TOUCHED, Caller, Me, naive
from db.pool import Pool, fetch_one
from db.rows import Kind

READ_PROGRESS = f"""{ME}{TOUCHED}
SELECT {ME_COLUMNS},
       ARRAY(SELECT DISTINCT local_date FROM discord.completions
              WHERE user_id = me.user_id) AS dates,
       e.day AS challenge_day, c.total_days AS challenge_days, c.name AS challenge,
       q.day AS quest_day, qq.total_days AS quest_days, qq.name AS quest,
       (SELECT COALESCE(jsonb_agg(jsonb_build_array(t.message, t.assistant_response)), '[]')
          FROM (SELECT k.message, k.assistant_response
                  FROM public.kai_interactions k
                  JOIN discord.accounts a ON a.user_id = k.user_id
                 WHERE k.user_id = me.user_id AND k.message IS NOT NULL
                   AND (a.forgotten_until IS NULL OR k.created_at > a.forgotten_until::timestamp)
                 ORDER BY k.created_at DESC, k.id DESC LIMIT 12) t) AS turns
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

# A turn that began before its member had everything forgotten is not written any more: it waits for
# the account's row, should that be happening now.
WRITE_TURN = """
WITH remembered AS (
    SELECT user_id FROM discord.accounts
     WHERE user_id = $1 AND (forgotten_until IS NULL OR forgotten_until < $5)
       FOR SHARE
), turn AS (
    INSERT INTO public.kai_interactions
           (user_id, context_type, context_id, message, assistant_response, function_called,
            created_at)
    SELECT user_id, 'chat', NULL, $2, $3, $4, $6 FROM remembered
)
INSERT INTO discord.reflection_drafts
       (user_id, kind, item_id, day_number, reflection, created_at)
SELECT r.user_id, d.kind, d.item_id, d.day_number, d.reflection, $5
  FROM remembered r, unnest($7::text[], $8::int[], $9::int[], $10::text[])
       WITH ORDINALITY AS d (kind, item_id, day_number, reflection, place)
 ORDER BY d.place
RETURNING id"""

READ_DRAFT = """
SELECT d.kind, d.item_id, d.day_number, d.reflection
  FROM discord.reflection_drafts d
  JOIN discord.accounts a ON a.user_id = d.user_id
 WHERE a.discord_id = $1 AND d.id = $2"""

IS_THE_BOTS = """NOT (context_type IS NOT DISTINCT FROM 'reflection'
            AND assistant_response IS NULL AND function_called IS NULL)"""
"""Said of a turn: the website writes one with nothing but a reflection in it, and that is its."""

COUNT_TURNS = f"""{ME}{TOUCHED}
SELECT {ME_COLUMNS},
       (SELECT count(*) FROM public.kai_interactions k
         WHERE k.user_id = me.user_id AND {IS_THE_BOTS}) AS turns
  FROM me"""

# Statements that are one transaction and one round trip (so their values are put in as they are, a
# number and an instant): those after the first see what was written before it had the row, and
# whose the account is by then.
FORGET = f"""
UPDATE discord.accounts SET forgotten_until = '{{now}}' WHERE discord_id = {{discord_id}};
WITH me AS (
    SELECT user_id FROM discord.accounts WHERE discord_id = {{discord_id}}
), dropped AS (
    DELETE FROM discord.reflection_drafts d USING me WHERE d.user_id = me.user_id
)
DELETE FROM public.kai_interactions k USING me
 WHERE k.user_id = me.user_id AND {IS_THE_BOTS}"""


@dataclass(frozen=True, slots=True)
class Draft:
    """A reflection on a day of an item that KAI offers to save, until the member agrees."""

    kind: Kind
    item_id: int
    day_number: int
    reflection: str


@dataclass(frozen=True, slots=True)
class Progress:
    """What KAI may say of the caller: completion dates, and the latest active items' days.

    `turns` are their latest turns that are not forgotten, newest first: message and response.
    """

    dates: tuple[dt.date, ...]
    challenge_day: int | None
    challenge_days: int | None
    challenge: str | None
    quest_day: int | None
    quest_days: int | None
    quest: str | None
    turns: tuple[tuple[str, str], ...]


async def read_progress(pool: Pool, caller: Caller) -> tuple[Me, Progress]:
    """The caller and what KAI may say of their progress."""
    row = await fetch_one(pool, READ_PROGRESS, *caller.args)
    values = {name: row[name] for name in Progress.__slots__ if name not in ("dates", "turns")}
    turns = tuple((message, response or "") for message, response in row["turns"])
    return Me.of(row), Progress(dates=tuple(row["dates"]), turns=turns, **values)


async def write_answer(
    pool: Pool,
    user_id: int,
    *,
    message: str,
    response: str,
    function_called: str | None,
    drafts: Sequence[Draft],
    now: dt.datetime,
) -> list[int]:
    """Log one answer of KAI's as a turn, with the reflections that it offers to save.

    Gives the drafts' ids, in their order; none, with nothing written, when the member has had
    everything forgotten since `now` (aware UTC, when the turn began).
    """
    rows = await pool.fetch(
        WRITE_TURN,
        *(user_id, message, response, function_called, now, naive(now)),
        [draft.kind for draft in drafts],
        [draft.item_id for draft in drafts],
        [draft.day_number for draft in drafts],
        [draft.reflection for draft in drafts],
    )
    return [row["id"] for row in rows]


async def read_draft(pool: Pool, discord_id: int, draft_id: int) -> Draft | None:
    """A member's own draft; None when there is none of that id, or it is another member's."""
    row = await pool.fetchrow(READ_DRAFT, discord_id, draft_id)
    return None if row is None else Draft(*row)


async def count_turns(pool: Pool, caller: Caller) -> tuple[Me, int]:
    """How many turns of the caller's are kept."""
    row = await fetch_one(pool, COUNT_TURNS, *caller.args)
    return Me.of(row), row["turns"]


async def forget(pool: Pool, discord_id: int, now: dt.datetime) -> int:
    """Erase every turn of a member's with KAI here, and note until when; gives how many."""
    done = await pool.execute(FORGET.format(discord_id=int(discord_id), now=now.isoformat()))
    return int(done.removeprefix("DELETE "))
