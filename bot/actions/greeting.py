"""Coming to a server, and leaving it."""

from bot.actions.services import Services
from db import guilds


async def greet(services: Services, guild_id: int) -> bool:
    """Whether to say hello in a server: once, however many processes hear that we are there."""
    return await guilds.greet(services.pool, guild_id, services.clock())


async def left(services: Services, guild_id: int) -> None:
    """We are no longer in a server: its daily post rests, and a new invitation is greeted again."""
    await guilds.left(services.pool, guild_id, services.clock())
