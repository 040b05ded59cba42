"""Ctrl-C and SIGTERM: what is in flight is finished, everything is closed, the bot ends with 0."""

import asyncio
import signal
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from signal import SIGINT, SIGTERM

import aiohttp
import asyncpg
import psutil

from tests.process.bots import PYTHON, STOP_SECONDS, free_port, running
from tests.process.embedded import appears, is_stopped, lives, postmaster
from tests.process.stage import assert_left_clean, connected
from tests.transport.standin import StandIn


@asynccontextmanager
async def held(url: str, table: str) -> AsyncGenerator[None]:
    """Nobody gets at the table during this: what needs it is slow."""
    connection = await asyncpg.connect(url)
    try:
        async with connection.transaction():
            await connection.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
            yield
    finally:
        await connection.close()


async def play_and_stop(folder: Path, *signals: signal.Signals) -> None:
    """Open a playground in the folder, look at it, and stop it."""
    data = folder / "data"
    port = free_port()
    here = {"DATA_DIR": str(data), "PLAYGROUND_PORT": str(port)}
    async with running(folder, python=PYTHON, **here) as bot:
        address = f"http://127.0.0.1:{port}/"
        await bot.says(f"The playground is open: {address}")
        server = postmaster(data)
        async with aiohttp.ClientSession() as browser, browser.get(address) as answer:
            assert answer.status == 200
        await bot.stops(*signals)
    # Where nobody reaps orphans, an ended server stays in the table as a zombie.
    assert not lives(server) or server.status() == psutil.STATUS_ZOMBIE
    assert is_stopped(data)


async def test_a_playground_ends_when_told(folder: Path) -> None:
    await asyncio.gather(
        play_and_stop(folder / "ctrl-c", SIGINT, SIGINT), play_and_stop(folder / "term", SIGTERM)
    )


async def stop_when(folder: Path, moment: str, *signals: signal.Signals) -> None:
    """Stop a playground while it starts, as soon as there is that file, or it says that."""
    async with running(
        folder, DATA_DIR=str(folder / "data"), PLAYGROUND_PORT=str(free_port())
    ) as bot:
        if moment.startswith("data/"):
            await appears(folder / moment)
        else:
            await bot.says(moment)
        await bot.stops(*signals)
        assert "The playground is open" not in bot.out
    assert is_stopped(folder / "data")


async def test_a_start_is_broken_off(folder: Path) -> None:
    await asyncio.gather(
        stop_when(folder / "first", "data/postgres/data.new", SIGINT, SIGINT),
        stop_when(folder / "second", "data/postgres/data/postmaster.pid", SIGTERM),
        stop_when(folder / "third", "embedded PostgreSQL", SIGINT),
    )
    # What was broken off can be begun again.
    await play_and_stop(folder / "again", SIGTERM)


async def test_a_connected_bot_ends_when_told(folder: Path, database_url: str) -> None:
    async with (
        StandIn() as discord_,
        connected(folder / "ctrl-c", discord_, database_url) as one,
        connected(folder / "term", discord_, database_url) as two,
    ):
        await discord_.connected(sessions=2)
        await asyncio.gather(one.stops(SIGINT, SIGINT), two.stops(SIGTERM))
    await assert_left_clean(database_url)


async def test_who_is_being_answered_gets_the_answer(folder: Path, database_url: str) -> None:
    async with StandIn() as discord_, connected(folder / "bot", discord_, database_url) as bot:
        ada, bo = await discord_.add_member("Ada"), await discord_.add_member("Bo")
        await (await ada.slash("challenge join", challenge=1)).answered()
        today = await (await ada.slash("challenge today")).answered()
        await (await bo.slash("challenge join", challenge=1)).answered()
        async with held(database_url, "challenge_logs"):
            button = await ada.press(today, "I did it")
            command = await bo.slash("challenge done")
            await discord_.until(lambda: button.callback is not None)
            await discord_.until(lambda: command.callback is not None)
            stopping = asyncio.create_task(bot.stops(SIGTERM, SIGTERM))
            await asyncio.sleep(1)
            assert bot.is_running
            assert not button.is_answered
            assert not command.is_answered
        await stopping
        assert button.is_answered
        assert command.is_answered
    connection = await asyncpg.connect(database_url)
    logs = await connection.fetch("SELECT day_number FROM challenge_logs WHERE completed")
    await connection.close()
    assert [log["day_number"] for log in logs] == [1, 1]
    await assert_left_clean(database_url)


async def test_what_does_not_end_is_left_behind(folder: Path, database_url: str) -> None:
    async with StandIn() as discord_, connected(folder / "bot", discord_, database_url) as bot:
        ada = await discord_.add_member("Ada")
        await (await ada.slash("challenge join", challenge=1)).answered()
        async with held(database_url, "challenge_logs"):
            done = await ada.slash("challenge done")
            await discord_.until(lambda: done.callback is not None)
            assert await bot.stops(SIGINT, SIGINT) < STOP_SECONDS
    await assert_left_clean(database_url)


async def test_discord_has_gone_away(folder: Path, database_url: str) -> None:
    async with AsyncExitStack() as stack:
        async with StandIn() as discord_:
            bot = await stack.enter_async_context(connected(folder / "bot", discord_, database_url))
        await bot.says("Attempting a reconnect")
        bot.send(SIGTERM)
        assert await asyncio.wait_for(bot.process.wait(), STOP_SECONDS) == 0
    await assert_left_clean(database_url)
