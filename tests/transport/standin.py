"""A small stand-in for Discord over loopback sockets: REST and gateway for a real discord.py bot.

Open it with `async with StandIn() as discord_:`, point the bot at it with `addressed_to`, and
act as its members. It knows what the bot uses and refuses the rest with 404, so `unknown`
should be empty. Every wait is bounded, and leaving the block closes everything.
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from types import TracebackType
from typing import Self

import yarl
from aiohttp import web
from discord.gateway import DiscordWebSocket
from discord.http import Route

from tests.transport.actors import Stage
from tests.transport.commands import Commands
from tests.transport.faults import Heard, RandomFaults, Witness
from tests.transport.feed import Feed
from tests.transport.gateway import Gateway
from tests.transport.interactions import Exchange, Interactions
from tests.transport.limits import Limits
from tests.transport.messages import Messages
from tests.transport.people import Json
from tests.transport.permissions import EVERYONE
from tests.transport.places import Places
from tests.transport.rest import BASE, Rest
from tests.transport.routes import Routes
from tests.transport.wire import Bell, Failure, Fault, Request
from tests.transport.world import Channel, World

TOKEN = "stand-in.not-a-real.token"


class StandIn(Places):
    """Discord, as far as the bot can tell.

    `token` is the only one it lets in. `patience` is how many seconds an interaction waits for
    its callback (Discord's three), `nonce_seconds` how many an enforced nonce is remembered.
    Privileged intents are refused unless allowed. There are no rate limits unless given:
    `global_per_second` is the bot's (Discord's 50), `channel_limit` how many messages a channel
    takes in how many seconds, and as many edits (Discord's (5, 5.0)). It starts with one guild,
    "Get Kinder", with #kindness and #general.
    """

    def __init__(
        self,
        *,
        token: str = TOKEN,
        shards: int = 1,
        patience: float = 3.0,
        nonce_seconds: float = 180.0,
        privileged_intents: bool = False,
        bot_permissions: int = EVERYONE,
        global_per_second: int | None = None,
        channel_limit: tuple[int, float] | None = None,
    ) -> None:
        self.token = token
        self.bell = Bell()
        world = World()
        gateway = Gateway(world, self.bell, token, privileged_intents)
        self.commands = Commands(world.me.id)
        self._feed = Feed(world, gateway)
        self._messages = Messages(world, self._feed.tell, nonce_seconds)
        interactions = Interactions(self._messages, self.bell, world.me.id, patience)
        known = (world, self.commands, self._messages, interactions, gateway)
        super().__init__(Stage(*known, self.bell), bot_permissions)
        self._limits = Limits(global_per_second, channel_limit)
        self._rest = Rest(Routes(*known, self._feed, shards), gateway, self._limits, token)
        self.api_url = ""

    @property
    def gateway_url(self) -> str:
        """Where the bot's websocket connects, known once started."""
        return self.gateway.url

    @property
    def application_id(self) -> int:
        """The bot's application and user id."""
        return self.world.me.id

    async def __aenter__(self) -> Self:
        application = web.Application(client_max_size=30 * 1024 * 1024)
        application.router.add_get("/gateway", self.gateway.serve)
        application.router.add_route("*", BASE + "/{path:.*}", self._serve)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.5)
        await self._runner.setup()
        self._site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await self._site.start()
        port: int = self._runner.addresses[0][1]
        self.api_url = f"http://127.0.0.1:{port}{BASE}"
        self.gateway.url = f"ws://127.0.0.1:{port}/gateway"
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._site.stop()  # first, so that a bot which is still running cannot come back
        await self.gateway.drop(resumable=False)
        await self._runner.cleanup()

    async def _serve(self, request: web.Request) -> web.Response:
        try:
            return await self._rest.serve(request)
        finally:
            self.bell.ring()

    # What is there to be read

    def messages_in(self, channel: Channel) -> list[Json]:
        """The bot's messages that everybody there can read, oldest first."""
        mine = str(self.world.me.id)
        return [m for m in self.conversation_in(channel) if m["author"]["id"] == mine]

    def conversation_in(self, channel: Channel) -> list[Json]:
        """All messages that everybody there can read, people's too, oldest first."""
        return self._messages.in_channel(channel)

    # What arrived

    @property
    def limited(self) -> Counter[str]:
        """How many 429s the rate limits gave, by "global" and "channel" (faults not counted)."""
        return self._limits.limited

    @property
    def busiest_second(self) -> int:
        """The most requests under the global limit that arrived within any one second."""
        return self._limits.busiest_second

    @property
    def requests(self) -> list[Request]:
        """Every REST request so far, failed ones too."""
        return self._rest.requests

    @property
    def unknown(self) -> list[Request]:
        """Requests for routes that the stand-in does not have."""
        return [request for request in self.requests if not request.is_known]

    def requests_to(self, method: str, path: str) -> list[Request]:
        """The requests of that method whose path (after `/api/v10`) the pattern is found in."""
        return [r for r in self.requests if r.method == method and re.search(path, r.path)]

    async def until(
        self, happened: Callable[[], bool], within: float = 3.0, what: str = "what was awaited"
    ) -> None:
        """Wait for anything. Raises TimeoutError, saying what, after `within` seconds."""
        await self.bell.until(happened, within, what)

    async def connected(
        self, running: asyncio.Task[None] | None = None, *, sessions: int = 1, within: float = 3.0
    ) -> None:
        """Wait until so many gateway sessions are up, READY or RESUMED sent.

        When the bot's task has ended before that, its error is raised here.
        """

        def is_settled() -> bool:
            has_ended = running is not None and running.done()
            return has_ended or len(self.gateway.live) >= sessions

        await self.until(is_settled, within, "the bot connects")
        if running is not None and running.done():
            await running

    # What can go wrong

    def fail_next(
        self,
        method: str,
        path: str,
        *,
        status: int,
        times: int = 1,
        retry_after: float = 0.2,
        headers: Mapping[str, str | None] | None = None,
        done_first: bool = False,
        code: int = 0,
    ) -> Fault:
        """Fail the next requests whose path the pattern is found in.

        A 429 asks to wait `retry_after` seconds; a header of None is left out (a 429 without
        `Via` looks like Cloudflare's). With `done_first` Discord does what was asked, and only
        its answer is a failure. `code` is Discord's own for the error. The returned fault counts
        its `hits`.
        """
        failure = Failure(status, retry_after, headers or {}, done_first, code)
        fault = Fault(method, re.compile(path), times, failure)
        self._rest.faults.append(fault)
        return fault

    def random_faults(
        self,
        seed: int,
        shares: Mapping[int, float],
        *,
        path: str = "",
        method: str | None = None,
        done_first: float = 0.0,
        retry_after: float = 0.2,
    ) -> RandomFaults:
        """Fail a share of the requests whose path the pattern is found in, until stopped.

        `shares` is by status, HANGS_UP among them; `done_first` is the share of the failing ones
        (but the 429s) that are carried out all the same. Which ones fail follows from the seed
        and the order in which the requests arrive.
        """
        faults = RandomFaults(
            *(seed, shares),
            method=method,
            path=path,
            done_first=done_first,
            retry_after=retry_after,
        )
        self._rest.faults.append(faults)
        return faults

    def on_accepted(self, path: str, heard: Heard, *, method: str | None = "POST") -> Witness:
        """Call `heard` with every matching request that was carried out, and its answer.

        It is called at once: neither the answer nor what the gateway tells of it has gone out.
        When it gives HANGS_UP the connection breaks instead of an answer; a coroutine holds the
        answer back until it ends. Whoever sent it is found by `request.port`. A request that was
        refused is not told, a repeated nonce is: its answer is the first message.
        """
        witness = Witness(method, re.compile(path), heard)
        self._rest.witnesses.append(witness)
        return witness

    async def drop(self, *, resumable: bool = True) -> None:
        """Close the gateway connections. A session that is not resumable is forgotten, and a
        RESUME of it is answered with Invalid Session, so the bot must IDENTIFY again (which
        discord.py does five seconds later, by `before_identify_hook`)."""
        await self.gateway.drop(resumable=resumable)

    def dismiss(self, exchange: Exchange) -> None:
        """The member closes the answer that only they see; the bot is not told."""
        self._stage.interactions.delete(exchange.token, "@original")

    async def deliver_twice(self, exchange: Exchange) -> None:
        """Dispatch the same INTERACTION_CREATE once more."""
        await self._stage.deliver(exchange)

    async def deliver_message_twice(self, message: Json) -> None:
        """Dispatch the message's MESSAGE_CREATE once more."""
        self._feed.tell("MESSAGE_CREATE", message)
        await self.gateway.flush()


@contextmanager
def addressed_to(stand_in: StandIn) -> Generator[None]:
    """Point discord.py at the stand-in, and back at what it was when the block ends."""
    before = Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY
    Route.BASE = stand_in.api_url
    DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(stand_in.gateway_url)
    try:
        yield
    finally:
        Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY = before
