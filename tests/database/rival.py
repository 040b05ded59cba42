"""A second bot: another process with its own pool, which presses when it is told to.

Each line on its standard input is a JSON list `[start, now, presses]`: at `start` (seconds of the
wall clock) it makes all the presses at once, at the bot's own time `now`, and writes a line with
their outcomes. `Bots` runs the same on this side too, so that two processes press together.
"""

import asyncio
import datetime as dt
import json
import sys
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from db.pool import Pool, create_pool
from tests.database.presses import press
from tests.database.small_catalogue import services_at

Press = list[Any]  # the arguments of `press`: the deed, who (a Discord id), and the rest

HEAD_START = 0.03  # seconds in which both processes get ready


async def press_all(pool: Pool, start: float, now: str, presses: list[Press]) -> list[str]:
    """All the presses at once, at `start`; gives the names of their outcomes."""
    services = services_at(pool, dt.datetime.fromisoformat(now))
    await asyncio.sleep(max(0, start - time.time()))
    outcomes = await asyncio.gather(*(press(services, *given) for given in presses))
    return [type(outcome).__name__ for outcome in outcomes]


@asynccontextmanager
async def warm_pool(url: str, size: int) -> AsyncGenerator[Pool]:
    """A pool with all its connections open already, so that none of them comes late."""
    pool = await create_pool(url, size=size, idle_seconds=0)
    connections = await asyncio.gather(*(pool.acquire() for _ in range(size)))
    for connection in connections:
        await pool.release(connection)
    try:
        yield pool
    finally:
        await pool.close()


class Bots:
    """Two processes on one database that press at the same moment."""

    def __init__(self, pool: Pool, other: asyncio.subprocess.Process) -> None:
        self.pool = pool
        self._other = other

    async def press(self, now: dt.datetime, presses: list[Press]) -> list[str]:
        """Make the presses at once, every second one in the other process; their outcomes."""
        assert self._other.stdin
        start = time.time() + HEAD_START
        line = json.dumps([start, now.isoformat(), presses[1::2]])
        self._other.stdin.write(f"{line}\n".encode())
        ours = await press_all(self.pool, start, now.isoformat(), presses[::2])
        return ours + await self._answer()

    async def _answer(self) -> list[str]:
        assert self._other.stdout
        line = await self._other.stdout.readline()
        assert line, "the other process has ended; its traceback is above"
        answer: list[str] = json.loads(line)
        return answer

    @classmethod
    @asynccontextmanager
    async def started(cls, url: str, size: int = 25) -> AsyncGenerator["Bots"]:
        """Start the other process, and end it afterwards."""
        pipe = asyncio.subprocess.PIPE
        other = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.database.rival", url, str(size)),
            stdin=pipe,
            stdout=pipe,
        )
        try:
            async with warm_pool(url, size) as pool:
                bots = cls(pool, other)
                await bots._answer()
                yield bots
                assert other.stdin
                other.stdin.close()
                assert await other.wait() == 0
        finally:
            if other.returncode is None:
                other.kill()
                await other.wait()


async def main(url: str, size: int) -> None:
    """The other process: press whenever a line says so, until there are no more."""
    async with warm_pool(url, size) as pool:
        print("[]", flush=True)
        while line := await asyncio.to_thread(sys.stdin.readline):
            print(json.dumps(await press_all(pool, *json.loads(line))), flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
