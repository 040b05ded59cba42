"""Servers the bot is in, the home server, and what the bot remembers about itself."""

import datetime as dt

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
