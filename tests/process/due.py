"""Servers whose daily post is due, and what came of it: messages at Discord, rows in the ledger."""

import asyncio
import datetime as dt
import time
from collections import defaultdict
from collections.abc import Sequence
from typing import Final

import asyncpg
import discord

from bot.actions.seeding import seed_catalogue
from db.pool import TROUBLE, create_pool
from migrations import runner
from tests.transport.people import Json
from tests.transport.standin import StandIn
from tests.transport.world import Channel, Guild

MESSAGES: Final = r"^/channels/\d+/messages$"
"""The path of a post that is sent, and of a channel's history that is read."""
ONE_MINUTE: Final = dt.timedelta(minutes=1)
LOOK_SECONDS: Final = 0.25

# Greeted and at home already: nobody has anything else to say there.
SET_UP: Final = """
INSERT INTO discord.guilds (guild_id, zone, joined_at, greeted_at, post_channel_id, post_time,
                            next_post_on, next_post_at)
SELECT guild_id, 'UTC', $3, $3, channel_id, $4, $5, $6
  FROM unnest($1::bigint[], $2::bigint[]) AS due(guild_id, channel_id)
ON CONFLICT (guild_id) DO UPDATE
   SET zone = EXCLUDED.zone, greeted_at = EXCLUDED.greeted_at,
       post_channel_id = EXCLUDED.post_channel_id, post_time = EXCLUDED.post_time,
       next_post_on = EXCLUDED.next_post_on, next_post_at = EXCLUDED.next_post_at"""

COUNTS: Final = "SELECT status, count(*) FROM discord.daily_posts GROUP BY status"

ROWS: Final = """
SELECT guild_id, status, message_id, trouble FROM discord.daily_posts ORDER BY guild_id, id"""


def this_minute() -> dt.datetime:
    """The instant, in UTC, at which the present minute began."""
    return dt.datetime.now(dt.UTC).replace(second=0, microsecond=0)


def channel_of(guild: Guild) -> Channel:
    """Where a server's post goes."""
    return guild.channels[0]


async def prepare(url: str) -> None:
    """Bring an empty database up to the schema, and load the catalogue."""
    await runner.upgrade(url)
    pool = await create_pool(url, idle_seconds=0)
    try:
        await seed_catalogue(pool, discord.utils.utcnow)
    finally:
        await pool.close()


async def set_up(url: str, guilds: Sequence[Guild], due: dt.datetime) -> None:
    """Give each server a daily post in its first channel, the next at `due` (aware, a minute)."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(
            SET_UP,
            [guild.id for guild in guilds],
            [channel_of(guild).id for guild in guilds],
            due - dt.timedelta(days=1),
            due.timetz().replace(tzinfo=None),
            due.date(),
            due,
        )
    finally:
        await connection.close()


async def counts(url: str) -> dict[str, int]:
    """How many posts the ledger has in each status."""
    connection = await asyncpg.connect(url)
    try:
        return {row["status"]: row["count"] for row in await connection.fetch(COUNTS)}
    finally:
        await connection.close()


async def until_settled(url: str, servers: int, within: float) -> dict[str, int]:
    """Wait until so many posts are in the ledger, and none is still to be sent: the counts.

    After `within` seconds they are given as they are then. While the database does not answer it
    is asked again.
    """
    deadline = time.monotonic() + within
    found: dict[str, int] = {}
    while time.monotonic() < deadline:
        try:
            found = await counts(url)
        except TROUBLE:
            found = {}
        is_open = found.keys() & {"planned", "sending"}
        if sum(found.values()) >= servers and not is_open:
            break
        await asyncio.sleep(LOOK_SECONDS)
    return found


async def wrongs(url: str, discord_: StandIn, guilds: Sequence[Guild]) -> list[str]:
    """A line for each server that has not exactly one message, and one `sent` row that names it."""
    connection = await asyncpg.connect(url)
    try:
        rows = await connection.fetch(ROWS)
    finally:
        await connection.close()
    ledger: dict[int, list[asyncpg.Record]] = defaultdict(list)
    for row in rows:
        ledger[row["guild_id"]].append(row)
    lines: list[str] = []
    for guild in guilds:
        messages = [int(message["id"]) for message in messages_of(discord_, guild)]
        posts = ledger.pop(guild.id, [])
        said = [(post["status"], post["message_id"]) for post in posts]
        if len(messages) != 1 or said != [("sent", messages[0])]:
            troubles = [post["trouble"] for post in posts if post["trouble"]]
            lines.append(f"{guild.name}: messages {messages}, rows {said} {troubles}")
    return [*lines, *(f"a row of no server: {rows}" for rows in ledger.values())]


def messages_of(discord_: StandIn, guild: Guild) -> list[Json]:
    """What everybody reads in a server's channel."""
    return discord_.conversation_in(channel_of(guild))


def duplicates(discord_: StandIn, guilds: Sequence[Guild]) -> int:
    """How many messages there are beyond one in each channel."""
    return sum(max(0, len(messages_of(discord_, guild)) - 1) for guild in guilds)
