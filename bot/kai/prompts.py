"""What KAI's model is told: who it is, what is asked, and the facts as fenced data.

The instructions are constants, `instructions.toml`. Whatever a member, a moderator or the catalogue
wrote goes into the data, as JSON, and so does every earlier turn.
"""

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bot.actions.companion import (
    ActRequest,
    GuidanceRequest,
    Question,
    ReflectionRequest,
    TaskRequest,
)
from bot.kai.checks import MINUTES
from bot.kai.safety import RESOURCES
from bot.rules.days import local_time
from bot.rules.enrolment import known_length
from bot.rules.points import difficulty_of

INSTRUCTIONS: dict[str, str] = tomllib.loads(
    (Path(__file__).parent / "instructions.toml").read_text(encoding="utf-8")
)
"""`manner`, which goes before each, and one for each thing that KAI is asked for."""

MAX_TURNS = 12
MAX_CONTEXT = 6000
"""Bytes of earlier turns in a prompt: about two thousand tokens."""
MAX_ABOUT = 1000
"""Characters of a catalogue's text in a prompt."""
MAX_TURN = 800
MAX_EARLIER = 60
"""How many earlier tasks a prompt names; the check knows them all."""


def fenced(data: Mapping[str, Any]) -> str:
    """The data as the instructions announce it; nothing in it can close the fence."""
    text = json.dumps(data, ensure_ascii=False).replace("<", "\\u003c").replace(">", "\\u003e")
    return f"<data>\n{text}\n</data>"


def conversation(question: Question) -> str:
    """A member's message with what KAI may know of them."""
    return fenced(
        {
            "message": question.text,
            "audience": "everybody in the channel" if question.public else "this member alone",
            "member": {
                "name": question.name,
                "locale": question.locale,
                "local_time": local_time(question.now, question.zone).strftime("%A %d %B, %H:%M"),
                "time_zone": question.zone,
            },
            "progress": {
                "on": question.item,
                "kind": question.kind,
                "day": question.day,
                "of_days": known_length(question.total_days),
                "streak_in_days": question.streak,
                "done_something_today": question.done_today,
                "points": question.points,
            },
            "in_reply_to_kai": question.replied_to and question.replied_to[:MAX_TURN],
            "earlier_turns": _earlier(question.turns),
        }
    )


def _earlier(turns: tuple[tuple[str, str], ...]) -> list[dict[str, str]]:
    """The latest turns that fit the budget, oldest first."""
    kept: list[dict[str, str]] = []
    room = MAX_CONTEXT
    for message, response in turns[:MAX_TURNS]:
        if response == RESOURCES:
            continue  # what was said then is not for KAI to come back to
        turn = {"member": message[:MAX_TURN], "kai": response[:MAX_TURN]}
        room -= sum(len(text.encode()) for text in turn.values())
        if room < 0:
            break
        kept.insert(0, turn)
    return kept


def task(request: TaskRequest) -> str:
    """The facts of a quest's day."""
    return fenced(
        {
            "member": request.name,
            "quest": request.quest,
            "theme": request.theme,
            "difficulty": difficulty_of(request.difficulty),
            "minutes": "{} to {}".format(*MINUTES[difficulty_of(request.difficulty)]),
            "day": request.day,
            "of_days": known_length(request.total_days),
            "earlier": request.earlier[:MAX_EARLIER],
        }
    )


def act(request: ActRequest) -> str:
    """The facts of a daily post."""
    return fenced(
        {
            "theme": request.theme,
            "difficulty": difficulty_of(request.difficulty),
            "minutes": "{} to {}".format(*MINUTES[difficulty_of(request.difficulty)]),
            "day": request.day,
            "earlier": request.earlier[:MAX_EARLIER],
        }
    )


def guidance(request: GuidanceRequest) -> str:
    """The facts of a challenge's day."""
    return fenced(
        {
            "member": request.name,
            "challenge": request.challenge,
            "day": request.day,
            "of_days": known_length(request.total_days),
            "topic": request.prompt[:MAX_ABOUT],
            "title": request.title,
            "text": request.body[:MAX_ABOUT],
            "acts": request.acts[:10],
        }
    )


def note(request: ReflectionRequest) -> str:
    """A reflection and the day that it is about."""
    return fenced(
        {
            "reflection": request.text,
            "member": request.name,
            "item": request.item,
            "kind": request.kind,
            "day": request.day,
            "of_days": known_length(request.total_days),
        }
    )
