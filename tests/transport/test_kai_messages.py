"""Talking to KAI by messages: what it answers and what it leaves alone, who reads the answer, and
what becomes of it when Discord is in trouble. Nobody is pinged and no other member's rows change
(`talking` looks).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from itertools import pairwise
from typing import Any

import pytest

from bot.actions.budget import Budget
from bot.kai.companion import Kai
from bot.kai.model import open_voice
from bot.kai.offline import phrases
from bot.kai.safety import RESOURCES
from bot.ui.notices import FIRST_USE
from db.pool import Pool
from tests.models.script import Call, Calls, Hang, Item, Say
from tests.models.stub import ModelStub
from tests.transport.conversation import LIMITS, WITHIN, Talk, talking
from tests.transport.feed import GUILD_MESSAGES_INTENT
from tests.transport.heard import Log
from tests.transport.kindness import Days, running_bot
from tests.transport.messages import text_of, walk
from tests.transport.people import Json
from tests.transport.standin import StandIn
from tests.transport.wire import HANGS_UP, Fault
from tests.transport.world import Channel

ANSWER = "Begin with one small smile today. Who will see it first?"
SAYING = r"/channels/\d+/messages$"
EDITING = r"/channels/\d+/messages/\d+$"
TYPING = "/typing$"
CHALLENGE = "Discover the Power of Kindness"
QUEST = "Small Surprises"
CRISIS = "I want to kill myself tonight"
HELPLINE = "findahelpline"
READ_IT = "Read it privately"


@pytest.fixture
async def talk(
    log: Log, discord_: StandIn, catalogue: Pool, stub: ModelStub, days: Days
) -> AsyncGenerator[Talk]:
    """A conversation in which nothing is logged as a fault."""
    async with talking(discord_, catalogue, stub, days) as talk:
        yield talk
    log.assert_calm()


async def replies(talk: Talk, room: Channel | None = None, count: int = 1) -> list[Json]:
    """What the bot has said in a room (Ann's), once it is so much and the last of it is whole."""
    place = room or talk.ann.channel

    def is_whole() -> bool:
        said = talk.discord.messages_in(place)
        return len(said) >= count and not text_of(said[-1]).endswith(" …")

    await talk.discord.until(is_whole, WITHIN, f"{count} messages in {place.name}")
    said = talk.discord.messages_in(place)
    assert len(said) == count
    return said


async def assert_nothing_more(talk: Talk, answers: int = 0, turns: int = 0) -> None:
    """What came before brought no more than so many answers in Ann's room, and so many turns.

    An empty mention comes after all of it, and its answer is the last.
    """
    await talk.ann.mention_bot("")
    said = await replies(talk, count=answers + 1)
    assert "I'm listening" in text_of(said[-1])
    assert await talk.turns() == turns
    assert len(talk.stub.requests) == turns


def labels(message: Json) -> list[str]:
    """The captions of a message's buttons."""
    return [part["label"] for part in walk(message["components"]) if part["type"] == 2]


def answered(message: Json) -> str | None:
    """The id of the message that this one answers."""
    return message.get("message_reference", {}).get("message_id")


async def write(talk: Talk, text: str, room: Channel) -> None:
    """Ann writes more than most may: 4,000 characters with Nitro."""
    stage = talk.ann.stage
    stage.messages.write(talk.ann.user, room, text, None, ping=True)
    await stage.gateway.flush()


async def deliver(talk: Talk, **changed: Any) -> None:
    """Let the bot hear of a message that mentions it, as if no member wrote it."""
    stage, guild = talk.ann.stage, talk.discord.guild
    me = stage.world.me
    written = stage.messages.blank(talk.ann.channel, author=talk.ann.user) | {
        "guild_id": str(guild.id),
        "content": f"{me.mention} hello",
        "mentions": [me.payload()],
    }
    event = written | changed
    await stage.gateway.dispatch("MESSAGE_CREATE", event, guild.id, GUILD_MESSAGES_INTENT)


# What is answered


async def test_a_mention(talk: Talk) -> None:
    ben = talk.ben.user.mention
    talk.stub.queue(Say(f"{ANSWER} Ask {ben} and @everyone."))
    me = talk.ann.stage.world.me
    asked = await talk.ann.say(f"{me.mention} how do I begin, with {ben}?", mentions=[talk.ben])
    (reply,) = await replies(talk)
    assert answered(reply) == asked["id"]
    assert reply["pinged"] == []
    assert ANSWER in text_of(reply)
    assert labels(reply) == []
    assert await talk.turn() == {
        "context_type": "chat",
        "context_id": None,
        "message": f"how do I begin, with {ben}?",
        "assistant_response": f"{ANSWER} Ask {ben} and @everyone.",
        "function_called": None,
    }
    assert await talk.turns() == 1
    assert len(talk.discord.requests_to("POST", TYPING)) == 1


async def test_a_reply_that_pings_goes_on(talk: Talk) -> None:
    talk.stub.queue(Say(ANSWER), Say("Then the next one."), Say("Welcome!"))
    await talk.ann.mention_bot("How do I begin?")
    (reply,) = await replies(talk)
    again = await talk.ann.say("And then?", reply_to=reply)
    second = (await replies(talk, count=2))[-1]
    assert answered(second) == again["id"]
    assert (await talk.turn())["message"] == "And then?"
    assert "How do I begin?" not in talk.stub.requests[-1].user, "others read this answer, too"

    cleo = await talk.discord.add_member("Cleo")
    await cleo.say("May I?", reply_to=reply)
    await replies(talk, count=3)
    assert (await talk.turn(cleo))["message"] == "May I?", "whoever writes is the one answered"


async def test_a_direct_message(talk: Talk) -> None:
    talk.stub.queue(Say(ANSWER), Say("Then the next one."))
    there = talk.ann.in_dms()
    asked = await there.say("How do I begin?")
    (reply,) = await replies(talk, there.channel)
    assert ANSWER in text_of(reply)
    assert answered(reply) == asked["id"]
    assert reply["pinged"] == []
    assert (await talk.turn())["message"] == "How do I begin?"
    await assert_nothing_more(talk, turns=1)
    assert await replies(talk, there.channel) == [reply], "its own message was left alone"
    await there.say("And then?")
    await replies(talk, there.channel, count=2)
    assert "How do I begin?" in talk.stub.requests[-1].user, "the earlier turn is known"


async def test_an_empty_mention(talk: Talk) -> None:
    asked = await talk.ann.mention_bot("")
    (reply,) = await replies(talk)
    assert answered(reply) == asked["id"]
    assert "I'm listening" in text_of(reply)
    assert await talk.turns() == 0
    assert talk.stub.requests == []


async def test_delivered_twice_it_is_answered_once(talk: Talk) -> None:
    talk.stub.queue(Hang(0.5, Say(ANSWER)))
    asked = await talk.ann.mention_bot("How do I begin?")
    await talk.discord.deliver_message_twice(asked)
    await replies(talk)
    await talk.discord.deliver_message_twice(asked)
    await assert_nothing_more(talk, answers=1, turns=1)


async def refusal(talk: Talk) -> Json:
    """Why Ann's message was not taken, which she alone reads: the channel has a neutral line."""
    (line,) = await replies(talk)
    assert "I have written to you privately" in text_of(line)
    (refused,) = talk.discord.messages_in(talk.ann.in_dms().channel)
    assert await talk.turns() == 0
    assert talk.stub.requests == []
    return refused


def assert_handed_back(message: Json, words: str) -> None:
    """The words are in the message as they were, or in its file."""
    assert f"is {len(words):,} characters long; 2,000 fit" in text_of(message)
    files = [(file["filename"], file["size"]) for file in message["attachments"]]
    assert files == [("your-words.txt", len(words))] or words in text_of(message)


@pytest.mark.parametrize("length", [2001, 4000])
async def test_a_message_that_is_too_long_is_not_lost(talk: Talk, length: int) -> None:
    mention = talk.ann.stage.world.me.mention
    words = "x" * min(length, 4000 - len(mention) - 1)
    await write(talk, f"{mention} {words}", talk.ann.channel)
    assert_handed_back(await refusal(talk), words)


@pytest.mark.parametrize("length", [2001, 4000])
async def test_nor_is_a_direct_one(talk: Talk, length: int) -> None:
    there = talk.ann.in_dms().channel
    await write(talk, "x" * length, there)
    (refused,) = await replies(talk, there)
    assert_handed_back(refused, "x" * length)
    assert await talk.turns() == 0


async def suspend_ann(talk: Talk) -> None:
    """The website has suspended Ann."""
    await talk.pool.execute("ALTER TABLE userdata ADD IF NOT EXISTS is_suspended BOOLEAN")
    await talk.pool.execute("UPDATE userdata SET is_suspended = true WHERE firstname = 'Ann'")


async def test_a_suspended_member(talk: Talk) -> None:
    await suspend_ann(talk)
    await talk.ann.mention_bot("How do I begin?")
    assert "paused at the moment" in text_of(await refusal(talk))


async def test_a_suspended_member_who_takes_no_direct_messages(talk: Talk) -> None:
    await suspend_ann(talk)
    talk.discord.close_dms(talk.ann)
    await talk.ann.mention_bot("How do I begin?")
    (line,) = await replies(talk)
    assert "/kai ask" in text_of(line)
    assert "paused" not in everything_in(talk.ann.channel, talk.discord)


async def test_what_kai_keeps_is_said_at_the_first_use_and_never_again(talk: Talk) -> None:
    cleo = await talk.discord.add_member("Cleo")
    await cleo.mention_bot("How do I begin?")
    (first,) = await replies(talk)
    assert FIRST_USE in text_of(first)
    welcomed = "SELECT welcomed_at FROM discord.accounts WHERE discord_id = $1"
    async with asyncio.timeout(5):
        while await talk.pool.fetchval(welcomed, cleo.id) is None:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    await cleo.mention_bot("And then?")
    second = (await replies(talk, count=2))[-1]
    assert FIRST_USE not in text_of(second)


# What is left alone


async def _plain(talk: Talk) -> None:
    await talk.ann.say("good morning")


async def _everyone(talk: Talk) -> None:
    await talk.ann.say("@everyone and @here, good morning")


async def _somebody_else(talk: Talk) -> None:
    await talk.ann.say("good morning", mentions=[talk.ben])


async def _another_bot(talk: Talk) -> None:
    robot = await talk.discord.add_member("Robot", bot=True)
    await robot.mention_bot("beep")
    await robot.in_dms().say("beep")


async def _a_webhook(talk: Talk) -> None:
    author = {"id": "77", "username": "Deploys", "discriminator": "0000", "avatar": None}
    await deliver(talk, author=author | {"bot": True}, webhook_id="77")
    await deliver(talk, author=author, webhook_id="77")


async def _a_system_message(talk: Talk) -> None:
    await deliver(talk, type=6)  # Ann pinned something
    await deliver(talk, type=7)  # Ann joined


async def _a_server_that_the_bot_does_not_know(talk: Talk) -> None:
    await deliver(talk, guild_id="99", channel_id="98", content="", mentions=[])


LEFT_ALONE = [
    *(_plain, _everyone, _somebody_else, _another_bot, _a_webhook, _a_system_message),
    _a_server_that_the_bot_does_not_know,
]


@pytest.mark.parametrize("happens", LEFT_ALONE)
async def test_what_is_left_alone(talk: Talk, happens: Callable[[Talk], Awaitable[None]]) -> None:
    await happens(talk)
    await assert_nothing_more(talk)
    assert talk.discord.requests_to("POST", TYPING) == []
    assert len(talk.discord.requests_to("POST", SAYING)) == 1


async def test_a_reply_that_does_not_ping_is_left_alone(talk: Talk) -> None:
    talk.stub.queue(Say(ANSWER))
    await talk.ann.mention_bot("How do I begin?")
    (reply,) = await replies(talk)
    await talk.ann.say("And then?", reply_to=reply, ping=False)
    await assert_nothing_more(talk, answers=1, turns=1)


# Long answers


async def test_an_answer_grows_at_most_once_a_second(talk: Talk) -> None:
    words = " ".join(f"word{n}" for n in range(60))
    talk.stub.queue(Say(words, pieces=60, pause=0.06))
    await talk.ann.mention_bot("Tell me a story")
    (reply,) = await replies(talk)
    assert words in text_of(reply)
    assert len(talk.discord.requests_to("POST", SAYING)) == 1
    shown = talk.discord.requests_to("POST", SAYING) + talk.discord.requests_to("PATCH", EDITING)
    assert 3 <= len(shown) <= 5, "once a second for three and a half seconds, and the end"
    so_far = [request.time.timestamp() for request in shown[:-1]]
    assert all(later - sooner >= 1 for sooner, later in pairwise(so_far))
    assert all("word59" not in str(request.body) for request in shown[:-1])
    assert await talk.turns() == 1


def long_answer() -> str:
    """Nearly 6,000 characters with code in them, that no three messages' ends can avoid."""
    prose = " ".join(f"Sentence number {n} is about kindness." for n in range(36))
    code = "\n".join(f"print('a kind line, number {n:03}')" for n in range(100))
    return f"{prose}\n\n```python\n{code}\n```\n\n{prose[:1000]}"


async def test_a_long_answer_comes_in_several_messages(talk: Talk) -> None:
    text = long_answer()
    assert 5500 < len(text) <= 6000
    talk.stub.queue(Call("suggest_next", {}), Say(text, pieces=30, pause=0.1))
    asked = await talk.ann.mention_bot("Tell me everything")
    said = await replies(talk, count=3)
    assert [answered(message) for message in said] == [asked["id"]] * 3
    assert [bool(labels(message)) for message in said] == [False, False, True]
    assert all(label.startswith("Look at ") for label in labels(said[-1]))
    for message in said:
        assert text_of(message).count("```") % 2 == 0
    shown = "\n".join(text_of(message) for message in said)
    assert [f"number {n:03}" in shown for n in range(100)] == [True] * 100
    assert shown.count("```python") >= 2, "the code goes on as code"
    assert (await talk.turn())["assistant_response"] == text.strip()
    assert await talk.turns() == 1


# Buttons


async def test_an_offer_concerns_whoever_presses_it(talk: Talk) -> None:
    talk.stub.queue(Call("generate_mystery_quest", {"quest_type": QUEST}), Say("Shall we?"))
    await talk.ann.mention_bot("Surprise me")
    (reply,) = await replies(talk)
    assert labels(reply) == [f"Start {QUEST}"]
    cleo = await talk.discord.add_member("Cleo")
    started = await talk.press(reply, f"Start {QUEST}", who=cleo)
    assert started.is_ephemeral
    on_quest = (
        "SELECT a.discord_id FROM user_quests q JOIN discord.accounts a USING (user_id) ORDER BY 1"
    )
    assert [row[0] for row in await talk.pool.fetch(on_quest)] == [cleo.id]
    started = await talk.press(reply, f"Start {QUEST}")
    assert started.is_ephemeral
    assert [row[0] for row in await talk.pool.fetch(on_quest)] == [talk.ann.id, cleo.id]
    assert await replies(talk) == [reply]


async def test_a_day_is_not_done_by_somebody_else(talk: Talk) -> None:
    await talk.join(talk.ann, "challenge", CHALLENGE)
    talk.stub.queue(Call("complete_day", {"kind": "challenge", "item": CHALLENGE}), Say("Lovely!"))
    await talk.ann.mention_bot("I did it")
    (reply,) = await replies(talk)
    before = await talk.effects_of(talk.ann)
    refused = await talk.press(reply, f"I did it: {CHALLENGE}", who=talk.ben)
    assert refused.is_ephemeral
    assert "not on" in refused.text
    assert await talk.effects_of(talk.ann) == before
    await talk.press(reply, f"I did it: {CHALLENGE}")
    assert await talk.pool.fetchval("SELECT count(*) FROM discord.completions") == 1


# Danger


def everything_in(room: Channel, discord_: StandIn) -> str:
    """All that was ever sent to a room, whatever became of it."""
    requests = [r for r in discord_.requests if f"/channels/{room.id}/" in r.path]
    return str([request.body for request in requests])


RAISED: dict[str, list[Item]] = {
    "seen before the model": [],
    "seen by the model": [
        Calls([Call("raise_concern", {"concern": "crisis"})], text="I am so sorry to hear that. ")
    ],
}


@pytest.mark.parametrize("script", RAISED.values(), ids=RAISED)
async def test_danger_in_a_channel(talk: Talk, script: list[Item]) -> None:
    talk.stub.queue(*script)
    words = "Everything is so grey and far away since spring" if script else CRISIS
    asked = await talk.ann.mention_bot(words)
    (line,) = await replies(talk)
    assert answered(line) == asked["id"]
    assert "I have written to you privately" in text_of(line)
    assert labels(line) == []
    (told,) = talk.discord.messages_in(talk.ann.in_dms().channel)
    assert RESOURCES in text_of(told)
    assert HELPLINE not in everything_in(talk.ann.channel, talk.discord)
    assert (await talk.turn())["assistant_response"] == RESOURCES
    assert await talk.turns() == 1
    assert len(talk.stub.requests) == len(script)


async def test_danger_where_direct_messages_are_closed(talk: Talk) -> None:
    talk.discord.close_dms(talk.ann)
    await talk.ann.mention_bot(CRISIS)
    (line,) = await replies(talk)
    assert "to you alone" in text_of(line)
    assert labels(line) == [READ_IT]
    for who in (talk.ann, talk.ben):
        read = await talk.press(line, READ_IT, who=who)
        assert read.is_ephemeral
        assert HELPLINE in read.text
    assert await replies(talk) == [line]
    assert HELPLINE not in everything_in(talk.ann.channel, talk.discord)
    assert await talk.turns() == 1
    assert talk.stub.requests == []


async def test_danger_when_a_direct_message_cannot_be_opened_for_now(talk: Talk) -> None:
    talk.discord.fail_next("POST", "/users/@me/channels", status=500, times=9)
    started = time.monotonic()
    await talk.ann.mention_bot(CRISIS)
    (line,) = await replies(talk)
    assert labels(line) == [READ_IT]
    assert time.monotonic() - started < 10


async def test_danger_in_a_direct_message(talk: Talk) -> None:
    there = talk.ann.in_dms()
    await there.say(CRISIS)
    (told,) = await replies(talk, there.channel)
    assert RESOURCES in text_of(told)
    assert (await talk.turn())["assistant_response"] == RESOURCES
    assert talk.stub.requests == []


# Trouble


async def test_a_channel_in_which_the_bot_may_not_write(talk: Talk, log: Log) -> None:
    talk.ann.channel.readonly = True
    await talk.ann.mention_bot("How do I begin?")
    await talk.discord.until(lambda: log.count("a message could not be answered") == 1)
    assert talk.discord.messages_in(talk.ann.channel) == []
    assert await talk.turns() == 0
    assert talk.stub.requests == [], "nobody would read the answer"


async def test_a_message_that_is_deleted_before_its_answer(talk: Talk) -> None:
    talk.stub.queue(Hang(0.5, Say(ANSWER)))
    asked = await talk.ann.mention_bot("How do I begin?")
    talk.ann.stage.messages.remove(asked)
    (reply,) = await replies(talk)
    assert ANSWER in text_of(reply)
    assert answered(reply) is None


def fails(talk: Talk, what: str, status: int, *, times: int = 1, done: bool = False) -> Fault:
    """Discord is in trouble; `done` when it did what was asked and its answer was lost."""
    method = "PATCH" if what == EDITING else "POST"
    return talk.discord.fail_next(method, what, status=status, times=times, done_first=done)


async def whole_or_logged(talk: Talk, log: Log, words: str) -> bool:
    """Wait until the answer is there or the log says that it is not; whether it is there."""

    def is_there() -> bool:
        return any(words in text_of(m) for m in talk.discord.messages_in(talk.ann.channel))

    def is_logged() -> bool:
        return log.count("a message could not be answered") > 0

    await talk.discord.until(lambda: is_there() or is_logged(), WITHIN + 5, "an outcome")
    assert await talk.turns() == 1
    return is_there()


@pytest.mark.parametrize("done", [False, True], ids=["", "done"])
@pytest.mark.parametrize("status", [500, 503, HANGS_UP])
async def test_trouble_while_sending_the_reply(
    talk: Talk, log: Log, status: int, *, done: bool
) -> None:
    talk.stub.queue(Say(ANSWER))
    fault = fails(talk, SAYING, status, done=done)
    await talk.ann.mention_bot("How do I begin?")
    is_there = await whole_or_logged(talk, log, ANSWER)
    assert fault.hits == 1
    assert is_there or (status != 500 and not done)
    assert len(talk.discord.messages_in(talk.ann.channel)) == is_there


@pytest.mark.parametrize("status", [429, 500, 503, HANGS_UP])
async def test_an_answer_does_not_wait_for_the_typing_to_be_shown(talk: Talk, status: int) -> None:
    talk.stub.queue(Say(ANSWER))
    talk.discord.fail_next("POST", TYPING, status=status, times=9, retry_after=30)
    started = time.monotonic()
    await talk.ann.mention_bot("How do I begin?")
    (reply,) = await replies(talk)
    assert ANSWER in text_of(reply)
    assert time.monotonic() - started < 5


STORY = " ".join(f"word{n}" for n in range(60))
TOLD_SLOWLY = Say(STORY, pieces=40, pause=0.06)
"""Two and a half seconds: the first words are shown after one, an edit after two."""


@pytest.mark.parametrize("done", [False, True], ids=["", "done"])
@pytest.mark.parametrize("what", [SAYING, EDITING], ids=["first words", "edit"])
@pytest.mark.parametrize("status", [500, 503, HANGS_UP])
async def test_trouble_while_an_answer_grows(
    talk: Talk, log: Log, status: int, what: str, *, done: bool
) -> None:
    talk.stub.queue(TOLD_SLOWLY)
    fault = fails(talk, what, status, done=done)
    await talk.ann.mention_bot("Tell me a story")
    assert await whole_or_logged(talk, log, STORY), "the end of it met no trouble"
    assert fault.hits == 1
    assert len(talk.discord.messages_in(talk.ann.channel)) == 1


async def test_first_words_that_come_too_late_are_still_replaced_by_the_answer(
    talk: Talk, log: Log
) -> None:
    """Discord took them and does not say so in time: they must not stay instead of the answer."""
    talk.stub.queue(TOLD_SLOWLY)
    fault = fails(talk, SAYING, 500, times=2, done=True)
    await talk.ann.mention_bot("Tell me a story")
    assert await whole_or_logged(talk, log, STORY)
    assert fault.hits == 2
    assert len(talk.discord.messages_in(talk.ann.channel)) == 1


@pytest.mark.parametrize("status", [503, HANGS_UP])
async def test_trouble_to_the_end_is_logged(talk: Talk, log: Log, status: int) -> None:
    talk.stub.queue(TOLD_SLOWLY)
    fails(talk, EDITING, status, times=99)
    await talk.ann.mention_bot("Tell me a story")
    assert not await whole_or_logged(talk, log, STORY)


async def test_each_part_of_a_long_answer_comes_once(talk: Talk, log: Log) -> None:
    """Discord takes the first part twice, and shows it once."""
    talk.stub.queue(Say(long_answer()))
    fault = fails(talk, SAYING, 500, done=True)
    await talk.ann.mention_bot("Tell me everything")
    said = await replies(talk, count=3)
    assert fault.hits == 1
    assert "Sentence number 0 " in text_of(said[0])
    assert "number 099" in text_of(said[2])
    assert await talk.turns() == 1


# Stopping


@pytest.mark.parametrize(
    "item", [Hang(60), Say(STORY, pieces=60, pause=1)], ids=["silent", "speaking"]
)
async def test_a_bot_that_stops_has_answered(
    discord_: StandIn, catalogue: Pool, stub: ModelStub, days: Days, log: Log, item: Item
) -> None:
    voice = open_voice("openai:test-model", base_url=stub.openai_url, api_key=stub.key)
    kai = Kai(voice, Budget(catalogue, "openai", LIMITS, days))
    stub.queue(item)
    async with running_bot(discord_, catalogue, companion=kai, clock=days) as bot:
        ann = await discord_.add_member("Ann")
        await ann.mention_bot("Are you there?")
        await stub.until(lambda: bool(stub.requests))
        await asyncio.sleep(0 if isinstance(item, Hang) else 2.5)
        started = time.monotonic()
        kai.hush()
        await bot.finish(5)
        assert time.monotonic() - started < 5
        (reply,) = discord_.messages_in(ann.channel)
        response = await catalogue.fetchval("SELECT assistant_response FROM kai_interactions")
        assert response.split("\n\n")[0] in [p.format(name="Ann") for p in phrases()["away"]]
        assert response.split("\n\n")[1][:20] in text_of(reply)
        assert not text_of(reply).endswith(" …")
    await voice.close()
    log.assert_calm()
