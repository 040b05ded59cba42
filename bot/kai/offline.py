"""KAI's offline voice: no network, the same words for the same day, always an answer.

`Kai` speaks with it when there is no model, and falls back to it when there is one.
"""

import hashlib
import tomllib
from functools import cache
from pathlib import Path

from bot.actions.companion import (
    ActRequest,
    GuidanceRequest,
    Question,
    ReflectionRequest,
    TaskRequest,
)
from bot.kai.acts import choose_act
from bot.kai.safety import Concern
from bot.rules.enrolment import known_length
from bot.rules.points import difficulty_of

AWAY = {
    "member": "away_over_budget",
    "guild": "away_all_used",
    "tokens": "away_all_used",
    "refusal": "away_refused",
}
"""What is said before a short answer, by the cause of its being short; "away" for all others."""
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

    def write_task(self, request: TaskRequest) -> str:
        """An act from the catalogue that the member has not had in this quest."""
        return _act(request)

    def write_act(self, request: ActRequest) -> str:
        """An act from the catalogue that the quest's posts have not had."""
        return _act(request)

    def write_guidance(self, request: GuidanceRequest) -> str:
        """An encouraging line for the day, and one of the day's own suggestions to begin with."""
        key = (request.user_id, request.challenge, request.day)
        line = _pick(
            "guidance",
            *key,
            name=request.name,
            challenge=request.challenge,
            day=request.day,
            total_days=known_length(request.total_days),
        )
        if not request.acts:
            return line
        act = request.acts[_number(*key) % len(request.acts)]
        return f"{line} {_pick('beginnings', *key, act=act.strip().rstrip('.'))}"

    def note_on(self, request: ReflectionRequest) -> str:
        """A warm note."""
        return _pick(
            "notes",
            *(request.user_id, request.item, request.day, request.text),
            name=request.name,
            item=request.item,
            day=request.day,
            total_days=known_length(request.total_days),
        )

    def answer(self, question: Question) -> str:
        """An answer built on the member's own progress."""
        return _pick(
            _occasion(question),
            *(question.user_id, question.now.date(), question.text),
            name=question.name,
            item=question.item,
            day=question.day,
            total_days=known_length(question.total_days),
            streak=question.streak,
            points=question.points,
        )

    def refuse(self, concern: Concern, question: Question) -> str:
        """A kind refusal of a medical or legal question."""
        return _pick(f"refuse_{concern.value}", question.user_id, question.text)

    def away(self, question: Question, cause: str) -> str:
        """Why this is a short answer: the day's longer ones are used up, or none can be had now."""
        occasion = AWAY.get(cause, "away")
        return _pick(occasion, question.user_id, question.text, name=question.name)


def _act(request: TaskRequest | ActRequest) -> str:
    """The act of one day of a quest, a member's or that of its posts."""
    act = choose_act(
        seed=request.theme,
        user_id=request.user_id,
        quest_id=request.quest_id,
        day=request.day,
        difficulty=difficulty_of(request.difficulty),
        earlier=request.earlier,
    )
    return act.text


def _occasion(question: Question) -> str:
    if question.done_today:
        return "ask_done_today"
    if question.kind is None:
        return "ask_fresh"
    if question.streak >= 3 and len(question.text) % 2:
        return "ask_streak"
    return f"ask_{question.kind}"
