"""A daily post in the ledger, as the engine leaves it there."""

import datetime as dt
from typing import Any

from db.pool import Pool

ACT = "Hold the door for somebody, and smile."


async def in_ledger(
    pool: Pool, quest_id: int, at: dt.datetime, *, guild_id: int = 1, **columns: Any
) -> int:
    """A post that was sent at an instant (aware UTC), on that date unless told otherwise."""
    values: dict[str, Any] = {
        "guild_id": guild_id,
        "local_date": at.date(),
        "channel_id": 5,
        "quest_id": quest_id,
        "day_number": 1,
        "act": ACT,
        "status": "sent",
        "due_at": at,
        "expires_at": at + dt.timedelta(hours=3),
        "send_at": at,
        "sending_at": at,
        "sent_at": at,
        "message_id": 77,
        **columns,
    }
    names = ", ".join(values)
    places = ", ".join(f"${number}" for number in range(1, len(values) + 1))
    sql = f"INSERT INTO discord.daily_posts ({names}) VALUES ({places}) RETURNING id"
    return int(await pool.fetchval(sql, *values.values()))


async def doers(pool: Pool, post_id: int) -> list[int]:
    """The Discord ids of those whose day a post has seen done."""
    sql = """
        SELECT a.discord_id FROM discord.post_doers d JOIN discord.accounts a USING (user_id)
         WHERE d.post_id = $1 ORDER BY 1"""
    return [row[0] for row in await pool.fetch(sql, post_id)]
