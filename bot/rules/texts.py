"""Texts that go into rows: what can be stored, how names and templates are made fit."""

import re
import unicodedata

MAX_TEXT = 4000
# The website's purge takes first names of more than 15 plain letters for spam.
MAX_FIRSTNAME = 15
CUSTOM_EMOJI = re.compile(r"<a?:\w{2,32}:\d{15,20}>")
# A picture may be toned, take a flag's tags and be joined to others; two letters make a flag.
_PICTURE = (
    "[\xa9\xae\u203c\u2049\u2122\u2139\u2194-\u27bf\u2934-\u2b55\u3030\u303d\u3297\u3299"
    "\U0001f000-\U0001f1e5\U0001f200-\U0001f3fa\U0001f400-\U0001faff]"
    "\ufe0f?[\U0001f3fb-\U0001f3ff]?[\U000e0020-\U000e007f]*"
)
UNICODE_EMOJI = re.compile(
    rf"{_PICTURE}(?:\u200d{_PICTURE})*|[\U0001f1e6-\U0001f1ff]{{2}}|[0-9#*]\ufe0f?\u20e3"
)
_BLANKS = "\u115f\u1160\u2800\u3164\uffa0"  # letters and a symbol without ink
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def is_storable(text: str) -> bool:
    """False for a text with NUL or a lone surrogate, which PostgreSQL cannot keep as it is."""
    return _UNSTORABLE.search(text) is None


def storable(text: str) -> str:
    """The same text with a visible mark in place of each character that cannot be stored."""
    return _UNSTORABLE.sub("\ufffd", text)


def is_blank(text: str | None) -> bool:
    """True when nothing was written, or white space and characters without ink alone."""
    return text is None or all(
        c.isspace() or c in _BLANKS or unicodedata.category(c) == "Cf" for c in text
    )


def firstname_for(display_name: str) -> str:
    """A `userdata.firstname` for a Discord display name: storable, visible, at most 15."""
    kept = (c for c in display_name if not _is_hidden(c))
    name = "".join(kept).strip()[:MAX_FIRSTNAME].strip()
    return name if any(unicodedata.category(c)[0] in "LNPS" for c in name) else "Friend"


def _is_hidden(mark: str) -> bool:
    """What shows nothing, or turns the text around; emoji and some scripts need the two joiners."""
    unseen = unicodedata.category(mark) in ("Cc", "Cf", "Cs") or mark in _BLANKS
    return unseen and mark not in "\u200c\u200d"


def fill_template(template: str, *, day: int, total_days: int, challenge: str, name: str) -> str:
    """Put the four known names of `challenges.ai_prompt_template` in, and leave all else alone.

    Replaced in one pass, so that a challenge or member named "{name}" stays what it is.
    """
    values = {"day": str(day), "total_days": str(total_days), "challenge": challenge, "name": name}
    return re.sub(r"\{(day|total_days|challenge|name)\}", lambda m: values[m[1]], template)


def is_emoji(text: str) -> bool:
    """Whether a text is one emoji: a custom one of Discord's, or one of Unicode's."""
    return bool(CUSTOM_EMOJI.fullmatch(text) or UNICODE_EMOJI.fullmatch(text))
