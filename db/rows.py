"""Rows that several modules share, as frozen dataclasses."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, cast

if TYPE_CHECKING:
    from asyncpg import Record

Kind = Literal["challenge", "quest"]

ACT_NAMES = ("text", "title", "act", "name", "label", "description")
"""Under which an object may hold the text of a suggested act."""


def twins(challenge_sql: str) -> dict[Kind, str]:
    """A statement for each kind from the one for challenges: the tables are twins but for names."""
    quest_sql = challenge_sql.replace("challenge", "quest").replace("kai_notes", "task_generated")
    return {"challenge": challenge_sql, "quest": quest_sql}


@dataclass(frozen=True, slots=True)
class DayText:
    """A challenge day's own title and text, the website's or else the bot's.

    The website may have anything in its columns, or lack some: the title may be empty.
    """

    title: str
    principle: str | None
    body: str | None
    acts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DayLog:
    """A day log, or the day without one yet. `words` is KAI's: `kai_notes` or `task_generated`."""

    day: int
    words: str | None
    reflection: str | None
    text: DayText | None = None


@dataclass(frozen=True, slots=True)
class Enrolment:
    """A `user_challenges` or `user_quests` row with its item and the two day logs that matter.

    `prompt` is `ai_prompt_template` or `random_task_seed`. `today` is the current day; `marked`
    says that the website has it as completed. `last` is the day that was completed last, here or
    there. The last one that counted was done on the local date `last_date` at `last_at`;
    `last_marked_at` is when the website completed `last`, None when that is the same day (both
    aware UTC). `finished_on` is a local date. `earlier` holds the words of former days, newest
    first, and is read only while today has none.
    """

    id: int
    kind: Kind
    item_id: int
    name: str
    description: str | None
    total_days: int
    prompt: str | None
    difficulty: str | None
    status: str
    current_day: int | None
    start_date: dt.date | None
    finished_on: dt.date | None
    today: DayLog
    marked: bool
    last: DayLog | None
    last_date: dt.date | None
    last_at: dt.datetime | None
    last_marked_at: dt.datetime | None
    earlier: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Badge:
    """A `badges` row. `points_required` is None for a badge that moderators give."""

    id: int
    name: str
    icon: str | None
    description: str | None
    points_required: int | None

    @classmethod
    def of(cls, row: "Record", prefix: str = "") -> "Badge":
        """The badge in a row whose columns carry `prefix`."""
        return cls(*(row[prefix + name] for name in cls.__slots__))


@dataclass(frozen=True, slots=True)
class Post:
    """A server's daily post: one `daily_posts` row with what is shown of it.

    `local_date` is the server's, `total_days` that of its quest. `act` is empty until it is
    written. `doers` are how many different people's day it has seen done.
    """

    id: int
    guild_id: int
    channel_id: int
    local_date: dt.date
    quest_id: int
    quest: str
    total_days: int
    difficulty: str | None
    day: int
    act: str
    doers: int

    @classmethod
    def of(cls, row: "Record") -> "Post":
        """The post in a row that has all of it."""
        return cls(*(row[name] for name in cls.__slots__))


def enrolment_of(kind: Kind, row: "Record") -> Enrolment | None:
    """The enrolment in a row of `CURRENT_CHALLENGE` or `CURRENT_QUESTS`; None when it has none."""
    return None if row["id"] is None else standing_of(kind, row)


def standing_of(kind: Kind, row: "Record") -> Enrolment:
    """The enrolment in such a row; where there is none yet, one of id 0 and the status "none"."""
    marked_at: dt.datetime | None = row["last_marked_at"]
    return Enrolment(
        id=row["id"] or 0,
        kind=kind,
        item_id=row["item_id"],
        name=row["name"],
        description=row["description"],
        total_days=row["total_days"],
        prompt=row["prompt"],
        difficulty=row["difficulty"],
        status=row["status"] or "none",
        current_day=row["current_day"],
        start_date=row["start_date"],
        finished_on=row["finished_on"],
        today=DayLog(row["day"], row["words"], row["reflection"], _text(row["day_text"])),
        marked=bool(row["marked"]),
        last=None
        if row["last_day"] is None
        else DayLog(
            row["last_day"], row["last_words"], row["last_reflection"], _text(row["last_day_text"])
        ),
        last_date=row["last_date"],
        last_at=row["last_at"],
        last_marked_at=marked_at and marked_at.replace(tzinfo=dt.UTC),
        earlier=tuple(row["earlier"]),
    )


def _text(columns: dict[str, Any] | None) -> DayText | None:
    """What `discord.day_text` gave; None where it holds no words."""
    if columns is None:
        return None
    title, principle, body = (
        value if isinstance(value := columns.get(name), str) and value.strip() else None
        for name in ("day_title", "principle", "body")
    )
    acts = tuple(_acts(columns.get("suggested_acts")))
    if not (title or principle or body or acts):
        return None
    return DayText(title or "", principle, body, acts)


def _acts(value: Any) -> Iterator[str]:
    """The texts in what the website keeps as suggestions: a list of them, of objects, or one."""
    if isinstance(value, str) and value.strip():
        yield value
    elif isinstance(value, list):
        for one in cast("list[Any]", value):
            yield from _acts(one)
    elif isinstance(value, dict):
        named = cast("dict[str, Any]", value)
        yield from _acts(next((named[name] for name in ACT_NAMES if name in named), None))
