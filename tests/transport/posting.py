"""The post office on the stand-in: a real client of discord.py's, a real database, and a clock
that is set by hand.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import discord

from bot.actions import delivering
from bot.actions.companion import Companion
from bot.actions.services import Services
from bot.kai.companion import Kai
from bot.posting.office import Office
from bot.posting.post_client import logged_in
from db.pool import Pool
from tests.transport.people import Json
from tests.transport.standin import StandIn, addressed_to
from tests.transport.world import Channel, Guild

MESSAGES = r"^/channels/\d+/messages$"
"""The path of a message that is sent, and of a channel's history that is read."""

SET_UP = """
INSERT INTO discord.guilds (guild_id, joined_at, zone, post_channel_id, post_time, post_quest_id,
                            post_day, post_set_by, next_post_on, next_post_at)
VALUES ($1, $2, 'UTC', $3, $4, $5, $6, $7, $8, $9)"""
LEDGER = """
SELECT status, trouble, message_id, attempts FROM discord.daily_posts
 WHERE guild_id = $1 ORDER BY local_date"""


class Hands:
    """A clock whose hands move only when somebody moves them."""

    def __init__(self) -> None:
        self.now = dt.datetime.now(dt.UTC).replace(microsecond=0)

    def __call__(self) -> dt.datetime:
        """The instant that it shows, aware UTC."""
        return self.now

    def move(self, **by: float) -> None:
        """Let so much time go by: `seconds=61`, or `days=1`."""
        self.now += dt.timedelta(**by)


class PostRoom:
    """The engine as one worker has it: services, and an office that sends."""

    def __init__(
        self, discord_: StandIn, pool: Pool, client: discord.Client, companion: Companion
    ) -> None:
        self.discord = discord_
        self.pool = pool
        self.clock = Hands()
        self.services = Services(pool, companion, self.clock)
        self.client = client
        self.office = Office(self.services, client)

    async def set_up(
        self,
        guild: Guild,
        *,
        quest: str | None = None,
        day: int = 1,
        keeper: int | None = None,
        after: dt.timedelta = dt.timedelta(0),
    ) -> Channel:
        """Give a server a daily post in its first channel, the next after so much time."""
        at = self.clock() + after
        named = "SELECT id FROM quests WHERE name = $1"
        quest_id = None if quest is None else await self.pool.fetchval(named, quest)
        channel = guild.channels[0]
        await self.pool.execute(
            SET_UP,
            *(guild.id, at, channel.id, at.time(), quest_id, day, keeper, at.date(), at),
        )
        return channel

    async def round(self) -> None:
        """What happens in a minute."""
        await self.office.round()

    async def row(self, guild: Guild) -> dict[str, Any]:
        """The one row that the ledger has of a server."""
        (row,) = await self.rows(guild)
        return row

    async def rows(self, guild: Guild) -> list[dict[str, Any]]:
        """All rows that the ledger has of a server, by date."""
        return [dict(row) for row in await self.pool.fetch(LEDGER, guild.id)]

    async def guild(self, guild: Guild) -> dict[str, Any]:
        """A server's schedule."""
        row = await self.pool.fetchrow("SELECT * FROM discord.guilds WHERE guild_id = $1", guild.id)
        assert row is not None
        return dict(row)

    def posts_in(self, guild: Guild) -> list[Json]:
        """The bot's messages where a server's post goes."""
        return self.discord.messages_in(guild.channels[0])

    @property
    def tries(self) -> int:
        """How many messages were to be sent so far."""
        return len(self.discord.requests_to("POST", MESSAGES))

    @property
    def looks(self) -> int:
        """How often a page of a history was read so far."""
        return len(self.discord.requests_to("GET", MESSAGES))


@asynccontextmanager
async def opened(
    discord_: StandIn, pool: Pool, companion: Companion | None = None
) -> AsyncGenerator[PostRoom]:
    """A worker's post room, its client logged in."""
    with addressed_to(discord_):
        async with logged_in(discord_.token) as client:
            room = PostRoom(discord_, pool, client, companion or Kai())
            await delivering.ensure_kai(room.services)
            yield room
