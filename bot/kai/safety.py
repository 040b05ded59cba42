"""The safety check: which texts are met with resources or a kind refusal, whatever KAI would say.

It knows turns of phrase (`figures.toml`) and needs no network and no model, so it runs before any
voice. It prefers a needless card of resources over a missed cry for help, and lets everyday figures
of speech pass.
"""

import re
import tomllib
import unicodedata
from collections import Counter
from collections.abc import Container, Iterator
from dataclasses import dataclass, field
from enum import Enum
from functools import cache
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

    The work grows in step with the text, whatever is in it.
    """
    phrases = read_phrases()
    found = phrases.concerns_in(phrases.words_of(text))
    return next((concern for concern in Concern if concern in found), None)


# Apostrophes, accents that follow their letter, and characters that nobody sees.
_UNSEEN = re.compile(
    "['’‘`´\u00ad\u0300-\u036f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufe00-\ufe0f\ufeff]"
)
# Emoji and other scripts: all but Latin letters, plain, accented, wide, circled or mathematical.
_NOT_LATIN = re.compile(
    "[^\0-\x7f\u00c0-\u024f\u1e00-\u1eff\u2100-\u214f\u2460-\u24ff\uff01-\uff5e"
    "\U0001d400-\U0001d7ff\U0001f110-\U0001f18f]+"
)
_MARK_IN_WORD = re.compile("(?<=[a-z])!(?=[a-z])")
# A count, but for the numbers that are called for help.
_NUMBER = re.compile(r"\b(?!911|999|988|112|111|000)[0-9]{2,3}(?=\b|kg|lbs|mg)")
_READ_AS = {
    **{code: " " for code in range(128) if not chr(code).isalnum()},
    **str.maketrans("013457@$*", "oieastas*"),
}


def _spell(text: str) -> list[str]:
    """The words of a text in plain letters, none doubled: "KILL" is "kil", "Su1cide" "suicide"."""
    plain = _NOT_LATIN.sub(" ", _UNSEEN.sub("", text))
    plain = unicodedata.normalize("NFKD", plain).encode("ascii", "ignore").decode().lower()
    plain = _NUMBER.sub(" number ", _MARK_IN_WORD.sub("i", plain)).translate(_READ_AS)
    return [word.strip("*") for word in _single(plain).split()]


def _single(text: str) -> str:
    """The text with no letter doubled."""
    for letter in ascii_lowercase:
        while letter * 2 in text:
            text = text.replace(letter * 2, letter)
    return text


def _joined(words: list[str], known: Container[str]) -> list[str]:
    """The words, with letters that were spelled apart, "d i e", read together."""
    read: list[str] = []
    letters = ""
    for word in (*words, ""):
        if len(word) == 1:
            letters += word
            continue
        read += _parted(letters, known) if len(letters) >= _FEWEST_APART else letters
        read.append(word)
        letters = ""
    return read[:-1]


def _parted(letters: str, known: Container[str]) -> list[str]:
    """The fewest known words that spell these letters; a letter in none stands alone."""
    letters = _single(letters)
    costs, starts = [0], [0]
    for end in range(1, len(letters) + 1):
        cost, start = costs[-1] + _UNKNOWN, end - 1
        for place in range(max(end - _LONGEST_APART, 0), end):
            if costs[place] + 1 < cost and letters[place:end] in known:
                cost, start = costs[place] + 1, place
        costs.append(cost)
        starts.append(start)
    words: list[str] = []
    end = len(letters)
    while end:
        words.append(letters[starts[end] : end])
        end = starts[end]
    return words[::-1]


# A phrase is parts with spaces between: words, [words] or (groups|of words); "..." is a gap.
_PART = re.compile(r"\[[^]]*\]|(?:\([^)]*\)|[^\s(])+")
_GAP = "..."
_LONGEST_GAP = 4
# Letters apart that are read together, the longest word that they can spell, and what an unknown
# letter weighs among words.
_FEWEST_APART = 3
_LONGEST_APART = 8
_UNKNOWN = 2


@dataclass(slots=True)
class _Node:
    """A place in the tree of phrases: what may follow, and what a phrase that ends here means."""

    then: dict[str, "_Node"] = field(default_factory=dict[str, "_Node"])
    after_gap: "_Node | None" = None
    ends: bool = False
    means: "_Meaning" = None

    def follow(self, words: str) -> "_Node":
        """The node that these words lead to, made where there is none."""
        node = self
        for word in words.split():
            after = node.after_gap if word == _GAP else node.then.get(word)
            if after is None:
                after = _Node()
                if word == _GAP:
                    node.after_gap = after
                else:
                    node.then[word] = after
            node = after
        return node


@dataclass(frozen=True, slots=True)
class _Hint:
    """What calls for something only along with a hint of another list of the same group."""

    concern: Concern
    about: str
    place: int


_Meaning = Concern | _Hint | None
"""What a phrase calls for; None is an everyday one."""


def _endings(start: _Node, words: list[str], index: int) -> list[tuple[_Meaning, int]]:
    """What each phrase through this node calls for, and where it ends.

    `index` is that of the word after the node's own.
    """
    found: list[tuple[_Meaning, int]] = []
    node: _Node | None = start
    while node is not None:
        if node.ends:
            found.append((node.means, index))
        if node.after_gap is not None:
            for beyond in range(index, min(index + _LONGEST_GAP + 1, len(words))):
                after = node.after_gap.then.get(words[beyond])
                if after is not None:
                    found += _endings(after, words, beyond + 1)
        node = node.then.get(words[index]) if index < len(words) else None
        index += 1
    return found


class _Phrases:
    """The phrases of `figures.toml`, where their notation is described.

    Raises ValueError where a phrase is empty, or is both grave and harmless.
    """

    def __init__(self, data: dict[str, Any]) -> None:
        self._same = _same_words(data["words"])
        self._lists = {
            name: words.replace("\n", "").split("|") for name, words in data["lists"].items()
        }
        self._tree = _Node()
        self._known: set[str] = set()
        for concern in Concern:
            for group in data[concern.value]:
                self._learn(group.get("phrases", ""), concern)
                for place, hints in enumerate(group.get("hints", ())):
                    self._learn(hints, _Hint(concern, group["about"], place))
                self._learn(group.get("unless", ""), None)
        self._known |= self._same.keys()

    def words_of(self, text: str) -> list[str]:
        """The words of a text as the phrases have them."""
        same = self._same
        words = _joined(_spell(text), self._known)
        return " ".join([same.get(word, word) for word in words]).split()

    def concerns_in(self, words: list[str]) -> set[Concern]:
        """What the phrases among these words call for.

        A grave phrase, or a hint, counts unless its last word belongs to an everyday one.
        """
        everyday: set[int] = set()
        grave: list[tuple[Concern | _Hint, int]] = []
        for start, word in enumerate(words):
            node = self._tree.then.get(word)
            if node is None:
                continue
            for meaning, end in _endings(node, words, start + 1):
                if meaning is None:
                    everyday.update(range(start, end))
                else:
                    grave.append((meaning, end - 1))
        told = {meaning for meaning, last in grave if last not in everyday}
        hinted = Counter((hint.concern, hint.about) for hint in told if isinstance(hint, _Hint))
        return {meaning for meaning in told if isinstance(meaning, Concern)} | {
            concern for (concern, _), lists in hinted.items() if lists > 1
        }

    def _learn(self, lines: str, meaning: _Meaning) -> None:
        for line in lines.strip().splitlines():
            nodes = [self._tree]
            for part in _PART.findall(line):
                options = self._options(part)
                nodes = [node.follow(option) for node in nodes for option in options]
            for node in nodes:
                if node is self._tree or (node.ends and node.means != meaning):
                    raise ValueError(f"{FIGURES.name}: what does {line!r} mean?")
                node.ends, node.means = True, meaning

    def _options(self, part: str) -> list[str]:
        """The words that may stand in one place of a phrase."""
        if part == _GAP:
            return [part]
        options: list[str] = []
        for option in part.strip("[]").replace("(", "").replace(")", "").split("|"):
            listed = self._lists[option[1:-1]] if option.startswith("<") else [option]
            options += [" ".join(self.words_of(words)) for words in listed]
            self._known.update(*map(str.split, options))
        if len(options) > 1 and "" in options:
            raise ValueError(f"{FIGURES.name}: one of {part} is a dropped word")
        return ["", *options] if part.startswith("[") else options


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


@cache
def read_phrases() -> _Phrases:
    """The turns of phrase; reading them takes most of a second, once."""
    return _Phrases(tomllib.loads(FIGURES.read_text(encoding="utf-8")))
