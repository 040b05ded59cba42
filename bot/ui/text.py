"""Text on cards: made harmless, cut to fit, and drawn as bars.

Whatever a member, a moderator or a model wrote is shown through `escape`: it cannot ping, spoof a
link, hide its direction or break the layout.
"""

import re
from collections import Counter
from collections.abc import Mapping

from bot.rules.enrolment import is_endless
from bot.rules.texts import is_emoji

MAX_CHOICE = 100
MAX_SHOWN = 1000
MAX_ROWS = 25
BAR_CELLS = 10
ELLIPSIS = "…"

_ALWAYS = re.compile(r"([\\*_~`|>#\[\]()<:@])")
# A list begins with a mark at the start of a line. (A backslash before a digit would be shown.)
_LIST_MARK = re.compile(r"^(\s*(?=[-+])|\s*\d+(?=\.))", re.MULTILINE)
_LINE_ENDS = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\U000e0000-\U000e007f]"
)
_CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_BLANK_LINES = re.compile(r"\n\s*\n+")
_MANY_MARKS = re.compile(
    r"((?:[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff])"
    r"{3})[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff]+"
)


def visible(text: str) -> str:
    """A text without invisible, control and direction characters, lone surrogates and zalgo.

    Its lines end in a line feed, whatever they ended in before.
    """
    text = _CONTROLS.sub("", _INVISIBLE.sub("", _LINE_ENDS.sub("\n", text)))
    return _MANY_MARKS.sub(r"\1", text)


def _clean(text: str) -> str:
    return _BLANK_LINES.sub("\n", visible(text)).strip()


def escape(text: str) -> str:
    """A text that Discord shows as it is written: no mention, markdown, link or trick works."""
    return _LIST_MARK.sub(r"\1\\", _ALWAYS.sub(r"\\\1", _clean(text)))


def line(text: str, limit: int = 200) -> str:
    """One escaped line of at most `limit` characters."""
    return cut(escape(" ".join(text.split())), limit)


def cut(escaped: str, limit: int = MAX_SHOWN) -> str:
    """At most `limit` characters, with an ellipsis, never ending inside an escape."""
    if len(escaped) <= limit:
        return escaped
    kept = escaped[: limit - 1]
    trailing = len(kept) - len(kept.rstrip("\\"))
    return kept[: len(kept) - trailing % 2].rstrip() + ELLIPSIS


def quote(text: str, limit: int = MAX_SHOWN) -> str:
    """A member's words as a quotation of at most `MAX_ROWS` rows."""
    rows = cut(escape(text), limit).splitlines()
    if len(rows) > MAX_ROWS:
        rows[MAX_ROWS - 1 :] = [ELLIPSIS]
    return "\n".join(f"> {row}" for row in rows) or "> "


def is_cut(text: str, limit: int = MAX_SHOWN) -> bool:
    """Whether `quote` shows less than all of it."""
    escaped = escape(text)
    return len(escaped) > limit or len(escaped.splitlines()) > MAX_ROWS


def choice_name(name: str, row_id: int, *, ambiguous: bool) -> str:
    """An autocomplete choice: plain text of 1 to 100 characters, with its id if need be."""
    mark = f" (#{row_id})" if ambiguous else ""
    plain = " ".join(_clean(name).split()) or f"#{row_id}"
    room = MAX_CHOICE - len(mark)
    return (plain if len(plain) <= room else plain[: room - 1] + ELLIPSIS) + mark


def as_label(text: str, limit: int) -> str:
    """A name on a button, where Discord shows markdown as it is written."""
    plain = " ".join(_clean(text).split())
    return plain if len(plain) <= limit else plain[: limit - 1] + ELLIPSIS


def as_labels(names: Mapping[int, str], limit: int) -> dict[int, str]:
    """Names on buttons by their row ids; those that several rows have show the id."""
    marks = {row_id: f" (#{row_id})" for row_id in names}
    seen = Counter(names.values())
    return {
        row_id: as_label(name, limit) + (marks[row_id] if seen[name] > 1 else "")
        for row_id, name in names.items()
    }


def icon(text: str | None) -> str:
    """A badge's icon, or a medal where the row holds no emoji."""
    return text if text and is_emoji(text) else "🏅"


def bar(done: int, total: int, *, today: bool = False) -> str:
    """Progress that reads at a glance: a cell a day up to ten days, else ten cells in proportion.

    `today` marks the day that is open now.
    """
    cells = min(max(total, 1), BAR_CELLS)
    full = min(done * cells // max(total, 1), cells)
    if done > 0 and full == 0 and total > BAR_CELLS:
        full = 1
    open_cell = 1 if today and full < cells else 0
    return "🟩" * full + "🟨" * open_cell + "⬜" * (cells - full - open_cell)


def progress(done: int, total: int, *, today: bool = False) -> str:
    """Progress as a bar; nothing for what stands for ever."""
    return "" if is_endless(total) else bar(done, total, today=today)


def of_total(day: int, total: int) -> str:
    """Which day of an item it is: "3 of 7", or "3" for one that stands for ever."""
    return f"{day:,}" if is_endless(total) else f"{day:,} of {total:,}"


def rows(*lines: str) -> str:
    """Lines of one text; empty ones are left out."""
    return "\n".join(filter(None, lines))


def plural(count: int, one: str, many: str | None = None) -> str:
    """A number with its noun."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"
