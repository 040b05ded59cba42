"""The home server, and what the bot remembers about itself between two starts."""

from bot.actions.services import Services
from db import guilds


async def stored(services: Services) -> frozenset[int]:
    """The home server that was stored, if any."""
    found = await guilds.home_guild(services.pool)
    return frozenset() if found is None else frozenset({found})


async def claim(services: Services, guild_id: int) -> frozenset[int]:
    """The home server: the stored one, or from now on this one."""
    return frozenset({await guilds.claim_home(services.pool, guild_id, services.clock())})


async def recall(services: Services, name: str) -> str | None:
    """A value stored before."""
    return await guilds.read_state(services.pool, name)


async def remember(services: Services, name: str, value: str) -> None:
    """Store a value."""
    await guilds.write_state(services.pool, name, value)
