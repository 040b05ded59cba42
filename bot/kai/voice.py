"""What stands between KAI and a model: a voice that may be asked, and the trouble it may be in."""

from dataclasses import dataclass
from typing import Protocol

from bot.actions.budget import Call
from bot.actions.companion import (
    ActRequest,
    GuidanceRequest,
    Hear,
    Question,
    ReflectionRequest,
    TaskRequest,
    Tools,
)
from bot.kai.safety import Concern

MAX_ANSWER = 6000
"""Characters of an answer; a model that goes on is not listened to any more."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """What a model said, or the concern that it raised instead."""

    text: str
    concern: Concern | None = None


class VoiceTroubleError(Exception):
    """The model has no usable answer.

    `cause` is a word for the metrics. `failed` says that the model itself was at fault, which the
    breaker counts; `rest` are the seconds that it asked to be left alone.
    """

    def __init__(self, cause: str, *, failed: bool = True, rest: float | None = None) -> None:
        super().__init__(cause)
        self.cause = cause
        self.failed = failed
        self.rest = rest


class Voice(Protocol):
    """A model as KAI asks it. Each adds its tokens to the call, and raises VoiceTroubleError."""

    async def write_task(self, request: TaskRequest, call: Call) -> str:
        """A checked task for a quest day."""
        ...

    async def write_act(self, request: ActRequest, call: Call) -> str:
        """A checked act for a daily post."""
        ...

    async def write_guidance(self, request: GuidanceRequest, call: Call) -> str:
        """Checked guidance for a challenge day."""
        ...

    async def note_on(self, request: ReflectionRequest, call: Call) -> Spoken:
        """A checked note on a reflection, or a concern."""
        ...

    async def answer(
        self, question: Question, tools: Tools | None, hear: Hear | None, call: Call
    ) -> Spoken:
        """An answer to a member, or a concern."""
        ...

    async def close(self) -> None:
        """Close the connections to the model."""
        ...
