"""The stand-in is proved with a tiny discord.py bot before the real bot's story relies on it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager

import discord
import pytest
import pytest_asyncio
from discord.gateway import DiscordWebSocket
from discord.http import Route

from tests.transport.actors import Actor
from tests.transport.messages import COMPONENTS_V2, text_of
from tests.transport.standin import StandIn, addressed_to
from tests.transport.tiny_bot import TinyBot

pytestmark = pytest.mark.timeout(10)


@asynccontextmanager
async def running_bot(stand_in: StandIn) -> AsyncGenerator[TinyBot]:
    """The tiny bot, logged in and connected; stopped at the end."""
    with addressed_to(stand_in):
        async with TinyBot(stand_in.guild.id) as bot:
            running = asyncio.create_task(bot.start(stand_in.token))
            await stand_in.connected(running)
            yield bot
        await running


@pytest_asyncio.fixture
async def discord_() -> AsyncIterator[StandIn]:
    async with StandIn() as stand_in:
        yield stand_in


@pytest_asyncio.fixture
async def bot(discord_: StandIn) -> AsyncIterator[TinyBot]:
    async with running_bot(discord_) as bot:
        yield bot
    assert discord_.unknown == []


@pytest_asyncio.fixture
async def ada(discord_: StandIn, bot: TinyBot) -> Actor:
    return await discord_.add_member("Ada")


async def test_the_commands_are_synced_once_in_each_scope(discord_: StandIn, ada: Actor) -> None:
    assert discord_.commands.syncs == [None, discord_.guild.id]
    assert discord_.commands.names() == ["Award a badge", "act"]
    assert len(discord_.requests_to("PUT", "/commands$")) == 2


async def test_the_bot_becomes_ready_and_hears_of_a_new_guild(
    discord_: StandIn, bot: TinyBot
) -> None:
    await asyncio.wait_for(bot.wait_until_ready(), 1)
    assert [guild.name for guild in bot.guilds] == ["Get Kinder"]
    other = await discord_.add_guild("Neighbours", "kitchen")
    await discord_.until(lambda: bot.get_guild(other.id) is not None)
    assert discord_.gateway.heartbeats == 1


async def test_a_slash_command_is_answered_with_a_card(ada: Actor) -> None:
    shown = await (await ada.slash("act show", act=3)).answered()
    assert shown.text == "Plant a tree for Ada"
    assert shown.message is not None
    assert shown.message["flags"] & COMPONENTS_V2
    assert not shown.is_ephemeral


async def test_a_command_works_in_dms_too(discord_: StandIn, ada: Actor) -> None:
    shown = await (await ada.in_dms().slash("act show", act=1)).answered()
    assert shown.text.startswith("Hold a door")
    assert discord_.messages_in(ada.in_dms().channel) == [shown.message]
    with pytest.raises(LookupError, match="no command"):
        await ada.in_dms().context_menu("Award a badge", ada)


async def test_a_deferred_answer_is_edited_and_followed_up(discord_: StandIn, ada: Actor) -> None:
    thought = await ada.slash("act think")
    await thought.acknowledged()
    assert thought.answer_type == 5
    await thought.answered()
    assert [edit["content"] for edit in thought.edits] == ["thought"]
    assert thought.is_ephemeral
    await discord_.until(lambda: bool(thought.followups))
    assert text_of(thought.followups[0]) == "and more"


async def test_a_button_updates_its_message(discord_: StandIn, ada: Actor) -> None:
    shown = await (await ada.slash("act show", act=2)).answered()
    pressed = await (await ada.press(shown, "Done")).answered()
    assert pressed.answer_type == 7
    assert shown.text == "Write a note: done"
    assert shown.message is pressed.message
    with pytest.raises(LookupError, match="no 'Nothing' among"):
        await ada.press(shown, "Nothing")


async def test_an_old_card_is_pressed_by_somebody_else(discord_: StandIn, ada: Actor) -> None:
    shown = await (await ada.in_dms().slash("act show", act=1)).answered()
    grace = await discord_.add_member("Grace")
    with pytest.raises(ValueError, match="does not see"):
        await grace.press(shown, "Done")
    shown = await (
        await ada.at(discord_.guild.channel("general")).slash("act show", act=1)
    ).answered()
    pressed = await (await grace.press(shown, "tiny:done:1")).answered()
    assert pressed.channel.name == "general"
    assert pressed.user is grace.user


async def test_a_followup_takes_the_deferred_answers_place(discord_: StandIn, ada: Actor) -> None:
    mused = await (await ada.slash("act muse")).answered()
    assert mused.text == "mused"
    assert mused.followups == []
    assert len(discord_.messages_in(ada.channel)) == 1


async def test_a_file_is_sent_and_a_choice_is_made(discord_: StandIn, ada: Actor) -> None:
    asked = await (await ada.slash("act pick")).answered()
    assert asked.message is not None
    assert asked.message["attachments"][0]["filename"] == "acts.txt"
    (sent,) = discord_.requests_to("POST", "/callback$")
    assert [(file.name, file.size) for file in sent.files] == [("acts.txt", 4)]
    assert sent.body["data"]["content"] == "Pick one"
    chosen = await (await ada.choose(asked, "Which?", "Plant a tree")).answered()
    assert chosen.answer_type == 6
    assert asked.text == "Plant a tree"
    assert asked.message["components"] == []


async def test_a_form_is_opened_filled_in_and_sent(ada: Actor) -> None:
    shown = await (await ada.slash("act show", act=2)).answered()
    opened = await (await ada.press(shown, "reflect")).answered()
    assert opened.modal["title"] == "How was it?"
    with pytest.raises(ValueError, match="too short"):
        await ada.submit(opened, {"Your reflection": ""})
    sent = await (await ada.submit(opened, {"Your reflection": "It was 🌱"})).answered()
    assert sent.text == "It was 🌱 (calm)"


async def test_nobody_presses_what_only_another_sees(discord_: StandIn, ada: Actor) -> None:
    grace = await discord_.add_member("Grace")
    thought = await (await ada.slash("act think")).answered()
    with pytest.raises(ValueError, match="does not see"):
        await grace.press(thought, "Done")


async def test_autocomplete_offers_choices(ada: Actor) -> None:
    assert await ada.autocomplete("act show", "act", "pLANT") == [
        {"name": "Plant a tree", "value": 3}
    ]


async def test_what_the_client_would_not_send_is_refused(ada: Actor) -> None:
    with pytest.raises(ValueError, match="required options missing"):
        await ada.slash("act show")
    with pytest.raises(ValueError, match="is of type 4"):
        await ada.slash("act show", act="three")
    with pytest.raises(ValueError, match="unknown options"):
        await ada.slash("act think", hard=True)
    with pytest.raises(LookupError, match="no subcommand"):
        await ada.slash("act dance")


async def test_a_moderator_uses_the_menu_on_a_member(discord_: StandIn, ada: Actor) -> None:
    may = discord.Permissions(moderate_members=True).value
    grace = await discord_.add_member("Grace", permissions=may)
    awarded = await (await grace.context_menu("Award a badge", ada)).answered()
    assert awarded.text == "Ada: True"
    awarded = await (await ada.context_menu("Award a badge", grace)).answered()
    assert awarded.text == "Grace: False"


async def test_the_bot_writes_to_somebody_in_their_dms(discord_: StandIn, ada: Actor) -> None:
    grace = await discord_.add_member("Grace")
    channel = grace.in_dms().channel
    for _ in range(2):
        await ada.slash("act thank", member=grace)
    posts = f"/channels/{channel.id}/messages"
    await discord_.until(lambda: len(discord_.requests_to("POST", posts)) == 2)
    # the nonce is enforced: the second post gives back the first message
    assert [text_of(m) for m in discord_.messages_in(channel)] == ["Thank you from Ada"]


async def test_what_was_missed_is_replayed_after_resume(
    discord_: StandIn, bot: TinyBot, ada: Actor
) -> None:
    await discord_.drop()
    assert discord_.gateway.live == []
    missed = await ada.slash("act show", act=1)
    assert (await missed.answered()).text.startswith("Hold a door")
    await discord_.connected()
    assert (discord_.gateway.identifies, discord_.gateway.resumes) == (1, 1)
    assert bot.interactions_heard == 1


async def test_a_lost_session_is_identified_anew(
    discord_: StandIn, bot: TinyBot, ada: Actor
) -> None:
    await discord_.drop(resumable=False)
    await discord_.connected()
    assert (discord_.gateway.identifies, discord_.gateway.resumes) == (2, 0)
    await (await ada.slash("act show", act=1)).answered()


@pytest.mark.parametrize("status", [429, 500])
async def test_the_bot_tries_again(discord_: StandIn, ada: Actor, status: int) -> None:
    fault = discord_.fail_next("POST", "/callback$", status=status)
    shown = await (await ada.slash("act show", act=1)).answered()
    assert fault.hits == 1
    assert [r.status for r in discord_.requests_to("POST", "/callback$")] == [status, 200]
    assert shown.refusals == []


async def test_an_answer_that_got_lost_counts_as_given(discord_: StandIn, ada: Actor) -> None:
    discord_.fail_next("POST", "/callback$", status=500, done_first=True)
    shown = await ada.slash("act show", act=1)
    assert (await shown.refused()).code == 40060
    assert shown.text.startswith("Hold a door")


async def test_one_interaction_delivered_twice_is_answered_once(
    discord_: StandIn, bot: TinyBot, ada: Actor
) -> None:
    shown = await ada.slash("act show", act=1)
    await discord_.deliver_twice(shown)
    assert (await shown.refused()).code == 40060
    assert bot.interactions_heard == 2
    assert len(discord_.messages_in(ada.channel)) == 1


async def test_an_answer_after_the_patience_is_refused() -> None:
    async with StandIn(patience=0.0) as stand_in, running_bot(stand_in):
        ada = await stand_in.add_member("Ada")
        shown = await ada.slash("act show", act=1)
        assert (await shown.refused()).code == 10062
        assert shown.callback is None


async def test_two_processes_answer_once(discord_: StandIn, bot: TinyBot, ada: Actor) -> None:
    async with running_bot(discord_) as other:
        await discord_.connected(sessions=2)
        shown = await ada.slash("act show", act=1)
        assert (await shown.refused()).code == 40060
        assert (bot.interactions_heard, other.interactions_heard) == (1, 1)
        assert len(discord_.messages_in(ada.channel)) == 1
    await discord_.until(lambda: len(discord_.gateway.sessions) == 1)


async def test_shards_share_the_guilds() -> None:
    async with StandIn(shards=2) as stand_in, running_bot(stand_in) as bot:
        await stand_in.connected(sessions=2)
        await stand_in.add_guild("Neighbours")
        await stand_in.until(lambda: len(bot.guilds) == 2)
        ada = await stand_in.add_member("Ada")
        await (await ada.slash("act show", act=1)).answered()
        assert bot.interactions_heard == 1


async def test_a_wrong_token_is_not_let_in(discord_: StandIn) -> None:
    with addressed_to(discord_):
        async with TinyBot(discord_.guild.id) as bot:
            with pytest.raises(discord.LoginFailure):
                await asyncio.wait_for(bot.start("wrong"), 2)


async def test_a_privileged_intent_is_refused(discord_: StandIn) -> None:
    with addressed_to(discord_):
        async with TinyBot(discord_.guild.id, members=True) as bot:
            with pytest.raises(discord.PrivilegedIntentsRequired):
                await asyncio.wait_for(bot.start(discord_.token), 2)


async def test_the_addresses_are_given_back(discord_: StandIn) -> None:
    before = Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY
    with addressed_to(discord_):
        assert discord_.api_url == Route.BASE
        assert str(DiscordWebSocket.DEFAULT_GATEWAY) == discord_.gateway_url
    assert before == (Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY)
