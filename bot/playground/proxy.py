"""SimCord's pages under our own address, so that it stays the same whatever conversation is open.

A tab's address ends in `#place/viewer`. SimCord's page sends that part with each request as its
capability; here it says which conversation the tab is for, and is exchanged for the real one.
"""

import json
import re
from dataclasses import dataclass
from typing import Final

import aiohttp
from aiohttp import web

from bot.playground.errors import PlaygroundError
from bot.playground.screen import Screen
from bot.playground.world import Place, Viewer

_CAPABILITY: Final = "X-Simcord-Capability"
_SENT_ON: Final = ("Content-Type", "X-Simcord-Context")
_OUR_OWN: Final = frozenset(
    {"Connection", "Content-Encoding", "Content-Length", "Date", "Server", "Transfer-Encoding"}
)
_STALE: Final = b'"stale-revision"'
_TOOLBAR: Final = re.compile(r'<header class="preview-toolbar"[^>]*>')
_WAY_BACK: Final = (
    '<a id="way-back" class="toolbar-button" href="/">←<span> All conversations</span></a>'
)
_OURS: Final = (
    '<link rel="stylesheet" href="/playground/conversation.css">'
    '<script type="module" src="/playground/conversation.js"></script></head>'
)


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    def response(self) -> web.Response:
        return web.Response(status=self.status, headers=self.headers, body=self.body)


class Proxy:
    """Passes requests on to the open preview, those that act on the world one after the other."""

    def __init__(self, screen: Screen, client: aiohttp.ClientSession) -> None:
        self._screen = screen
        self._client = client

    async def page(self, _: web.Request) -> web.Response:
        """SimCord's page, with our few additions: a way back, and `conversation.css` and `.js`."""
        if self._screen.address() is None:
            async with self._screen.turn():
                await self._screen.show(self._screen.world.places[0])
        answer = await self._ask("GET", "/")
        html = answer.body.decode().replace("</head>", _OURS, 1)
        html = _TOOLBAR.sub(lambda header: header[0] + _WAY_BACK, html, count=1)
        return _Answer(answer.status, answer.headers, html.encode()).response()

    async def asset(self, request: web.Request) -> web.Response:
        """A script, a style sheet or a font of SimCord's page."""
        answer = await self._ask("GET", request.path_qs)
        if request.path.startswith("/fonts/"):
            answer.headers["Cache-Control"] = "private, max-age=86400"  # 30 MB, always the same
            answer.headers.pop("Pragma", None)
        return answer.response()

    async def enter(self, request: web.Request) -> web.Response:
        """A tab wants in: show its conversation, and let it in as its viewer."""
        place, viewer = self._address(request)
        wish = json.dumps({"viewer_id": str(viewer.user.id)}).encode()
        async with self._screen.turn():
            await self._screen.show(place)
            return (await self._pass_on(request, wish)).response()

    async def act(self, request: web.Request) -> web.Response:
        """Something was typed or pressed."""
        place, _ = self._address(request)
        body = await request.read()
        async with self._screen.turn():
            self._check_shown(place)
            answer = await self._pass_on(request, body)
            if _STALE in answer.body and request.content_type == "application/json":
                answer = await self._act_on_what_is_new(request, body)
            return answer.response()

    async def look(self, request: web.Request) -> web.Response:
        """What a page reads; it acts on nothing and waits for nobody."""
        place, _ = self._address(request)
        self._check_shown(place)
        return (await self._pass_on(request, None)).response()

    def _address(self, request: web.Request) -> tuple[Place, Viewer]:
        key, _, name = request.headers.get(_CAPABILITY, "").partition("/")
        place = self._screen.world.place(key)
        viewer = place.viewer(name) if place else None
        if place is None or viewer is None:
            raise web.HTTPUnauthorized(text="This tab's address names no conversation here.")
        return place, viewer

    def _check_shown(self, place: Place) -> None:
        # 410 makes SimCord's page stop and say that it has to be reloaded, which opens it again.
        if not self._screen.shows(place):
            raise web.HTTPGone(text="Another conversation is open now. Reload to come back.")

    async def _act_on_what_is_new(self, request: web.Request, body: bytes) -> _Answer:
        """Try once more, with the revision that the page was about to learn of.

        A page looks for news twice a second. What another tab or the bot itself did in between is
        no reason to refuse a button: Discord would not.
        """
        state = await self._ask("GET", "/api/state", headers=_sent_on(request))
        revision = json.loads(state.body).get("publishedRevision")
        act = {**json.loads(body), "published_revision": revision}
        return await self._pass_on(request, json.dumps(act).encode())

    async def _pass_on(self, request: web.Request, body: bytes | None) -> _Answer:
        return await self._ask(request.method, request.path_qs, _sent_on(request), body)

    async def _ask(
        self,
        method: str,
        path: str,
        headers: dict[str, str] | None = None,
        body: bytes | None = None,
    ) -> _Answer:
        address = self._screen.address()
        if address is None:
            raise web.HTTPGone(text="No conversation is open. Reload to open it again.")
        base, capability = address
        headers = {**(headers or {}), _CAPABILITY: capability}
        try:
            async with self._client.request(
                method, base + path, headers=headers, data=body, allow_redirects=False
            ) as answer:
                kept = {k: v for k, v in answer.headers.items() if k not in _OUR_OWN}
                return _Answer(answer.status, kept, await answer.read())
        except aiohttp.ClientError as error:
            raise PlaygroundError(f"The conversation was just closed ({error}).") from error


def _sent_on(request: web.Request) -> dict[str, str]:
    return {name: request.headers[name] for name in _SENT_ON if name in request.headers}
