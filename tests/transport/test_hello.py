"""Coming to a server: the first words there, once, where the bot may speak; and leaving it."""

from __future__ import annotations

import asyncio

import pytest

from db.pool import Pool, create_pool
from tests.transport.heard import Log
from tests.transport.kindness import Days, QuickBot, running_bot
from tests.transport.messages import text_of
from tests.transport.people import Json
from tests.transport.posting import MESSAGES
from tests.transport.standin import StandIn
from tests.transport.world import Guild

GREETED = "SELECT greeted_at FROM discord.guilds WHERE guild_id = $1"


def invited(discord_: StandIn, *channels: str) -> Guild:
    """A server that has just invited the bot, which has not heard of it yet."""
    guild = discord_.world.add_guild("The lake", discord_.guild.permissions_of(discord_.world.me))
    for name in channels:
        guild.add_channel(name)
    return guild


def said(discord_: StandIn, guild: Guild) -> dict[str, list[Json]]:
    """The bot's messages in each channel that has some."""
    found = {channel.name: discord_.messages_in(channel) for channel in guild.channels}
    return {name: messages for name, messages in found.items() if messages}


async def greeted(discord_: StandIn, pool: Pool, guild: Guild) -> None:
    """Wait until the bot has done what it does in a new server."""
    deadline = asyncio.get_running_loop().time() + 3
    while await pool.fetchval(GREETED, guild.id) is None or not said(discord_, guild):
        assert asyncio.get_running_loop().time() < deadline, "no hello"
        await asyncio.sleep(0.02)


async def nothing_more(discord_: StandIn) -> None:
    """Give it the time to say too much."""
    tries = len(discord_.requests_to("POST", MESSAGES))
    await asyncio.sleep(0.5)
    assert len(discord_.requests_to("POST", MESSAGES)) == tries


async def test_hello_once(bot: QuickBot, discord_: StandIn, catalogue: Pool, log: Log) -> None:
    """Discord may tell of the server again, or of one that the bot was in before it started."""
    guild = invited(discord_, "shore", "wood")
    await discord_.gateway.announce(guild)
    await greeted(discord_, catalogue, guild)
    ((name, (message,)),) = said(discord_, guild).items()
    assert name == "shore"
    assert "/daily setup" in text_of(message)
    assert message["pinged"] == []
    for _time in range(3):
        await discord_.gateway.announce(guild)
    await discord_.drop(resumable=False)
    await discord_.connected()
    await nothing_more(discord_)
    assert said(discord_, discord_.guild) == {}
    log.assert_calm()


async def test_two_processes_hear_of_it(
    bot: QuickBot, discord_: StandIn, catalogue: Pool, database_url: str, days: Days
) -> None:
    pool = await create_pool(database_url, idle_seconds=0)
    try:
        async with running_bot(discord_, pool, clock=days):
            guild = invited(discord_, "shore")
            await discord_.gateway.announce(guild)
            await greeted(discord_, catalogue, guild)
            await nothing_more(discord_)
    finally:
        await pool.close()
    assert len(said(discord_, guild)["shore"]) == 1


@pytest.mark.parametrize(
    ("system", "closed", "where"),
    [
        ("wood", (), "wood"),
        ("wood", ("wood",), "shore"),
        (None, ("shore",), "wood"),
        ("shore", ("shore", "wood"), "meadow"),
    ],
)
async def test_where_it_speaks(
    bot: QuickBot,
    discord_: StandIn,
    catalogue: Pool,
    system: str | None,
    closed: tuple[str, ...],
    where: str,
) -> None:
    """In the channel for such messages, or else in the first in which it may."""
    guild = invited(discord_, "shore", "wood", "meadow")
    guild.system_channel = None if system is None else guild.channel(system)
    for number, name in enumerate(closed):
        bit = {"view": 1 << 10, "send": 1 << 11}["view" if number else "send"]
        discord_.world.overwrite(guild.channel(name), bit, allowed=False)
    await discord_.gateway.announce(guild)
    await greeted(discord_, catalogue, guild)
    assert list(said(discord_, guild)) == [where]


async def test_nowhere_to_speak(
    bot: QuickBot, discord_: StandIn, catalogue: Pool, log: Log
) -> None:
    guild = invited(discord_, "shore")
    discord_.world.overwrite(guild.channels[0], 1 << 11, allowed=False)
    await discord_.gateway.announce(guild)
    await nothing_more(discord_)
    assert said(discord_, guild) == {}
    assert await catalogue.fetchval(GREETED, guild.id) is None
    log.assert_calm()


async def test_a_hello_that_fails(
    bot: QuickBot, discord_: StandIn, catalogue: Pool, log: Log
) -> None:
    """It is not said again: nobody can know."""
    guild = invited(discord_, "shore")
    discord_.fail_next("POST", MESSAGES, status=503)
    await discord_.gateway.announce(guild)
    await discord_.until(lambda: log.count("a server was not greeted") == 1)
    await discord_.gateway.announce(guild)
    await nothing_more(discord_)
    assert said(discord_, guild) == {}
    log.assert_calm()


async def test_thrown_out_and_invited_back(
    bot: QuickBot, discord_: StandIn, catalogue: Pool
) -> None:
    """Its daily post rests, nothing planned is left, and it is greeted again."""
    guild = invited(discord_, "shore")
    await discord_.gateway.announce(guild)
    await greeted(discord_, catalogue, guild)
    await catalogue.execute(
        """UPDATE discord.guilds SET post_channel_id = 1, post_time = '9:00', zone = 'UTC',
                  next_post_on = '2030-01-01', next_post_at = '2030-01-01 9:00Z'
            WHERE guild_id = $1""",
        guild.id,
    )
    await catalogue.execute(
        """INSERT INTO discord.daily_posts (guild_id, local_date, channel_id, day_number, status,
                                            due_at, expires_at, send_at)
           SELECT $1, date '2029-12-30' + n, 1, 1, (ARRAY['sent', 'planned'])[n], at, at, at
             FROM generate_series(1, 2) n, (VALUES (timestamptz '2030-01-01 9:00Z')) t (at)""",
        guild.id,
    )
    await discord_.throw_out(guild)
    schedule = "SELECT pause_reason, next_post_at FROM discord.guilds WHERE guild_id = $1"
    deadline = asyncio.get_running_loop().time() + 3
    while (row := await catalogue.fetchrow(schedule, guild.id)) and row["pause_reason"] is None:
        assert asyncio.get_running_loop().time() < deadline
        await asyncio.sleep(0.02)
    assert row is not None
    assert tuple(row) == ("left", None)
    ledger = "SELECT array_agg(status) FROM discord.daily_posts"
    assert await catalogue.fetchval(ledger) == ["sent"]

    await discord_.invite_back(guild)
    await discord_.until(lambda: len(said(discord_, guild)["shore"]) == 2)
    row = await catalogue.fetchrow(schedule, guild.id)
    assert row is not None
    assert tuple(row) == ("asked", None), "it rests until somebody resumes it"
