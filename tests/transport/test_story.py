"""The bot's main story over real sockets: from its sync to a badge, with the rows it leaves."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import discord
import pytest
from discord.gateway import DiscordWebSocket
from discord.http import Route

from db.pool import Pool
from tests.transport.actors import Actor
from tests.transport.kindness import Days, QuickBot, running_bot
from tests.transport.standin import StandIn

GLOBAL = [
    "account",
    "badge",
    "challenge",
    "daily",
    "help",
    "kai",
    "leaderboard",
    "me",
    "quest",
    "settings",
]
AT_HOME = ["Award a badge", "catalog", "moderate"]


@asynccontextmanager
async def the_command(discord_: StandIn, database_url: str) -> AsyncGenerator[None]:
    """`python -m bot` in a process of its own, stopped with SIGTERM; it must end well."""
    inherited = {k: v for k, v in os.environ.items() if k in ("PATH", "HOME", "LANG")}
    environment = inherited | {
        "DISCORD_TOKEN": discord_.token,
        "DATABASE_URL": database_url,
        "DISCORD_API_URL": discord_.api_url,
        "DISCORD_GATEWAY_URL": discord_.gateway_url,
    }
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot"), env=environment, stderr=asyncio.subprocess.PIPE
    )
    try:
        await discord_.connected(within=30)
        yield
        process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(10):
            _, log = await process.communicate()
        assert process.returncode == 0, log.decode()
        assert discord_.token not in log.decode()
        assert "Traceback" not in log.decode()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def test_the_command_syncs_once_and_answers(
    discord_: StandIn, database_url: str, pool: Pool
) -> None:
    ann = await discord_.add_member("Ann")
    later = await discord_.add_guild("Neighbours")
    async with the_command(discord_, database_url):
        await discord_.until(lambda: len(discord_.commands.syncs) == 2, 10, "both syncs")
        assert discord_.commands.syncs == [None, discord_.guild.id]
        await (await ann.slash("help")).answered(within=5)
    assert sorted(c["name"] for c in discord_.commands.by_scope[None]) == GLOBAL
    assert sorted(c["name"] for c in discord_.commands.by_scope[discord_.guild.id]) == AT_HOME
    home = await pool.fetchval("SELECT guild_id FROM discord.guilds WHERE is_home")
    assert home == discord_.guild.id < later.id

    async with the_command(discord_, database_url):
        await (await ann.slash("me")).answered(within=5)
    assert len(discord_.commands.syncs) == 2, "nothing had changed"
    names = await pool.fetch("SELECT firstname FROM userdata ORDER BY firstname")
    assert [row[0] for row in names] == ["Ann", "KAI"]
    assert discord_.gateway.identifies == 2
    assert discord_.gateway.sessions == {}, "the bot says goodbye"


async def test_the_home_is_the_first_guild_and_stays_so(
    discord_: StandIn, bot: QuickBot, catalogue: Pool
) -> None:
    other = await discord_.add_guild("Neighbours", "kitchen")
    await discord_.until(lambda: bot.get_guild(other.id) is not None)
    assert bot.home_guild_ids == {discord_.guild.id}
    async with running_bot(discord_, catalogue) as again:
        assert again.home_guild_ids == {discord_.guild.id}
    assert discord_.commands.syncs == [None, discord_.guild.id]
    assert await catalogue.fetchval("SELECT count(*) FROM discord.guilds WHERE is_home") == 1
    guest = await discord_.add_member("Gwen", guild=other)
    with pytest.raises(LookupError):
        await guest.slash("moderate award")
    with pytest.raises(LookupError):
        await guest.context_menu("Award a badge", guest)


async def test_the_addresses_are_discords_own_again() -> None:
    assert Route.BASE.startswith("https://discord.com/")
    assert DiscordWebSocket.DEFAULT_GATEWAY.host == "gateway.discord.gg"


async def test_a_member_goes_through_a_day(
    bot: QuickBot, ann: Actor, catalogue: Pool, days: Days
) -> None:
    choices = await ann.autocomplete("challenge join", "challenge", "discover")
    assert [choice["name"] for choice in choices] == ["Discover the Power of Kindness"]
    challenge = choices[0]["value"]

    joined = await (await ann.slash("challenge join", challenge=challenge)).answered()
    assert joined.is_ephemeral
    assert "You are in: Discover the Power of Kindness" in joined.text
    assert "`/kai forget`" in joined.text, "the first use says what KAI keeps"

    today = await (await ann.press(joined, "Show me today")).answered()
    assert today.answer_type == 7, "the card is replaced"
    assert "Day 1 of 7" in today.text
    assert "KAI says" in today.text

    done = await (await ann.press(today, "I did it")).answered()
    assert "Day 1 is done" in done.text
    assert "**+10 points**" in done.text

    form = await (await ann.press(done, "Add a reflection")).answered()
    wrote = "I called my <@1> grandmother. @everyone"
    kept = await (await ann.submit(form, {"reflection": wrote})).answered()
    assert kept.answer_type == 7
    assert "Your reflection is kept" in kept.text

    log = await catalogue.fetchrow("SELECT * FROM challenge_logs")
    assert log is not None
    assert (log["day_number"], log["completed"], log["reflection"]) == (1, True, wrote)
    turns = await catalogue.fetch("SELECT * FROM kai_interactions ORDER BY id")
    assert [turn["context_type"] for turn in turns] == ["challenge_day", "reflection"]
    assert [turn["message"] for turn in turns][1] == wrote

    refused = await (await ann.slash("challenge done")).answered()
    assert "already done" in refused.text
    assert refused.is_ephemeral
    days.turn()
    done = await (await ann.slash("challenge done", reflection="Again!")).answered()
    assert "Day 2 is done" in done.text
    enrolment = await catalogue.fetchrow("SELECT status, current_day FROM user_challenges")
    assert enrolment is not None
    assert tuple(enrolment) == ("active", 3)
    assert await catalogue.fetchval("SELECT points FROM discord.accounts") == 20


async def test_a_quest_in_a_server_and_in_dms(
    bot: QuickBot, ann: Actor, catalogue: Pool, days: Days
) -> None:
    quest = (await ann.autocomplete("quest start", "quest"))[0]["value"]
    started = await (await ann.slash("quest start", quest=quest)).answered()
    seen = await (await ann.press(started, "Show me today")).answered()
    task = await catalogue.fetchval("SELECT task_generated FROM quest_logs")
    assert "Today's mystery" in seen.text

    at_home = ann.in_dms()
    again = await (await at_home.slash("quest today")).answered()
    assert again.text.count("Today's mystery") == 1
    assert await catalogue.fetchval("SELECT count(*) FROM kai_interactions") == 1
    offered = await at_home.autocomplete("quest done", "quest")
    assert [choice["value"] for choice in offered] == [quest]
    done = await (await at_home.slash("quest done", quest=quest, reflection="Nice.")).answered()
    assert "Day 1 is done" in done.text
    assert await catalogue.fetchval("SELECT task_generated FROM quest_logs") == task

    me = await (await ann.slash("me")).answered()
    assert "Kindness level 1" in me.text
    assert "Streak: 1 day" in me.text
    with pytest.raises(LookupError, match="no command"):
        await at_home.slash("leaderboard")
    board = await (await ann.slash("leaderboard", period="all")).answered()
    assert not board.is_ephemeral
    assert f"<@{ann.id}>" in board.text


async def test_a_moderator_awards_a_badge_from_the_menu(
    discord_: StandIn, bot: QuickBot, ann: Actor, catalogue: Pool
) -> None:
    may = discord.Permissions(moderate_members=True).value
    sage = await discord_.add_member("Sage", permissions=may)
    form = await (await sage.context_menu("Award a badge", ann)).answered()
    options = form.modal["components"][0]["component"]["options"]
    given = await catalogue.fetchval("SELECT count(*) FROM badges WHERE points_required IS NULL")
    assert len(options) == given
    fields = {"badge": [options[0]["value"]], "reason": "For the soup"}
    awarded = await (await sage.submit(form, fields)).answered()
    assert f"<@{ann.id}>" in awarded.text
    assert "For the soup" in awarded.text
    assert [m["id"] for m in discord_.messages_in(ann.channel)] == [awarded.messages[0]["id"]]
    held = await catalogue.fetchrow(
        "SELECT badge_id, discord_id FROM user_badges JOIN discord.accounts USING (user_id)"
    )
    assert held is not None
    assert tuple(held) == (int(options[0]["value"]), ann.id)
    audit = await catalogue.fetchrow("SELECT * FROM discord.audit_log")
    assert audit is not None
    assert (audit["actor_id"], audit["subject_id"]) == (sage.id, ann.id)
    assert (audit["action"], audit["reason"]) == ("badge_award", "For the soup")

    again = await (await sage.context_menu("Award a badge", ann)).answered()
    twice = await (await sage.submit(again, fields)).answered()
    assert twice.is_ephemeral
    refused = await (await ann.context_menu("Award a badge", sage)).answered()
    assert "Moderate Members" in refused.text
    robot = await discord_.add_member("Robot", bot=True)
    refused = await (await sage.context_menu("Award a badge", robot)).answered()
    assert "this is a bot" in refused.text
    assert await catalogue.fetchval("SELECT count(*) FROM user_badges") == 1


async def test_a_card_outlives_the_bot(
    discord_: StandIn, ann: Actor, catalogue: Pool, days: Days
) -> None:
    async with running_bot(discord_, catalogue, clock=days):
        choices = await ann.autocomplete("challenge join", "challenge")
        joined = await (await ann.slash("challenge join", challenge=choices[0]["value"])).answered()
    async with running_bot(discord_, catalogue, clock=days):
        today = await (await ann.press(joined, "Show me today")).answered()
        assert "Day 1 of" in today.text


async def test_kai_answers_and_forgets(bot: QuickBot, ann: Actor, catalogue: Pool) -> None:
    asked = await (await ann.slash("kai ask", message="What can I do, @here?")).answered()
    turn = await catalogue.fetchrow("SELECT * FROM kai_interactions")
    assert turn is not None
    assert (turn["context_type"], turn["message"]) == ("chat", "What can I do, @here?")
    assert asked.text
    forgot = await (await ann.slash("kai forget")).answered()
    assert await catalogue.fetchval("SELECT count(*) FROM kai_interactions") == 1, "it asks first"
    gone = await (await ann.press(forgot, "gk:1:forget")).answered()
    assert gone.answer_type == 7
    assert await catalogue.fetchval("SELECT count(*) FROM kai_interactions") == 0
