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

log = structlog.get_logger(__name__)

NO_WAIT = 0.001
"""Seconds: any longer wait raises discord.RateLimited."""
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0


@asynccontextmanager
async def logged_in(token: str) -> AsyncGenerator[discord.Client]:
    """A client that has logged in, however long Discord takes. Raises discord.LoginFailure."""
    pause = FIRST_PAUSE
    while True:
        client = discord.Client(
            intents=discord.Intents.none(),
            allowed_mentions=discord.AllowedMentions.none(),
            max_messages=None,
        )
        try:
            client.http.max_ratelimit_timeout = NO_WAIT
            await client.login(token)
            break
        except discord.LoginFailure:
            await client.close()
            raise
        except (discord.DiscordException, aiohttp.ClientError, OSError, TimeoutError) as error:
            await client.close()
            log.warning("the worker cannot log in yet", error=repr(error), seconds=pause)
        except BaseException:
            await client.close()
            raise
        await asyncio.sleep(pause)
        pause = min(pause * 2, LONGEST_PAUSE)
    try:
        yield client
    finally:
        await client.close()
