"""What an action asks of KAI. Every voice, offline or model, stands behind `Companion`.

A companion never raises and never makes a member wait for long: in trouble it falls back to words
of its own. All texts of members and of the catalogue in a request are data, never instruction.
"""

import datetime as dt
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from bot.rules.points import Kind


@dataclass(frozen=True, slots=True)
class TaskRequest:
    """A quest day's mystery task. `theme` is `random_task_seed`; `earlier` must not come again.

    It is `unread` when the day is done already, and the task is for the record alone.
    """

    user_id: int
    guild_id: int | None
    name: str
    quest_id: int
    quest: str
    theme: str
    difficulty: str | None
    day: int
    total_days: int
    earlier: tuple[str, ...]
    unread: bool = False


@dataclass(frozen=True, slots=True)
class GuidanceRequest:
    """A challenge day's guidance. `prompt` is `ai_prompt_template` with its names filled in.

    `title`, `body` and `acts` are the day's own text, empty where it has none: the guidance is
    about that, and not about another idea.
    """

    user_id: int
    guild_id: int | None
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
    guild_id: int | None
    name: str
    kind: Kind
    item: str
    day: int
    total_days: int
    text: str


@dataclass(frozen=True, slots=True)
class ActRequest:
    """A kind act for everybody who sees a quest's daily post. `earlier` must not come again.

    `user_id` is KAI's own: such acts belong to no member and to no server.
    """

    user_id: int
    quest_id: int
    theme: str
    difficulty: str | None
    day: int
    earlier: tuple[str, ...]
    guild_id: int | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """What a member asks KAI, with their own progress and nobody else's.

    `now` is aware UTC, `zone` the member's. `turns` are their latest exchanges with KAI that are
    not forgotten, newest first: what they wrote, and what KAI answered. They are left out where
    others read the answer too (`public`). `replied_to` is what KAI said in the message to which
    this one is a reply.
    """

    user_id: int
    guild_id: int | None
    name: str
    text: str
    now: dt.datetime
    zone: str
    locale: str
    item: str | None
    kind: Kind | None
    day: int | None
    total_days: int | None
    streak: int
    done_today: bool
    points: int
    turns: tuple[tuple[str, str], ...] = ()
    public: bool = False
    replied_to: str | None = None


Deed = Literal["done", "today", "join", "view", "keep"]


@dataclass(frozen=True, slots=True)
class Offer:
    """Something that KAI would like to do, or show, for a member: a button, until they press it.

    `name` is that of the item. `keep` saves a reflection on a day; its draft has an id once the
    turn is written.
    """

    deed: Deed
    kind: Kind
    item_id: int
    name: str
    day: int | None = None
    reflection: str | None = None
    draft_id: int | None = None


class Tools(Protocol):
    """What KAI may look up, and propose to do, for the member who speaks, and for nobody else.

    Nothing here changes a row: what would is put among the `offers`. Each gives facts as JSON
    takes them, or a refusal as a sentence, and never raises a `UserError`. `called` holds the
    names of what was used, in order.
    """

    called: list[str]
    offers: list[Offer]

    async def get_progress(self) -> Mapping[str, Any]:
        """Points, streak, and the days of the active items."""
        ...

    async def get_todays_task(self) -> Mapping[str, Any]:
        """What today asks in each active item."""
        ...

    async def save_reflection(self, day_number: int, reflection: str) -> Mapping[str, Any]:
        """Offer to save a reflection on a day that was done today."""
        ...

    async def complete_day(self, kind: Kind, item: str) -> Mapping[str, Any]:
        """Offer to mark today's day of an item, by its name, as done."""
        ...

    async def generate_mystery_quest(self, quest_type: str) -> Mapping[str, Any]:
        """Offer a quest of a type: a difficulty, or a word of its name or theme."""
        ...

    async def get_challenge_preview(self, challenge_id: int) -> Mapping[str, Any]:
        """What a challenge is about, and its days' titles."""
        ...

    async def suggest_next(self) -> Mapping[str, Any]:
        """Challenges and quests that the member could take up, with their ids."""
        ...

    def forget(self) -> None:
        """Drop what was called and offered: the answer is begun anew."""
        ...


@dataclass(frozen=True, slots=True)
class Words:
    """KAI's answer. `crisis` says that the text spoke of danger and these are the resources.

    `called` are the names of the tools that were used, in order; `offers` wait for a press.
    `fell_back` says in a word why the offline voice spoke for a model, None when it did not.
    """

    text: str
    crisis: bool = False
    called: tuple[str, ...] = ()
    offers: tuple[Offer, ...] = ()
    fell_back: str | None = None


Hear = Callable[[str], Awaitable[None]]
"""Is told all of an answer so far, at most once a second while it is written. Never raises."""


class Companion(Protocol):
    """KAI, as the actions know it."""

    async def write_task(self, request: TaskRequest) -> str:
        """The task for a quest day, different from every earlier one."""
        ...

    async def write_guidance(self, request: GuidanceRequest) -> str:
        """Guidance for a challenge day."""
        ...

    async def write_act(self, request: ActRequest) -> str:
        """The act of a quest's daily post, different from every earlier one."""
        ...

    async def note_on(self, request: ReflectionRequest) -> Words:
        """A warm note on a reflection."""
        ...

    async def answer(
        self, question: Question, tools: Tools | None = None, hear: Hear | None = None
    ) -> Words:
        """An answer to a member. Those who `hear` see it while it is being written."""
        ...
