"""The stand-in's gateway: HELLO, IDENTIFY, heartbeats, RESUME with replay, zlib-stream.

A session outlives its socket, as Discord's do: what is dispatched meanwhile is replayed
when the bot resumes, unless it has been gone for too long. Every session of a shard hears
everything, so two processes can run.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import time
import zlib
from typing import Any

import orjson
from aiohttp import WSMsgType, web

from tests.transport.people import Json
from tests.transport.wire import Bell
from tests.transport.world import Guild, World

DISPATCH, HEARTBEAT, IDENTIFY, RESUME = 0, 1, 2, 6
INVALID_SESSION, HELLO, HEARTBEAT_ACK = 9, 10, 11
GUILDS_INTENT = 1 << 0
GUILD_MESSAGES_INTENT, DIRECT_MESSAGES_INTENT = 1 << 9, 1 << 12
MESSAGE_CONTENT_INTENT = 1 << 15
PRIVILEGED_INTENTS = 1 << 1 | 1 << 8 | MESSAGE_CONTENT_INTENT  # the others: members, presences
AUTHENTICATION_FAILED, DISALLOWED_INTENTS = 4004, 4014
RESUMABLE_SECONDS = 60
GUILDS_AT_ONCE = 20


class Socket:
    """One connection: writes payloads, compressed when the bot asked for zlib-stream."""

    def __init__(self, request: web.Request) -> None:
        self.ws = web.WebSocketResponse(timeout=1.0)
        self._request = request
        self._lock = asyncio.Lock()
        asked = request.query.get("compress") == "zlib-stream"
        self._zlib = zlib.compressobj(1) if asked else None

    async def open(self) -> None:
        """Shake hands and say hello; the bot may take 41.25 s between heartbeats."""
        await self.ws.prepare(self._request)
        await self.send({"op": HELLO, "d": {"heartbeat_interval": 41250}})

    async def send(self, payload: Json) -> None:
        """Write one payload. Raises ConnectionResetError when the bot has gone."""
        await self.send_text(orjson.dumps(payload))

    async def send_text(self, text: bytes) -> None:
        """Write a payload that is JSON already."""
        async with self._lock:
            if self._zlib is None:
                await self.ws.send_str(text.decode())
            else:
                data = self._zlib.compress(text) + self._zlib.flush(zlib.Z_SYNC_FLUSH)
                await self.ws.send_bytes(data)


class Session:
    """What one IDENTIFY began: its events so far, and the socket that carries them, if any.

    It `is_up` once READY and the guilds have been sent.
    """

    def __init__(self, socket: Socket, shard: tuple[int, int], intents: int) -> None:
        self.id = secrets.token_hex(16)
        self.shard = shard
        self.intents = intents
        self.socket: Socket | None = socket
        self.is_up = False
        self.seen_at = time.monotonic()
        self._events: list[bytes] = []
        self._sent = 0
        self._lock = asyncio.Lock()

    def covers(self, guild_id: int | None) -> bool:
        """Whether this shard hears of that guild; DMs belong to the first."""
        number, count = self.shard
        return (0 if guild_id is None else (guild_id >> 22) % count) == number

    def note(self, name: str, data: Json) -> None:
        """Put an event, as it is now, in line; `flush` sends it."""
        event: Json = {"op": DISPATCH, "t": name, "s": len(self._events) + 1, "d": data}
        self._events.append(orjson.dumps(event))

    async def dispatch(self, name: str, data: Json) -> None:
        """Send an event, now or when the bot resumes."""
        self.note(name, data)
        await self.flush()

    async def resume(self, socket: Socket, sequence: int) -> None:
        """Go on with another socket after the last event that the bot has seen."""
        self._sent = sequence
        self.socket = socket
        await self.dispatch("RESUMED", {})

    async def flush(self) -> None:
        """Send what has not been sent, in order. Who sends already goes on to the end; others
        need not wait for it."""
        if self._lock.locked():
            return
        async with self._lock:
            while (socket := self.socket) is not None and self._sent < len(self._events):
                self._sent += 1
                try:
                    await socket.send_text(self._events[self._sent - 1])
                except ConnectionResetError:
                    if self.socket is socket:
                        self.lose_socket()

    def lose_socket(self) -> None:
        """The connection is no more; the bot may come back and resume."""
        self.socket = None
        self.seen_at = time.monotonic()

    def has_seen(self, sequence: object) -> bool:
        """Whether that sequence number is one that this session has given out."""
        return isinstance(sequence, int) and 0 <= sequence <= len(self._events)


class Gateway:
    """All sessions and sockets. `identifies` and `resumes` count what was accepted.

    `allowed` are the privileged intents that the application has been granted.
    """

    def __init__(self, world: World, bell: Bell, token: str, privileged_intents: bool) -> None:
        self._world = world
        self._bell = bell
        self._token = token
        self.allowed = PRIVILEGED_INTENTS if privileged_intents else 0
        self._sockets: set[Socket] = set()
        self.url = ""
        self.sessions: dict[str, Session] = {}
        self.identifies = 0
        self.resumes = 0
        self.heartbeats = 0

    @property
    def live(self) -> list[Session]:
        """The sessions that have a connection now, and have been told of their guilds."""
        return [s for s in self.sessions.values() if s.socket is not None and s.is_up]

    def hearers(self, guild_id: int | None, intent: int = 0) -> list[Session]:
        """The sessions that cover the guild and asked for the intent."""
        sessions = self.sessions.values()
        return [s for s in sessions if s.covers(guild_id) and s.intents & intent == intent]

    async def dispatch(self, name: str, data: Json, guild_id: int | None, intent: int = 0) -> None:
        """Send an event to every session that covers the guild and asked for the intent."""
        for session in self.hearers(guild_id, intent):
            await session.dispatch(name, data)

    async def flush(self) -> None:
        """Send every session what stands in line for it."""
        for session in list(self.sessions.values()):
            await session.flush()

    async def announce(self, guild: Guild) -> None:
        """Tell the bot that it has joined a guild."""
        if self.sessions:
            data = guild.payload(self._world.me)
            await self.dispatch("GUILD_CREATE", data, guild.id, GUILDS_INTENT)

    async def drop(self, *, resumable: bool) -> None:
        """Close every connection; the sessions wait to be resumed, or are forgotten."""
        sockets = list(self._sockets)
        for session in self.sessions.values():
            session.lose_socket()
        if not resumable:
            self.sessions.clear()
        await asyncio.gather(*(socket.ws.close(code=4000) for socket in sockets))

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        """One connection from its handshake to its end."""
        socket = Socket(request)
        await socket.open()
        self._sockets.add(socket)
        try:
            async for frame in socket.ws:
                if frame.type is WSMsgType.TEXT:
                    message = json.loads(frame.data)
                    await self._receive(socket, message["op"], message.get("d"))
                    self._bell.ring()
        except ConnectionResetError:
            pass  # the bot went away while we wrote; its session waits
        finally:
            self._sockets.discard(socket)
            self._leave(socket)
            self._bell.ring()
        return socket.ws

    def _leave(self, socket: Socket) -> None:
        for session in list(self.sessions.values()):
            if session.socket is socket:
                session.lose_socket()
                if socket.ws.close_code in (1000, 1001):  # the bot ended the session itself
                    del self.sessions[session.id]

    async def _receive(self, socket: Socket, op: int, data: Any) -> None:
        if op == HEARTBEAT:
            self.heartbeats += 1
            await socket.send({"op": HEARTBEAT_ACK})
        elif op in (IDENTIFY, RESUME) and data["token"] != self._token:
            await socket.ws.close(code=AUTHENTICATION_FAILED)
        elif op == IDENTIFY:
            await self._identify(socket, data)
        elif op == RESUME:
            session = self.sessions.get(data["session_id"])
            if session is None or not session.has_seen(data["seq"]):
                await socket.send({"op": INVALID_SESSION, "d": False})
                return
            self.resumes += 1
            await session.resume(socket, data["seq"])

    async def _identify(self, socket: Socket, data: Json) -> None:
        if data["intents"] & PRIVILEGED_INTENTS & ~self.allowed:
            await socket.ws.close(code=DISALLOWED_INTENTS)
            return
        number, count = data.get("shard", (0, 1))
        session = Session(socket, (number, count), data["intents"])
        guilds = [g for g in self._world.guilds.values() if session.covers(g.id)]
        me = self._world.me
        ready: Json = {
            "v": 10,
            "user": me.payload(),
            "guilds": [{"id": str(guild.id), "unavailable": True} for guild in guilds],
            "session_id": session.id,
            "resume_gateway_url": self.url,
            "shard": [number, count],
            "application": {"id": str(me.id), "flags": 0},
        }
        self._forget_the_gone()
        self.sessions[session.id] = session
        self.identifies += 1
        await session.dispatch("READY", ready)
        if session.intents & GUILDS_INTENT:
            await self._tell_guilds(session, guilds)
        session.is_up = True

    async def _tell_guilds(self, session: Session, guilds: list[Guild]) -> None:
        """Make the guilds available one by one, while others are served."""
        for number, guild in enumerate(guilds):
            if guild.id in self._world.guilds:
                data = guild.payload(self._world.me) | {"unavailable": False}
                await session.dispatch("GUILD_CREATE", data)
            if number % GUILDS_AT_ONCE == 0:
                await asyncio.sleep(0)

    def _forget_the_gone(self) -> None:
        oldest = time.monotonic() - RESUMABLE_SECONDS
        for session in list(self.sessions.values()):
            if session.socket is None and session.seen_at < oldest:
                del self.sessions[session.id]
