"""A text that `bot.ui.markdown` rendered, in pieces that each fit into one message or card.

A piece is as sound as the whole: what is on at its end is closed there and goes on in the next.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from typing import NamedTuple

HTTP = r"[Hh][Tt][Tt][Pp][Ss]?://[^\W_]"
"""How an address begins that Discord makes a link of."""
TICK = "\u02cb"
"""It looks like a backtick and ends no code."""

_RENDERED = re.compile(
    r"(?P<fence>^```[^\n`]*\n)[\s\S]*?(?P<fence_end>\n```$|\Z)|\\."
    rf"|(?P<whole>`` (?:[^`\n]|`(?!`))+``|`[^`\n]+`|<{HTTP}[^\s<>]*>)|(?P<marks>\*{{1,3}}|__|~~)",
    re.MULTILINE,
)
_SENTENCE = re.compile(r"""[.!?…]["'”’)\]*_~]*(?=\s)|[。！？]""")
_BETWEEN = re.compile(r"(?:\s|> *\n)*")
_LINE_PREFIX = re.compile(r"(?:> )?(?: *(?:-|[0-9]+\.) )?")
_BECOMES_LIST = re.compile(r"[0-9]+(?=\.\s)|(?=[-+]\s)")
_JOINED = re.compile(
    "[\u0300-\u036f\u200c\u200d\ufe00-\ufe0f\u20e3\U0001f3fb-\U0001f3ff]|(?<=\u200d)"
)
_MAX_CLOSERS = 8  # ***, __, ~~ and ` at one place; a fence needs less


class _Mark(NamedTuple):
    start: str
    end: str


class _Token(NamedTuple):
    """A mark, or what must stay whole; `on` are the marks that are on after it."""

    start: int
    end: int
    opens: bool
    closes: bool
    on: tuple[_Mark, ...]


def split(rendered: str, limit: int) -> list[str]:
    """What `render` gave in pieces of at most `limit` characters (100 or more), none of them empty.

    A piece ends between paragraphs if it can, else between lines, sentences or words. What is on
    at its end (marks, code, a quotation) is closed there and opened again in the next.
    """
    if limit < 100:
        raise ValueError("a piece has room for 100 characters or more")
    return list(_Cutter(rendered.strip("\n"), limit).pieces())


class _Cutter:
    """A rendered text, and where in it a mark is on or nothing may be cut."""

    def __init__(self, rendered: str, limit: int) -> None:
        self._limit = limit
        self._tokens: list[_Token] = []
        self._on: tuple[_Mark, ...] = ()
        self._text = self._read(rendered)
        self._ends = [token.end for token in self._tokens]

    def pieces(self) -> Iterator[str]:
        """Piece after piece."""
        text = self._text
        start, quoted, in_line = 0, False, False
        while start < len(text):
            lead = "> " * quoted + "".join(mark.start for mark in self._on_at(start))
            item = _BECOMES_LIST.match(text, start) if in_line else None
            end = self._end(start, self._limit - len(lead) - (item is not None))
            body = text[start:end].rstrip()
            while body.endswith("\n>") and not self._fence_at(end):
                body = body[:-2].rstrip()
            if item:
                body = f"{item[0]}\\{body[len(item[0]) :]}"
            if body:
                yield lead + body + "".join(mark.end for mark in reversed(self._on_at(end)))
            row = text.rfind("\n", start, end) + 1
            if row or not in_line:
                quoted = text.startswith("> ", row or start)
            start, in_line = self._next(end)
            quoted = quoted and in_line

    def _next(self, end: int) -> tuple[int, bool]:
        """Where the next piece starts, and whether that is in the middle of a line."""
        if self._fence_at(end):
            start = end
            while self._text.startswith("\n", start):
                start += 1
            return start, False
        start = _match_end(_BETWEEN, self._text, end)
        return start, "\n" not in self._text[end - 1 : start]

    def _end(self, start: int, room: int) -> int:
        """Where a piece ends that starts there and has that much room, closing marks and all."""
        text = self._text
        if len(text) - start + sum(len(mark.end) for mark in self._on) <= room:
            return len(text)
        stop = min(start + room - _MAX_CLOSERS, len(text) - 1)
        prefix = _match_end(_LINE_PREFIX, text, start)
        for least in (start + room // 4, prefix + 1):
            for find in (self._paragraph, self._line, self._sentence, self._word):
                if (end := find(start, stop)) >= least:
                    return self._settled(end, start, stop)
        end = stop
        if token := self._token_around(end):
            end = token.start
        for _ in range(16):
            if end > start + 1 and _JOINED.match(text, end):
                end -= 1
        backslashes = end - len(text[start:end].rstrip("\\")) - start
        return self._settled(end - backslashes % 2, start, stop)

    def _settled(self, end: int, start: int, stop: int) -> int:
        """Behind the marks that close at a place, or before those that open right there."""
        at = bisect_right(self._ends, end)
        first = end
        while at < len(self._tokens) and self._tokens[at].closes and self._tokens[at].start == end:
            end = self._tokens[at].end
            at += 1
        while end <= first and at and self._tokens[at - 1].opens and self._ends[at - 1] == end:
            at -= 1
            end = first = self._tokens[at].start
        return end if end > start else stop

    def _paragraph(self, start: int, stop: int) -> int:
        """The last place that parts paragraphs: a blank line outside of code, an end of a block."""
        if fence := self._fence_at(stop):
            return self._tokens[fence - 1].start
        end = self._text.rfind("\n\n", start, stop + 2)
        if end > start and (fence := self._fence_at(end)):
            return self._tokens[fence].end
        return end

    def _line(self, start: int, stop: int) -> int:
        return self._last("\n", start, stop)

    def _word(self, start: int, stop: int) -> int:
        return self._last(" ", start, stop)

    def _last(self, blank: str, start: int, stop: int) -> int:
        end = self._text.rfind(blank, start, stop + 1)
        while end > start and (token := self._token_around(end)):
            end = self._text.rfind(blank, start, token.start)
        return end

    def _sentence(self, start: int, stop: int) -> int:
        ends = [found.end() for found in _SENTENCE.finditer(self._text, start, stop + 1)]
        return next((end for end in reversed(ends) if not self._token_around(end)), -1)

    def _token_around(self, place: int) -> _Token | None:
        at = bisect_right(self._ends, place)
        return (
            self._tokens[at] if at < len(self._tokens) and self._tokens[at].start < place else None
        )

    def _on_at(self, place: int) -> tuple[_Mark, ...]:
        at = bisect_right(self._ends, place)
        return self._tokens[at - 1].on if at else ()

    def _fence_at(self, place: int) -> int:
        """The number of the token that ends the block around a place, or 0."""
        at = bisect_right(self._ends, place)
        on = self._tokens[at - 1].on if at else ()
        return at if on and on[0].end == "\n```" else 0

    def _read(self, rendered: str) -> str:
        """Find the tokens. An address or code that fits in no piece becomes one that can be cut."""
        parts: list[str] = []
        read = size = 0
        for found in _RENDERED.finditer(rendered):
            parts.append(rendered[read : found.start()])
            size += len(parts[-1])
            shown, read = found[0], found.end()
            if fence := found["fence"]:
                mark = _Mark(fence, "\n```")
                self._on = ()
                self._mark(mark, size, len(fence))
                if fence_end := found["fence_end"]:
                    self._mark(mark, size + len(shown) - len(fence_end), len(fence_end))
            elif found["whole"]:
                shown = self._whole(shown, size)
            elif found["marks"]:
                at = size
                for sign in ("**", "*") if shown == "***" else (shown,):
                    self._mark(_Mark(sign, sign), at, len(sign))
                    at += len(sign)
            parts.append(shown)
            size += len(shown)
        return "".join([*parts, rendered[read:]])

    def _mark(self, mark: _Mark, start: int, size: int) -> None:
        closes = mark in self._on
        self._on = tuple(on for on in self._on if on != mark) if closes else (*self._on, mark)
        self._tokens.append(_Token(start, start + size, not closes, closes, self._on))

    def _whole(self, whole: str, at: int) -> str:
        if len(whole) <= self._limit - 40:
            self._tokens.append(_Token(at, at + len(whole), False, False, self._on))
        elif whole[0] == "<":
            whole = re.sub("(?=[_~#]|://)", r"\\", whole[1:-1])
        else:
            whole = f"`{whole.strip('`').strip().replace('`', TICK)}`"
            self._mark(_Mark("`", "`"), at, 1)
            self._mark(_Mark("`", "`"), at + len(whole) - 1, 1)
        return whole


def _match_end(pattern: re.Pattern[str], text: str, at: int) -> int:
    found = pattern.match(text, at)
    return found.end() if found else at
