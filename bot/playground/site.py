"""The playground's own web site, for this machine alone: its front page, and the ways in."""

import asyncio
import errno
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Final

import aiohttp
from aiohttp import web

from bot.playground import MakeBot, Posting, page
from bot.playground.errors import PlaygroundError
from bot.playground.proxy import Proxy
from bot.playground.screen import Screen
from bot.playground.world import open_world

_HOSTS: Final = frozenset({"127.0.0.1", "localhost"})
_LARGEST_UPLOAD: Final = 26 * 1024 * 1024
_CLOSING_SECONDS: Final = 3.0

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


async def run(
    make_bot: MakeBot,
    *,
    port: int,
    stop: asyncio.Event,
    on_ready: Callable[[str], None],
    zone: str,
    posting: Posting | None,
) -> None:
    """What `bot.playground.serve` promises, once everything is installed."""
    # The port comes first: a bot should not wake up for a page that cannot be opened.
    with _listen(port) as listener:
        async with open_world(make_bot, posting.ahead if posting else timedelta()) as world:
            screen = Screen(world, zone=zone, posting=posting)
            await screen.open_posting()
            async with _site(screen, listener), _first_conversation(screen):
                on_ready(f"http://127.0.0.1:{listener.getsockname()[1]}/")
                await screen.follow(stop)


def _listen(port: int) -> socket.socket:
    try:
        return socket.create_server(("127.0.0.1", port))
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            problem = "is in use by another program"
        else:
            problem = f"cannot be used ({error.strerror})"
        raise PlaygroundError(
            f"Port {port} {problem}: set PLAYGROUND_PORT to another one."
        ) from error


@asynccontextmanager
async def _first_conversation(screen: Screen) -> AsyncGenerator[None]:
    """Open one at once: it shows that SimCord's preview works here."""
    try:
        async with screen.turn():
            await screen.show(screen.world.places[0])
        yield
    finally:
        await screen.close()


@asynccontextmanager
async def _site(screen: Screen, listener: socket.socket) -> AsyncGenerator[None]:
    async with aiohttp.ClientSession() as client:
        runner = web.AppRunner(
            _application(screen, Proxy(screen, client)),
            access_log=None,
            shutdown_timeout=_CLOSING_SECONDS,
        )
        await runner.setup()
        try:
            await web.SockSite(runner, listener).start()
            yield
        finally:
            await runner.cleanup()


def _application(screen: Screen, proxy: Proxy) -> web.Application:
    async def front(_: web.Request) -> web.Response:
        return page.html(page.front(screen.world))

    async def static(request: web.Request) -> web.Response:
        return page.static(request.match_info["name"])

    async def icon(_: web.Request) -> web.Response:
        return web.Response(status=204)

    async def opening(request: web.Request) -> web.Response:
        key, name = request.match_info["place"], request.match_info["viewer"]
        place = screen.world.place(key)
        if place is None or place.viewer(name) is None:
            raise web.HTTPNotFound(text="There is no such conversation here.")
        async with screen.turn():
            await screen.show(place)
        raise web.HTTPFound(f"/conversation#{key}/{name}")

    app = web.Application(middlewares=[_guard], client_max_size=_LARGEST_UPLOAD)
    app.add_routes(
        [
            web.get("/", front),
            web.get("/playground/{name}", static),
            web.get("/favicon.ico", icon),
            web.get("/open/{place}/{viewer}", opening),
            web.get("/conversation", proxy.page),
            web.post("/api/pages", proxy.enter),
            web.post("/api/action", proxy.act),
            web.route("*", "/api/{path:.*}", proxy.look),
            web.get("/{path:.*}", proxy.asset),
        ]
    )
    return app


@web.middleware
async def _guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer this machine's own browser alone, and say in words what went wrong.

    A site whose name is made to point at 127.0.0.1 still sends its own name as the host.
    """
    host = request.headers.get("Host", "")
    origin = request.headers.get("Origin", f"http://{host}")
    if host.partition(":")[0] not in _HOSTS or origin != f"http://{host}":
        return page.problem(403, "The playground answers at 127.0.0.1 and localhost only.")
    try:
        return await handler(request)
    except PlaygroundError as error:
        return page.problem(503, str(error))
    except web.HTTPError as error:
        return page.problem(error.status, error.text or error.reason)
