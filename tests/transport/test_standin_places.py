"""The stand-in's places as they change under the bot: history, permissions, channels, guilds."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator

import discord
import pytest
import pytest_asyncio
from discord.http import Route

from tests.transport.actors import Actor
from tests.transport.listener import Listener, listening
from tests.transport.standin import StandIn
from tests.transport.world import Channel

pytestmark = pytest.mark.timeout(20)


@pytest_asyncio.fixture
async def discord_() -> AsyncIterator[StandIn]:
    async with StandIn() as stand_in:
        yield stand_in


@pytest_asyncio.fixture
async def bot(discord_: StandIn) -> AsyncIterator[Listener]:
    async with listening(discord_) as bot:
        yield bot


@pytest_asyncio.fixture
async def ada(discord_: StandIn) -> Actor:
    return await discord_.add_member("Ada")


async def may(discord_: StandIn, bot: Listener, channel: Channel) -> discord.Permissions:
    """What the bot believes that it may do there, once it has heard of all changes."""
    marker = await discord_.add_guild("Marker")
    await discord_.until(lambda: bot.get_guild(marker.id) is not None)
    place = bot.place(channel)
    return place.permissions_for(place.guild.me)


# History


async def test_history_is_read_page_by_page(discord_: StandIn, bot: Listener, ada: Actor) -> None:
    place = bot.place(ada.channel)
    sent = [await place.send(f"{number}") for number in range(120)]
    await bot.place(discord_.guild.channel("general")).send("Elsewhere")
    assert [m.content async for m in place.history(limit=3)] == ["119", "118", "117"]
    everything = [m.content async for m in place.history(limit=None)]
    assert everything == [f"{number}" for number in reversed(range(120))]
    after = [m.content async for m in place.history(after=sent[4], limit=3)]
    assert after == ["5", "6", "7"]
    before = [m.content async for m in place.history(before=sent[4], limit=3)]
    assert before == ["3", "2", "1"]
    around = [m.content async for m in place.history(around=sent[50], limit=5)]
    assert sorted(around) == ["48", "49", "50", "51", "52"]
    at_the_edge = [m.content async for m in place.history(around=sent[0], limit=5)]
    assert sorted(at_the_edge) == ["0", "1", "2"]
    await sent[119].delete()
    assert [m.content async for m in place.history(limit=1)] == ["118"]
    assert [m.id async for m in place.history(before=sent[0])] == []


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=many", "before=then"])
async def test_a_history_that_cannot_be_is_refused(
    discord_: StandIn, bot: Listener, query: str
) -> None:
    path = f"/channels/{discord_.guild.channels[0].id}/messages?{query}"
    with pytest.raises(discord.HTTPException) as refused:
        await bot.http.request(Route("GET", path))
    assert (refused.value.status, refused.value.code) == (400, 50035)


async def test_others_words_are_not_in_the_history(
    discord_: StandIn, bot: Listener, ada: Actor
) -> None:
    await ada.say("a secret")
    await ada.mention_bot("hello")
    await bot.place(ada.channel).send("Mine")
    texts = [m.content async for m in bot.place(ada.channel).history()]
    assert texts == ["Mine", f"<@{discord_.application_id}> hello", ""]
    await ada.in_dms().say("in private")
    dm = await (await bot.fetch_user(ada.id)).create_dm()
    assert [m.content async for m in dm.history()] == ["in private"]


# Permissions


async def test_what_is_denied_shows_and_is_refused(
    discord_: StandIn, bot: Listener, ada: Actor
) -> None:
    place = bot.place(ada.channel)
    sent = await place.send("Hello")
    await discord_.permit(ada.channel, send=False)
    seen = await may(discord_, bot, ada.channel)
    assert (seen.view_channel, seen.send_messages, seen.read_message_history) == (True, False, True)
    with pytest.raises(discord.Forbidden) as refused:
        await place.send("Hello")
    assert refused.value.code == 50013
    await sent.edit(content="Still mine")
    await discord_.permit(ada.channel, send=None)
    assert ada.channel.overwrites == {}
    assert (await may(discord_, bot, ada.channel)).send_messages
    await place.send("Hello again")


async def test_history_that_may_not_be_read_is_empty(
    discord_: StandIn, bot: Listener, ada: Actor
) -> None:
    place = bot.place(ada.channel)
    sent = await place.send("Hello")
    await discord_.permit(ada.channel, history=False)
    assert not (await may(discord_, bot, ada.channel)).read_message_history
    assert [m.id async for m in place.history()] == []
    with pytest.raises(discord.Forbidden) as refused:
        await place.fetch_message(sent.id)
    assert refused.value.code == 50013
    with pytest.raises(discord.Forbidden) as refused:
        await sent.reply("And more")
    assert refused.value.code == 160002
    await place.send("This may be said")


async def test_a_hidden_channel_is_out_of_reach(
    discord_: StandIn, bot: Listener, ada: Actor
) -> None:
    place = bot.place(ada.channel)
    sent = await place.send("Hello")
    await discord_.until(lambda: len(bot.heard) == 1)
    await discord_.permit(ada.channel, view=False)
    seen = await may(discord_, bot, ada.channel)
    assert not seen.view_channel
    assert not seen.send_messages
    for asked in (
        place.send("Hello"),
        sent.edit(content="Bye"),
        sent.fetch(),
        anext(place.history()),
        bot.fetch_channel(place.id),
    ):
        with pytest.raises(discord.Forbidden) as refused:
            await asked
        assert refused.value.code == 50001
    await ada.mention_bot("are you there?")
    await discord_.permit(ada.channel, view=True)
    await ada.mention_bot("and now?")
    await discord_.until(lambda: len(bot.heard) == 2)
    assert bot.heard[1].content.endswith("and now?")


async def test_overwrites_are_there_from_the_start_and_in_interactions(
    discord_: StandIn, ada: Actor
) -> None:
    await discord_.permit(ada.channel, send=False)
    async with listening(discord_) as bot:
        place = bot.place(ada.channel)
        assert not place.permissions_for(place.guild.me).send_messages
        assert (
            bot.place(discord_.guild.channel("general"))
            .permissions_for(place.guild.me)
            .send_messages
        )


async def test_administrators_are_above_overwrites() -> None:
    administrator = discord.Permissions(administrator=True).value
    async with StandIn(bot_permissions=administrator) as stand_in, listening(stand_in) as bot:
        channel = stand_in.guild.channels[0]
        await stand_in.permit(channel, view=False, send=False)
        assert (await may(stand_in, bot, channel)).send_messages
        await bot.place(channel).send("Hello")


# Channels and guilds that go


async def test_a_deleted_channel_is_unknown(discord_: StandIn, bot: Listener, ada: Actor) -> None:
    place = bot.place(ada.channel)
    sent = await place.send("Hello")
    await discord_.delete_channel(ada.channel)
    await discord_.until(lambda: bot.get_channel(place.id) is None)
    for asked in (place.send("Hello"), sent.edit(content="Bye"), sent.fetch()):
        with pytest.raises(discord.NotFound) as unknown:
            await asked
        assert unknown.value.code == 10003
    assert discord_.messages_in(ada.channel) == []
    assert [channel.name for channel in discord_.guild.channels] == ["general"]
    await bot.place(discord_.guild.channel("general")).send("Here")


async def test_a_guild_throws_the_bot_out_and_takes_it_back(
    discord_: StandIn, bot: Listener
) -> None:
    other = await discord_.add_guild("Neighbours")
    await discord_.until(lambda: bot.get_guild(other.id) is not None)
    place = bot.place(other.channels[0])
    await place.send("Hello")
    await discord_.throw_out(other)
    await discord_.until(lambda: bot.get_guild(other.id) is None)
    with pytest.raises(discord.Forbidden) as refused:
        await place.send("Hello")
    assert refused.value.code == 50001
    with pytest.raises(discord.NotFound) as unknown:
        await bot.fetch_guild(other.id)
    assert unknown.value.code == 10004
    async with listening(discord_, sessions=2) as another:
        assert [guild.id for guild in another.guilds] == [discord_.guild.id]
    await discord_.invite_back(other)
    await discord_.until(lambda: bot.get_guild(other.id) is not None)
    await place.send("Back again")
    assert len(discord_.messages_in(other.channels[0])) == 2


# Many guilds


async def test_ten_thousand_guilds_are_there_in_seconds(discord_: StandIn) -> None:
    began = time.perf_counter()
    guilds = await discord_.add_guilds(10_000, name="Server {}", channel="daily")
    assert time.perf_counter() - began < 5
    assert (guilds[0].name, guilds[-1].name) == ("Server 1", "Server 10000")
    assert len({channel.id for guild in guilds for channel in guild.channels}) == 10_000
    on_first = sum((guild.id >> 22) % 2 == 0 for guild in guilds)
    assert 4_800 < on_first < 5_200, "shards share them"


async def test_the_bot_hears_of_many_guilds(discord_: StandIn) -> None:
    early = await discord_.add_guilds(150)
    async with listening(discord_) as bot, asyncio.timeout(10):
        assert len(bot.guilds) == 151
        late = await discord_.add_guilds(150, name="Late {}")
        await discord_.until(lambda: len(bot.guilds) == 301)
        for guild in (early[0], early[-1], late[0], late[-1]):
            await bot.place(guild.channels[0]).send("Hello")
            assert len(discord_.messages_in(guild.channels[0])) == 1


async def test_what_happens_while_the_bot_connects_is_heard(discord_: StandIn, ada: Actor) -> None:
    await discord_.add_guilds(2_000)
    async with listening(discord_) as bot:
        async with asyncio.TaskGroup() as both:
            connecting = both.create_task(connect_another(discord_))
            await discord_.until(lambda: len(discord_.gateway.sessions) == 2)
            await ada.mention_bot("hello")
            await bot.place(ada.channel).send("Others are served meanwhile")
        assert len(connecting.result()) == 2


async def connect_another(discord_: StandIn) -> list[str]:
    """Another client; gives what it has heard by the time that it is ready."""
    async with listening(discord_, sessions=2) as other:
        return other.texts
