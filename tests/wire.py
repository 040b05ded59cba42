"""A tap on the wire: a proxy in front of PostgreSQL that counts the round trips of its clients.

A round trip ends with the server's ReadyForQuery, or, while a statement is prepared, answers the
client's Flush. So whatever a driver or a pool sends unasked (preparing, introspection, a reset) is
counted too.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

READY_FOR_QUERY = b"Z"
FLUSH = b"H"
# A client may ask for encryption before it says who it is (SSLRequest, GSSENCRequest).
ENCRYPTION_REQUESTS = (80877103, 80877104)
NO_ENCRYPTION = b"N"
FINISH_SECONDS = 5

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Tap:
    """The proxy's address, and how many round trips have gone through it, on all connections."""

    def __init__(self, server_url: str) -> None:
        self._server_url = server_url
        self._sessions: set[asyncio.Task[None] | None] = set()
        self.url = ""
        self.round_trips = 0

    async def start(self) -> asyncio.Server:
        """Listen on a port of this machine's own."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = _moved(self._server_url, server.sockets[0].getsockname()[1])
        return server

    async def finish(self) -> None:
        """Let the connections end that their clients have closed."""
        if sessions := [task for task in self._sessions if task]:
            await asyncio.wait(sessions, timeout=FINISH_SECONDS)

    async def _serve(
        self, from_client: asyncio.StreamReader, to_client: asyncio.StreamWriter
    ) -> None:
        self._sessions.add(asyncio.current_task())
        from_server, to_server = await _connect(self._server_url)
        try:
            to_server.write(await _startup(from_client, to_client))
            async with asyncio.TaskGroup() as both:
                both.create_task(self._pass_on(from_client, to_server, FLUSH))
                both.create_task(self._pass_on(from_server, to_client, READY_FOR_QUERY))
        except* (asyncio.IncompleteReadError, ConnectionError):
            pass  # one side has gone, and with it the other
        finally:
            to_server.close()
            to_client.close()

    async def _pass_on(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, counted: bytes
    ) -> None:
        """Pass messages on (a type, the length with itself, the rest) until the source ends."""
        while True:
            head = await source.readexactly(5)
            body = await source.readexactly(int.from_bytes(head[1:]) - 4)
            if head[:1] == counted:
                self.round_trips += 1
            sink.write(head + body)
            await sink.drain()


async def _startup(from_client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> bytes:
    """The message that opens a connection; encryption, which would blind the tap, is declined."""
    while True:
        length = await from_client.readexactly(4)
        body = await from_client.readexactly(int.from_bytes(length) - 4)
        if int.from_bytes(body[:4]) not in ENCRYPTION_REQUESTS:
            return length + body
        to_client.write(NO_ENCRYPTION)


def _place(url: str) -> tuple[str, int]:
    """Host (or the folder of a unix socket) and port of a postgresql:// URL."""
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query))
    host = query.get("host") or unquote(parts.hostname or "localhost")
    return host, int(query.get("port") or parts.port or 5432)


async def _connect(url: str) -> Streams:
    host, port = _place(url)
    if host.startswith("/"):
        return await asyncio.open_unix_connection(f"{host}/.s.PGSQL.{port}")
    return await asyncio.open_connection(host, port)


def _moved(url: str, port: int) -> str:
    """The same database by way of the tap."""
    parts = urlsplit(url)
    user, at, _host = parts.netloc.rpartition("@")
    query = [pair for pair in parse_qsl(parts.query) if pair[0] not in ("host", "port", "sslmode")]
    netloc = f"{user}{at}127.0.0.1:{port}"
    return parts._replace(netloc=netloc, query=urlencode(query)).geturl()


@asynccontextmanager
async def tapped(server_url: str) -> AsyncGenerator[Tap]:
    """A tap on the way to a database, for as long as it lasts."""
    tap = Tap(server_url)
    async with await tap.start():
        yield tap
        await tap.finish()
