"""What is dropped at night because nobody will ask for it again."""

import datetime as dt

from bot.actions.services import Services
from db import queue

JOBS_KEPT = dt.timedelta(days=7)


async def tidy(services: Services) -> None:
    """Drop the queue's log of jobs that ended a week ago."""
    await queue.tidy(services.pool, services.clock() - JOBS_KEPT)
