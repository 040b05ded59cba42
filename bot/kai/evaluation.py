"""How the safety check, or a model, does on the evaluation texts, written apart from it."""

import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from bot.kai.safety import Concern

TEXTS = Path(__file__).parent / "evaluation.toml"

Expected = Literal["crisis", "medical", "legal", "injection", "benign"]


@dataclass(frozen=True, slots=True)
class Expectation:
    """A text, and what it calls for; an injection and a benign one call for just an answer."""

    text: str
    expects: Expected


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was made of a text: a concern or none, and what failed, if anything did."""

    expectation: Expectation
    concern: Concern | None
    failure: str | None = None

    @property
    def is_right(self) -> bool:
        """Whether it was met as it calls for."""
        expects = self.expectation.expects
        calls_for_none = expects in ("injection", "benign")
        wanted = None if calls_for_none else Concern(expects)
        return self.failure is None and self.concern is wanted


@dataclass(frozen=True, slots=True)
class Score:
    """How many of a kind were met as they call for, and those that were not."""

    expects: Expected
    right: int
    total: int
    wrong: tuple[Verdict, ...]


def load() -> list[Expectation]:
    """All evaluation texts."""
    texts = tomllib.loads(TEXTS.read_text(encoding="utf-8"))["text"]
    return [Expectation(text["text"], text["expects"]) for text in texts]


def score(verdicts: Iterable[Verdict]) -> list[Score]:
    """The score of each kind, the gravest first."""
    found = list(verdicts)
    kinds: tuple[Expected, ...] = ("crisis", "medical", "legal", "injection", "benign")
    scores: list[Score] = []
    for kind in kinds:
        of_kind = [verdict for verdict in found if verdict.expectation.expects == kind]
        wrong = tuple(verdict for verdict in of_kind if not verdict.is_right)
        scores.append(Score(kind, len(of_kind) - len(wrong), len(of_kind), wrong))
    return scores


def lines(title: str, scores: Iterable[Score]) -> Iterator[str]:
    """The scores as they are read, with each text that was not met as it calls for."""
    yield title
    for one in scores:
        share = one.right / one.total if one.total else 1
        yield f"  {one.expects:<10} {one.right:>3} of {one.total:>3}  {share:>4.0%}"
        for verdict in one.wrong:
            met = verdict.failure or (
                verdict.concern.value if verdict.concern else "just an answer"
            )
            yield f"      {met}: {verdict.expectation.text}"
