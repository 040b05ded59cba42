"""The stand-in's messages, proved with a small client: what a bot hears, and whom it pings."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import discord
import pytest
import pytest_asyncio
from discord import ui

from tests.transport.actors import Actor
from tests.transport.listener import Listener, listening
from tests.transport.standin import StandIn, addressed_to
from tests.transport.tiny_bot import TinyBot
from tests.transport.world import Json

pytestmark = pytest.mark.timeout(10)

NOBODY = discord.AllowedMentions.none()


@pytest_asyncio.fixture
async def discord_() -> AsyncIterator[StandIn]:
    async with StandIn() as stand_in:
        yield stand_in


@pytest_asyncio.fixture
async def ada(discord_: StandIn) -> Actor:
    return await discord_.add_member("Ada")


@pytest_asyncio.fixture
async def bot(discord_: StandIn) -> AsyncIterator[Listener]:
    async with listening(discord_) as bot:
        yield bot


async def test_a_mention_is_heard_with_its_words(
    discord_: StandIn, bot: Listener, ada: Actor
) -> None:
    said = await ada.mention_bot("hello")
    await discord_.until(lambda: len(bot.heard) == 1)
    (heard,) = bot.heard
    assert bot.user is not None
    assert heard.content == said["content"] == f"{bot.user.mention} hello"
    assert bot.user.mentioned_in(heard)
    assert not heard.mention_everyone
    assert (heard.author.id, heard.author.display_name) == (ada.id, "Ada")
    assert isinstance(heard.author, discord.Member)
    assert heard.guild is not None
    assert heard.guild.id == discord_.guild.id
    assert heard.channel.id == ada.channel.id
    assert heard.type is discord.MessageType.default


async def test_what_does_not_mention_the_bot_is_heard_without_its_words(
    discord_: StandIn, bot: Listener, ada: Actor
) -> None:
    grace = await discord_.add_member("Grace")
    said = await ada.say("look here", mentions=[grace])
    assert said["content"] == f"<@{grace.id}> look here"
    await discord_.until(lambda: len(bot.heard) == 1)
    (heard,) = bot.heard
    assert heard.content == ""
    (named,) = heard.mentions
    assert isinstance(named, discord.Member)
    assert named.id == grace.id
    fetched = await bot.place(ada.channel).fetch_message(heard.id)
    assert fetched.content == "", "the intent counts for what is fetched, too"


async def test_the_message_content_intent_lets_all_be_read() -> None:
    intents = discord.Intents(guilds=True, guild_messages=True, message_content=True)
    async with StandIn(privileged_intents=True) as stand_in, listening(stand_in, intents) as bot:
        ada = await stand_in.add_member("Ada")
        await ada.say("anybody?")
        await stand_in.until(lambda: bot.texts == ["anybody?"])


async def test_everyone_is_mentioned(discord_: StandIn, bot: Listener, ada: Actor) -> None:
    said = await ada.say("@everyone, good morning")
    await discord_.until(lambda: len(bot.heard) == 1)
    assert bot.heard[0].mention_everyone
    assert bot.texts == [""]
    assert said["pinged"] == ["everyone"]


async def test_direct_messages_are_read(discord_: StandIn, bot: Listener, ada: Actor) -> None:
    await ada.in_dms().say("hello")
    await discord_.until(lambda: bot.texts == ["hello"])
    assert isinstance(bot.heard[0].channel, discord.DMChannel)
    assert isinstance(bot.heard[0].author, discord.User)


@pytest.mark.parametrize(
    ("intents", "texts"),
    [
        (discord.Intents(guilds=True), []),
        (discord.Intents(guilds=True, guild_messages=True), ["<@{me}> in a guild"]),
        (discord.Intents(guilds=True, dm_messages=True), ["in DMs"]),
    ],
)
async def test_only_what_was_asked_for_is_heard(
    discord_: StandIn, ada: Actor, intents: discord.Intents, texts: list[str]
) -> None:
    async with listening(discord_, intents) as bot:
        await ada.mention_bot("in a guild")
        await ada.in_dms().say("in DMs")
        other = await discord_.add_guild("Neighbours")  # is told after the messages
        await discord_.until(lambda: bot.get_guild(other.id) is not None)
        assert bot.texts == [text.format(me=discord_.application_id) for text in texts]


async def test_a_reply_to_the_bot_mentions_it_unless_told_not_to(
    discord_: StandIn, bot: Listener, ada: Actor
) -> None:
    await bot.place(ada.channel).send("How was it?")
    (asked,) = discord_.messages_in(ada.channel)
    loud = await ada.say("good", reply_to=asked)
    await ada.say("quiet", reply_to=asked, ping=False)
    await discord_.until(lambda: len(bot.heard) == 3)
    own, first, second = bot.heard
    assert bot.user is not None
    assert own.author == bot.user
    assert (first.content, bot.user.mentioned_in(first)) == ("good", True)
    assert (second.content, bot.user.mentioned_in(second)) == ("", False)
    for reply in (first, second):
        assert reply.type is discord.MessageType.reply
        assert reply.reference is not None
        assert reply.reference.message_id == own.id
        assert isinstance(reply.reference.resolved, discord.Message)
        assert reply.reference.resolved.content == "How was it?"
    assert loud["pinged"] == [discord_.application_id]


async def test_what_a_mention_replies_to_stays_unread(
    discord_: StandIn, bot: Listener, ada: Actor
) -> None:
    grace = await discord_.add_member("Grace")
    said = await grace.say("a secret")
    await ada.mention_bot("what do you think?", reply_to=said)
    await discord_.until(lambda: len(bot.heard) == 2)
    reference = bot.heard[1].reference
    assert reference is not None
    assert isinstance(reference.resolved, discord.Message)
    assert (reference.resolved.author.id, reference.resolved.content) == (grace.id, "")
    assert said["content"] == "a secret"


async def test_the_bot_hears_itself(discord_: StandIn, bot: Listener, ada: Actor) -> None:
    sent = await bot.place(ada.channel).send("One")
    await sent.edit(content="Two")
    await discord_.until(lambda: len(bot.edits) == 1)
    assert bot.texts == ["One"]
    assert (bot.edits[0].message_id, bot.edits[0].message.content) == (sent.id, "Two")
    user = await bot.fetch_user(ada.id)
    await user.send("Psst")
    await discord_.until(lambda: bot.texts == ["One", "Psst"])


async def test_answers_to_interactions_are_heard_too(discord_: StandIn, ada: Actor) -> None:
    """A deferral, its end, but nothing that only one person sees."""
    with addressed_to(discord_):
        async with TinyBot(discord_.guild.id) as tiny:
            running = asyncio.create_task(tiny.start(discord_.token))
            await discord_.connected(running)
            async with listening(discord_, sessions=2) as bot:
                await (await ada.slash("act think")).answered()
                await (await ada.slash("act muse")).answered()
                await discord_.until(lambda: len(bot.edits) == 1)
                assert [(m.content, m.flags.loading) for m in bot.heard] == [("", True)]
                assert bot.edits[0].message.content == "mused"
        await running


async def test_the_bots_messages_are_told_from_others(
    discord_: StandIn, bot: Listener, ada: Actor
) -> None:
    said = await ada.say("hello")
    sent = await bot.place(ada.channel).send("Hello to you")
    (own,) = discord_.messages_in(ada.channel)
    assert own["id"] == str(sent.id)
    assert discord_.conversation_in(ada.channel) == [said, own]


async def test_the_bot_replies(discord_: StandIn, bot: Listener, ada: Actor) -> None:
    said = await ada.mention_bot("hello")
    await discord_.until(lambda: len(bot.heard) == 1)
    await bot.heard[0].reply("Hello")
    await bot.heard[0].reply("Hush", mention_author=False)
    loud, quiet = discord_.messages_in(ada.channel)
    assert (loud["pinged"], quiet["pinged"]) == ([ada.id], [])
    assert [user["id"] for user in loud["mentions"]] == [str(ada.id)]
    for reply in (loud, quiet):
        assert reply["type"] == 19
        assert reply["message_reference"]["message_id"] == said["id"]
        assert reply["referenced_message"]["content"] == said["content"]


async def test_a_reply_to_nothing_is_refused_or_becomes_a_message(
    discord_: StandIn, bot: Listener, ada: Actor
) -> None:
    place = bot.place(ada.channel)
    gone = await place.send("Soon gone")
    await gone.delete()
    with pytest.raises(discord.HTTPException, match="Unknown message") as refused:
        await gone.reply("Where is it?")
    assert (refused.value.status, refused.value.code) == (400, 50035)
    await place.send("Anyway", reference=gone.to_reference(fail_if_not_exists=False))
    (sent,) = discord_.messages_in(ada.channel)
    assert sent["type"] == 0
    assert "message_reference" not in sent


ALL = "<@1> <@!2> <@&3> @here"
FIRST = discord.AllowedMentions(everyone=False, roles=False, users=[discord.Object(1)])


@pytest.mark.parametrize(
    ("allowed", "pinged"),
    [
        (None, [1, 2, 3, "everyone"]),
        (NOBODY, []),
        (FIRST, [1]),
        (discord.AllowedMentions(everyone=False, users=False), [3]),
        (discord.AllowedMentions(roles=False, users=False), ["everyone"]),
    ],
)
async def test_only_who_is_allowed_to_be_is_pinged(
    discord_: StandIn,
    bot: Listener,
    ada: Actor,
    allowed: discord.AllowedMentions | None,
    pinged: list[int | str],
) -> None:
    given: dict[str, Any] = {} if allowed is None else {"allowed_mentions": allowed}
    card = ui.LayoutView().add_item(ui.Container[Any](ui.TextDisplay(ALL)))
    await bot.place(ada.channel).send(ALL, **given)
    await bot.place(ada.channel).send(view=card, **given)
    card.stop()
    embed = discord.Embed(description=ALL)
    await bot.place(ada.channel).send(embed=embed, **given)
    found = [message["pinged"] for message in discord_.messages_in(ada.channel)]
    assert found == [pinged, pinged, []], "an embed pings nobody"


async def test_an_edit_pings_nobody(discord_: StandIn, bot: Listener, ada: Actor) -> None:
    sent = await bot.place(ada.channel).send("One moment")
    await sent.edit(content=f"Hello <@{ada.id}>")
    (message,) = discord_.messages_in(ada.channel)
    assert message["pinged"] == []
    assert [user["id"] for user in message["mentions"]] == [str(ada.id)]


async def test_closed_dms_are_refused(discord_: StandIn, bot: Listener, ada: Actor) -> None:
    discord_.close_dms(ada)
    user = await bot.fetch_user(ada.id)
    with pytest.raises(discord.Forbidden) as refused:
        await user.send("Hello")
    assert refused.value.code == 50007
    assert discord_.messages_in(ada.in_dms().channel) == []


async def test_a_readonly_channel_is_refused(discord_: StandIn, bot: Listener, ada: Actor) -> None:
    ada.channel.readonly = True
    place = bot.place(ada.channel)
    with pytest.raises(discord.Forbidden) as refused:
        await place.send("Hello")
    assert refused.value.code == 50013
    with pytest.raises(discord.Forbidden):
        await place.typing()
    await ada.mention_bot("can you speak here?")
    await discord_.until(lambda: len(bot.heard) == 1)
    await bot.place(discord_.guild.channel("general")).send("Here I can")


async def test_others_messages_are_not_the_bots_to_change(
    discord_: StandIn, bot: Listener, ada: Actor
) -> None:
    said = await ada.mention_bot("hello")
    message = bot.place(ada.channel).get_partial_message(int(said["id"]))
    with pytest.raises(discord.Forbidden) as refused:
        await message.edit(content="goodbye")
    assert refused.value.code == 50005
    with pytest.raises(discord.Forbidden) as refused:
        await message.delete()
    assert refused.value.code == 50013
    assert discord_.conversation_in(ada.channel) == [said]


async def test_a_message_is_delivered_twice(discord_: StandIn, bot: Listener, ada: Actor) -> None:
    said = await ada.mention_bot("hello")
    await discord_.deliver_message_twice(said)
    await discord_.until(lambda: len(bot.heard) == 2)
    assert {message.id for message in bot.heard} == {int(said["id"])}
    assert len(discord_.conversation_in(ada.channel)) == 1


async def test_what_was_missed_is_heard_after_resume(
    discord_: StandIn, bot: Listener, ada: Actor
) -> None:
    await discord_.drop()
    await ada.mention_bot("still there?")
    await discord_.until(lambda: len(bot.heard) == 1)
    assert (discord_.gateway.identifies, discord_.gateway.resumes) == (1, 1)


async def test_each_shard_hears_its_own_guilds_and_the_first_hears_dms() -> None:
    async with StandIn(shards=2) as stand_in, listening(stand_in, sessions=2) as bot:
        ada = await stand_in.add_member("Ada")
        await ada.mention_bot("hello")
        await ada.in_dms().say("and here")
        await stand_in.until(lambda: len(bot.heard) == 2)
        hearers = [
            [session.shard[0] for session in stand_in.gateway.hearers(guild_id)]
            for guild_id in (stand_in.guild.id, None)
        ]
        assert hearers == [[(stand_in.guild.id >> 22) % 2], [0]]


async def test_what_the_client_would_not_send_is_not_said(
    discord_: StandIn, bot: Listener, ada: Actor
) -> None:
    said: Json = await ada.say("x" * 2000)
    for text in ("", "x" * 2001):
        with pytest.raises(ValueError, match="characters"):
            await ada.say(text)
    with pytest.raises(ValueError, match="cannot reply"):
        await ada.in_dms().say("to that", reply_to=said)
    discord_.remove_member(ada)
    with pytest.raises(ValueError, match="not in Get Kinder"):
        await ada.say("I have left")
