"""The worker's own client of discord.py's: it logs in and sends, without a gateway.

It never waits for a rate limit by itself. discord.py would hold a message back for as long as
Discord says, and forget its own global hold if it is broken off meanwhile; here the common pace
does the waiting, for all processes.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import aiohttp
import discord
import structlog
from discord.http import Ratelimit

from bot.posting.trouble import RouteFull

log = structlog.get_logger(__name__)

NO_WAIT = 0.001
"""Seconds: any longer wait raises discord.RateLimited."""
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0
TIDIED_EVERY = 1000
"""New limits of routes, each a channel's, between two looks for those of long ago."""


class _Limit(Ratelimit):
    """The limit of one route: what is left of it may be used.

    discord.py's own, when it may not wait, takes nothing more until the route's window is over,
    however much is left in it.
    """

    async def acquire(self) -> None:
        """Use one of what is left. Raises RouteFull when nothing is."""
        try:
            await super().acquire()
        except discord.RateLimited as error:
            if self.remaining <= 0:
                raise RouteFull(error.retry_after) from error
            self.remaining -= 1
            self.outgoing += 1


class _Limits(dict[str, Ratelimit]):
    """The limits by route, a channel's own among them; those of long ago are dropped."""

    def __missing__(self, key: str) -> Ratelimit:
        if len(self) % TIDIED_EVERY == TIDIED_EVERY - 1:
            for old in [known for known, limit in self.items() if limit.is_inactive()]:
                del self[old]
        limit = self[key] = _Limit(NO_WAIT)
        return limit


@asynccontextmanager
async def logged_in(token: str) -> AsyncGenerator[discord.Client]:
    """A client that has logged in, however long Discord takes. Raises discord.LoginFailure."""
    pause = FIRST_PAUSE
    while True:
        async with _client() as client:
            try:
                await client.login(token)
            except discord.LoginFailure:
                raise
            except (discord.DiscordException, aiohttp.ClientError, OSError, TimeoutError) as error:
                log.warning("the worker cannot log in yet", error=repr(error), seconds=pause)
            else:
                yield client
                return
        await asyncio.sleep(pause)
        pause = min(pause * 2, LONGEST_PAUSE)


@asynccontextmanager
async def _client() -> AsyncGenerator[discord.Client]:
    """A client that is closed in the end, and a cancellation waits until it is."""
    client = discord.Client(
        intents=discord.Intents(guilds=True),  # discord.py warns without, gateway or not
        allowed_mentions=discord.AllowedMentions.none(),
        max_messages=None,
    )
    client.http.max_ratelimit_timeout = NO_WAIT
    client.http._buckets = _Limits()  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    try:
        yield client
    finally:
        closing = asyncio.create_task(client.close())
        try:
            await asyncio.shield(closing)
        except asyncio.CancelledError:
            await closing
            raise
