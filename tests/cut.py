"""A knife on the wire: a proxy in front of PostgreSQL that cuts a connection at the n-th message.

Messages are counted in both directions and on all connections, from the first one after a
connection's start-up. Nothing but the connection of that message is cut, and later ones live.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from tests.wire import FLUSH, READY_FOR_QUERY, Tap

PASSWORD = b"p"
SHOWN = 200


@dataclass(frozen=True, slots=True)
class Message:
    """A message that came by: who sent it, its type's letter, and how the rest of it begins."""

    from_client: bool
    kind: str
    text: str


class Knife(Tap):
    """A tap that cuts both sides of a connection at message `at`, counted from 1.

    `passing` says that the message still gets to where it was going. Without `at` it only counts.
    """

    def __init__(self, server_url: str, at: int | None = None, *, passing: bool = False) -> None:
        super().__init__(server_url)
        self.at = at
        self.passing = passing
        self.messages: list[Message] = []

    @property
    def count(self) -> int:
        """How many messages there were."""
        return len(self.messages)

    @property
    def has_cut(self) -> bool:
        """Whether message `at` came, and with it the cut."""
        return self.at is not None and self.count >= self.at

    async def _pass_on(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, counted: bytes
    ) -> None:
        from_client = counted == FLUSH
        started = from_client
        while True:
            head = await source.readexactly(5)
            body = await source.readexactly(int.from_bytes(head[1:]) - 4)
            kind = head[:1]
            if started and not (from_client and kind == PASSWORD):
                self.messages.append(Message(from_client, kind.decode(), _text(body)))
                if self.count == self.at:
                    if self.passing:
                        sink.write(head + body)
                    raise ConnectionAbortedError("cut")
            started = started or kind == READY_FOR_QUERY
            sink.write(head + body)
            await sink.drain()


def _text(body: bytes) -> str:
    return body[:SHOWN].decode(errors="replace").replace("\0", " ").strip()


@asynccontextmanager
async def knife(
    server_url: str, at: int | None = None, *, passing: bool = False
) -> AsyncGenerator[Knife]:
    """A knife on the way to a database (`.url`), for as long as it lasts."""
    cutting = Knife(server_url, at, passing=passing)
    async with await cutting.start():
        yield cutting
        await cutting.finish()
