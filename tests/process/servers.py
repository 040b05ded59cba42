"""PostgreSQL servers that a bot should refuse to work with: a stern, a silent, and an old one."""

import asyncio
import struct
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from urllib.parse import parse_qs, urlsplit

import asyncpg

SSL_REQUEST = struct.pack("!ii", 8, 80877103)
CLEARTEXT_PASSWORD = 3

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def stern(passwords: list[str]) -> AsyncGenerator[int]:
    """A server that refuses every password, repeating it (in the message that goes to the log).

    Gives its port. What it was told is added to `passwords`.
    """

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _startup(reader, writer)
        writer.write(_message(b"R", struct.pack("!i", CLEARTEXT_PASSWORD)))
        await reader.readexactly(1)
        (length,) = struct.unpack("!i", await reader.readexactly(4))
        password = (await reader.readexactly(length - 4)).removesuffix(b"\0")
        passwords.append(password.decode())
        text = b"password " + password + b" is wrong"
        fields = (b"SFATAL", b"VFATAL", b"C28P01", b"M" + text, b"")
        writer.write(_message(b"E", b"".join(field + b"\0" for field in fields)))

    async with _listening(serve) as port:
        yield port


@asynccontextmanager
async def silent() -> AsyncGenerator[int]:
    """Something that takes connections and never says a word. Gives its port."""

    async def serve(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with _listening(serve) as port:
        yield port


@asynccontextmanager
async def old(url: str, major: int) -> AsyncGenerator[str]:
    """The database at that URL, on a server that says it is an old version: its URL there."""
    connection = await asyncpg.connect(url)
    number = await connection.fetchval("SELECT current_setting('server_version_num')::int")
    await connection.close()
    true, false = (struct.pack("!hii", 1, 4, value) for value in (number, major * 10_000 + 21))

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        startup = await _startup(reader, writer)
        from_server, to_server = await _connect(url)
        to_server.write(startup)
        asking = asyncio.create_task(_pump(reader, to_server, bytes))
        await _pump(from_server, writer, lambda data: data.replace(true, false))
        await asking

    async with _listening(serve) as port:
        parts = urlsplit(url)
        yield f"postgresql://{parts.username or 'postgres'}@127.0.0.1:{port}{parts.path}"


@asynccontextmanager
async def _listening(serve: Serve) -> AsyncGenerator[int]:
    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):
            await serve(reader, writer)
        writer.close()

    async with await asyncio.start_server(connected, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]


async def _startup(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
    """Decline to encrypt, and take the startup packet."""
    while True:
        head = await reader.readexactly(4)
        packet = head + await reader.readexactly(struct.unpack("!i", head)[0] - 4)
        if packet != SSL_REQUEST:
            return packet
        writer.write(b"N")


async def _connect(url: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    parts = urlsplit(url)
    options = {name: values[0] for name, values in parse_qs(parts.query).items()}
    host, port = options.get("host") or parts.hostname, options.get("port") or parts.port or 5432
    if host is not None and host.startswith("/"):
        return await asyncio.open_unix_connection(f"{host}/.s.PGSQL.{port}")
    return await asyncio.open_connection(host, int(port))


async def _pump(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, change: Callable[[bytes], bytes]
) -> None:
    while data := await reader.read(65536):
        writer.write(change(data))
        await writer.drain()
    writer.close()


def _message(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("!i", len(body) + 4) + body
