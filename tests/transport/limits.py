"""Discord's rate limits: the global one of the whole bot, and each channel's for messages.

Source: Discord's "Rate Limits". A window begins with its first request. What is about an
interaction is not bound by the global limit. The numbers of a route are not published; that a
channel takes 5 messages in 5 seconds is what its headers say.
"""

from __future__ import annotations

import math
import re
import time
from collections import Counter, deque
from hashlib import sha256

from tests.transport.wire import Answer, Request, ceil_milliseconds, too_many

GLOBAL, CHANNEL = "global", "channel"
_MESSAGES = re.compile(r"/channels/(\d+)/messages(/\d+)?")
_LIMITED = ("POST", "PATCH")


class Window:
    """At most so many requests in so many seconds, from the first of them on."""

    def __init__(self, most: int, seconds: float, name: str = "") -> None:
        self.most = most
        self._bucket = bucket_name(name)
        self._seconds = seconds
        self._used = 0
        self._end = -math.inf

    def take(self, now: float) -> float:
        """Let one request in: 0.0, or the seconds until the next window when this one is full."""
        if now >= self._end:
            self._used, self._end = 0, now + self._seconds
        if self._used >= self.most:
            return self._end - now
        self._used += 1
        return 0.0

    def headers(self, now: float) -> dict[str, str]:
        """What is left of it, as Discord's headers say it."""
        left = max(0.0, self._end - now)
        return {
            "X-RateLimit-Bucket": self._bucket,
            "X-RateLimit-Limit": str(self.most),
            "X-RateLimit-Remaining": str(self.most - self._used),
            "X-RateLimit-Reset": f"{time.time() + left:.3f}",
            "X-RateLimit-Reset-After": f"{ceil_milliseconds(left):.3f}",
        }


class Limits:
    """Whom the stand-in lets in. Without numbers, everybody.

    `limited` counts the 429s that were given, by "global" and "channel". `busiest_second` is the
    most requests under the global limit that arrived within any second, those refused included.
    """

    def __init__(self, global_per_second: int | None, channel: tuple[int, float] | None) -> None:
        self._global = None if global_per_second is None else Window(global_per_second, 1.0)
        self._channel = channel
        self._channels: dict[tuple[str, str], Window] = {}
        self._arrived: deque[float] = deque()
        self.limited: Counter[str] = Counter()
        self.busiest_second = 0

    def refusal(self, request: Request) -> Answer | None:
        """The 429 for a request that is too much, or None, and it is counted."""
        now = time.monotonic()
        if not request.is_by_token:
            self._note(now)
            if self._global is not None and (wait := self._global.take(now)):
                self.limited[GLOBAL] += 1
                return too_many(wait, "global")
        window = self._window(request)
        if window is not None and (wait := window.take(now)):
            self.limited[CHANNEL] += 1
            answer = too_many(wait, "user")
            answer.headers |= window.headers(now)
            return answer
        return None

    def headers(self, request: Request) -> dict[str, str]:
        """The headers of a channel's limit, when the request is under one."""
        window = self._window(request)
        return {} if window is None else window.headers(time.monotonic())

    def _window(self, request: Request) -> Window | None:
        if self._channel is None or request.method not in _LIMITED:
            return None
        match = _MESSAGES.fullmatch(request.path)
        if match is None:
            return None
        key = (request.method, match[1])
        if key not in self._channels:
            self._channels[key] = Window(*self._channel, f"{request.method} messages")
        return self._channels[key]

    def _note(self, now: float) -> None:
        self._arrived.append(now)
        while self._arrived[0] <= now - 1:
            self._arrived.popleft()
        self.busiest_second = max(self.busiest_second, len(self._arrived))


def bucket_name(what: str) -> str:
    """What Discord calls a limit in its headers: the same for all channels."""
    return sha256(what.encode()).hexdigest()[:32]


def bucket(method: str, path: str) -> dict[str, str]:
    """The headers of a route's own limit that is never reached."""
    return {
        "X-RateLimit-Bucket": bucket_name(f"{method} {path}"),
        "X-RateLimit-Limit": "50",
        "X-RateLimit-Remaining": "49",
        "X-RateLimit-Reset-After": "1.000",
    }
