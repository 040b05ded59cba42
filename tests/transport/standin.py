"""A small stand-in for Discord over loopback sockets: REST and gateway for a real discord.py bot.

Open it with `async with StandIn() as discord_:`, point the bot at it with `addressed_to`, and
act as its members. It knows what the bot uses and refuses the rest with 404, so `unknown`
should be empty. Every wait is bounded, and leaving the block closes everything.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from types import TracebackType
from typing import Self

import yarl
from aiohttp import web
from discord.gateway import DiscordWebSocket
from discord.http import Route

from tests.transport.actors import Actor, Stage
from tests.transport.commands import Commands
from tests.transport.feed import Feed
from tests.transport.gateway import GUILDS_INTENT, Gateway
from tests.transport.interactions import Exchange, Interactions
from tests.transport.messages import Messages
from tests.transport.rest import BASE, Rest
from tests.transport.wire import Bell, Fault, Request
from tests.transport.world import EVERYONE, Channel, Guild, Json, User, World

TOKEN = "stand-in.not-a-real.token"


class StandIn:
    """Discord, as far as the bot can tell.

    `token` is the only one it lets in. `patience` is how many seconds an interaction waits for
    its callback (Discord's three). Privileged intents are refused unless allowed. It starts
    with one guild, "Get Kinder", with #kindness and #general.
    """

    def __init__(
        self,
        *,
        token: str = TOKEN,
        shards: int = 1,
        patience: float = 3.0,
        privileged_intents: bool = False,
        bot_permissions: int = EVERYONE,
    ) -> None:
        self.token = token
        self.world = World()
        self.bell = Bell()
        self.gateway = Gateway(self.world, self.bell, token, privileged_intents)
        self.commands = Commands(self.world.me.id)
        self._feed = Feed(self.world, self.gateway)
        messages = Messages(self.world, self._feed.tell)
        interactions = Interactions(messages, self.bell, self.world.me.id, patience)
        self._messages = messages
        self._stage = Stage(
            self.world, self.commands, messages, interactions, self.gateway, self.bell
        )
        self._rest = Rest(
            *(self.world, self.commands, messages, interactions, self.gateway, self._feed),
            token=token,
            shards=shards,
        )
        self._bot_permissions = bot_permissions
        self.guild = self.world.add_guild("Get Kinder", bot_permissions)
        self.guild.add_channel("kindness")
        self.guild.add_channel("general")
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

    # People and places

    async def add_guild(self, name: str, *channels: str) -> Guild:
        """The bot is invited to another guild (with #general unless named otherwise)."""
        guild = self.world.add_guild(name, self._bot_permissions)
        for channel in channels or ("general",):
            guild.add_channel(channel)
        await self.gateway.announce(guild)
        return guild

    async def add_member(
        self,
        who: str | Actor,
        *,
        guild: Guild | None = None,
        permissions: int = 0,
        locale: str = "en-GB",
        bot: bool = False,
    ) -> Actor:
        """Somebody joins a guild (the first, unless given) and looks at its first channel.

        `permissions` are bits beyond @everyone's (`discord.Permissions(…).value`).
        """
        guild = guild or self.guild
        user = User(who, locale, bot) if isinstance(who, str) else who.user
        self.world.users[user.id] = user
        member = guild.add_member(user, permissions)
        for role in member.roles:
            data = {"guild_id": str(guild.id), "role": role.payload()}
            await self.gateway.dispatch("GUILD_ROLE_CREATE", data, guild.id, GUILDS_INTENT)
        return Actor(user, guild.channels[0], self._stage)

    def remove_member(self, who: Actor, guild: Guild | None = None) -> None:
        """Somebody leaves a guild; the bot has no members intent and is not told."""
        del (guild or self.guild).members[who.id]

    def close_dms(self, who: Actor) -> None:
        """Somebody takes no more direct messages: posting there is refused with 50007."""
        self.world.dm_with(who.user).readonly = True

    def messages_in(self, channel: Channel) -> list[Json]:
        """The bot's messages that everybody there can read, oldest first."""
        mine = str(self.world.me.id)
        return [m for m in self.conversation_in(channel) if m["author"]["id"] == mine]

    def conversation_in(self, channel: Channel) -> list[Json]:
        """All messages that everybody there can read, people's too, oldest first."""
        return self._messages.in_channel(channel)

    # What arrived

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
    ) -> Fault:
        """Fail the next requests whose path the pattern is found in.

        A 429 asks to wait `retry_after` seconds; a header of None is left out (a 429 without
        `Via` looks like Cloudflare's). With `done_first` Discord does what was asked, and only
        its answer is a failure. The returned fault counts its `hits`.
        """
        pattern = re.compile(path)
        fault = Fault(method, pattern, status, times, retry_after, headers or {}, done_first)
        self._rest.faults.append(fault)
        return fault

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
