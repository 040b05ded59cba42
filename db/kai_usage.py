"""What KAI's model may use, counted here so that every process shares it.

A call takes a slot and counts as a turn when it is admitted; its tokens are added when it ends.
Days are UTC dates. Rows are locked in one order: slot, member, guild, bot, breaker.
"""

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from db.pool import Pool

if TYPE_CHECKING:
    from asyncpg import Record

Refusal = Literal["resting", "busy", "member", "guild", "tokens", "uncounted"]
"""Why a call is not admitted: the breaker is open, all slots are taken, or a day's limit is used
up: the member's turns, the server's, or the tokens of the whole bot; or the database could not
count it. (Direct messages count as server 0, which has no limit of its own.)"""

ADMIT = """
WITH breaker AS (
    SELECT id FROM discord.kai_breakers WHERE model = $1 AND open_until > $2
), slot AS (
    UPDATE discord.kai_slots SET taken_until = $3, user_id = $6
     WHERE id = (SELECT id FROM discord.kai_slots
                  WHERE slot <= $4 AND (taken_until IS NULL OR taken_until <= $2)
                    AND NOT EXISTS (SELECT FROM breaker)
                    AND (SELECT count(*) FROM discord.kai_slots
                          WHERE user_id = $6 AND taken_until > $2) < $11
                  ORDER BY slot LIMIT 1
                    FOR UPDATE SKIP LOCKED)
    RETURNING slot
), member AS (
    INSERT INTO discord.kai_usage AS u (day, scope, subject_id, turns)
    SELECT $5, 'member', $6, 1 FROM slot
    ON CONFLICT (day, scope, subject_id) DO UPDATE SET turns = u.turns + 1 WHERE u.turns < $8
    RETURNING turns
), guild AS (
    INSERT INTO discord.kai_usage AS u (day, scope, subject_id, turns)
    SELECT $5, 'guild', COALESCE($7::bigint, 0), 1 FROM member
    ON CONFLICT (day, scope, subject_id) DO UPDATE SET turns = u.turns + 1
     WHERE $7::bigint IS NULL OR u.turns < $9
    RETURNING turns
), bot AS (
    INSERT INTO discord.kai_usage AS u (day, scope, subject_id, turns)
    SELECT $5, 'bot', 0, 1 FROM guild
    ON CONFLICT (day, scope, subject_id) DO UPDATE SET turns = u.turns + 1 WHERE u.tokens < $10
    RETURNING turns
)
SELECT (SELECT slot FROM slot) AS slot,
       CASE WHEN EXISTS (SELECT FROM breaker) THEN 'resting'
            WHEN NOT EXISTS (SELECT FROM slot) THEN 'busy'
            WHEN NOT EXISTS (SELECT FROM member) THEN 'member'
            WHEN NOT EXISTS (SELECT FROM guild) THEN 'guild'
            WHEN NOT EXISTS (SELECT FROM bot) THEN 'tokens'
       END AS refusal"""

SETTLE = """
WITH freed AS (
    UPDATE discord.kai_slots SET taken_until = NULL WHERE slot = $1 AND taken_until = $2
    RETURNING slot
), spent AS (
    UPDATE discord.kai_usage u SET tokens = u.tokens + $4
      FROM (SELECT count(*) FROM freed) AS first
     WHERE u.day = $3 AND u.scope = 'bot' AND u.subject_id = 0 AND $4 > 0
    RETURNING u.id
), failed AS (
    INSERT INTO discord.kai_breakers AS b (model, failures, open_until)
    SELECT $5, 1, $8::timestamptz FROM (SELECT count(*) FROM spent) AS first WHERE $6
    ON CONFLICT (model) DO UPDATE
       SET failures = b.failures + 1,
           open_until = GREATEST(b.open_until, $8,
                                 CASE WHEN b.failures + 1 >= $7 THEN $9::timestamptz END)
)
UPDATE discord.kai_breakers b SET failures = 0, open_until = NULL
  FROM (SELECT count(*) FROM spent) AS first
 WHERE b.model = $5 AND $10 AND b.failures > 0 AND (b.open_until IS NULL OR b.open_until <= $11)"""

TIDY = """
WITH drafts AS (DELETE FROM discord.reflection_drafts WHERE created_at < $2)
DELETE FROM discord.kai_usage WHERE day < $1"""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a day and a call may use. `call_seconds` is how long a slot is held at most.

    After so many `failures` in a row the model rests for `rest_seconds`, and never for longer than
    `longest_rest`, whatever it asks for. A member has `member_at_once` calls at a time.
    """

    member_turns: int
    guild_turns: int
    day_tokens: int
    concurrent: int
    call_seconds: float
    failures: int = 5
    rest_seconds: float = 60
    longest_rest: float = 600
    member_at_once: int = 2


@dataclass(frozen=True, slots=True)
class Pass:
    """An admitted call: its slot, how long it holds it, and the UTC day that it counts for."""

    slot: int
    until: dt.datetime
    day: dt.date


async def admit(
    pool: Pool,
    model: str,
    limits: Limits,
    user_id: int,
    guild_id: int | None,
    now: dt.datetime,
) -> Pass | Refusal:
    """Admit one call for a member (a user id), or say why not, and then nothing is counted.

    `now` is aware UTC. A slot whose process died is free again after `call_seconds`.
    """
    until = now + dt.timedelta(seconds=limits.call_seconds)
    day = now.date()
    try:
        async with pool.acquire() as connection, connection.transaction():
            row: Record | Any = await connection.fetchrow(
                ADMIT,
                *(model, now, until, limits.concurrent, day, user_id, guild_id),
                *(limits.member_turns, limits.guild_turns, limits.day_tokens),
                limits.member_at_once,
            )
            _take_back_if_refused(row["refusal"])
            return Pass(row["slot"], until, day)
    except _RefusedError as refused:
        return refused.refusal


class _RefusedError(Exception):
    """Takes back what the statement counted before it met the limit."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal)
        self.refusal: Refusal = refusal


def _take_back_if_refused(refusal: Refusal | None) -> None:
    if refusal is not None:
        raise _RefusedError(refusal)


async def settle(
    pool: Pool,
    model: str,
    limits: Limits,
    passed: Pass,
    *,
    tokens: int,
    answered: bool,
    failed: bool,
    rest: float | None,
    now: dt.datetime,
) -> None:
    """End a call: free its slot, add its tokens, and note whether the model answered or failed.

    (It did neither when the call was broken off.) When it asked for a `rest` of so many seconds it
    has it at once.
    """
    asked = None if rest is None else now + dt.timedelta(seconds=min(rest, limits.longest_rest))
    await pool.execute(
        SETTLE,
        *(passed.slot, passed.until, passed.day, tokens, model, failed, limits.failures),
        *(asked, now + dt.timedelta(seconds=limits.rest_seconds), answered, now),
    )


async def tidy(pool: Pool, before: dt.date, drafts_before: dt.datetime) -> None:
    """Drop the counts of days before this one, and offered reflections that nobody took up."""
    await pool.execute(TIDY, before, drafts_before)
