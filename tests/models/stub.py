"""A model server for tests, over loopback sockets: the real client libraries talk to it.

Open it with `async with ModelStub() as stub:`, point a client at `openai_url` or
`anthropic_url` with `key`, and say with `queue` what it answers. It refuses what the real
servers refuse (a wrong key, a request out of order). Leaving the block closes everything.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from types import TracebackType
from typing import Self, cast

from aiohttp import web

from tests.models.answers import (
    Answer,
    BadRequest,
    Dialect,
    Tokens,
    answer_to,
    encode,
    estimate,
)
from tests.models.asked import Json, ModelRequest
from tests.models.chat import ChatCompletions
from tests.models.messages import Messages
from tests.models.script import Fail, Hang, Item, Say, Scripted
from tests.transport.wire import Bell

KEY = "stub-key-not-a-real-one"
LARGEST = 30 * 1024 * 1024  # bytes of a request


class ModelStub:
    """A language model, as far as its callers can tell.

    `script` holds what it answers next, in the order in which requests arrive, and `otherwise`
    what it answers after that. `tokens` is what every answer is said to cost; None estimates.

    `requests` are those that it took, `rejected` says why it would not take the others.
    `served` are those whose answer has been written to its end (the callbacks in `finished` are
    called with each), `abandoned` those whose client left before that.
    """

    def __init__(self, *script: Scripted, key: str = KEY) -> None:
        self.key = key
        self.script: deque[Scripted] = deque(script)
        self.otherwise: Scripted = Say("A small kind thing.")
        self.tokens: tuple[int, int] | None = None
        self.requests: list[ModelRequest] = []
        self.rejected: list[str] = []
        self.served: list[ModelRequest] = []
        self.abandoned: list[ModelRequest] = []
        self.finished: list[Callable[[ModelRequest], None]] = []
        self.anthropic_url = ""
        self._bell = Bell()
        self._closing = asyncio.Event()
        self._trouble: Exception | None = None

    @property
    def openai_url(self) -> str:
        """The base URL for OpenAI's client, known once started like `anthropic_url`."""
        return f"{self.anthropic_url}/v1"

    async def __aenter__(self) -> Self:
        application = web.Application(client_max_size=LARGEST)
        serve_chat = partial(self._serve, ChatCompletions())
        serve_messages = partial(self._serve, Messages())
        application.router.add_post("/v1/chat/completions", serve_chat)
        application.router.add_post("/v1/messages", serve_messages)
        application.router.add_route("*", "/{path:.*}", self._serve_unknown)
        self._runner = web.AppRunner(
            application, access_log=None, shutdown_timeout=0.5, handler_cancellation=True
        )
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        port: int = self._runner.addresses[0][1]
        self.anthropic_url = f"http://127.0.0.1:{port}"
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()
        if self._trouble is not None and error is None:
            raise self._trouble

    async def close(self) -> None:
        """End what is under way and stop listening, as leaving the block does."""
        self._closing.set()
        await self._runner.cleanup()

    def queue(self, *items: Scripted) -> None:
        """Answer so, after what is in the script already."""
        self.script.extend(items)

    async def until(
        self, happened: Callable[[], bool], within: float = 3.0, what: str = "what was awaited"
    ) -> None:
        """Wait for anything. Raises TimeoutError, saying what, after `within` seconds."""
        await self._bell.until(happened, within, what)

    # Requests

    async def _serve(self, dialect: Dialect, http: web.Request) -> web.StreamResponse:
        arrived = asyncio.get_running_loop().time()
        raw = await http.read()
        try:
            if not dialect.is_let_in(http.headers, self.key):
                return self._refuse(dialect, 401, "Incorrect API key provided")
            try:
                body = _parse(raw)
                number = len(self.requests) + 1
                request = ModelRequest(
                    dialect.api, number, body, http.headers.copy(), arrived, len(raw)
                )
                dialect.check(request)
            except BadRequest as error:
                return self._refuse(dialect, 400, str(error))
            return await self._take(dialect, request, http)
        except ConnectionError:
            raise  # the client has gone, which aiohttp knows how to take
        except Exception as error:
            self._trouble = self._trouble or error
            raise

    def _refuse(self, dialect: Dialect, status: int, message: str) -> web.Response:
        self.rejected.append(f"{status} {dialect.api}: {message}")
        self._bell.ring()
        return _json(dialect.error(status, message), status)

    async def _serve_unknown(self, http: web.Request) -> web.Response:
        self.rejected.append(f"404 {http.method} {http.path}")
        self._bell.ring()
        return _json({"error": {"message": "Not found", "type": "invalid_request_error"}}, 404)

    async def _take(
        self, dialect: Dialect, request: ModelRequest, http: web.Request
    ) -> web.StreamResponse:
        self.requests.append(request)
        self._bell.ring()
        try:
            item = self._next(request)
            while isinstance(item, Hang):
                await self._rest(item.seconds)
                if item.then is None or self._closing.is_set():
                    return _hang_up(http, web.Response())
                item = item.then
            response, is_whole = await self._answer(dialect, request, item, http)
        except (asyncio.CancelledError, ConnectionError):
            self.abandoned.append(request)
            self._bell.ring()
            raise
        if is_whole:
            self.served.append(request)
            for tell in self.finished:
                tell(request)
            self._bell.ring()
        return response

    def _next(self, request: ModelRequest) -> Item:
        """What the script, or else `otherwise`, has for this request."""
        scripted = self.script.popleft() if self.script else None
        if isinstance(scripted, Fail) and scripted.times > 1:
            self.script.appendleft(replace(scripted, times=scripted.times - 1))
        scripted = scripted or self.otherwise
        return scripted(request) if callable(scripted) else scripted

    async def _rest(self, seconds: float) -> None:
        """Wait, but not longer than the stub is open."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._closing.wait()

    # Answers

    async def _answer(
        self, dialect: Dialect, request: ModelRequest, item: Item, http: web.Request
    ) -> tuple[web.StreamResponse, bool]:
        """Write what the item comes to. Returns the response and whether all of it was sent."""
        assert not isinstance(item, Hang)
        if isinstance(item, Fail):
            body = dialect.error(item.status, f"{item.status}: failed on purpose")
            response = _json(body, item.status)
            if item.retry_after is not None:
                response.headers["Retry-After"] = f"{item.retry_after:g}"
            return await _send(response, http), True
        answer = answer_to(request, item)
        tokens = Tokens(*self.tokens) if self.tokens else estimate(request, answer)
        if request.streaming:
            response = await self._stream(dialect, request, answer, tokens, http)
        else:
            body = encode(dialect.whole(request, answer, tokens))
            if answer.is_cut:
                response = await _send_half(body, http)
            else:
                response = _json(body)
                await _send(response, http)
        return response, not answer.is_cut

    async def _stream(
        self,
        dialect: Dialect,
        request: ModelRequest,
        answer: Answer,
        tokens: Tokens,
        http: web.Request,
    ) -> web.StreamResponse:
        opening, pieces, closing = dialect.stream(request, answer, tokens)
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream; charset=utf-8"})
        await response.prepare(http)
        if answer.is_cut:
            await response.write(opening + b"".join(pieces))
            return _hang_up(http, response)
        if not answer.pause:
            await response.write(opening + b"".join(pieces) + closing)
        else:
            await response.write(opening)
            for number, piece in enumerate(pieces):
                if number:
                    await self._rest(answer.pause)
                await response.write(piece)
            await response.write(closing)
        await response.write_eof()
        return response


def _parse(raw: bytes) -> Json:
    try:
        body = json.loads(raw)
    except ValueError as error:
        raise BadRequest("could not parse the JSON body of your request") from error
    messages = cast("Json", body).get("messages") if isinstance(body, dict) else None
    if not isinstance(messages, list):
        raise BadRequest("messages: a list is required")
    return cast("Json", body)


def _json(body: Json | bytes, status: int = 200) -> web.Response:
    raw = body if isinstance(body, bytes) else encode(body)
    return web.Response(status=status, body=raw, content_type="application/json")


async def _send(response: web.Response, http: web.Request) -> web.Response:
    """Write all of it now, so that whoever waits for it to be written can be told."""
    await response.prepare(http)
    await response.write_eof()
    return response


async def _send_half(body: bytes, http: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    response.content_length = len(body)
    await response.prepare(http)
    await response.write(body[: len(body) // 2])
    return _hang_up(http, response)


def _hang_up(http: web.Request, response: web.StreamResponse) -> web.StreamResponse:
    """Break the connection after what has been written, so that the answer never ends."""
    if http.transport is not None:
        http.transport.close()
    return response
