"""What a day is worth, and the kindness level."""

from typing import Literal

Kind = Literal["challenge", "quest"]
Difficulty = Literal["Easy", "Medium", "Hard"]

DIFFICULTIES: tuple[Difficulty, ...] = ("Easy", "Medium", "Hard")
CHALLENGE_DAY = 10
QUEST_DAY: dict[Difficulty, int] = {"Easy": 10, "Medium": 15, "Hard": 20}


def difficulty_of(text: str | None) -> Difficulty:
    """A quest's difficulty as the rules know it: any case; NULL or anything else reads Medium."""
    wanted = (text or "").strip().casefold()
    for difficulty in DIFFICULTIES:
        if difficulty.casefold() == wanted:
            return difficulty
    return "Medium"


def day_points(kind: Kind, difficulty: str | None = None) -> int:
    """Points for one completed day: 10 in a challenge; 10, 15 or 20 in a quest by difficulty."""
    return CHALLENGE_DAY if kind == "challenge" else QUEST_DAY[difficulty_of(difficulty)]


def kindness_level(days_of_completed_challenges: int) -> int:
    """The website's level: one, and one more for every ten days of completed challenges."""
    return days_of_completed_challenges // 10 + 1
