"""What is dropped at night because nobody will ask for it again."""

import datetime as dt

from bot.actions.services import Services
from bot.rules.linking import UNDOABLE
from db import link_requests, queue

JOBS_KEPT = dt.timedelta(days=7)


async def tidy(services: Services) -> None:
    """Drop the queue's log of jobs that ended a week ago, and what linking kept for 30 days.

    That is requests to be linked, decided or not, and how rows were before they were merged.
    """
    now = services.clock()
    await queue.tidy(services.pool, now - JOBS_KEPT)
    await link_requests.tidy(services.pool, now - UNDOABLE)
