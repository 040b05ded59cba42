"""A model's words on a card: formatting stays, whatever pings, hides or breaks out does not.

What Discord makes of them is read here by its own rules, as its client's parser has them: the first
rule that fits at a place counts, and of bold, italics and underline the one that reaches furthest.
"""

import re
from collections.abc import Iterator

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from bot.ui.markdown import render, split

# A character as it is shown, and in which formats.
Shown = tuple[str, frozenset[str]]

MARKS = {
    "italics": re.compile(
        r"\b_((?:__|\\[\s\S]|[^\\_])+?)_\b"
        r"|\*(?=\S)((?:\*\*|\\[\s\S]|\s+(?:\\[\s\S]|[^\s*\\]|\*\*)|[^\s*\\])+?)\*(?!\*)"
    ),
    "bold": re.compile(r"\*\*((?:\\[\s\S]|[^\\])+?)\*\*(?!\*)"),
    "underline": re.compile(r"__((?:\\[\s\S]|[^\\])+?)__(?!_)"),
}
STRIKE = re.compile(r"~~([\s\S]+?)~~(?!_)")
SPOILER = re.compile(r"\|\|([\s\S]+?)\|\|")
ESCAPE = re.compile(r"\\([^0-9A-Za-z\s])")
LINK = re.compile(r"<([^: >]+:/[^ >]+)>")
BARE_LINK = re.compile(r"(?:https?|steam)://[^\s<]+[^<.,:;\"'\]\s]")
CODE = re.compile(r"(`+)([\s\S]*?[^`])\1(?!`)")
BLOCK = re.compile(r"(```(?:[A-Za-z0-9_+.#-]+?\n)?\n*[^\n][\s\S]*?\n*```)")
PLAIN = frozenset[str]()


def as_discord(text: str) -> list[Shown]:
    """Every character that a member sees, blanks left out, with its formats."""
    shown: list[Shown] = []
    for at, part in enumerate(BLOCK.split(text)):
        if at % 2:
            code = re.sub(r"\A[A-Za-z0-9_+.#-]+\n", "", part[3:-3])
            shown += [(char, frozenset({"block"})) for char in code]
            continue
        for row in re.findall(r"(?:^> .*\n?)+|(?:^(?!> ).*\n?)+", part, re.MULTILINE):
            formats = frozenset({"quote"}) if row.startswith("> ") else PLAIN
            shown += _inline(re.sub("^> ", "", row, flags=re.MULTILINE), formats)
    return [(char, formats) for char, formats in shown if not char.isspace()]


def _inline(text: str, formats: frozenset[str]) -> Iterator[Shown]:
    while text:
        marked = [(kind, m) for kind, mark in MARKS.items() if (m := mark.match(text))]
        if found := ESCAPE.match(text):
            yield found[1], formats | {"escaped"}
        elif found := LINK.match(text) or BARE_LINK.match(text):
            yield from ((char, formats | {"link"}) for char in found[found.lastindex or 0])
        elif marked:
            kind, found = max(marked, key=lambda each: len(each[1][0]))
            yield from _inline(found[found.lastindex or 1], formats | {kind})
        elif found := CODE.match(text):
            yield from ((char, formats | {"code"}) for char in found[2].strip())
        elif found := STRIKE.match(text):
            yield from _inline(found[1], formats | {"strike"})
        elif found := SPOILER.match(text):
            yield from _inline(found[1], formats | {"spoiler"})
        else:
            found = re.match(r"[\s\S]", text)
            assert found
            yield text[0], formats
        text = text[found.end() :]


BELOW = "\n**What** *stands* ~~below~~ `it`"
BELOW_SHOWN = as_discord(BELOW)
HIDDEN = re.compile("[\u00ad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
HEADING = re.compile(r"^[ >]*(?:(?:-|[0-9]+\.) )?(?:#{1,3}|-#) ", re.MULTILINE)


def assert_sound(text: str) -> None:
    """No mark is left over, nothing pings, and nothing hides: as it is, and with a card below."""
    for below in ("", BELOW):
        shown = as_discord(text + below)
        live = [char for char, on in shown if not on & {"escaped", "link", "code", "block"}]
        assert not set(live) & set("\\*_~`|<>@[#"), "".join(live)
        assert not any("spoiler" in on for _char, on in shown)
        links = "".join(char for char, on in shown if "link" in on)
        assert not set(links) & set("@<>|\\`[]*")
    assert shown[-len(BELOW_SHOWN) :] == BELOW_SHOWN
    outside = "".join(
        " " if on & {"code", "block"} else char
        for char, on in as_discord(text)
        if "escaped" not in on
    )
    assert not re.search(r"@(everyone|here)|<[@#/:at]", outside)
    assert not HEADING.search(BLOCK.sub("", text))
    assert not HIDDEN.search(text)
    assert not CONTROL.search(text)
    assert "\n\n\n" not in BLOCK.sub("block", text)
    text.encode()


PIECES = [
    *"*_~`|>#[]()<:@\\!-+.1 \n\t/&é字👍",
    *("**", "***", "__", "___", "~~", "||", "```", "``", "````", "\n\n", "> ", ">>> ", "- ", "1. "),
    *(
        "\n# ",
        "\n## ",
        "\n-# ",
        "\n* ",
        "\n  - ",
        "\n> ",
        "\n```py\n",
        "\n```\n",
        "\n---\n",
        "> ```",
    ),
    *("@everyone", "@here", "<@1>", "<@!1>", "<@&1>", "<#1>", "</help me:1>", "<id:browse>"),
    *(
        "<t:0:R>",
        "<:a:1>",
        "<a:b:1>",
        "https://a.b/c_d_e",
        "<https://a.b/~~x>",
        "https://a.b/@here",
    ),
    *("[x](https://e.f)", "![x](https://e.f/g_(h))", "](https://e.f)", "https://", "steam://x"),
    *("\u200b", "\u202e", "\x00", "\ud83d", "\r\n", "\u2028", "e\u0301\u0302\u0303\u0304\u0305"),
    *("kind", "words", "and", "deeds"),
]
written = st.lists(st.one_of(st.sampled_from(PIECES), st.characters()), max_size=30).map("".join)


@st.composite
def worded(draw: st.DrawFn) -> str:
    """A text with words in it that can be told apart, and are the name of no language."""
    parts = draw(st.lists(st.sampled_from(PIECES), max_size=60))
    return "".join(f"{part}déed{n}d" if n % 2 else part for n, part in enumerate(parts))


def words(text: str) -> list[str]:
    """The words that can be told apart."""
    return re.findall(r"déed\d+d", text)


@given(written)
@example("**a***b* ~~a~~__b__ ***a** b* ***a* b** *a _b_ c*")
@example("`a `` b` ``a`b`` `` ` `` **a `**` b** ~~a~b~~ `\\`")
@example("**https://a.b/c** *https://a.b/c*d* (https://a.b/(c)) https://a.b<c https://a.b.*")
def test_what_is_rendered_is_sound(text: str) -> None:
    """Whatever a model writes: all marks are closed, all else is as harmless as a letter."""
    assert_sound(render(text))


@given(written)
def test_rendering_twice_changes_nothing(text: str) -> None:
    """What is plain already stays so."""
    once = render(text)
    assert render(once) == once


@given(written)
def test_a_text_that_streams_is_sound_at_every_moment(text: str) -> None:
    """A text is shown while it arrives: whatever has arrived is balanced and harmless."""
    for length in range(len(text)):
        assert_sound(render(text[:length]))


@given(worded())
def test_every_word_is_shown(text: str) -> None:
    """Marks may go, words do not, and they stand in their order."""
    assert words(render(text)) == words(text)


@given(worded(), st.integers(100, 160))
def test_every_piece_is_sound(text: str, limit: int) -> None:
    """Short enough, never empty, and each of them as balanced and harmless as the whole."""
    pieces = split(render(text), limit)
    for piece in pieces:
        assert 0 < len(piece.strip()) <= len(piece) <= limit
        assert_sound(piece)


@given(st.lists(worded(), max_size=6), st.integers(100, 300))
def test_pieces_show_what_the_whole_shows(texts: list[str], limit: int) -> None:
    """Character by character, each in the same formats."""
    whole = render("\n".join(texts))
    assume(not re.search(r"<[^>\s]{59}", whole))
    seen = [shown for piece in split(whole, limit) for shown in as_discord(piece)]
    assert [_as_seen(each) for each in seen] == list(map(_as_seen, as_discord(whole)))


def _as_seen(shown: Shown) -> Shown:
    """A dash that comes to begin a line is escaped, backticks in a cut code are replaced."""
    return shown[0].replace("\u02cb", "`"), shown[1] - {"escaped"}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("**b** *i* _i_ __u__ ~~s~~ `c` ***both***", "**b** *i* *i* __u__ ~~s~~ `c` ***both***"),
        ("- one\n* two\n  more\n  + three\n10. ten", "- one\n- two\n  more\n  - three\n10. ten"),
        ("> a\n>\n>> **b\n> c\nd", "> a\n> \n> **b**\n> **c**\nd"),
        (">>> all", "> all"),
        ("# A **day**\n### B\n-# c\n#kind", "**A day**\n**B**\n**c**\n\\#kind"),
        ("a\n\n\n \nb\n\n---\n\nc", "a\n\nb\n\nc"),
        ("snake_case 2*3*4 5 * 6 ~5", "snake\\_case 2\\*3\\*4 5 \\* 6 \\~5"),
        ("@everyone <@1> <@&2> <#3>", "\\@everyone \\<\\@1\\> \\<\\@&2\\> \\<\\#3\\>"),
        ("</ask:1> <:a:1> <t:0:R> ||x||", "\\</ask:1\\> \\<:a:1\\> \\<t:0:R\\> \\|\\|x\\|\\|"),
        ("[**my** site](https://a.b/c_(d))", "**my** site (<https://a.b/c_(d)>)"),
        ("[https://a.b](https://a.b)", "<https://a.b>"),
        ("[discord.com](https://evil.example", "discord.com (<https://evil.example>)"),
        ("(see **https://a.b/c_d**).", "(see **<https://a.b/c_d>**)."),
        ("https://discord.com@evil.example/@here", "<https://discord.com%40evil.example/%40here>"),
        ("访问https://a.b/c，**粗体**字", "访问<https://a.b/c>，**粗体**字"),
        ("steam://run", "steam\\://run"),
        ("`@here *a* \u202eb`", "`@here *a* b`"),
        ("``a`b`` `a``b`", "`` a`b `` `a\u02cb\u02cbb`"),
        ("**a `**` b**", "**a** `**` **b**"),
        ("Look: ```py\n<@1> **x**\n\n\ny```\nz", "Look:\n```py\n<@1> **x**\n\n\ny\n```\nz"),
        ("1. a\n   ```\n   b\n     c\n   ```", "1. a\n```\nb\n  c\n```"),
        ("> ```\n> b\nc", "```\nb\n```\nc"),
        (
            "````md\n```py\nx\n```\n````",
            "```md\n" + "\u02cb" * 3 + "py\nx\n" + "\u02cb" * 3 + "\n```",
        ),
    ],
)
def test_what_stays_and_what_is_made_harmless(text: str, shown: str) -> None:
    """Formatting, one example a kind; then all that would act, mislead or break out."""
    assert render(text) == shown
    assert_sound(shown)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Be **ki", "Be **ki**"),
        ("Be **kind*", "Be **kind**"),
        ("Be **", "Be"),
        ("Be `ki", "Be `ki`"),
        ("Be `", "Be"),
        ("Be ~~not\n\n**kind", "Be ~~not~~\n\n**kind**"),
        ("So:\n```p", "So:"),
        ("So:\n```py\nbe()\n``", "So:\n```py\nbe()\n```"),
        ("So:\n#", "So:"),
        ("So:\n>", "So:"),
        ("", ""),
    ],
)
def test_a_text_that_was_cut_looks_finished(text: str, shown: str) -> None:
    """What is open is closed, and half a mark is not shown."""
    assert render(text) == shown


DAY = "A day of kindness. "


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("", []),
        ("x" * 100, ["x" * 100]),
        (f"{DAY * 3}\n\n{DAY}\n\n{DAY * 2}", [f"{DAY * 3}\n\n{DAY}", DAY * 2]),
        (f"{DAY * 3}\n- {DAY}\n- {DAY * 2}", [f"{DAY * 3}\n- {DAY}", f"- {DAY * 2}"]),
        (f"{DAY * 6}", [DAY * 4, DAY * 2]),
        (f"**{'kind ' * 20}**", [f"**{'kind ' * 17}kind**", "**kind kind**"]),
        (f"> {'kind ' * 20}", [f"> {'kind ' * 18}", "> kind kind"]),
        (f"`{'kind ' * 20}`", [f"`{'kind ' * 18}`", "`kind kind`"]),
        ("w" * 150, ["w" * 92, "w" * 58]),
        ("|" * 99, ["\\|" * 46, "\\|" * 46, "\\|" * 7]),
        (f"{'kind ' * 18}2024. and more", [f"{'kind ' * 18}", "2024\\. and more"]),
        (f"{'kind ' * 16}<https://a.b/cdefghijkl>", ["kind " * 16, "<https://a.b/cdefghijkl>"]),
        (f"{'kind ' * 18}\n```py\na\nb\n```", ["kind " * 18, "```py\na\nb\n```"]),
        (
            "```py\n" + "be_kind()\n" * 12 + "```",
            [
                "```py\n" + "be_kind()\n" * 8 + "```",
                "```py\n" + "be_kind()\n" * 4 + "```",
            ],
        ),
    ],
)
def test_where_a_text_is_cut(text: str, pieces: list[str]) -> None:
    """Between paragraphs, lines, sentences, words, and only at last inside one."""
    found = split(render(text), 100)
    assert found == [re.sub(r" +(?=\**`*$|\n)", "", piece) for piece in pieces]


def test_an_address_too_long_for_a_piece_is_text() -> None:
    """Half of it would lead elsewhere."""
    first, second = split(render("https://a.b/" + "c_d" * 40), 100)
    assert first.startswith("https\\://a.b/c\\_d")
    assert "<" not in first + second
    with pytest.raises(ValueError, match="100"):
        split("kind", 99)
