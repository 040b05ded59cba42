"""KAI's offline voice: no network, the same words for the same day, always an answer.

It implements `Companion`; a model voice stands behind the same protocol and falls back to it.
"""

import hashlib
import tomllib
from functools import cache
from pathlib import Path

from bot.actions.companion import (
    GuidanceRequest,
    Question,
    ReflectionRequest,
    TaskRequest,
    Words,
)
from bot.kai.acts import choose_act
from bot.kai.safety import RESOURCES, Concern, concern_of
from bot.rules.points import difficulty_of

PHRASES = Path(__file__).parent / "phrases.toml"


@cache
def phrases() -> dict[str, list[str]]:
    """KAI's phrases by occasion, read once."""
    return tomllib.loads(PHRASES.read_text(encoding="utf-8"))


def _number(*key: object) -> int:
    """A number that is the same for the same key, and as good as random otherwise."""
    return int.from_bytes(hashlib.blake2b("|".join(map(str, key)).encode(), digest_size=8).digest())


def _pick(occasion: str, *key: object, **names: object) -> str:
    """One phrase of an occasion, the same for the same key, with the names put in literally.

    A phrase with a name that has no value at present (an item, when none is under way) is left out.
    """
    unknown = [f"{{{name}}}" for name, value in names.items() if value is None]
    options = [text for text in phrases()[occasion] if not any(name in text for name in unknown)]
    text = options[_number(occasion, *key) % len(options)]
    parts = text.split("{")
    filled = [parts[0]]
    for part in parts[1:]:
        name, rest = part.split("}", 1)
        filled += [str(names[name]), rest]
    return "".join(filled)


class OfflineVoice:
    """KAI without a model."""

    async def write_task(self, request: TaskRequest) -> str:
        """An act from the catalogue that the member has not had in this quest."""
        act = choose_act(
            seed=request.theme,
            user_id=request.user_id,
            quest_id=request.quest_id,
            day=request.day,
            difficulty=difficulty_of(request.difficulty),
            earlier=request.earlier,
        )
        return act.text

    async def write_guidance(self, request: GuidanceRequest) -> str:
        """An encouraging line for the day, and one of the day's own suggestions to begin with."""
        key = (request.user_id, request.challenge, request.day)
        line = _pick(
            "guidance",
            *key,
            name=request.name,
            challenge=request.challenge,
            day=request.day,
            total_days=request.total_days,
        )
        if not request.acts:
            return line
        act = request.acts[_number(*key) % len(request.acts)]
        return f"{line} {_pick('beginnings', *key, act=act.strip().rstrip('.'))}"

    async def note_on(self, request: ReflectionRequest) -> Words:
        """A warm note; resources when the reflection speaks of danger."""
        if concern_of(request.text) is Concern.CRISIS:
            return Words(RESOURCES, crisis=True)
        return Words(
            _pick(
                "notes",
                *(request.user_id, request.item, request.day, request.text),
                name=request.name,
                item=request.item,
                day=request.day,
                total_days=request.total_days,
            )
        )

    async def answer(self, question: Question) -> Words:
        """An answer built on the member's own progress; resources or a refusal where called for."""
        concern = concern_of(question.text)
        if concern is Concern.CRISIS:
            return Words(RESOURCES, crisis=True)
        if concern is not None:
            return Words(_pick(f"refuse_{concern.value}", question.user_id, question.text))
        return Words(
            _pick(
                _occasion(question),
                *(question.user_id, question.now.date(), question.text),
                name=question.name,
                item=question.item,
                day=question.day,
                total_days=question.total_days,
                streak=question.streak,
                points=question.points,
            )
        )


def _occasion(question: Question) -> str:
    if question.done_today:
        return "ask_done_today"
    if question.kind is None:
        return "ask_fresh"
    if question.streak >= 3 and len(question.text) % 2:
        return "ask_streak"
    return f"ask_{question.kind}"
