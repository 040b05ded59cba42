"""What passes over the stand-in's wires: requests seen, answers and faults given, and waiting."""

from __future__ import annotations

import asyncio
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tests.transport.people import Json

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

    `body` is the parsed JSON (a multipart request's `payload_json`), or None. `port` is the
    sender's, which tells its process. `status` is the answer's, None until it is given.
    """

    method: str
    path: str
    query: dict[str, str]
    body: Any
    files: list[Upload]
    headers: Mapping[str, str]
    time: datetime
    port: int = 0
    status: int | None = None
    is_known: bool = True

    @property
    def is_by_token(self) -> bool:
        """Whether it is about an interaction, whose token is all that it needs."""
        return self.path.startswith(("/interactions/", "/webhooks/"))


@dataclass
class Answer:
    """What is sent back: no body means 204."""

    body: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True)
class Failure:
    """What a request gets for an answer when it is to fail.

    With `done_first` Discord does what was asked, and only its answer is a failure. `code` is
    Discord's own for the error.
    """

    status: int
    retry_after: float = 0.2
    headers: Mapping[str, str | None] = field(default_factory=dict[str, str | None])
    done_first: bool = False
    code: int = 0

    def answer(self) -> Answer:
        """A 429 as Discord itself sends it (with `Via`), or a plain error."""
        if self.status == 429:
            answer = too_many(self.retry_after, "user")
        else:
            body: Json = {"message": f"{self.status}: failed on purpose", "code": self.code}
            answer = Answer(body, self.status)
        headers: dict[str, str | None] = {**answer.headers, **self.headers}
        answer.headers = {name: value for name, value in headers.items() if value is not None}
        return answer


def ceil_milliseconds(seconds: float) -> float:
    """Whole milliseconds, never less than that: who waits so long has waited long enough."""
    return math.ceil(seconds * 1000) / 1000


def too_many(retry_after: float, scope: str) -> Answer:
    """A 429 that asks to wait so many seconds; its scope is "user", "shared" or "global"."""
    is_global = scope == "global"
    body: Json = {
        "message": "You are being rate limited.",
        "retry_after": ceil_milliseconds(retry_after),
        "global": is_global,
    }
    headers = {
        "Via": "1.1 google",
        "Retry-After": str(math.ceil(retry_after)),
        "X-RateLimit-Scope": scope,
    }
    return Answer(body, 429, headers | ({"X-RateLimit-Global": "true"} if is_global else {}))


@dataclass
class Fault:
    """A failure waiting for the next matching requests; `hits` counts those that met it."""

    method: str
    path: re.Pattern[str]
    times: int
    failure: Failure
    hits: int = 0

    def strikes(self, request: Request) -> Failure | None:
        """How this request is to fail, if it is; that is a hit."""
        is_due = self.hits < self.times and self.method == request.method
        if not is_due or self.path.search(request.path) is None:
            return None
        self.hits += 1
        return self.failure


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
