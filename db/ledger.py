"""The two ledgers, `daily_posts` and `reminders`: what is to be sent, and what became of it.

A row goes from planned to sending, and from there to where it stays. Whoever sends it holds it by
the number of its attempt: once somebody else has taken it up, nothing is written any more.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from db.pace import HOLD_AHEAD
from db.pool import Pool

Ledger = Literal["daily_posts", "reminders"]
LEDGERS: tuple[Ledger, ...] = ("daily_posts", "reminders")

STALE = dt.timedelta(seconds=60)
"""A row that has been in sending for longer is taken up by whoever comes by."""
EARLY = dt.timedelta(seconds=2)
"""By how much a row is taken before its turn at most: a message is looked for since then."""
MOST_JOBS = 10_000


def both(sql: str) -> dict[Ledger, str]:
    """A statement for each ledger, from one that says LEDGER."""
    return {ledger: sql.replace("LEDGER", f"discord.{ledger}") for ledger in LEDGERS}


NEXT_AT = """
SELECT LEAST((SELECT min(next_post_at) FROM discord.guilds),
             (SELECT min(next_reminder_at) FROM discord.accounts),
             (SELECT min(send_at) FROM discord.reminders WHERE status IN ('planned', 'sending')))"""

OPEN = both("""
SELECT id, send_at FROM LEDGER
 WHERE status IN ('planned', 'sending') AND send_at <= $1
   AND (status = 'planned' OR sending_at <= $2)
 ORDER BY send_at
 LIMIT $3""")

EXPIRE = both("""
UPDATE LEDGER SET status = 'missed'
 WHERE status = 'planned' AND send_at <= $1 AND expires_at <= $1""")

CLAIM = both("""
WITH row AS (
    SELECT id, status FROM LEDGER
     WHERE id = $1
       AND (status = 'planned' AND send_at <= $5 AND expires_at > $2
            OR status = 'sending' AND sending_at <= $3)
       AND NOT EXISTS (SELECT FROM discord.pace WHERE held_until > $2 AND held_until < $4)
       FOR UPDATE
)
UPDATE LEDGER l SET status = 'sending', sending_at = $2, attempts = l.attempts + 1
  FROM row
 WHERE l.id = row.id
RETURNING l.id, l.attempts, row.status = 'sending' AS was_sending, l.send_at, l.expires_at""")

RELEASE = both("""
UPDATE LEDGER SET status = 'planned', send_at = $3, trouble = $4
 WHERE id = $1 AND status = 'sending' AND attempts = $2""")

CLOSE = both("""
UPDATE LEDGER SET status = $3, trouble = $4
 WHERE id = $1 AND status = 'sending' AND attempts = $2""")

NOTE_TROUBLE = both("""
UPDATE LEDGER SET trouble = $3
 WHERE id = $1 AND status = 'sending' AND attempts = $2""")


@dataclass(frozen=True, slots=True)
class Claim:
    """A row that is ours to send since `claimed_at`, by the number of this attempt.

    `was_sending` says that somebody before may have sent it, at `send_at` or later.
    """

    ledger: Ledger
    id: int
    attempt: int
    was_sending: bool
    send_at: dt.datetime
    expires_at: dt.datetime
    claimed_at: dt.datetime


async def open_rows(
    pool: Pool, ledger: Ledger, now: dt.datetime, until: dt.datetime
) -> Sequence[tuple[int, dt.datetime]]:
    """The ids and turns of what is to be sent until then, or has been in sending for too long."""
    rows = await pool.fetch(OPEN[ledger], until, now - STALE, MOST_JOBS)
    return [(row["id"], row["send_at"]) for row in rows]


async def next_at(pool: Pool) -> dt.datetime | None:
    """When (aware UTC) the next post or reminder is due; None when there is none to come."""
    at: dt.datetime | None = await pool.fetchval(NEXT_AT)
    return at


async def expire(pool: Pool, ledger: Ledger, now: dt.datetime) -> int:
    """Mark as missed what could not be sent within its window; gives how many."""
    done = await pool.execute(EXPIRE[ledger], now)
    return int(done.removeprefix("UPDATE "))


async def claim(pool: Pool, ledger: Ledger, row_id: int, now: dt.datetime) -> Claim | None:
    """Take a row for sending.

    None when it is not to be sent: somebody else has it, it is done or expired, its turn has not
    come, or all is held.
    """
    row = await pool.fetchrow(
        CLAIM[ledger], row_id, now, now - STALE, now + HOLD_AHEAD, now + EARLY
    )
    return None if row is None else Claim(ledger, *row, claimed_at=now)


async def release(pool: Pool, claim: Claim, again_at: dt.datetime, trouble: str | None) -> None:
    """Give a row back that was certainly not sent; it is tried again at that instant."""
    await _write(pool, RELEASE, claim, again_at, trouble)


async def close(pool: Pool, claim: Claim, status: str, trouble: str | None) -> None:
    """End a row that is not sent: failed, missed, unknown, or nothing to be said."""
    await _write(pool, CLOSE, claim, status, trouble)


async def note_trouble(pool: Pool, claim: Claim, trouble: str) -> None:
    """Leave a row in sending, of which nobody knows whether it was sent."""
    await _write(pool, NOTE_TROUBLE, claim, trouble)


async def _write(pool: Pool, sql: dict[Ledger, str], claim: Claim, *values: Any) -> None:
    await pool.execute(sql[claim.ledger], claim.id, claim.attempt, *values)
