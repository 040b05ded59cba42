"""The common pace: one row from which every process takes the turns in which it sends."""

import datetime as dt

from db.pool import Connection, Pool

TURNS_AHEAD = dt.timedelta(hours=3)
HOLD_AHEAD = dt.timedelta(minutes=5)
"""Turns and holds that lie further ahead are those of a clock that has gone back since."""

TAKE_TURNS = """
UPDATE discord.pace
   SET next_at = GREATEST(CASE WHEN next_at < $3 THEN next_at END,
                          CASE WHEN held_until < $4 THEN held_until END, $1) + $2::interval
RETURNING next_at - $2::interval"""

IS_HELD = "SELECT EXISTS (SELECT FROM discord.pace WHERE held_until > $1 AND held_until < $2)"

HOLD = """
UPDATE discord.pace
   SET held_until = GREATEST(CASE WHEN held_until < $2 THEN held_until END, $1)"""

READ_CLOCK = "SELECT clock_timestamp()"


async def take_turns(pool: Pool | Connection, now: dt.datetime, room: dt.timedelta) -> dt.datetime:
    """The first instant (aware UTC) from which nobody else sends for as long as `room`."""
    first: dt.datetime = await pool.fetchval(
        TAKE_TURNS, now, room, now + TURNS_AHEAD, now + HOLD_AHEAD
    )
    return first


async def hold(pool: Pool, now: dt.datetime, until: dt.datetime) -> None:
    """Give no turn before that instant."""
    await pool.execute(HOLD, until, now + HOLD_AHEAD)


async def is_held(pool: Pool, now: dt.datetime) -> bool:
    """Whether nothing may be sent now."""
    held: bool = await pool.fetchval(IS_HELD, now, now + HOLD_AHEAD)
    return held


async def read_clock(pool: Pool) -> dt.datetime:
    """The database server's own clock, as aware UTC."""
    now: dt.datetime = await pool.fetchval(READ_CLOCK)
    return now
