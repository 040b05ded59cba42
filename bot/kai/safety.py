"""The safety check: which texts are met with resources or a kind refusal, whatever KAI would say.

It knows turns of phrase (`figures.toml`) and needs no network and no model, so it runs before any
voice. It prefers a needless card of resources over a missed cry for help, and lets everyday figures
of speech pass.
"""

import re
import string
import tomllib
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum
from functools import cache
from itertools import product
from pathlib import Path

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
    "- **Anywhere else:** findahelpline.com lists a line near you.\n"
    "I am a companion, not a counsellor. Please reach out to one of them, "
    "or to somebody you trust, today."
)
"""What a member sees, and what the turn keeps, when a text speaks of harm or danger."""

_UNSEEN = re.compile("['’‘`\u00ad\u0300-\u036f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufe0f\ufeff]")
_INNER_MARK = re.compile("(?<=[a-z])!(?=[a-z])")
_LOOKALIKES = str.maketrans("013457@$!", "oieastasi")
_PART = re.compile(r"\{[^}]*\}|\[[^]]*\]|\S+")

_LETTERS = bytes.maketrans(
    (string.ascii_uppercase + "013457@$").encode(), (string.ascii_lowercase + "oieastas").encode()
)
_OTHER = bytes(
    byte for byte in range(256) if chr(byte) not in string.ascii_letters + "013457@$2689*"
)
_TABLE = bytes.maketrans(_OTHER, b" " * len(_OTHER))
_TABLE = bytes(_LETTERS[byte] if _LETTERS[byte] != byte else _TABLE[byte] for byte in range(256))


def _spelled(text: str) -> list[str]:
    plain = _UNSEEN.sub("", unicodedata.normalize("NFKD", text))
    if "!" in plain:
        plain = re.sub(r"(?<=[A-Za-z])!(?=[A-Za-z])", "i", plain)
    plain = plain.encode("ascii", "replace").translate(_TABLE).decode()
    for letter in string.ascii_lowercase:
        while letter * 2 in plain:
            plain = plain.replace(letter * 2, letter)
    return [word.strip("*") for word in plain.split()]


@dataclass
class Book:
    same: dict[str, str]
    lists: dict[str, str]
    tree: dict = field(default_factory=dict)

    def words(self, text):
        same = self.same
        return " ".join([same.get(word, word) for word in _spelled(text)]).split()

    def expand(self, line):
        parts = []
        for part in _PART.findall(line):
            assert part.count("{") <= 1 and "?" not in part and "(" not in part, (line, part)
            options = []
            for option in part.strip("{}[]").split("|"):
                assert option, (line, part)
                if option.startswith("<"):
                    options += self.lists[option.strip("<>")].replace("\n", "").split("|")
                else:
                    assert "<" not in option, (line, part)
                    options.append(option)
            if part[0] == "[":
                options.append("")
            assert not (set("{}[]") & set(part[1:-1])), (line, part)
            parts.append(list(dict.fromkeys(" ".join(self.words(o)) for o in options)))
        for choice in product(*parts):
            yield " ".join(choice).split()

    def add(self, line, label):
        n = 0
        for words in self.expand(line):
            n += 1
            node = self.tree
            if len(words) == 0:
                raise ValueError(line)
            for w in words:
                node = node.setdefault(w, {})
            old = node.get("")
            if old is not None and old != label:
                CLASH.append((line, words, old, label))
            node[""] = label
        return n


CLASH = []
COUNT = []


@cache
def book():
    data = tomllib.loads(FIGURES.read_text(encoding="utf-8"))
    same = {}
    w = data["words"]
    for base, variants in w["same"].items():
        for v in variants.split():
            same[_spelled(v)[0]] = base
        # canonical spelling
    for base in w["same"]:
        pass
    same = {k: " ".join(_spelled(v)) for k, v in same.items()}
    for word in w["masked"].split():
        for a in range(1, len(word) - 1):
            for b in range(a + 1, len(word)):
                for n in {1, b - a}:
                    m = word[:a] + "*" * n + word[b:]
                    sp = _spelled(m)[0]
                    wd = _spelled(word)[0]
                    same.setdefault(sp, same.get(wd, wd))
    for word in w["dropped"].split():
        same[_spelled(word)[0]] = ""
    # chain
    same = {k: " ".join(same.get(x, x) for x in v.split()) for k, v in same.items()}
    b = Book(same, data["lists"])
    for concern in Concern:
        for group in data[concern.value]:
            for line in group["phrases"].split("\n"):
                if line.strip():
                    COUNT.append((b.add(line, concern), line))
            for line in group.get("unless", "").split("\n"):
                if line.strip():
                    COUNT.append((b.add(line, "ok"), line))
    return b


def found(words, tree) -> Iterator[object]:
    start = 0
    while start < len(words):
        node = tree.get(words[start])
        at = start + 1
        start = at
        label = None
        while node is not None:
            if "" in node:
                label, start = node[""], at
            if at == len(words):
                break
            node = node.get(words[at])
            at += 1
        if label is not None:
            yield label, words[start - 5 : start]


def concern_of(text: str) -> Concern | None:
    b = book()
    f = {x[0] for x in found(b.words(text), b.tree)}
    return next((concern for concern in Concern if concern in f), None)
