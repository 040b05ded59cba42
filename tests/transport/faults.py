"""What makes the stand-in a hard place: failures at random, and witnesses of what was done."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from tests.transport.wire import Answer, Failure, Request

Heard = Callable[[Request, Answer], Awaitable[int | None] | int | None]


@dataclass(frozen=True)
class Strike:
    """One request that a random fault has met."""

    request: Request
    status: int
    done_first: bool


class RandomFaults:
    """Fails a share of the matching requests, drawn from a seed in the order of their arrival.

    `struck` are those that it met, `hits` counts them by status. A request that is told to come
    back (429) is never done first. It goes on until it is stopped.
    """

    def __init__(
        self,
        seed: int,
        shares: Mapping[int, float],
        *,
        method: str | None,
        path: str,
        done_first: float,
        retry_after: float,
    ) -> None:
        if sum(shares.values()) > 1:
            raise ValueError(f"shares of over 1: {shares}")
        self._random = random.Random(seed)
        self._shares = dict(shares)
        self._method = method
        self._path = re.compile(path)
        self._done_first = done_first
        self._retry_after = retry_after
        self._is_on = True
        self.struck: list[Strike] = []

    @property
    def hits(self) -> Counter[int]:
        """How many requests failed with each status."""
        return Counter(strike.status for strike in self.struck)

    @property
    def done(self) -> int:
        """How many of them were carried out nevertheless."""
        return sum(strike.done_first for strike in self.struck)

    def stop(self) -> None:
        """Fail no more."""
        self._is_on = False

    def strikes(self, request: Request) -> Failure | None:
        """How this request is to fail, if it is."""
        is_other = self._method not in (None, request.method)
        if not self._is_on or is_other or self._path.search(request.path) is None:
            return None
        drawn, is_done = self._random.random(), self._random.random() < self._done_first
        for status, share in self._shares.items():
            drawn -= share
            if drawn < 0:
                done_first = is_done and status != 429
                self.struck.append(Strike(request, status, done_first))
                return Failure(status, self._retry_after, done_first=done_first)
        return None


@dataclass
class Witness:
    """Somebody who is told of every matching request that was carried out, before its answer.

    What they return is how the request ends: HANGS_UP breaks its connection, None lets the answer
    go. An awaitable holds it back until it is done. `seen` counts what they were told of.
    """

    method: str | None
    path: re.Pattern[str]
    heard: Heard
    seen: int = 0
    is_on: bool = True

    def stop(self) -> None:
        """Hear of nothing more."""
        self.is_on = False

    def cares_for(self, request: Request) -> bool:
        """Whether they are told of this request."""
        if not self.is_on or self.method not in (None, request.method):
            return False
        return self.path.search(request.path) is not None
