"""Servers the bot is in, the home server, and what the bot remembers about itself."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

import asyncpg

from db.pool import Pool

# The partial unique index on is_home lets one server at most be the home.
CLAIM_HOME = """
WITH claimed AS (
    INSERT INTO discord.guilds (guild_id, joined_at, is_home)
    SELECT $1, $2, true WHERE NOT EXISTS (SELECT FROM discord.guilds WHERE is_home)
    ON CONFLICT (guild_id) DO UPDATE SET is_home = true
    RETURNING guild_id
)
SELECT guild_id FROM claimed UNION ALL SELECT guild_id FROM discord.guilds WHERE is_home"""

READ_HOME = "SELECT guild_id FROM discord.guilds WHERE is_home"

READ_STATE = "SELECT value FROM discord.state WHERE name = $1"

WRITE_STATE = """
INSERT INTO discord.state (name, value) VALUES ($1, $2)
ON CONFLICT (name) DO UPDATE SET value = EXCLUDED.value"""

TO_TELL = """
SELECT guild_id FROM discord.guilds WHERE to_tell IS NOT NULL AND tell_at <= $1
 ORDER BY tell_at LIMIT 1000"""

READ_NOTICE = """
SELECT guild_id, post_set_by, post_channel_id, to_tell FROM discord.guilds
 WHERE guild_id = $1 AND to_tell IS NOT NULL"""

TOLD = """
UPDATE discord.guilds SET to_tell = NULL, tell_at = NULL WHERE guild_id = $1 AND to_tell = $2"""

TELL_LATER = "UPDATE discord.guilds SET tell_at = $2 WHERE guild_id = $1 AND to_tell IS NOT NULL"

GREET = """
INSERT INTO discord.guilds AS g (guild_id, joined_at, greeted_at) VALUES ($1, $2, $2)
ON CONFLICT (guild_id) DO UPDATE
   SET greeted_at = $2,
       pause_reason = CASE WHEN g.pause_reason = 'left' THEN 'asked' ELSE g.pause_reason END
 WHERE g.greeted_at IS NULL
RETURNING guild_id"""

LEFT = """
WITH dropped AS (
    DELETE FROM discord.daily_posts WHERE guild_id = $1 AND status = 'planned'
)
UPDATE discord.guilds
   SET greeted_at = NULL, to_tell = NULL, tell_at = NULL, next_post_on = NULL, next_post_at = NULL,
       paused_at = CASE WHEN post_channel_id IS NOT NULL THEN COALESCE(paused_at, $2) END,
       pause_reason = CASE WHEN post_channel_id IS NOT NULL THEN 'left' END
 WHERE guild_id = $1"""


@dataclass(frozen=True, slots=True)
class Notice:
    """What a server's administrators are to be told: `about` as `discord.guilds.to_tell` has it.

    `keeper_id` is the Discord id of who set its daily post up.
    """

    guild_id: int
    keeper_id: int | None
    channel_id: int | None
    about: dict[str, Any]


async def home_guild(pool: Pool) -> int | None:
    """The stored home server, None while there is none."""
    found: int | None = await pool.fetchval(READ_HOME)
    return found


async def claim_home(pool: Pool, guild_id: int, now: dt.datetime) -> int:
    """The home server: the stored one, or from now on this one."""
    try:
        home: int = await pool.fetchval(CLAIM_HOME, guild_id, now)
    except asyncpg.UniqueViolationError:  # another process claimed one at the same instant
        home = await pool.fetchval(READ_HOME)
    return home


async def read_state(pool: Pool, name: str) -> str | None:
    """A value that the bot has stored about itself."""
    value: str | None = await pool.fetchval(READ_STATE, name)
    return value


async def write_state(pool: Pool, name: str, value: str) -> None:
    """Store a value about the bot itself."""
    await pool.execute(WRITE_STATE, name, value)


async def to_tell(pool: Pool, now: dt.datetime) -> list[int]:
    """The servers whose administrators are to be told something by now."""
    return [row["guild_id"] for row in await pool.fetch(TO_TELL, now)]


async def read_notice(pool: Pool, guild_id: int) -> Notice | None:
    """What a server's administrators are to be told; None when they know all."""
    row = await pool.fetchrow(READ_NOTICE, guild_id)
    return None if row is None else Notice(*row)


async def told(pool: Pool, notice: Notice) -> None:
    """They were told this; what came up since stays to be told."""
    await pool.execute(TOLD, notice.guild_id, notice.about)


async def tell_later(pool: Pool, guild_id: int, at: dt.datetime) -> None:
    """Try again to tell them, from that instant on."""
    await pool.execute(TELL_LATER, guild_id, at)


async def greet(pool: Pool, guild_id: int, now: dt.datetime) -> bool:
    """Whether this server has not been greeted yet; from now on it has."""
    return await pool.fetchval(GREET, guild_id, now) is not None


async def left(pool: Pool, guild_id: int, now: dt.datetime) -> None:
    """The bot is no longer in this server: its daily post rests until somebody resumes it."""
    await pool.execute(LEFT, guild_id, now)
