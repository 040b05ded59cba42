"""The worker as whoever runs it meets it: what it sends, when it ends, and what it outlives."""

import asyncio
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from signal import SIGINT, SIGTERM

import asyncpg
import pytest

from tests.process import due
from tests.process.bots import START_SECONDS, STOP_SECONDS, Bot, refusal, running
from tests.process.stage import assert_left_clean
from tests.transport.standin import StandIn
from tests.transport.wire import Answer, Request
from tests.transport.world import Guild

SENT_SECONDS = 20.0
"""Seconds after its start within which a worker has sent what was due by then."""
BACK_SECONDS = 60.0
QUIET_SECONDS = 3.0
LISTENER_SECONDS = 12.0
"""After so long PgQueuer has found out whether its listener hears anything."""

TERMINATE = """
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
 WHERE datname = current_database() AND pid <> pg_backend_pid() AND query ILIKE $1"""


@asynccontextmanager
async def working(folder: Path, discord_: StandIn, url: str, *command: str) -> AsyncGenerator[Bot]:
    """A worker alone, or another command."""
    settings = {
        "DATABASE_URL": url,
        "DISCORD_TOKEN": discord_.token,
        "DISCORD_API_URL": discord_.api_url,
        "DISCORD_GATEWAY_URL": discord_.gateway_url,
    }
    async with running(folder, *(command or ("worker",)), **settings) as bot:
        yield bot


async def is_sent(url: str, discord_: StandIn, guilds: Sequence[Guild], within: float) -> None:
    """Each server has its post, once."""
    counts = await due.until_settled(url, len(guilds), within)
    assert counts == {"sent": len(guilds)}
    assert await due.wrongs(url, discord_, guilds) == []


@pytest.mark.long
async def test_what_is_due_is_sent(folder: Path, database_url: str) -> None:
    """At once when it starts, then each minute; it needs no gateway, and ends when told."""
    async with StandIn() as discord_:
        guilds = await discord_.add_guilds(3)
        await due.set_up(database_url, guilds, due.this_minute())
        async with working(folder / "bot", discord_, database_url) as bot:
            await is_sent(database_url, discord_, guilds, START_SECONDS + SENT_SECONDS)
            later = await discord_.add_guilds(2, name="Later {}")
            await due.set_up(database_url, later, due.this_minute())
            await is_sent(database_url, discord_, [*guilds, *later], 75)
            assert await bot.stops(SIGTERM) < STOP_SECONDS
        assert discord_.unknown == []
        assert discord_.gateway.sessions == {}
    await assert_left_clean(database_url)


async def test_two_workers(folder: Path, database_url: str) -> None:
    async with StandIn() as discord_:
        guilds = await discord_.add_guilds(30)
        await due.set_up(database_url, guilds, due.this_minute())
        async with (
            working(folder / "one", discord_, database_url) as one,
            working(folder / "two", discord_, database_url) as two,
        ):
            await is_sent(database_url, discord_, guilds, START_SECONDS + SENT_SECONDS)
            await asyncio.sleep(LISTENER_SECONDS)
            await asyncio.gather(one.stops(SIGTERM), two.stops(SIGINT))
        for bot in (one, two):
            assert "[warning" not in bot.err, bot.err
        assert await due.wrongs(database_url, discord_, guilds) == []


async def test_without_a_token(folder: Path) -> None:
    sentence = await refusal(folder / "bot", "worker")
    assert "DISCORD_TOKEN" in sentence
    assert not (folder / "bot" / ".data").exists(), "it has not even begun"


async def test_a_token_that_discord_refuses(folder: Path, database_url: str) -> None:
    async with StandIn() as discord_:
        settings = {"DATABASE_URL": database_url, "DISCORD_API_URL": discord_.api_url}
        sentence = await refusal(folder / "bot", "worker", DISCORD_TOKEN="another", **settings)
    assert "DISCORD_TOKEN" in sentence


async def test_without_a_worker(folder: Path, database_url: str) -> None:
    """The bot alone sends nothing; the usual one does."""
    async with StandIn() as discord_:
        await due.set_up(database_url, [discord_.guild], due.this_minute())
        async with working(folder / "bot", discord_, database_url, "run", "--no-worker") as bot:
            await bot.says("connected")
            await asyncio.sleep(QUIET_SECONDS)
            assert await due.counts(database_url) == {}
            await bot.stops(SIGTERM)
        async with working(folder / "usual", discord_, database_url, "run") as bot:
            await bot.says("connected")
            await is_sent(database_url, discord_, [discord_.guild], SENT_SECONDS)
            await bot.stops(SIGTERM)
    await assert_left_clean(database_url)


async def test_what_has_begun_is_sent_before_the_end(folder: Path, database_url: str) -> None:
    async with StandIn() as discord_:
        await due.set_up(database_url, [discord_.guild], due.this_minute())

        async def hold_back(_request: Request, _answer: Answer) -> None:
            await asyncio.sleep(2)

        witness = discord_.on_accepted(due.MESSAGES, hold_back)
        async with working(folder / "bot", discord_, database_url) as bot:
            await discord_.until(lambda: witness.seen > 0, START_SECONDS + SENT_SECONDS)
            assert await bot.stops(SIGTERM) < STOP_SECONDS
        assert await due.counts(database_url) == {"sent": 1}
        assert await due.wrongs(database_url, discord_, [discord_.guild]) == []
    await assert_left_clean(database_url)


async def test_it_is_stopped_while_discord_does_not_let_it_in(
    folder: Path, database_url: str
) -> None:
    async with StandIn() as discord_:
        discord_.fail_next("GET", "^/users/@me$", status=503, times=99)
        async with working(folder / "bot", discord_, database_url) as bot:
            await bot.says("the worker cannot log in yet")
            assert await bot.stops(SIGTERM) < STOP_SECONDS
    await assert_left_clean(database_url)


async def test_discord_lets_it_in_later(folder: Path, database_url: str) -> None:
    async with StandIn() as discord_:
        await due.set_up(database_url, [discord_.guild], due.this_minute())
        discord_.fail_next("GET", "^/users/@me$", status=503, times=2)
        async with working(folder / "bot", discord_, database_url):
            await is_sent(database_url, discord_, [discord_.guild], START_SECONDS + SENT_SECONDS)


@pytest.mark.long
@pytest.mark.parametrize("whose", ["LISTEN%", "%"], ids=["the listener", "all"])
async def test_its_connections_are_cut(folder: Path, database_url: str, whose: str) -> None:
    """It begins again by itself, and sends what has come up."""
    async with StandIn() as discord_:
        first, second = await discord_.add_guilds(2)
        await due.set_up(database_url, [first], due.this_minute())
        async with working(folder / "bot", discord_, database_url) as bot:
            await is_sent(database_url, discord_, [first], START_SECONDS + SENT_SECONDS)
            connection = await asyncpg.connect(database_url)
            await due.set_up(database_url, [second], due.this_minute())
            assert await connection.fetchval(TERMINATE, whose) > 0
            await connection.close()
            began = time.monotonic()
            await is_sent(database_url, discord_, [first, second], BACK_SECONDS)
            print(f"back after {time.monotonic() - began:.1f} s")
            assert bot.is_running
            bot.send(SIGTERM)
            assert await asyncio.wait_for(bot.process.wait(), STOP_SECONDS) == 0
    await assert_left_clean(database_url)
