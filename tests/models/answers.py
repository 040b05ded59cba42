"""An answer before a protocol renders it, and what both protocols need to do so."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, assert_never

from tests.models.asked import Api, Json, ModelRequest
from tests.models.script import Call, Calls, Cut, Data, Empty, Refuse, Say

PIECES = 8
"""How many pieces a streamed text comes in unless its item says so."""
FRAGMENTS = 3
"""How many fragments a tool call's arguments are streamed in."""


class BadRequest(Exception):
    """The request breaks a rule of the protocol that the real server holds it to."""


class Tokens(NamedTuple):
    """What an answer cost."""

    asked: int
    answered: int


@dataclass(frozen=True)
class Answer:
    """What is to be sent, before the connection breaks if it `is_cut`."""

    text: str = ""
    calls: tuple[Call, ...] = ()
    is_refusal: bool = False
    is_cut: bool = False
    pieces: int | None = None
    pause: float = 0.0

    def text_pieces(self) -> list[str]:
        """The text, in the pieces that it is streamed in."""
        return split(self.text, PIECES if self.pieces is None else self.pieces)


class Stream(NamedTuple):
    """A streamed answer as bytes: its beginning, what may come bit by bit, and its end."""

    opening: bytes
    pieces: list[bytes]
    closing: bytes


class Dialect(Protocol):
    """One of the protocols that the stub speaks."""

    api: Api

    def is_let_in(self, headers: Mapping[str, str], key: str) -> bool:
        """Whether the request shows the key."""
        ...

    def check(self, request: ModelRequest) -> None:
        """Raises BadRequest for what the real server would refuse."""
        ...

    def error(self, status: int, message: str) -> Json:
        """The body of a failure."""
        ...

    def whole(self, request: ModelRequest, answer: Answer, tokens: Tokens) -> Json:
        """The body of an answer that is not streamed."""
        ...

    def stream(self, request: ModelRequest, answer: Answer, tokens: Tokens) -> Stream:
        """The events of an answer that is."""
        ...


def answer_to(
    request: ModelRequest, item: Say | Call | Calls | Data | Cut | Empty | Refuse
) -> Answer:
    """What an item of the script comes to as the answer to this request."""
    match item:
        case Say(text, pieces, pause):
            return Answer(text, pieces=pieces, pause=pause)
        case Call():
            return Answer(calls=(item,))
        case Calls(calls, text):
            return Answer(text, tuple(calls))
        case Data(value):
            tool = request.output_tool
            if tool is not None and not request.wants_json:
                return Answer(calls=(Call(tool, value),))
            return Answer(value if isinstance(value, str) else json.dumps(value))
        case Cut(text, after):
            return Answer(text[:after] if request.streaming else text, is_cut=True)
        case Empty():
            return Answer()
        case Refuse(text):
            return Answer(text, is_refusal=True)
        case _:
            assert_never(item)


def estimate(request: ModelRequest, answer: Answer) -> Tokens:
    """Tokens as a rule of thumb has them: one for every four characters."""
    written = len(answer.text) + sum(len(raw_arguments(call)) for call in answer.calls)
    return Tokens(request.size // 4 + 1, written // 4 + 1)


def raw_arguments(call: Call) -> str:
    """A call's arguments as text."""
    return call.arguments if isinstance(call.arguments, str) else json.dumps(call.arguments)


def split(text: str, pieces: int) -> list[str]:
    """The text in so many pieces of about one length; in fewer when it is shorter than that."""
    pieces = min(max(pieces, 1), len(text))
    edges = [number * len(text) // pieces for number in range(pieces + 1)] if pieces else []
    return [text[start:end] for start, end in itertools.pairwise(edges)]


def encode(value: Any) -> bytes:
    """JSON as servers send it: UTF-8, with escapes alone for what UTF-8 does not have."""
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:  # a lone surrogate, which a model can write as an escape
        return json.dumps(value, separators=(",", ":")).encode()
