"""The catalogue of kind acts, and how one is chosen for a member's day.

The choice is the same whenever it is made for the same seed, user, quest and day, and never
repeats an act for that member within the quest as long as the catalogue has another.
"""

import hashlib
import tomllib
from collections.abc import Collection
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from bot.rules.points import DIFFICULTIES, Difficulty

FOLDER = Path(__file__).parent / "acts"


@dataclass(frozen=True, slots=True)
class Act:
    """One kind act: its text, where it is done, how long it takes, what it is about."""

    text: str
    difficulty: Difficulty
    setting: str
    minutes: int
    theme: str


@cache
def all_acts() -> tuple[Act, ...]:
    """Every act, read once."""
    acts: list[Act] = []
    for difficulty in DIFFICULTIES:
        content = (FOLDER / f"{difficulty.lower()}.toml").read_text(encoding="utf-8")
        acts += [Act(difficulty=difficulty, **act) for act in tomllib.loads(content)["act"]]
    return tuple(acts)


def choose_act(
    *,
    seed: str,
    user_id: int,
    quest_id: int,
    day: int,
    difficulty: Difficulty,
    earlier: Collection[str] = (),
) -> Act:
    """The act for one day of a quest.

    A difficulty's pool takes in the easier ones where its own is exhausted; within it, acts on the
    themes that `seed` names come first. Acts among the `earlier` texts are passed over.
    """
    pool = _ordered(seed, user_id, quest_id, difficulty)
    had = set(earlier)
    start = (day - 1) % len(pool)
    turned = (*pool[start:], *pool[:start])
    return next((act for act in turned if act.text not in had), turned[0])


def _ordered(seed: str, user_id: int, quest_id: int, difficulty: Difficulty) -> list[Act]:
    themes = {word.strip().casefold() for word in seed.split(",")}
    hardest = DIFFICULTIES.index(difficulty)

    def place(act: Act) -> tuple[int, bool, bytes]:
        key = f"{seed}|{user_id}|{quest_id}|{act.text}".encode()
        shuffled = hashlib.blake2b(key, digest_size=8).digest()
        return hardest - DIFFICULTIES.index(act.difficulty), act.theme not in themes, shuffled

    pool = [act for act in all_acts() if DIFFICULTIES.index(act.difficulty) <= hardest]
    return sorted(pool, key=place)
