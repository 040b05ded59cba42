"""The safety check: which texts are met with resources or a kind refusal, whatever KAI would say.

It knows turns of phrase (`figures.toml`) and needs no network and no model, so it runs before any
voice. It prefers a needless card of resources over a missed cry for help, and lets everyday figures
of speech pass.
"""

import re
import tomllib
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum
from itertools import product
from pathlib import Path
from string import ascii_lowercase
from typing import Any

FIGURES = Path(__file__).parent / "figures.toml"


class Concern(Enum):
    """What a text calls for, the gravest first."""

    CRISIS = "crisis"
    MEDICAL = "medical"
    LEGAL = "legal"


RESOURCES = (
    "Thank you for telling me. What you wrote sounds heavy, and you deserve a person beside you "
    "who can really help, right now.\n"
    "- **In danger this minute?** Call your local emergency number (911, 112, 999).\n"
    "- **Canada and the US:** call or text **988**, day and night.\n"
    "- **UK and Ireland:** call Samaritans, **116 123**, free at any hour.\n"
    "- **Anywhere else:** https://findahelpline.com lists a line near you.\n\n"
    "I am a companion, not a counsellor. Please reach out to one of them, "
    "or to somebody you trust, today."
)
"""What a member sees, and what the turn keeps, when a text speaks of harm or danger."""


def concern_of(text: str) -> Concern | None:
    """What a member's text calls for: resources, a kind refusal, or None, just an answer.

    The work grows in step with the text: 4,000 characters of anything take under a millisecond.
    """
    found = _PHRASES.concerns(_PHRASES.words(text))
    return next((concern for concern in Concern if concern in found), None)


# Apostrophes, accents split off from their letters, and characters that nobody sees.
_UNSEEN = re.compile("['’‘`\u00ad\u0300-\u036f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufe0f\ufeff]")
_MARK_IN_WORD = re.compile("(?<=[a-z])!(?=[a-z])")
_PLAIN = {
    **{code: " " for code in range(128) if not chr(code).isalnum()},
    **str.maketrans("013457@$*", "oieastas*"),
}


def _spell(text: str) -> list[str]:
    """The words of a text in plain letters, none doubled: "KILL" is "kil", "su1cide" "suicide"."""
    plain = _UNSEEN.sub("", unicodedata.normalize("NFKD", text))
    plain = plain.encode("ascii", "replace").decode().lower()
    plain = _MARK_IN_WORD.sub("i", plain).translate(_PLAIN)
    for letter in ascii_lowercase:
        while letter * 2 in plain:
            plain = plain.replace(letter * 2, letter)
    return [word.strip("*") for word in plain.split()]


@dataclass(slots=True)
class _Node:
    """A word in the tree of phrases: what may follow it, and what a phrase that ends here means."""

    then: dict[str, "_Node"] = field(default_factory=dict[str, "_Node"])
    ends: bool = False
    concern: Concern | None = None


class _Phrases:
    """The phrases of `figures.toml`, where their notation is described."""

    def __init__(self, data: dict[str, Any]) -> None:
        self._same = _same_words(data["words"])
        self._lists = {
            name: words.replace("\n", "").split("|") for name, words in data["lists"].items()
        }
        self._tree = _Node()
        for concern in Concern:
            for group in data[concern.value]:
                self._learn(group["phrases"], concern)
                self._learn(group.get("unless", ""), None)

    def words(self, text: str) -> list[str]:
        """The words of a text as the phrases have them."""
        same = self._same
        return " ".join([same.get(word, word) for word in _spell(text)]).split()

    def concerns(self, words: list[str]) -> set[Concern]:
        """What the phrases among these words call for.

        A phrase counts unless its last word belongs to an everyday look-alike.
        """
        everyday: set[int] = set()
        found: list[tuple[int, Concern]] = []
        for start in range(len(words)):
            concern, end = self._longest(words, start)
            if concern is None:
                everyday.update(range(start, end))
            else:
                found.append((end - 1, concern))
        return {concern for last, concern in found if last not in everyday}

    def _longest(self, words: list[str], start: int) -> tuple[Concern | None, int]:
        """What the longest phrase from this word on calls for, and where it ends."""
        concern, end = None, start
        node = self._tree
        for index in range(start, len(words)):
            following = node.then.get(words[index])
            if following is None:
                break
            node = following
            if node.ends:
                concern, end = node.concern, index + 1
        return concern, end

    def _learn(self, phrases: str, concern: Concern | None) -> None:
        for line in phrases.strip().splitlines():
            for phrase in self._written_out(line):
                node = self._tree
                for word in phrase.split():
                    node = node.then.setdefault(word, _Node())
                if node is self._tree or (node.ends and node.concern is not concern):
                    raise ValueError(f"{FIGURES.name}: {phrase!r} has two meanings: {line}")
                node.ends, node.concern = True, concern

    def _written_out(self, line: str) -> Iterator[str]:
        """Every phrase that a line stands for."""
        return map(" ".join, product(*map(self._options, _PART.findall(line))))

    def _options(self, part: str) -> list[str]:
        """The words that may stand in one place of a phrase."""
        options: list[str] = []
        for option in part.strip("[]").replace("(", "").replace(")", "").split("|"):
            listed = self._lists[option[1:-1]] if option.startswith("<") else [option]
            options += [" ".join(self.words(words)) for words in listed]
        if len(options) > 1 and "" in options:
            raise ValueError(f"{FIGURES.name}: one of {part} is a dropped word")
        return ["", *options] if part.startswith("[") else options


_PART = re.compile(r"\[[^]]*\]|(?:\([^)]*\)|[^\s(])+")


def _same_words(words: dict[str, Any]) -> dict[str, str]:
    """From each word as members write it to the word, or words, that the phrases have."""
    same = {
        _spell(variant)[0]: " ".join(_spell(word))
        for word, variants in words["same"].items()
        for variant in variants.split()
    }
    for word in words["masked"].split():
        plain = _spell(word)[0]
        for mask in _masks(word):
            same.setdefault(_spell(mask)[0], same.get(plain, plain))
    return same | dict.fromkeys((_spell(word)[0] for word in words["dropped"].split()), "")


def _masks(word: str) -> Iterator[str]:
    """The word with one star, or one for each letter, in place of some letters inside it."""
    for start in range(1, len(word) - 1):
        for end in range(start + 1, len(word)):
            yield word[:start] + "*" + word[end:]
            yield word[:start] + "*" * (end - start) + word[end:]


_PHRASES = _Phrases(tomllib.loads(FIGURES.read_text(encoding="utf-8")))
