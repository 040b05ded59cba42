"""The post office: one minute's round, and one job. Nothing here knows of the queue."""

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

BEFORE_TURN = dt.timedelta(seconds=0.1)
"""How long before its turn a row is claimed, so that it is sent exactly then."""
HOLDS = 3


class Office:
    """Sends with a client of discord.py's that has logged in; it needs no gateway."""

    def __init__(self, services: Services, client: discord.Client) -> None:
        self._services = services
        self._client = client

    async def open_jobs(self) -> list[Job]:
        """Plan what is due now, and give what is to be done within a quarter of a minute."""
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
        await pace.sleep_until(self._services, job.at - BEFORE_TURN)
        if job.kind == "post":
            await self._post(job)
        else:
            await self._reminder(job)

    async def _post(self, job: Job) -> None:
        claim = await self._claim("daily_posts", job.id)
        if claim is None:
            return
        post = await delivering.read_post(self._services, claim)
        if post is not None:
            letter = PostLetter(self._services, claim, post)
            await send(self._services, self._client, letter, job.at)

    async def _reminder(self, job: Job) -> None:
        claim = await self._claim("reminders", job.id)
        if claim is None:
            return
        letter = await ReminderLetter.read(self._services, claim)
        if letter is not None:
            await send(self._services, self._client, letter, job.at)

    async def _claim(self, ledger: Ledger, row_id: int) -> Claim | None:
        """The row, if it is to be sent; while all are held, wait and look again."""
        for _hold in range(HOLDS):
            claim = await delivering.claim(self._services, ledger, row_id)
            if claim is not None or not await pace.is_held(self._services):
                return claim
            await pace.wait_for_turn(self._services)
        return None
