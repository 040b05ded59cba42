"""What passes over the stand-in's wires: requests seen, answers and faults given, and waiting."""

from __future__ import annotations

import asyncio
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tests.transport.world import Json

HANGS_UP = 599
"""A fault's status that never arrives: the connection breaks instead."""


class ApiError(Exception):
    """A refusal as Discord words it: an HTTP status and one of its own JSON error codes."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(f"{status} ({code}): {message}")
        self.status = status
        self.code = code
        self.message = message


@dataclass(frozen=True)
class Upload:
    """A file of a multipart request."""

    name: str
    size: int


@dataclass
class Request:
    """A REST request as it arrived; `path` is what follows `/api/v10`, `time` is aware UTC.

    `body` is the parsed JSON (a multipart request's `payload_json`), or None. `status` is
    the answer's, None until it is given.
    """

    method: str
    path: str
    query: dict[str, str]
    body: Any
    files: list[Upload]
    headers: Mapping[str, str]
    time: datetime
    status: int | None = None
    is_known: bool = True


@dataclass
class Answer:
    """What is sent back: no body means 204."""

    body: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict[str, str])


@dataclass
class Fault:
    """A failure waiting for the next matching requests; `hits` counts those that met it."""

    method: str
    path: re.Pattern[str]
    status: int
    times: int
    retry_after: float
    headers: Mapping[str, str | None]
    done_first: bool
    hits: int = 0

    def meets(self, request: Request) -> bool:
        """Whether this request is to fail."""
        return (
            self.hits < self.times
            and self.method == request.method
            and self.path.search(request.path) is not None
        )

    def answer(self) -> Answer:
        """The failure: a 429 as Discord itself sends it (with `Via`), or a plain error."""
        if self.status != 429:
            body: Json = {"message": f"{self.status}: failed on purpose", "code": 0}
            headers: dict[str, str | None] = {}
        else:
            body = {
                "message": "You are being rate limited.",
                "retry_after": self.retry_after,
                "global": False,
            }
            headers = {
                "Via": "1.1 google",
                "Retry-After": str(math.ceil(self.retry_after)),
                "X-RateLimit-Scope": "user",
            }
        headers |= self.headers
        kept = {name: value for name, value in headers.items() if value is not None}
        return Answer(body, self.status, kept)


class Bell:
    """Wakes those for whom something has happened in the stand-in."""

    def __init__(self) -> None:
        self._waiting: dict[asyncio.Future[None], Callable[[], bool]] = {}

    def ring(self) -> None:
        """Something changed: wake those who waited for it."""
        for waiter, happened in self._waiting.items():
            if not waiter.done() and happened():
                waiter.set_result(None)

    async def until(self, happened: Callable[[], bool], within: float, what: str) -> None:
        """Wait until it has happened. Raises TimeoutError with `what` after `within` seconds.

        Looks again at every ring, and each 20 ms for what happens outside the stand-in.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + within
        while not happened():
            if loop.time() >= deadline:
                raise TimeoutError(f"within {within:g} s: {what}")
            waiter: asyncio.Future[None] = loop.create_future()
            self._waiting[waiter] = happened
            look_again = loop.call_later(0.02, _wake, waiter)
            try:
                await waiter
            finally:
                look_again.cancel()
                del self._waiting[waiter]


def _wake(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)
