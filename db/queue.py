"""Housekeeping of PgQueuer's own tables, whose statements are its own otherwise."""

import datetime as dt

from db.pool import Pool

TIDY = """
WITH statistics AS (DELETE FROM discord.pgqueuer_statistics WHERE created < $1)
DELETE FROM discord.pgqueuer_log WHERE created < $1"""


async def tidy(pool: Pool, before: dt.datetime) -> None:
    """Drop the log and the statistics of jobs that ended before that instant."""
    await pool.execute(TIDY, before)
