"""What a language model wrote, so that Discord shows its harmless formatting and nothing else.

`render` gives a plain form in which every mark is closed on its line, a fence on a line of its own,
and every other character that Discord could act on is escaped; `split` cuts that form into pieces
which are each as sound as the whole. Both take time in proportion to the length.
"""

import re

from bot.ui.pieces import HTTP, TICK, split
from bot.ui.text import visible

__all__ = ["render", "split"]

_QUOTE = re.compile(r"(?: *>++(?: +|$))+")
_ITEM = re.compile(r"( *)(?:[-*+]|([0-9]+)\.) +(?=\S)")
_HEADING = re.compile(r"(?:#{1,6}|-#)(?: +|$)")
_RULE = re.compile(r" *([-*_])(?: *\1){2,} *")
_FENCE = re.compile(r"(.*?)(?<![\\`])(`{3,})([^`]*)")
_BEFORE_FENCE = re.compile(r"[ >]*(?:[-*+] *)?")
_LANGUAGE = re.compile(r"[A-Za-z0-9_+.#-]{1,20}")
_ADDRESS = HTTP + r"[^\s<>，。、；：！？（）「」『』【】“”]*"
_TOKEN = re.compile(
    r"\\(?P<escaped>[^0-9A-Za-z\s])|(?P<ticks>`+)|(?P<run>\*+|_+|~+)"
    rf"|!?\[(?P<label>[^\[\]]*)\]\(<?(?P<target>{HTTP}[^\s<>()]*(?:\([^\s<>()]*\)[^\s<>()]*)*)"
    rf">?(?:\)|$)|<(?P<link>{HTTP}[^\s<>]*)>|(?P<url>{_ADDRESS})"
    r"|(?P<char>[\\|<>@\[#]|:(?=//))"
)
_SPECIAL = re.compile(rf"[\\`*_~|<>@\[#]|!\[|:(?=//)|{HTTP}")
_CLOSES_URL = re.compile(r"\*|~~|_+(?!\w)")
_AFTER_URL = ".,:;!?\"'*_~)]}|`\\@#"
_IN_URL = {ord(c): f"%{ord(c):02X}" for c in "@*\\`|[]"}
_MARKS = {
    "*": ["*"],
    "**": ["**"],
    "***": ["**", "*"],
    "_": ["_"],
    "__": ["__"],
    "___": ["__", "_"],
    "~~": ["~~"],
}
_MAX_INDENT = 12


def render(text: str) -> str:
    """A model's text in Discord's markdown, without mention, mask or trick; perhaps empty.

    Bold, italics, underline, strikethrough, code, lists and quotations stay, headings become bold
    and links show where they lead. A text that was cut anywhere is shown as if it ended well.
    """
    page = _Page()
    rows = visible(text).rstrip().split("\n")
    at = 0
    while at < len(rows):
        fence = _FENCE.fullmatch(rows[at]) if "```" in rows[at] else None
        at += 1
        if fence and _opens(fence):
            code, at = _code_of(fence, rows, at)
            if not _BEFORE_FENCE.fullmatch(fence[1]):
                page.add(fence[1])
            page.add_code(fence[3].strip(), code)
        else:
            page.add(rows[at - 1], last=at == len(rows))
    return "\n".join(page.rows)


def _opens(fence: re.Match[str]) -> bool:
    """Whether these backticks begin a block: at the start, or with no more than a language."""
    before, info = fence[1], fence[3].strip()
    if _BEFORE_FENCE.fullmatch(before):
        return True
    return len(re.findall("`{3,}", before)) % 2 == 0 and (not info or _is_language(info))


def _is_language(info: str) -> bool:
    return _LANGUAGE.fullmatch(info) is not None


def _code_of(fence: re.Match[str], rows: list[str], at: int) -> tuple[list[str], int]:
    """The lines of a block that begins above row `at`, and the row after it."""
    before, ticks = fence[1], fence[2]
    quoted = ">" in before and _QUOTE.match(before) is not None
    indent = 0 if before.strip() else len(before)
    code: list[str] = []
    while at < len(rows):
        row = rows[at]
        if quoted:
            if not (quote := re.match(r" *> ?", row)):
                return code, at
            row = row[quote.end() :]
        row = row[min(indent, len(row) - len(row.lstrip(" "))) :]
        at += 1
        if row.rstrip().endswith(ticks):
            return [*code, row.rstrip().rstrip("`")], at
        code.append(row)
    if code and code[-1].strip() in ("`", "``"):  # half of the end has arrived
        code.pop()
    return code, at


class _Page:
    """The rows written so far, and the one being written with the marks that are on in it."""

    def __init__(self) -> None:
        self.rows: list[str] = []
        self._pause: str | None = None
        self._quoted = self._in_list = self._bold = False
        self._on: list[str] = []  # the writer's marks, in the order they were opened
        self._wanted: list[str] = []  # what they come to
        self._open: list[str] = []  # what the row has open
        self._kept = 0  # how many of those stay so
        self._parts: list[str] = []
        self._held = False  # whether marks wait for a blank to open at
        self._gap = ""  # blanks that were read and not yet written

    def add(self, row: str, *, last: bool = False) -> None:
        """A row outside of code; `last` when the text may have been cut in it."""
        row = row.replace("\t", "    ")
        quote = _QUOTE.match(row)
        quoted = quote is not None
        body = row[quote.end() :] if quote else row
        if not body.strip() or _RULE.fullmatch(body):
            if self._pause != "":
                self._pause = "> " if quoted and self._quoted else ""
            self._set([])
            return
        item = _ITEM.match(body)
        indent = min(len(body) - len(body.lstrip(" ")), _MAX_INDENT)
        body = body[item.end() :] if item else body.lstrip()
        heading = _HEADING.match(body)
        self._in_list = item is not None or (self._in_list and indent > 0)
        self._bold = heading is not None
        self._set([] if item or heading or quoted != self._quoted else self._on)
        self._inline(body[heading.end() :] if heading else body, last=last)
        written = "".join([*self._parts, *reversed(self._open)])
        self._parts, self._open, self._kept, self._gap, self._held = [], [], 0, "", False
        if heading:
            self._bold = False
            self._set([])
        prefix = "> " * quoted + " " * indent * self._in_list
        if item:
            prefix += f"{item[2]}. " if item[2] else "- "
        self._push(prefix + written if written else "", quoted=quoted)

    def add_code(self, info: str, code: list[str]) -> None:
        """A block of code; what stands beside the fence is its language or its first line."""
        language = info if _is_language(info) else ""
        text = "\n".join(code if language == info else [info, *code])
        text = re.sub(r"\A(?:[^\S\n]*\n)+", "", text).rstrip().replace("```", TICK * 3)
        self._set([])
        self._in_list = False
        self._push(f"```{language}\n{text}\n```" if text.strip() else "", quoted=False)

    def _push(self, row: str, *, quoted: bool) -> None:
        if not row:
            return
        if self._pause is not None and self.rows:
            self.rows.append(self._pause if quoted else "")
        self._pause, self._quoted = None, quoted
        self.rows.append(row)

    def _set(self, marks: list[str]) -> None:
        self._on = marks
        shown = ["*" if mark == "_" else mark for mark in marks]
        self._wanted = list(dict.fromkeys(["**", *shown] if self._bold else shown))
        self._kept = min(self._kept, _common(self._open, self._wanted))

    def _inline(self, row: str, *, last: bool = False) -> None:
        final_ticks = {len(found[0]): found.start() for found in re.finditer("`+", row)}
        at = 0
        while special := _SPECIAL.search(row, at):
            self._blanks_and_text(row[at : special.start()])
            at = special.start()
            token = _TOKEN.match(row, at)
            if token is None:  # the "!" of no picture, the "h" of no link
                self._put(row[at])
                at += 1
            elif token["ticks"]:
                at = self._code(row, token, final_ticks, last=last)
            elif token["run"]:
                at = token.end()
                self._run(
                    token["run"],
                    row[token.start() - 1 : token.start()],
                    row[at : at + 1],
                    last=last,
                )
            elif token["url"]:
                at += self._url(_end_of_url(token["url"], marked=bool(self._on)))
            else:
                at = token.end()
                self._whole(token)
        self._blanks_and_text(row[at:])

    def _whole(self, token: re.Match[str]) -> None:
        """What is taken as one: an escape, a character to be escaped, or a link of either kind."""
        if token["link"]:
            self._url(token["link"])
        elif token["target"]:
            if token["label"].strip() not in ("", token["target"]):
                self._inline(token["label"])
                self._blanks_and_text(" (")
                self._url(token["target"])
                self._put(")")
            else:
                self._url(token["target"])
        else:
            char = token["escaped"] or token["char"]
            self._put("\\" + char, clash=char if char == "~" else "")

    def _blanks_and_text(self, text: str) -> None:
        body = text.strip()
        if not body:
            self._gap += text
            return
        start = len(text) - len(text.lstrip())
        self._gap += text[:start]
        self._put(body)
        self._gap = text[start + len(body) :]

    def _url(self, url: str) -> int:
        """Write an address between angle brackets, where its end is plain; its length as read."""
        shown = url.translate(_IN_URL)
        self._put(f"<{shown}>", clash=shown)
        return len(url)

    def _code(
        self, row: str, token: re.Match[str], final_ticks: dict[int, int], *, last: bool
    ) -> int:
        """Write code in a line, from its backticks on; the place after it."""
        ticks, start = token["ticks"], token.end()
        before = row[token.start() - 1 : token.start()]
        end, after = start, start
        if final_ticks.get(len(ticks), -1) >= start:
            for found in re.compile("`+").finditer(row, start):
                if found[0] == ticks:
                    end, after = found.span()
                    break
        elif last and not _is_word(before):  # the text was cut inside
            end = after = len(row)
            if not row[start:].strip():
                return after
        code = row[start:end].strip()
        if not code:
            self._put("\\`" * len(ticks))
            return start
        code = code.replace("``", TICK * 2)
        if "`" in code:
            code = f"` {code} `"
        self._put(f"`{code}`", clash="*_~" if "\\" in code else code)
        return after

    def _run(self, run: str, before: str, after: str, *, last: bool) -> None:
        """Stars, underscores or tildes: they close, open or are meant as they are."""
        names = _MARKS.get(run, [])
        can_close = before != "" and not before.isspace()
        can_open = after != "" and not after.isspace()
        if run[0] == "_":
            can_close, can_open = (
                can_close and not _is_word(after),
                can_open and not _is_word(before),
            )
        elif run in ("*", "***"):
            can_open = can_open and not _is_word(before)
        closing = [name for name in names if can_close and name in self._on]
        opening = [name for name in names if can_open and name not in self._on]
        left = sum(map(len, names)) - sum(map(len, closing + opening)) if names else len(run)
        half = last and after == "" and (not can_close or any(run[0] in on for on in self._on))
        if left and not half:
            self._put(f"\\{run[0]}" * left, clash=run[0] if run[0] == "~" else "")
        self._set([name for name in self._on if name not in closing] + opening)

    def _put(self, shown: str, clash: str = "") -> None:
        """Write what shows in the marks that are on, save those whose character it holds."""
        wanted = self._wanted
        self._gap = self._gap if self._parts else ""
        if clash:
            wanted = [mark for mark in wanted if mark[0] not in clash]
        kept = min(self._kept, _common(self._open, wanted))
        closed, opened = "".join(reversed(self._open[kept:])), wanted[kept:]
        if closed and opened:  # Discord would take some marks together for others
            self._held = closed[-1] + opened[0][0] in ("**", "~_")
        if self._held and not self._gap:
            opened = []
        self._parts += [closed, self._gap, *opened, shown]
        self._open = self._open[:kept] + opened
        self._kept = len(self._open)
        self._held = self._held and not self._gap
        self._gap = ""


def _is_word(char: str) -> bool:
    """An ASCII letter or digit. (Other scripts may set marks inside of what `str` calls a word.)"""
    return char.isascii() and char.isalnum()


def _end_of_url(url: str, *, marked: bool) -> str:
    """An address in a text, without what belongs to the sentence or to the marks around it."""
    if marked and (mark := _CLOSES_URL.search(url)):
        url = url[: mark.start()]
    kept = url.rstrip(_AFTER_URL)
    rest = url[len(kept) :]
    wanting = kept.count("(") - kept.count(")")
    return kept + ")" * min(max(wanting, 0), len(rest) - len(rest.lstrip(")")))


def _common(one: list[str], other: list[str]) -> int:
    """With how many alike two lists begin."""
    count = min(len(one), len(other))
    while one[:count] != other[:count]:
        count -= 1
    return count
