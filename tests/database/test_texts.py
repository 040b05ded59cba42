"""What a member writes is stored to the letter, and shown so that it can do no harm."""

import itertools
import re
from collections.abc import AsyncGenerator, Awaitable, Callable

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from simcord import InteractionResult, MemberActor

from bot.rules.texts import MAX_TEXT, firstname_for
from bot.ui.text import ELLIPSIS, MAX_CHOICE, choice_name, cut, escape, is_cut, line, quote
from db.pool import Pool
from tests.behaviour.town import Town, open_town, text_of

Write = Callable[[Town, MemberActor, str, str], Awaitable[InteractionResult]]

EVERYTHING = """# A heading
-# small  ## another
- a list
+ another
1. a number
> a quote
>>> a long one
**bold** *italic* __under__ _line_ ~~gone~~ ||hidden|| `code` ***all***
```py
print("a fence")
```
@everyone @here <@1> <@!1> <@&1> <#1> </help:1> <id:customize> <t:0:R> <:kind:123456789012345678>
[a masked link](https://evil.example/x "title") <https://evil.example> https://evil.example :smile:
zero\u200bwidth\u200c and\u200d joiners\u2060 \ufeffmark \u00adsoft
\u202eright to left\u202c \u2067isolate\u2069 \u200fשלום\u200e مرحبا \u061c
line\u2028separator\u2029paragraph\x0bfeed\x85next
👩\u200d👩\u200d👧 🏳️\u200d🌈 🇨🇦 1️⃣ 🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f
e\u0301\u0302\u0303\u0304\u0305 Z\u0351\u036b
'; DROP TABLE userdata; -- "double" 'single' $1 %s {name} {day} \\ \\\\ \\* \\@everyone \\
tab\tand  two spaces, then the end of a line \r\nand another\r"""
HOSTILE = ((EVERYTHING + "\n") * 9)[: MAX_TEXT - 9] + " the end."
EVIL_NAME = "\u202e**@everyone** <@&1> [x](y)"

MARKDOWN = r"\*_~`|>#[]()<:@"
# As Discord does it: a backslash hides what follows, unless that is a letter, a digit or a space.
ESCAPED = re.compile(r"\\([^0-9A-Za-z\s])")
BIDI = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
LISTS = re.compile(r"^(> )?\s*([-+]|\d+\.)", re.MULTILINE)

hostile = st.text(
    st.one_of(
        st.sampled_from(
            list(MARKDOWN + "-+.)1 \n\r\t\"'\u2028\u200b\u202e\x00\ud83d&/!e👍🏽\u0301")
        ),
        st.characters(),
    ),
    max_size=60,
)


@pytest.fixture
async def town(pool: Pool) -> AsyncGenerator[Town]:
    """A fresh town on a fresh database."""
    async with open_town(pool) as opened:
        yield opened


def _live(shown: str) -> str:
    """What of a shown text Discord would still read as markdown, mention or link."""
    rest = "\n".join(ESCAPED.sub("·", shown).splitlines())
    return "".join(c for c in rest if c in MARKDOWN) + "".join(LISTS.findall(rest) and ["list"])


def _said(shown: str) -> str:
    """What a member sees of an escaped text."""
    return ESCAPED.sub(r"\1", shown)


def _quoted(shown: InteractionResult) -> str:
    """The first words that an answer quotes: the member's own."""
    rows = itertools.dropwhile(lambda row: not row.startswith("> "), text_of(shown).split("\n"))
    quoted = itertools.takewhile(lambda row: row.startswith("> "), rows)
    return "\n".join(row.removeprefix("> ") for row in quoted)


def _assert_harmless(shown: InteractionResult) -> None:
    quoted = _quoted(shown)
    assert 500 < len(quoted) <= 1000
    assert quoted.endswith(ELLIPSIS)
    assert _live(quoted.removesuffix(ELLIPSIS)) == ""
    assert not BIDI.search(text_of(shown))
    assert not re.search(r"(?<!\\)@(everyone|here)", text_of(shown))


def _assert_no_ping(town: Town) -> None:
    """Every body that the bot sent says that it mentions nobody, and can be sent at all."""
    found = [entry.json for entry in town.env.http_requests if "callback" in entry.path]
    bodies = [body for body in found if body is not None]
    assert bodies
    for body in bodies:
        orjson.dumps(body)
        if body["type"] in (4, 7):
            assert body["data"]["allowed_mentions"]["parse"] == []


async def _send_reflection(town: Town, who: MemberActor, kind: str, text: str) -> InteractionResult:
    """By the form behind the button of a day done."""
    done = await town.slash(who, f"{kind} done")
    return await town.fill(who, done, "Add a reflection", reflection=text)


async def _done_with(town: Town, who: MemberActor, kind: str, text: str) -> InteractionResult:
    """By the option of the command that completes the day."""
    return await town.slash(who, f"{kind} done", reflection=text)


WAYS = pytest.mark.parametrize("write", [_done_with, _send_reflection])


# What a member sees and what the rows hold.


@WAYS
@pytest.mark.parametrize("kind", ["challenge", "quest"])
async def test_a_hostile_reflection(town: Town, write: Write, kind: str) -> None:
    """Kept to the letter in the log and in KAI's turn; harmless on the card; whole on request."""
    if kind == "challenge":
        await town.join(town.ann, "Discover the Power of Kindness")
    else:
        await town.start(town.ann, "Small Surprises")
    assert len(HOSTILE) == MAX_TEXT
    shown = await write(town, town.ann, kind, HOSTILE)

    assert await town.value(f"SELECT reflection FROM {kind}_logs") == HOSTILE
    turns = "SELECT message FROM kai_interactions WHERE context_type LIKE '%reflection'"
    assert await town.rows(turns) == [(HOSTILE,)]
    _assert_harmless(shown)

    whole = await town.press(town.ann, shown, "Read all I wrote")
    assert whole.response is not None
    assert whole.response.ephemeral
    [file] = whole.response.attachments
    assert (await file.read()).decode() == HOSTILE
    _assert_no_ping(town)


@WAYS
@pytest.mark.parametrize(("bad", "length"), [("NUL\x00", MAX_TEXT), ("half a \ud83d smile", 30)])
async def test_what_cannot_be_kept_is_handed_back(
    town: Town, write: Write, bad: str, length: int
) -> None:
    """A sentence says why, the words come back whole, and no row has changed."""
    await town.join(town.ann, "Discover the Power of Kindness")
    text = (bad + " in kind words" * 300)[:length]
    shown = await write(town, town.ann, "challenge", text)

    assert "invisible character that cannot be stored" in text_of(shown)
    assert shown.response is not None
    assert shown.response.ephemeral
    back = text.translate({0: "\ufffd", 0xD83D: "\ufffd"})
    if length == MAX_TEXT:
        [file] = shown.response.attachments
        assert (await file.read()).decode() == back
    else:
        assert back in text_of(shown)
    _assert_no_ping(town)
    assert await town.value("SELECT count(*) FROM challenge_logs WHERE reflection <> ''") == 0
    assert await town.value("SELECT count(*) FROM kai_interactions WHERE message <> ''") == 0
    done = await town.value("SELECT count(*) FROM discord.completions")
    assert done == (write is _send_reflection), "a refused option completes nothing"


async def test_a_hostile_question(town: Town) -> None:
    """KAI's turn has it to the letter; the card quotes it without harm."""
    question = HOSTILE[:2000]
    shown = await town.slash(town.ann, "kai ask", message=question)
    assert await town.rows("SELECT message FROM kai_interactions") == [(question,)]
    assert _quoted(shown)
    assert _live(_quoted(shown)) == ""
    _assert_no_ping(town)


async def test_a_hostile_display_name(town: Town) -> None:
    """It reaches the database as a plain first name, and KAI says it without harm."""
    guest = town.guild.add_member(town.env.create_user(EVIL_NAME))
    answers = [await town.slash(guest, "kai ask", message=f"Hello {n}") for n in range(12)]
    assert await town.value("SELECT firstname FROM userdata") == firstname_for(EVIL_NAME)
    said = "\n".join(map(text_of, answers))
    assert "@everyone" in said, "one of them says the name"
    assert not re.search(r"(?<!\\)(@everyone|<@&)", said)
    assert not BIDI.search(said)


# What text.py promises, for any text at all.


@given(hostile)
@example(EVERYTHING)
@example("1. one")
@example("a\u2028- b")
def test_an_escaped_text_is_inert(text: str) -> None:
    """Nothing is left that Discord would act on, and nothing that hides or turns the text."""
    shown = escape(text)
    assert _live(shown) == ""
    assert not BIDI.search(shown)
    assert "\x00" not in shown
    shown.encode()


@given(hostile)
@example("1. one")
@example("- \\ - 2) 3.")
def test_an_escaped_text_shows_what_was_written(text: str) -> None:
    """The member sees the same marks, none lost and no stray backslash."""

    def marks(written: str) -> list[str]:
        return [c for c in written if c.isascii() and not c.isspace() and c.isprintable()]

    assert marks(_said(escape(text))) == marks(text)


@given(st.text("\n\t" + "".join(map(chr, range(32, 127)))))
def test_words_stay_apart(text: str) -> None:
    """Blanks, tabs and line ends part the words of an escaped text as before."""
    assert _said(escape(text)).split() == text.split()


@given(hostile, st.integers(1, 30))
@example("\\" * 9, 4)
def test_a_cut_text_keeps_its_limit_and_its_escapes(text: str, limit: int) -> None:
    """Never longer, never ending inside an escape, and cutting twice changes nothing."""
    escaped = escape(text)
    shown = cut(escaped, limit)
    assert len(shown) <= limit
    assert cut(shown, limit) == shown
    assert _live(shown.removesuffix(ELLIPSIS)) == "", "no backslash is left alone at the end"
    if len(escaped) <= limit:
        assert shown == escaped
    else:
        assert shown.endswith(ELLIPSIS)
        assert escaped.startswith(shown.removesuffix(ELLIPSIS))


@given(hostile, st.integers(1, 30))
def test_a_quotation_is_a_quotation_on_every_row(text: str, limit: int) -> None:
    """Each row begins as one, and the words in it, however they break, are inert and cut."""
    shown = quote(text, limit)
    rows = shown.split("\n")
    assert all(row.startswith("> ") for row in rows)
    assert all(_live(row.removeprefix("> ")) == "" for row in rows)
    assert len("\n".join(row.removeprefix("> ") for row in rows)) <= limit
    assert is_cut(text, limit) == (
        shown != "\n".join(f"> {row}" for row in escape(text).split("\n"))
    )


@given(hostile, st.integers(1, 30))
def test_a_line_is_one_line(text: str, limit: int) -> None:
    """No break in it, inert, and within its limit."""
    shown = line(text, limit)
    assert len(shown) <= limit
    assert len(shown.splitlines()) <= 1
    assert _live(shown) == ""


@given(st.text(max_size=150), st.integers(1, 2**31 - 1), st.booleans())
@example("", 1, False)
@example("\u200b\u202e", 1, True)
@example("x" * 101, 2**31 - 1, True)
def test_a_choice_has_a_name_that_discord_takes(name: str, row_id: int, ambiguous: bool) -> None:
    """1 to 100 characters, one line, none that turns it around; its id where names are alike."""
    shown = choice_name(name, row_id, ambiguous=ambiguous)
    assert 1 <= len(shown) <= MAX_CHOICE
    assert len(shown.splitlines()) == 1
    assert shown == shown.strip()
    assert not BIDI.search(shown)
    assert shown.endswith(f" (#{row_id})") or not ambiguous


@given(st.one_of(st.text(), hostile, st.text("abcXYZ", min_size=16)))
@example("A" * 16)
@example("\u200b")
@example("\u202e\u2066")
@example("\u3164")
@example("\x00")
def test_a_first_name_passes_for_one(display_name: str) -> None:
    """Storable and visible, and never what the website's purge takes for spam (16 letters)."""
    name = firstname_for(display_name)
    assert 1 <= len(name) <= 15
    assert not re.fullmatch("[A-Za-z]{16,}", name)
    assert not BIDI.search(name)
    assert escape(name)
    name.encode()
    assert "\x00" not in name
    assert firstname_for(name) == name
