"""The one place that wires settings -> database -> KAI -> client, and owns start and stop order."""

import asyncio
import signal
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Literal, TypeVar

import aiohttp
import discord
import structlog
from discord import app_commands
from discord.gateway import DiscordWebSocket
from discord.http import Route
from yarl import URL

from bot import playground
from bot.actions.services import Clock, Services, utcnow
from bot.client import KindnessBot
from bot.kai.companion import Kai
from bot.model import budget, opened_voice
from bot.opening import Database, StartError, open_pool, ready_database
from bot.posting.demo import Demo, read_ahead
from bot.posting.post_client import logged_in
from bot.posting.worker import Worker
from bot.settings import Settings
from bot.web.metrics import serving_metrics
from db.pool import Pool

log = structlog.get_logger(__name__)

FINISH_SECONDS = 5.0
"""How long a stop waits for members who are being answered."""
CLOSE_SECONDS = 2.0
"""How long it then waits for Discord to say goodbye."""
AUTHENTICATION_FAILED = 4004
"""The code with which Discord's gateway closes when a token is reset under a running bot."""


T = TypeVar("T")

Part = Literal["everything", "bot", "worker"]
"""What one process runs: the bot and a worker, the bot alone, or a worker alone."""


async def run(settings: Settings, say: Callable[[str], None], *, part: Part = "everything") -> None:
    """Run the bot until it is told to stop: on Discord with a token, else in the playground.

    `part` of it is everything, the bot without a worker, or a worker alone. `say` gets what the
    person at the terminal should read. Raises StartError.
    """
    if part == "worker" and settings.discord_token is None:
        raise StartError("A worker needs DISCORD_TOKEN: the playground has one of its own.")
    # The bot never speaks; SimCord probes discord.py with a client that has no intents.
    discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False
    stop = asyncio.Event()
    with _stopping_on_signals(stop):
        async with AsyncExitStack() as stack:
            database = await _unless(stop, stack.enter_async_context(ready_database(settings)))
            if database is not None:
                await _run_on(database, settings, stop, say, part)
    log.info("stopped")


async def _run_on(
    database: Database,
    settings: Settings,
    stop: asyncio.Event,
    say: Callable[[str], None],
    part: Part,
) -> None:
    async with AsyncExitStack() as stack:
        if settings.metrics_port is not None:
            await _serve_metrics(stack, settings.metrics_port)
        voice = await stack.enter_async_context(opened_voice(settings))

        def kai(clock: Clock) -> Kai:
            return Kai(voice, budget(settings, database.pool, clock), seconds=settings.kai_seconds)

        if settings.discord_token is None:
            await _run_playground(settings, database.pool, kai, stop, say)
        else:
            token = settings.discord_token.get_secret_value()
            point_at(settings)
            await _run_on_discord(settings, token, database, kai(utcnow), stop, part)


async def _serve_metrics(stack: AsyncExitStack, port: int) -> None:
    try:
        await stack.enter_async_context(serving_metrics(port))
    except OSError as error:
        raise StartError(
            f"The metrics cannot be served: port {port} is taken. Choose another METRICS_PORT."
        ) from error


async def _unless(stop: asyncio.Event, work: Coroutine[Any, Any, T]) -> T | None:
    """What `work` gives; None when `stop` is set before, and then the work has cleaned up."""
    working = asyncio.create_task(work)
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if not stop.is_set():
        return await working
    working.cancel()
    await asyncio.gather(working, return_exceptions=True)
    return None


class _stopping_on_signals:  # noqa: N801  reads as the sentence that it is
    """Sets `stop` on Ctrl-C and SIGTERM while it lasts; afterwards the process ends undisturbed."""

    def __init__(self, stop: asyncio.Event) -> None:
        self._stop = stop

    def __enter__(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._stop.set)

    def __exit__(self, *_exception: object) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
            signal.signal(number, signal.SIG_IGN)


async def _run_playground(
    settings: Settings,
    pool: Pool,
    kai: Callable[[Clock], Kai],
    stop: asyncio.Event,
    say: Callable[[str], None],
) -> None:
    here = settings.model_copy(update={"home_guild_ids": (playground.HOME_GUILD_ID,)})
    demo = Demo(await read_ahead(Services(pool, Kai(), utcnow)))

    def make_bot(clock: Clock) -> KindnessBot:
        services = Services(pool, kai(clock), clock, settings.default_zone)
        bot = KindnessBot(services, here, trust_stored_sync=False, tomorrow=demo.tomorrow)
        demo.open(services, bot)
        return bot

    def ready(url: str) -> None:
        say(f"The playground is open: {url}  (no token is set; Ctrl-C ends it)")

    try:
        await playground.serve(
            make_bot,
            port=settings.playground_port,
            stop=stop,
            on_ready=ready,
            zone=settings.default_zone,
            posting=demo,
        )
    except playground.PlaygroundError as error:
        raise StartError(str(error)) from error


def point_at(settings: Settings) -> None:
    """Use other addresses than Discord's own, when they are set."""
    if settings.discord_api_url is not None:
        Route.BASE = settings.discord_api_url
    if settings.discord_gateway_url is not None:
        DiscordWebSocket.DEFAULT_GATEWAY = URL(settings.discord_gateway_url)


async def _run_on_discord(
    settings: Settings,
    token: str,
    database: Database,
    kai: Kai,
    stop: asyncio.Event,
    part: Part,
) -> None:
    services = Services(database.pool, kai, utcnow, settings.default_zone)
    running: list[asyncio.Task[None]] = []
    async with AsyncExitStack() as stack:
        stack.callback(kai.hush)
        if part != "bot":
            working = _working(settings, token, database.url, services, stop)
            running.append(await stack.enter_async_context(working))
        if part != "worker":
            bot = KindnessBot(services, settings)
            running.append(await stack.enter_async_context(_connected(bot, token)))
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait({*running, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stop.set()
        for task in running:
            if task.done():
                await _explain(task)


@asynccontextmanager
async def _connected(bot: KindnessBot, token: str) -> AsyncGenerator["asyncio.Task[None]"]:
    """The bot's connection to Discord while this lasts; members get their answers at the end."""
    running = asyncio.create_task(bot.start(token))
    try:
        yield running
    finally:
        await bot.finish(FINISH_SECONDS)
        await _close(bot)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


@asynccontextmanager
async def _working(
    settings: Settings, token: str, url: str, services: Services, stop: asyncio.Event
) -> AsyncGenerator["asyncio.Task[None]"]:
    """A worker until `stop` is set; then it sends what it has begun to send."""

    async def work() -> None:
        async with AsyncExitStack() as stack:
            client = await _unless(stop, stack.enter_async_context(logged_in(token)))
            if client is None:
                return
            worker = Worker(services, client, lambda: open_pool(url, settings))
            running = asyncio.create_task(worker.run())
            try:
                await stop.wait()
                worker.stop()
                await asyncio.wait({running}, timeout=FINISH_SECONDS)
            finally:
                running.cancel()
                await asyncio.gather(running, return_exceptions=True)

    working = asyncio.create_task(work())
    try:
        yield working
    finally:
        await asyncio.wait({working}, timeout=FINISH_SECONDS + CLOSE_SECONDS)
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)


async def _close(bot: KindnessBot) -> None:
    try:
        async with asyncio.timeout(CLOSE_SECONDS):
            await bot.close()
    except TimeoutError:
        log.warning("the connection to Discord did not close in time")


async def _explain(running: "asyncio.Task[None]") -> None:
    """Say why the bot ended by itself. Raises StartError, or what it was."""
    try:
        await running
    except discord.LoginFailure as error:
        raise _token_refused() from error
    except discord.ConnectionClosed as error:
        if error.code == AUTHENTICATION_FAILED:
            raise _token_refused() from error
        raise StartError(
            f"Discord closed the connection for good, with the code {error.code}: its "
            "documentation of gateway close codes says why."
        ) from error
    except app_commands.CommandSyncFailure:  # a command that Discord does not like: our mistake
        raise
    except (aiohttp.ClientError, discord.GatewayNotFound, discord.HTTPException, OSError) as error:
        log.warning("discord unreachable", error=repr(error))
        raise StartError(
            "Discord cannot be reached: check this machine's connection, and DISCORD_API_URL if "
            "it is set."
        ) from error


def _token_refused() -> StartError:
    return StartError(
        "Discord does not accept DISCORD_TOKEN: copy the bot's token again from the developer "
        "portal (Bot, Reset Token)."
    )
