"""Daily posts while everything dies: workers, the database, connections; each is there once.

All servers are due in the same minute, and two workers post. They are killed at random moments,
and right after Discord has taken a post of theirs, before they can have heard of it; they come
back later than Discord remembers a nonce. Some requests fail, and some of those are carried out
all the same. PostgreSQL is restarted in the middle, once without a goodbye.

The suite runs a small size. `CHAOS=full uv run pytest -n 0 -s tests/process/test_posting_chaos.py`
runs the full one, without restarts of PostgreSQL and with three: about a quarter of an hour each.
The small one takes about five minutes: what is found in sending is looked at once a minute, and
not before it has been there for 60 s.
`CHAOS_SEED` repeats a run's draws, as far as processes let themselves be repeated.
"""

import asyncio
import os
import random
import signal
import time
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Final

import pytest

from bot.embedded import EmbeddedServer
from tests.process import due
from tests.process.embedded import lives, postmaster
from tests.process.workers import Reaper, Worker, kept
from tests.transport.faults import RandomFaults
from tests.transport.standin import StandIn
from tests.transport.wire import HANGS_UP

NONCE_SECONDS: Final = 5.0
REST_SECONDS: Final = NONCE_SECONDS + 0.5
SHARES: Final = {500: 0.03, 503: 0.03, 429: 0.03, HANGS_UP: 0.03}
DONE_FIRST: Final = 0.5
DOWN_SECONDS: Final = 2.0
QUIET_SECONDS: Final = 2.0
BARE: Final = {"fsync": "off", "full_page_writes": "off", "autovacuum": "off"}
"""A server that may be killed, though not its machine: what it has committed is there."""


@dataclass(frozen=True)
class Size:
    """How many servers there are, how often workers are killed after Discord accepted a post and
    at random, how often PostgreSQL is restarted, and how many seconds all may take."""

    servers: int
    accepted: int
    at_random: int
    restarts: int
    seconds: float


IS_FULL: Final = os.environ.get("CHAOS") == "full"
SMALL: Final = (Size(20, 3, 4, 1, 480),)
FULL: Final = (Size(300, 30, 75, 0, 2400), Size(300, 30, 75, 3, 2400))
SIZES: Final = FULL if IS_FULL else SMALL
SLACK: Final = 60
"""Seconds beyond a size's own for what comes before and after."""


@pytest.fixture
async def server(folder: Path) -> AsyncGenerator[EmbeddedServer]:
    """A PostgreSQL server of the test's own, migrated and with a catalogue, under `folder`."""
    server = EmbeddedServer(folder / "postgres", settings=BARE)
    try:
        await due.prepare(await server.start())
        yield server
    finally:
        await server.stop()


async def restart(server: EmbeddedServer, folder: Path, *, crash: bool) -> None:
    """Stop the server, or let it crash, and start it again a little later."""
    if crash:
        process = postmaster(folder)
        process.send_signal(signal.SIGQUIT)
        while lives(process):  # noqa: ASYNC110  nobody tells
            await asyncio.sleep(0.02)
    await server.stop()
    await asyncio.sleep(DOWN_SECONDS)
    await server.start()
    print(f"PostgreSQL was restarted{' after a crash' * crash}")


async def restarts(
    server: EmbeddedServer, folder: Path, discord_: StandIn, reaper: Reaper, size: Size
) -> None:
    """Restart the server so often, spread over the time in which the posts arrive; one crashes."""
    for number in range(size.restarts):
        wanted = size.servers * (number + 1) // (size.restarts + 1)
        what = f"{wanted} posts"
        await discord_.until(lambda wanted=wanted: reaper.posted >= wanted, size.seconds, what)
        await restart(server, folder, crash=number == size.restarts // 2)


def report(
    size: Size, workers: list[Worker], reaper: Reaper, faults: RandomFaults, began: float
) -> None:
    """Print what was reached."""
    starts = sum(worker.starts for worker in workers)
    print(
        f"{size.servers} servers in {time.monotonic() - began:.0f} s; kills: {reaper.accepted} "
        f"after Discord accepted, {reaper.at_random} at random; {starts} starts; PostgreSQL "
        f"restarted {size.restarts} times; faults {dict(faults.hits)}, {faults.done} of them "
        f"carried out"
    )


@pytest.mark.long
@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"restarts-{size.restarts}")
@pytest.mark.timeout(max(size.seconds for size in SIZES) + SLACK)
async def test_each_server_has_its_post_once(
    size: Size, server: EmbeddedServer, folder: Path
) -> None:
    seed = int(os.environ.get("CHAOS_SEED") or random.randrange(2**32))
    print(f"CHAOS_SEED={seed} {size}")
    chance, began = Random(seed), time.monotonic()
    async with StandIn(nonce_seconds=NONCE_SECONDS) as discord_:
        guilds = await discord_.add_guilds(size.servers)
        await due.set_up(server.url, guilds, due.this_minute())
        faults = discord_.random_faults(seed, SHARES, path=due.MESSAGES, done_first=DONE_FIRST)
        settings = {
            "DATABASE_URL": server.url,
            "DISCORD_TOKEN": discord_.token,
            "DISCORD_API_URL": discord_.api_url,
        }
        workers = [Worker(name, folder, settings, REST_SECONDS) for name in ("one", "two")]
        reaper = Reaper(discord_, workers, chance, size.servers, size.accepted)
        async with kept(*workers):
            async with asyncio.timeout(size.seconds), asyncio.TaskGroup() as group:
                group.create_task(reaper.reap(size.at_random))
                group.create_task(restarts(server, folder, discord_, reaper, size))
            faults.stop()  # there may be more kills, but in the end peace
            left = size.seconds - (time.monotonic() - began)
            counts = await due.until_settled(server.url, size.servers, left)
            await asyncio.sleep(QUIET_SECONDS)  # somebody may have more to say
        report(size, workers, reaper, faults, began)
        wrongs = await due.wrongs(server.url, discord_, guilds)
        tails = "\n".join(worker.tail for worker in workers)
        assert wrongs == [], f"{len(wrongs)} of {size.servers}: {wrongs}\n{tails}"
        assert counts == {"sent": size.servers}
        assert reaper.accepted >= size.accepted
        assert reaper.at_random >= size.at_random
        assert discord_.unknown == []
        ended = [line for worker in workers for line in worker.ended]
        assert not ended or size.restarts, ended
        assert all("database cannot be reached" in line for line in ended), ended
