"""Workers as whoever runs them knows them: processes that die, and are started again."""

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Final

import psutil

from tests.process.bots import STOP_SECONDS, Bot, running
from tests.process.due import MESSAGES
from tests.transport.standin import StandIn
from tests.transport.wire import Answer, Request

TAIL: Final = 4000
"""Characters of a log that are shown."""
LONGEST_WAIT: Final = 8.0
"""Seconds without a request after which somebody is killed all the same."""
AT_MOST_LATER: Final = 0.1
"""Seconds after a request within which somebody is killed."""
MORE: Final = 1.2
"""So many times the kills that are needed are planned: whom one is meant for may be dead."""


@dataclass
class Worker:
    """`python -m bot worker`, started again `rest` seconds after each end until it is stopped.

    `ended` has a line for each end that was not a kill.
    """

    name: str
    folder: Path
    settings: Mapping[str, str]
    rest: float = 1.0
    starts: int = 0
    bot: Bot | None = None
    ended: list[str] = field(default_factory=list[str])
    logs: list[Path] = field(default_factory=list[Path])
    _is_stopped: bool = False

    @property
    def tail(self) -> str:
        """The end of the log of its latest life."""
        return f"{self.name}-{self.starts}: {self.logs[-1].read_text()[-TAIL:]}"

    async def keep(self) -> None:
        """Run it, and again, until it is stopped."""
        while not self._is_stopped:
            self.starts += 1
            folder = self.folder / f"{self.name}-{self.starts}"
            async with running(folder, "worker", **self.settings) as bot:
                self.bot = bot
                self.logs.append(folder / "err")
                code = await bot.process.wait()
            self.bot = None
            if code != -signal.SIGKILL and not (self._is_stopped and code == 0):
                self.ended.append(f"{folder.name} ended with {code}: {bot.err[-TAIL:]}")
            if not self._is_stopped:
                await asyncio.sleep(self.rest)

    def kill(self) -> bool:
        """SIGKILL; gives whether there was a process to kill."""
        bot, self.bot = self.bot, None
        if bot is None or not bot.is_running:
            return False
        os.kill(bot.process.pid, signal.SIGKILL)
        return True

    def stop(self) -> None:
        """Ask it to end, this time for good."""
        self._is_stopped = True
        if self.bot is not None and self.bot.is_running:
            self.bot.send(signal.SIGTERM)

    def sent_from(self, port: int) -> bool:
        """Whether the process that runs now has this port at its end of a connection."""
        if self.bot is None or not self.bot.is_running:
            return False
        try:
            found = psutil.Process(self.bot.process.pid).net_connections()
        except psutil.NoSuchProcess:
            return False
        return any(connection.laddr.port == port for connection in found)


@asynccontextmanager
async def kept(*workers: Worker) -> AsyncGenerator[None]:
    """The workers run, and are started again, during this; in the end they are stopped."""
    tasks = [asyncio.create_task(worker.keep()) for worker in workers]
    try:
        yield
        for worker in workers:
            worker.stop()
        longest = STOP_SECONDS + max(worker.rest for worker in workers)
        async with asyncio.timeout(longest):
            await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


class Reaper:
    """Kills workers: some when Discord has just taken a post of theirs, some at any moment.

    The former are drawn evenly from the servers' first posts: `needed`, or a few more, of the first
    half of all `servers`, so that what they leave behind is soon settled.
    `accepted` and `at_random` count the kills. Every draw is from `chance`.
    """

    def __init__(
        self, discord_: StandIn, workers: list[Worker], chance: Random, servers: int, needed: int
    ) -> None:
        self._discord = discord_
        self._workers = workers
        self._chance = chance
        self._servers = servers
        self._planned = round(needed * MORE)
        self._posted: set[str] = set()
        self._began = time.monotonic()
        self.accepted = 0
        self.at_random = 0
        discord_.on_accepted(MESSAGES, self._heard)

    @property
    def posted(self) -> int:
        """How many servers have a message."""
        return len(self._posted)

    def _heard(self, request: Request, _answer: Answer) -> None:
        """Discord has a post; nobody has been answered."""
        if request.path in self._posted:
            return
        left = self._servers // 2 - self.posted
        self._posted.add(request.path)
        wanted = self._planned - self.accepted
        if wanted > 0 and self._chance.random() * left < wanted:
            sender = next((w for w in self._workers if w.sent_from(request.port)), None)
            if sender is not None and sender.kill():
                self.accepted += 1
                self._tell(sender, "Discord has taken its post, number")

    async def reap(self, times: int) -> None:
        """Kill whoever runs, so many times, while there is work; it waits for none to do."""
        while self.at_random < times:
            await self._moment(times - self.at_random)
            alive = [worker for worker in self._workers if worker.bot is not None]
            if alive and (worker := self._chance.choice(alive)).kill():
                self.at_random += 1
                self._tell(worker, "at random; posts so far:")

    def _tell(self, worker: Worker, why: str) -> None:
        seconds = time.monotonic() - self._began
        print(f"{seconds:6.1f} s: kill {worker.name}-{worker.starts}: {why} {self.posted}")

    async def _moment(self, left: int) -> None:
        """Some requests later, so many that the posts last for all kills, or after a while."""
        seen = len(self._discord.requests)
        most = max(1, 2 * (self._servers - self.posted) // (left + self._planned - self.accepted))
        wanted = seen + self._chance.randint(1, most)
        with contextlib.suppress(TimeoutError):
            await self._discord.until(
                lambda: len(self._discord.requests) >= wanted, LONGEST_WAIT, "requests"
            )
        await asyncio.sleep(self._chance.uniform(0, AT_MOST_LATER))
