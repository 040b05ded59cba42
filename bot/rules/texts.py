"""Texts that go into rows: what can be stored, how names and templates are made fit."""

import re
import unicodedata

MAX_TEXT = 4000
# The website's purge takes first names of more than 15 plain letters for spam.
MAX_FIRSTNAME = 15
CUSTOM_EMOJI = re.compile(r"<a?:\w{2,32}:\d{15,20}>")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def is_storable(text: str) -> bool:
    """False for a text with NUL or a lone surrogate, which PostgreSQL cannot keep as it is."""
    return _UNSTORABLE.search(text) is None


def is_blank(text: str | None) -> bool:
    """True when nothing was written, or white space alone."""
    return text is None or not text.strip()


def firstname_for(display_name: str) -> str:
    """A `userdata.firstname` for a Discord display name: storable, never empty, at most 15."""
    return _UNSTORABLE.sub("", display_name).strip()[:MAX_FIRSTNAME].strip() or "Friend"


def fill_template(template: str, *, day: int, total_days: int, challenge: str, name: str) -> str:
    """Put the four known names of `challenges.ai_prompt_template` in, and leave all else alone.

    Replaced in one pass, so that a challenge or member named "{name}" stays what it is.
    """
    values = {"day": str(day), "total_days": str(total_days), "challenge": challenge, "name": name}
    return re.sub(r"\{(day|total_days|challenge|name)\}", lambda m: values[m[1]], template)


def is_emoji(text: str) -> bool:
    """Whether a text is one emoji: a custom one of Discord's, or a Unicode one of a few marks."""
    if CUSTOM_EMOJI.fullmatch(text):
        return True
    symbols = [c for c in text if unicodedata.category(c) in ("So", "Sk", "Sm", "Po", "Nd")]
    joiners = {"\u200d", "\ufe0f", "\u20e3"}
    others = [c for c in text if c not in symbols and c not in joiners]
    return 1 <= len(text) <= 10 and any(ord(c) > 0xA8 for c in symbols) and not others
