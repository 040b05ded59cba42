"""The language model that is configured: its voice, and what it may use. None is fine."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from bot.actions.budget import Budget, Limits
from bot.actions.services import Clock
from bot.kai.voice import Voice
from bot.settings import Settings
from db.pool import Pool

SLOT_SECONDS = 10.0
"""How long a model's call may hold its slot beyond its own time, should its process have died."""


@asynccontextmanager
async def opened_voice(settings: Settings) -> AsyncGenerator[Voice | None]:
    """The voice of the configured model while this lasts; None when none is configured."""
    if settings.kai_model is None:
        yield None
        return
    from bot.kai.model import open_voice  # noqa: PLC0415  it costs seconds, and is needed here alone

    key = settings.kai_api_key
    voice = open_voice(
        settings.kai_model,
        base_url=settings.kai_base_url,
        api_key=None if key is None else key.get_secret_value(),
    )
    try:
        yield voice
    finally:
        await voice.close()


def budget(settings: Settings, pool: Pool, clock: Clock) -> Budget:
    """What the configured model may use."""
    limits = Limits(
        member_turns=settings.kai_member_turns,
        guild_turns=settings.kai_guild_turns,
        day_tokens=settings.kai_day_tokens,
        concurrent=settings.kai_concurrent,
        call_seconds=settings.kai_seconds + SLOT_SECONDS,
    )
    return Budget(pool, settings.kai_model or "", limits, clock)
