"""The real bot on the stand-in: built as `bot.app` builds it, on a real database."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import discord

from bot.actions.companion import Companion
from bot.actions.services import Clock, Services
from bot.app import point_at
from bot.client import KindnessBot
from bot.kai.companion import Kai
from bot.settings import Settings
from db.pool import Pool
from tests.transport.standin import StandIn, addressed_to


class Days:
    """A clock that shows noon UTC of today, and of the days after when told so.

    The stories say "again today", and must not be told across midnight.
    """

    def __init__(self) -> None:
        today = dt.datetime.now(dt.UTC)
        self._now = today.replace(hour=12, minute=0, second=0, microsecond=0)

    def __call__(self) -> dt.datetime:
        return self._now

    def tick(self) -> None:
        """Let a second go by."""
        self._now += dt.timedelta(seconds=1)

    def turn(self) -> None:
        """Let a day go by."""
        self._now += dt.timedelta(days=1)


class QuickBot(KindnessBot):
    """The bot without the seconds that discord.py waits before it is ready or comes back."""

    def __init__(self, services: Services, settings: Settings) -> None:
        super().__init__(services, settings)
        self._connection.guild_ready_timeout = 0.05

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Without discord.py's five seconds between two IDENTIFYs."""


def settings_for(stand_in: StandIn, **others: Any) -> Settings:
    """Settings that lead to the stand-in; nothing is read from `.env`."""
    values: dict[str, Any] = {
        "discord_token": stand_in.token,
        "discord_api_url": stand_in.api_url,
        "discord_gateway_url": stand_in.gateway_url,
    }
    return Settings(_env_file=None, **(values | others))  # pyright: ignore[reportCallIssue]


@asynccontextmanager
async def running_bot(
    stand_in: StandIn,
    pool: Pool,
    *,
    companion: Companion | None = None,
    clock: Clock = discord.utils.utcnow,
) -> AsyncGenerator[QuickBot]:
    """The bot, logged in and connected, with the stand-in's guild as its home; closed at the end.

    A home is taken as it is in production: it is the first guild, and stored.
    """
    settings = settings_for(stand_in)
    services = Services(pool, companion or Kai(), clock, settings.default_zone)
    others = len(stand_in.gateway.live)
    with addressed_to(stand_in):  # for its end: it gives the addresses back
        point_at(settings)
        async with QuickBot(services, settings) as bot:
            running = asyncio.create_task(bot.start(stand_in.token))
            await stand_in.connected(running, sessions=others + 1, within=10)
            await stand_in.until(lambda: "cogs.catalog" in bot.extensions, 10, "the home opens")
            scopes = {None, stand_in.guild.id}
            await stand_in.until(lambda: scopes <= set(stand_in.commands.by_scope), 10, "a sync")
            yield bot
            await bot.finish(5)
        await running
