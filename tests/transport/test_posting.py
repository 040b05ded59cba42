"""Daily posts over sockets: each is sent once, and says what it is to say, whoever sends it."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncGenerator

import pytest

from bot.kai.companion import Kai
from bot.kai.model import open_voice
from bot.posting.office import Office
from bot.rules.posting import WINDOW
from db.pool import Pool, create_pool
from tests.models.script import Data, Fail, Hang
from tests.models.stub import ModelStub
from tests.transport.heard import Log
from tests.transport.messages import text_of, walk
from tests.transport.posting import MESSAGES, PostRoom, opened
from tests.transport.standin import StandIn
from tests.transport.wire import Answer, Request

SURPRISES, THANKS = "Small Surprises", "A Fortnight of Thanks"
HALF_AN_HOUR = dt.timedelta(minutes=30)
PATIENT, HASTY = 20.0, 2.0
"""Seconds that KAI gives its model here."""
NOTE = "Write a short thank-you note to somebody who helped you this week."
WRITTEN = {
    "title": "A thank-you note",
    "text": NOTE,
    "minutes": 10,
    "difficulty": "Easy",
}


@pytest.fixture
async def room(discord_: StandIn, catalogue: Pool) -> AsyncGenerator[PostRoom]:
    async with opened(discord_, catalogue) as room:
        yield room


@pytest.fixture
async def with_model(
    discord_: StandIn, catalogue: Pool, stub: ModelStub, patience: float
) -> AsyncGenerator[PostRoom]:
    """A post room whose KAI asks the stub, for so many seconds."""
    voice = open_voice("openai:test-model", base_url=stub.openai_url, api_key=stub.key)
    try:
        async with opened(discord_, catalogue, Kai(voice, seconds=patience)) as room:
            yield room
    finally:
        await voice.close()


async def test_a_due_post_is_sent_once(room: PostRoom, discord_: StandIn) -> None:
    """And the ledger, the schedule and KAI's own history have it."""
    guild = discord_.guild
    await room.set_up(guild, day=4)
    await room.round()
    (message,) = room.posts_in(guild)
    post_id = await room.pool.fetchval("SELECT id FROM discord.daily_posts")
    (request,) = discord_.requests_to("POST", MESSAGES)
    assert (request.body["nonce"], request.body["enforce_nonce"]) == (f"gk-post-{post_id}", True)
    assert request.body["allowed_mentions"] == {"parse": []}
    buttons = {part["custom_id"] for part in walk(message["components"]) if part["type"] == 2}
    assert {f"gk:1:did:{post_id}", f"gk:1:think:{post_id}"} <= buttons
    assert "Day 4" in text_of(message)

    assert await room.row(guild) == {
        "status": "sent",
        "trouble": None,
        "message_id": int(message["id"]),
        "attempts": 1,
    }
    found = await room.guild(guild)
    today = room.clock().date()
    assert found["post_day"] == 5
    assert found["next_post_on"] == today + dt.timedelta(days=1)
    assert found["next_post_at"] == room.clock() + dt.timedelta(days=1)
    (turn,) = await room.pool.fetch(
        "SELECT u.firstname, u.email, k.* FROM kai_interactions k JOIN userdata u ON u.id = user_id"
    )
    assert (turn["firstname"], turn["email"]) == ("KAI", "kai@members.getkinder.invalid")
    assert (turn["context_type"], turn["message"]) == ("daily_post", None)
    assert turn["assistant_response"] in text_of(message)
    assert turn["created_at"] == room.clock().replace(tzinfo=None)

    for _minute in range(3):
        room.clock.move(seconds=61)
        await room.round()
    assert room.tries == 1
    assert len(await room.rows(guild)) == 1


async def test_nothing_before_its_time(room: PostRoom, discord_: StandIn) -> None:
    await room.set_up(discord_.guild, after=dt.timedelta(minutes=1))
    await room.round()
    assert (room.tries, await room.rows(discord_.guild)) == (0, [])
    room.clock.move(seconds=60)
    await room.round()
    assert (await room.row(discord_.guild))["status"] == "sent"


async def test_a_job_that_comes_again(room: PostRoom, discord_: StandIn) -> None:
    """By twenty at once, and later: one of them sends."""
    await room.set_up(discord_.guild)
    (job,) = await room.office.open_jobs()
    await asyncio.gather(*(room.office.do(job) for _ in range(20)))
    await room.office.do(job)
    assert room.tries == 1
    assert (await room.row(discord_.guild))["attempts"] == 1


async def test_two_offices_at_once(room: PostRoom, discord_: StandIn, database_url: str) -> None:
    """Each with a pool and a client of its own, as two machines have."""
    guilds = await discord_.add_guilds(10)
    for guild in guilds:
        await room.set_up(guild)
    pool = await create_pool(database_url, idle_seconds=0)
    try:
        async with opened(discord_, pool) as other:
            other.clock.now = room.clock.now
            await asyncio.gather(room.round(), other.round())
            await asyncio.gather(room.round(), other.round())
    finally:
        await pool.close()
    for guild in guilds:
        (message,) = room.posts_in(guild)
        row = await room.row(guild)
        assert (row["status"], row["message_id"]) == ("sent", int(message["id"]))
    assert room.tries == len(guilds)
    assert await room.pool.fetchval("SELECT count(*) FROM kai_interactions") == len(guilds)


async def test_one_a_day(room: PostRoom, discord_: StandIn) -> None:
    """On ten days in a row; each with the next day, and another act."""
    await room.set_up(discord_.guild)
    for _day in range(10):
        await room.round()
        room.clock.move(days=1)
    rows = await room.rows(discord_.guild)
    assert [row["status"] for row in rows] == ["sent"] * 10
    texts = [text_of(message) for message in room.posts_in(discord_.guild)]
    assert all(f"Day {day} " in text for day, text in enumerate(texts, start=1)), texts
    acts = await room.pool.fetch("SELECT DISTINCT act FROM discord.daily_posts")
    assert len(acts) == 10


async def test_what_is_too_late_is_missed(room: PostRoom, discord_: StandIn) -> None:
    """Planned in time, or not planned: it is not sent into the night, and tomorrow's comes."""
    late, later = await discord_.add_guilds(2)
    await room.set_up(late)
    await room.office.open_jobs()
    await room.set_up(later)
    room.clock.move(hours=3)
    await room.round()
    for guild in (late, later):
        assert (await room.row(guild))["status"] == "missed"
        assert (await room.guild(guild))["post_day"] == 1
    assert room.tries == 0
    room.clock.move(hours=21)
    await room.round()
    for guild in (late, later):
        assert [row["status"] for row in await room.rows(guild)] == ["missed", "sent"]


async def test_the_last_moment_of_its_window(room: PostRoom, discord_: StandIn) -> None:
    await room.set_up(discord_.guild)
    room.clock.now += WINDOW - dt.timedelta(seconds=1)
    await room.round()
    assert (await room.row(discord_.guild))["status"] == "sent"


async def test_a_chosen_quest_comes_to_its_last_day(room: PostRoom, discord_: StandIn) -> None:
    """The Daily Spark goes on where it was, and whoever chose the quest is told, once."""
    ann = await discord_.add_member("Ann")
    await room.set_up(discord_.guild)
    await room.round()
    await room.pool.execute(
        """UPDATE discord.guilds SET post_day = 7, post_set_by = $1,
                  post_quest_id = (SELECT id FROM quests WHERE name = $2)""",
        *(ann.id, SURPRISES),
    )
    for _day in range(3):
        room.clock.move(days=1)
        await room.round()
        await room.round()
    texts = [text_of(message) for message in room.posts_in(discord_.guild)]
    assert "Day 1 " in texts[0]
    assert SURPRISES in texts[1]
    assert "Day 7 of 7" in texts[1]
    assert "Day 2 " in texts[2]
    assert "Day 3 " in texts[3]
    assert all("Daily Spark" in text for text in texts[2:])
    (told,) = discord_.messages_in(ann.in_dms().channel)
    assert SURPRISES in text_of(told)
    assert discord_.guild.name in text_of(told)
    assert (await room.guild(discord_.guild))["to_tell"] is None


# Acts


async def test_an_act_is_written_before_its_minute(room: PostRoom, discord_: StandIn) -> None:
    """Half an hour ahead, one for all servers on that day of that quest."""
    one, two, other_day, other_quest, tomorrow = await discord_.add_guilds(5)
    for guild in (one, two):
        await room.set_up(guild, quest=SURPRISES, day=3, after=HALF_AN_HOUR)
    await room.set_up(other_day, quest=SURPRISES, day=4, after=HALF_AN_HOUR)
    await room.set_up(other_quest, quest=THANKS, day=3, after=HALF_AN_HOUR)
    await room.set_up(tomorrow, after=HALF_AN_HOUR + dt.timedelta(seconds=1))
    await room.round()
    acts = "SELECT act FROM discord.daily_acts ORDER BY quest_id, day_number"
    written = [row["act"] for row in await room.pool.fetch(acts)]
    assert len(set(written)) == 3
    await room.round()
    assert [row["act"] for row in await room.pool.fetch(acts)] == written, "they are kept"
    assert room.tries == 0

    room.clock.now += HALF_AN_HOUR
    await room.round()
    sent = {
        row["guild_id"]: row["act"]
        for row in await room.pool.fetch("SELECT guild_id, act FROM discord.daily_posts")
    }
    assert sent[one.id] == sent[two.id]
    assert len({sent[guild.id] for guild in (one, other_day, other_quest)}) == 3
    assert set(sent.values()) == set(written)


@pytest.mark.parametrize("patience", [PATIENT])
async def test_a_model_writes_the_act(
    with_model: PostRoom, discord_: StandIn, stub: ModelStub
) -> None:
    """Once for all servers, and nothing of any member or server is told to it."""
    guilds = await discord_.add_guilds(3, name="Secret garden {}")
    for guild in guilds:
        await with_model.set_up(guild)
    stub.queue(Data(WRITTEN))
    await with_model.round()
    for guild in guilds:
        (message,) = with_model.posts_in(guild)
        assert NOTE in text_of(message)
    (asked,) = stub.requests
    assert "Secret garden" not in str(asked.body)


@pytest.mark.parametrize("trouble", [Fail(500, times=20), Hang(30)], ids=["down", "slow"])
@pytest.mark.parametrize("patience", [HASTY])
async def test_a_model_in_trouble_at_the_minute(
    with_model: PostRoom, discord_: StandIn, stub: ModelStub, trouble: Fail | Hang
) -> None:
    """An act of the offline voice goes out, in time."""
    stub.otherwise = trouble
    await with_model.set_up(discord_.guild)
    began = asyncio.get_running_loop().time()
    await with_model.round()
    assert asyncio.get_running_loop().time() - began < 15
    assert (await with_model.row(discord_.guild))["status"] == "sent"
    assert stub.requests != []


async def test_an_act_that_nobody_could_prepare(room: PostRoom, discord_: StandIn) -> None:
    """It is written by whoever sends, and kept for the others."""
    one, two = await discord_.add_guilds(2)
    for guild in (one, two):
        await room.set_up(guild)
    for job in await room.office.open_jobs():
        await room.office.do(job)
    acts = await room.pool.fetch("SELECT act FROM discord.daily_posts")
    assert acts[0] == acts[1]
    assert await room.pool.fetchval("SELECT act FROM discord.daily_acts") == acts[0]["act"]


# Several at once


async def test_a_job_that_is_of_no_use_stops_no_other(
    room: PostRoom, discord_: StandIn, log: Log
) -> None:
    """Here a quest that went away between the plan and the post."""
    gone, fine = await discord_.add_guilds(2)
    await room.set_up(gone, quest=THANKS)
    await room.set_up(fine)
    await room.office.open_jobs()
    await room.pool.execute("DELETE FROM quests WHERE name = $1", THANKS)
    await room.round()
    row = await room.row(gone)
    assert (row["status"], row["trouble"]) == ("failed", "quest_gone")
    assert (await room.row(fine))["status"] == "sent"
    log.assert_calm()


async def test_whoever_is_slow_does_not_send_what_others_took_up(
    room: PostRoom, discord_: StandIn
) -> None:
    """Their answer comes when the row is somebody else's: the ledger keeps one message."""
    await room.set_up(discord_.guild)
    (job,) = await room.office.open_jobs()
    both = asyncio.Barrier(2)
    held = asyncio.Event()

    async def hold_back(_request: Request, _answer: Answer) -> None:
        if not held.is_set():
            held.set()
            await both.wait()

    discord_.on_accepted(MESSAGES, hold_back)
    slow = asyncio.create_task(room.office.do(job))
    await held.wait()
    room.clock.move(seconds=61)
    await Office(room.services, room.client).round()
    (message,) = room.posts_in(discord_.guild)
    before = await room.row(discord_.guild)
    assert (before["status"], before["message_id"]) == ("sent", int(message["id"]))
    await both.wait()
    await slow
    assert await room.row(discord_.guild) == before
    assert await room.pool.fetchval("SELECT count(*) FROM kai_interactions") == 1
