"""Two gates on a bot's way out, to PostgreSQL and to Discord's REST, that can be shut on it.

What is held is never passed on later: it is gone, as it would be with the process that sent it.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from tests.wire import FINISH_SECONDS, FLUSH, READY_FOR_QUERY, Tap

PARSE, BIND, QUERY, ERROR = b"P", b"B", b"Q", b"E"
IDLE = b"I"
"""The status of a server's ReadyForQuery outside of any transaction."""

Choice = Callable[[str], bool]


def _none(_sql: str) -> bool:
    return False


@dataclass
class _Link:
    """One connection: its prepared statements' SQL by name, and the statement under way."""

    prepared: dict[bytes, str] = field(default_factory=dict[bytes, str])
    running: str | None = None
    has_failed: bool = False
    is_held: bool = False


_link: ContextVar[_Link] = ContextVar("link")


class Gate(Tap):
    """A proxy in front of PostgreSQL that holds statements, or the answers to them.

    `holds` is asked about every statement that a client executes, before the server has it, and
    `holds_answer` about every one that the server has committed, before the client knows. `held`
    is set when one of them said yes.
    """

    def __init__(self, server_url: str) -> None:
        super().__init__(server_url)
        self.open()

    def open(self) -> None:
        """Let everything pass, on all connections to come."""
        self.holds: Choice = _none
        self.holds_answer: Choice = _none
        self.held = asyncio.Event()

    def shut(self) -> None:
        """Hold every statement from now on."""
        self.holds = lambda _sql: True

    async def _serve(
        self, from_client: asyncio.StreamReader, to_client: asyncio.StreamWriter
    ) -> None:
        _link.set(_Link())  # both directions of the connection inherit it
        await super()._serve(from_client, to_client)

    async def _pass_on(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, counted: bytes
    ) -> None:
        may_pass = self._may_ask if counted == FLUSH else self._may_answer
        link, waiting = _link.get(), b""
        while True:
            head = await source.readexactly(5)
            body = await source.readexactly(int.from_bytes(head[1:]) - 4)
            waiting += head + body
            if may_pass(link, head[:1], body):
                sink.write(waiting)
                waiting = b""
                await sink.drain()

    def _may_ask(self, link: _Link, kind: bytes, body: bytes) -> bool:
        """Whether what a client has sent may pass."""
        if kind == PARSE:
            name, sql, _types = body.split(b"\0", 2)
            link.prepared[name] = sql.decode()
        elif kind in (BIND, QUERY):
            parts = body.split(b"\0", 2)
            sql = link.prepared[parts[1]] if kind == BIND else parts[0].decode()
            if self.holds(sql):
                link.is_held = True
                self.held.set()
            else:
                link.running, link.has_failed = sql, False
        return not link.is_held

    def _may_answer(self, link: _Link, kind: bytes, body: bytes) -> bool:
        """Whether what the server has sent may pass; a statement's answer does as a whole."""
        link.has_failed = link.has_failed or kind == ERROR
        if link.running is not None and kind == READY_FOR_QUERY:
            sql, link.running = link.running, None
            if body == IDLE and not link.has_failed and self.holds_answer(sql):
                link.is_held = True
                self.held.set()
        return link.running is None and not link.is_held


@asynccontextmanager
async def gated(server_url: str) -> AsyncGenerator[Gate]:
    """A gate on the way to a database, for as long as it lasts."""
    gate = Gate(server_url)
    async with await gate.start():
        yield gate
        await gate.finish()


class Valve:
    """A proxy in front of an HTTP server. `held` is set when a client was held."""

    def __init__(self, server_url: str) -> None:
        self._server = urlsplit(server_url)
        self._sessions: set[asyncio.Task[None] | None] = set()
        self.url = ""
        self.open()

    def open(self) -> None:
        """Let everything pass."""
        self._is_shut = False
        self.held = asyncio.Event()

    def shut(self) -> None:
        """Hold whatever a client sends from now on."""
        self._is_shut = True

    async def start(self) -> asyncio.Server:
        """Listen on a port of this machine's own."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        self.url = self._server._replace(netloc=f"127.0.0.1:{port}").geturl()
        return server

    async def finish(self) -> None:
        """Let the connections end that their clients have closed."""
        if sessions := [task for task in self._sessions if task]:
            await asyncio.wait(sessions, timeout=FINISH_SECONDS)

    async def _serve(
        self, from_client: asyncio.StreamReader, to_client: asyncio.StreamWriter
    ) -> None:
        self._sessions.add(asyncio.current_task())
        from_server, to_server = await asyncio.open_connection(
            self._server.hostname, self._server.port
        )
        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(self._pass_on(from_client, to_server, is_asking=True))
                both.create_task(self._pass_on(from_server, to_client, is_asking=False))
        except* ConnectionError:
            pass  # one side has gone, and with it the other
        finally:
            to_server.close()
            to_client.close()

    async def _pass_on(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, *, is_asking: bool
    ) -> None:
        while data := await source.read(65536):
            if is_asking and self._is_shut:
                self.held.set()
                continue
            sink.write(data)
            await sink.drain()
        raise ConnectionResetError


@asynccontextmanager
async def valved(server_url: str) -> AsyncGenerator[Valve]:
    """A valve on the way to an HTTP server, for as long as it lasts."""
    valve = Valve(server_url)
    async with await valve.start():
        yield valve
        await valve.finish()
