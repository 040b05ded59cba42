"""KAI's acts for daily posts: one for a day of a quest, the same in every server.

They are written before their minute comes, so that a slow model never makes a post late.
"""

import asyncio
import datetime as dt

import structlog

from bot.actions.companion import ActRequest
from bot.actions.services import Services
from db import posts
from db.posts import ActQuest

__all__ = ["ActQuest", "act_for", "prepare"]

log = structlog.get_logger(__name__)

AHEAD = dt.timedelta(minutes=30)
"""How long before a post its act is written."""
ROUND_SECONDS = 50.0
"""How long one round of writing takes at most; the next goes on."""
MOST = 500
AT_ONCE = 4


async def act_for(services: Services, quest: ActQuest, day: int) -> str:
    """KAI's act for a day of a quest: the one that is kept, or from now on a new one.

    It differs from those of all days within a year of it. It may call a model.
    """
    kept, others, kai = await posts.read_act(services.pool, quest.id, day)
    if kept is not None:
        return kept
    act = await services.companion.write_act(
        ActRequest(
            user_id=kai,
            quest_id=quest.id,
            theme=quest.theme,
            difficulty=quest.difficulty,
            day=day,
            earlier=others,
        )
    )
    return await posts.keep_act(services.pool, quest.id, day, act, services.clock())


async def prepare(services: Services) -> int:
    """Write the acts that are wanted within the next half hour; gives how many were written.

    One after the other of a quest, so that each knows the others; some quests at once.
    """
    wanted = await posts.unwritten(services.pool, services.clock() + AHEAD, MOST)
    by_quest: dict[int, list[tuple[ActQuest, int]]] = {}
    for quest, day in wanted:
        by_quest.setdefault(quest.id, []).append((quest, day))
    gate = asyncio.Semaphore(AT_ONCE)
    written = 0

    async def write(days: list[tuple[ActQuest, int]]) -> None:
        nonlocal written
        async with gate:
            for quest, day in days:
                await act_for(services, quest, day)
                written += 1

    try:
        async with asyncio.timeout(ROUND_SECONDS):
            await asyncio.gather(*map(write, by_quest.values()))
    except TimeoutError:
        log.warning("some acts are not written yet", wanted=len(wanted), written=written)
    return written
