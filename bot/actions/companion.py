"""What an action asks of KAI. Every voice, offline or model, stands behind `Companion`.

A companion never raises and never makes a member wait for long: in trouble it falls back to words
of its own. All texts of members and of the catalogue in a request are data, never instruction.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Protocol

from bot.rules.points import Kind


@dataclass(frozen=True, slots=True)
class TaskRequest:
    """A quest day's mystery task. `theme` is `random_task_seed`; `earlier` must not come again."""

    user_id: int
    name: str
    quest_id: int
    quest: str
    theme: str
    difficulty: str | None
    day: int
    total_days: int
    earlier: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class GuidanceRequest:
    """A challenge day's guidance. `prompt` is `ai_prompt_template` with its names filled in.

    `title`, `body` and `acts` are the day's own text, empty where it has none: the guidance is
    about that, and not about another idea.
    """

    user_id: int
    name: str
    challenge: str
    day: int
    total_days: int
    prompt: str
    title: str
    body: str
    acts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ReflectionRequest:
    """A note on what a member wrote about a day."""

    user_id: int
    name: str
    kind: Kind
    item: str
    day: int
    total_days: int
    text: str


@dataclass(frozen=True, slots=True)
class Question:
    """What a member asks KAI, with their own progress and nobody else's."""

    user_id: int
    name: str
    text: str
    now: dt.datetime
    item: str | None
    kind: Kind | None
    day: int | None
    total_days: int | None
    streak: int
    done_today: bool
    points: int


@dataclass(frozen=True, slots=True)
class Words:
    """KAI's answer. `crisis` says that the text spoke of danger and these are the resources."""

    text: str
    crisis: bool = False


class Companion(Protocol):
    """KAI, as the actions know it."""

    async def write_task(self, request: TaskRequest) -> str:
        """The task for a quest day, different from every earlier one."""
        ...

    async def write_guidance(self, request: GuidanceRequest) -> str:
        """Guidance for a challenge day."""
        ...

    async def note_on(self, request: ReflectionRequest) -> Words:
        """A warm note on a reflection."""
        ...

    async def answer(self, question: Question) -> Words:
        """An answer to a member."""
        ...
