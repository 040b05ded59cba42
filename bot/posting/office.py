"""The post office: one minute's round, and one job. Nothing here knows of the queue."""

import asyncio
import datetime as dt

import discord
import structlog

from bot.actions import acts, delivering, pace, planning
from bot.actions.delivering import Claim, Ledger
from bot.actions.planning import Job
from bot.actions.services import Services
from bot.posting.letters import PostLetter, ReminderLetter
from bot.posting.sending import send
from bot.posting.telling import tell

log = structlog.get_logger(__name__)

LATE = dt.timedelta(seconds=1)
"""Whoever comes later than this has missed their turn, and takes another."""
HOLDS = 3


class Office:
    """Sends with a client of discord.py's that has logged in; it needs no gateway."""

    def __init__(self, services: Services, client: discord.Client) -> None:
        self._services = services
        self._client = client

    async def open_jobs(self) -> list[Job]:
        """Plan what is due, and give what is to be done within the next minute and a half."""
        await planning.plan(self._services)
        return await planning.open_jobs(self._services)

    async def prepare(self) -> None:
        """Write the acts of the posts that come within the next half hour."""
        await acts.prepare(self._services)

    async def round(self) -> None:
        """Plan and send all that is due, one after the other. One's trouble stops no other."""
        await self.prepare()
        now = self._services.clock()
        for job in await self.open_jobs():
            if job.at > now + dt.timedelta(seconds=1):
                continue
            try:
                await self.do(job)
            except Exception:
                log.exception("a job failed", kind=job.kind, id=job.id)

    async def do(self, job: Job) -> None:
        """One job, when its turn has come. Raises the database's trouble; the ledger has it all."""
        if job.kind == "tell":
            await tell(self._services, self._client, job.id)
            return
        await self._turn(job.at)
        if job.kind == "post":
            await self._post(job.id)
        else:
            await self._reminder(job.id)

    async def _turn(self, at: dt.datetime) -> None:
        early = at - self._services.clock()
        if early < -LATE:
            await pace.wait_for_turn(self._services)
        else:
            await asyncio.sleep(early.total_seconds())

    async def _post(self, post_id: int) -> None:
        claim = await self._claim("daily_posts", post_id)
        found = claim and await delivering.read_post(self._services, claim)
        if found is not None:
            await send(self._services, self._client, PostLetter(self._services, found))

    async def _reminder(self, reminder_id: int) -> None:
        claim = await self._claim("reminders", reminder_id)
        letter = claim and await ReminderLetter.read(self._services, claim)
        if letter is not None:
            await send(self._services, self._client, letter)

    async def _claim(self, ledger: Ledger, row_id: int) -> Claim | None:
        """The row, if it is to be sent; while all are held, wait and look again."""
        for _hold in range(HOLDS):
            claim = await delivering.claim(self._services, ledger, row_id)
            if claim is not None or not await pace.is_held(self._services):
                return claim
            await pace.wait_for_turn(self._services)
        return None
