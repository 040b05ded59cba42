"""A worker: takes jobs from PgQueuer's queue, and every minute, on one of all workers, fills it.

A job is only a hint that the ledger has something to be done: it may be lost, or come twice. So
whatever happens to the queue, or to its connection, the worker begins again.
"""

import asyncio
import json
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from typing import cast

import discord
import structlog
from pgqueuer import AsyncpgPoolDriver, QueueManager, SchedulerManager
from pgqueuer import Job as QueueJob
from pgqueuer.adapters.persistence.qb import (
    QueryBuilderEnvironment,
    QueryQueueBuilder,
    QuerySchedulerBuilder,
)
from pgqueuer.domain.settings import DBSettings
from pgqueuer.errors import FailingListenerError
from pgqueuer.models import HealthCheckEvent, Schedule
from pgqueuer.queries import Queries

from bot.actions import delivering, pace, planning, recounting, tidying
from bot.actions.planning import Job, JobKind
from bot.actions.services import Services
from bot.actions.types import Pool
from bot.posting.office import Office

log = structlog.get_logger(__name__)

KINDS: tuple[JobKind, ...] = ("post", "reminder", "tell")
EVERY_MINUTE = "* * * * *"
EVERY_NIGHT = "17 4 * * *"
HANDED_OUT_BEFORE = timedelta(seconds=2)
"""How long before its turn a job is handed out; it waits for the rest."""
BATCH = 24
POLL = timedelta(seconds=5)
DEAD_AFTER = timedelta(seconds=12)
"""A worker of which nothing was heard for so long has its jobs taken up by others."""
HAND_OUT_SECONDS = 10.0
LEAD = timedelta(seconds=1.5)
"""How long after the planning the first turn comes: by then its job is in somebody's hands."""
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0
MOST_DIFFERENCE = 10.0
"""Seconds by which this machine's clock may differ from the database's."""

OpenPool = Callable[[], AbstractAsyncContextManager[Pool]]


class OddClockError(Exception):
    """This machine's clock is not the database's: posts would come at wrong times, or twice."""


class _Queue(QueueManager):
    """PgQueuer's, which asks whether its listener hears it as soon as it runs, even before there
    is one: so it is asked twice."""

    async def listener_healthy(
        self,
        timeout: timedelta = timedelta(seconds=10),  # noqa: ASYNC109  PgQueuer's own name
    ) -> HealthCheckEvent:
        """Its own notification, heard by its listener. Raises FailingListenerError."""
        try:
            return await super().listener_healthy(timeout / 2)
        except FailingListenerError:
            return await super().listener_healthy(timeout / 2)


class Worker:
    """Runs until it is told to stop. `open_pool` opens the queue's own, direct connections."""

    def __init__(self, services: Services, client: discord.Client, open_pool: OpenPool) -> None:
        self._services = services
        self._office = Office(services, client)
        self._open_pool = open_pool
        self._stop = asyncio.Event()

    def stop(self) -> None:
        """Take no new jobs; `run` returns when those under way have ended."""
        self._stop.set()

    async def run(self) -> None:
        """Work, and after any trouble begin again: at first at once, then ever more slowly."""
        pause = FIRST_PAUSE
        loop = asyncio.get_running_loop()
        while not self._stop.is_set():
            began = loop.time()
            try:
                await self._run_once()
            except Exception as error:  # noqa: BLE001  a worker goes on whatever happens
                log.warning("the worker begins again", error=_reasons(error), seconds=pause)
            pause = FIRST_PAUSE if loop.time() - began > LONGEST_PAUSE else pause * 2
            await self._rest(min(pause, LONGEST_PAUSE))

    async def _rest(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._stop.wait()
        except TimeoutError:
            pass

    async def _run_once(self) -> None:
        await self._check_clock()
        await delivering.ensure_kai(self._services)
        async with self._open_pool() as pool, asyncio.TaskGroup() as tasks:
            queries = _queries(pool)
            queue = self._queue(queries)
            scheduler = self._scheduler(queries)
            tasks.create_task(self._until_stopped(queue, scheduler))
            tasks.create_task(self._hand_out_often(queries))
            tasks.create_task(scheduler.run())
            await queue.run(
                dequeue_timeout=POLL,
                batch_size=BATCH,
                heartbeat_timeout=DEAD_AFTER,
                shutdown_on_listener_failure=True,
            )

    async def _check_clock(self) -> None:
        difference = await pace.clock_difference(self._services)
        if abs(difference) > MOST_DIFFERENCE:
            raise OddClockError(
                f"this machine's clock is {difference:+.0f} s off the database's: set it right"
            )

    async def _until_stopped(self, queue: QueueManager, scheduler: SchedulerManager) -> None:
        stopping = asyncio.create_task(self._stop.wait())
        ended = asyncio.create_task(queue.shutdown.wait())
        try:
            await asyncio.wait((stopping, ended), return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopping.cancel()
            ended.cancel()
        queue.shutdown.set()
        scheduler.shutdown.set()

    def _queue(self, queries: Queries) -> QueueManager:
        queue = _Queue(queries)
        for kind in KINDS:

            @queue.entrypoint(kind)
            async def do(job: QueueJob) -> None:
                await self._office.do(_read(job))

        return queue

    def _scheduler(self, queries: Queries) -> SchedulerManager:
        scheduler = SchedulerManager(queries)

        @scheduler.schedule("minute", EVERY_MINUTE)
        async def minute(_schedule: Schedule) -> None:
            await self._minute(queries)

        @scheduler.schedule("prepare", EVERY_MINUTE)
        async def prepare(_schedule: Schedule) -> None:
            await self._office.prepare()

        @scheduler.schedule("recount", EVERY_NIGHT)
        async def recount(_schedule: Schedule) -> None:
            await recounting.recount_all(self._services)

        @scheduler.schedule("tidy", EVERY_NIGHT)
        async def tidy(_schedule: Schedule) -> None:
            await tidying.tidy(self._services)

        return scheduler

    async def _minute(self, queries: Queries) -> None:
        """Plan what is due, and hand it out."""
        await planning.plan(self._services, LEAD)
        await self._hand_out(queries)

    async def _hand_out_often(self, queries: Queries) -> None:
        """At first, plan: whoever comes back does not wait for a minute. Then see to it that each
        turn finds its job, and that what somebody has left in sending is settled."""
        await self._minute(queries)
        while not self._stop.is_set():
            await self._rest(HAND_OUT_SECONDS)
            await self._hand_out(queries)

    async def _hand_out(self, queries: Queries) -> None:
        """Make a job of all that is to be done soon, but for what is one already."""
        jobs = await planning.open_jobs(self._services)
        if not jobs:
            return
        now = self._services.clock()
        await queries.enqueue(
            [job.kind for job in jobs],
            [_payload(job) for job in jobs],
            [0] * len(jobs),
            [_wait_of(job, now) for job in jobs],
            [f"{job.kind}:{job.id}" for job in jobs],
            on_conflict="skip",
        )
        log.debug("jobs handed out", count=len(jobs))


def _queries(pool: Pool) -> Queries:
    settings = DBSettings(db_schema="discord")
    return Queries(
        AsyncpgPoolDriver(pool),
        QueryBuilderEnvironment(settings),
        QueryQueueBuilder(settings),
        QuerySchedulerBuilder(settings),
    )


def _wait_of(job: Job, now: datetime) -> timedelta:
    """Until when a job stays in the queue, in whole seconds: those of one second go together."""
    early = job.at - now - HANDED_OUT_BEFORE
    return timedelta(seconds=max(0, int(early.total_seconds())))


def _payload(job: Job) -> bytes:
    return json.dumps({"id": job.id, "at": job.at.timestamp()}).encode()


def _read(job: QueueJob) -> Job:
    found = json.loads(job.payload or b"{}")
    at = datetime.fromtimestamp(found["at"], tz=UTC)
    return Job(next(kind for kind in KINDS if kind == job.entrypoint), found["id"], at)


def _reasons(error: Exception) -> str:
    """An error's own words, and those of all that came at once."""
    if isinstance(error, ExceptionGroup):
        inner = cast("ExceptionGroup[Exception]", error).exceptions
        return "; ".join(map(_reasons, inner))
    return repr(error)
