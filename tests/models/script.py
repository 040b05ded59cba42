"""What the stub model is told to answer, in words that belong to neither protocol.

A script is a row of these items, served in order. Each protocol renders them its own way.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from tests.models.asked import Json, ModelRequest


@dataclass(frozen=True)
class Say:
    """A text. Streamed, it comes in so many pieces with `pause` seconds between two of them."""

    text: str
    pieces: int | None = None
    pause: float = 0.0


@dataclass(frozen=True)
class Call:
    """A tool call. Arguments that are a string are sent as they are, rubbish or not."""

    name: str
    arguments: Json | str
    id: str | None = None


@dataclass(frozen=True)
class Calls:
    """Several tool calls at once, after a text if there is one."""

    calls: Sequence[Call]
    text: str = ""


@dataclass(frozen=True)
class Data:
    """A structured answer, the way the request asks for one; a string is sent as it is.

    That is JSON text when the request has a JSON schema, a call of the output tool when it
    offers one (`final_result…`, the first of them), and JSON text again when it has neither.
    """

    value: Json | str


@dataclass(frozen=True)
class Fail:
    """An HTTP error in the protocol's own words, for this and the next requests: `times` in all.

    `retry_after` is in seconds and left out of the headers when None.
    """

    status: int
    retry_after: float | None = None
    times: int = 1


@dataclass(frozen=True)
class Hang:
    """Nothing for so many seconds, then the answer `then`, or a connection that is closed.

    It ends early when the client goes away or the stub closes.
    """

    seconds: float
    then: Item | None = None


@dataclass(frozen=True)
class Cut:
    """The first `after` characters of a text, and the connection breaks.

    Unless streamed, half of the answer's JSON is sent before it breaks.
    """

    text: str
    after: int


@dataclass(frozen=True)
class Empty:
    """A well-formed answer with nothing in it."""


@dataclass(frozen=True)
class Refuse:
    """The model declines: OpenAI's `refusal`, Anthropic's stop reason of that name.

    Anthropic's answer has the text as far as it got; an empty one has no content at all.
    """

    text: str


Item: TypeAlias = Say | Call | Calls | Data | Fail | Hang | Cut | Empty | Refuse
Scripted: TypeAlias = Item | Callable[[ModelRequest], Item]
