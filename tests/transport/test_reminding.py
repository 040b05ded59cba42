"""Reminders over sockets: each is one direct message, whatever the network does to it."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncGenerator
from typing import Any

import pytest

from bot.actions import joining, reminding
from bot.actions.types import Caller
from bot.posting import sending
from db.pool import Pool
from tests.transport.actors import Actor
from tests.transport.messages import text_of, walk
from tests.transport.people import Json
from tests.transport.posting import MESSAGES, PostRoom, opened
from tests.transport.standin import StandIn

POWER = "Discover the Power of Kindness"
OPENED = "^/users/@me/channels$"


@pytest.fixture
async def room(
    discord_: StandIn, catalogue: Pool, monkeypatch: pytest.MonkeyPatch
) -> AsyncGenerator[PostRoom]:
    """A post room at the last noon, in which nobody tries for seconds what fails each time."""
    monkeypatch.setattr(sending, "SEND_SECONDS", 0.5)
    async with opened(discord_, catalogue) as room:
        noon = room.clock.now.replace(hour=12, minute=0, second=0)
        room.clock.now = noon - dt.timedelta(days=noon > room.clock.now)
        yield room


def speaking(room: PostRoom, who: Actor) -> Caller:
    """Somebody as the actions know them."""
    return room.services.caller(who.id, who.user.name, None, "en-GB")


async def reminded(room: PostRoom, who: Actor) -> None:
    """They have a challenge, and their reminder is due now."""
    challenge = await room.pool.fetchval("SELECT id FROM challenges WHERE name = $1", POWER)
    await joining.join(room.services, speaking(room, who), "challenge", challenge)
    await due(room, who)


async def due(room: PostRoom, who: Actor) -> None:
    """Their reminder is set for this minute."""
    await reminding.set_reminder(room.services, speaking(room, who), "12:01")
    room.clock.move(minutes=1)


async def row(room: PostRoom) -> dict[str, Any]:
    """The one row of the ledger."""
    (found,) = await room.pool.fetch("SELECT * FROM discord.reminders")
    return dict(found)


def dms(room: PostRoom, who: Actor) -> list[Json]:
    """What they have had from the bot."""
    return room.discord.messages_in(who.in_dms().channel)


async def test_a_reminder_is_sent_once(room: PostRoom, discord_: StandIn, ann: Actor) -> None:
    await reminded(room, ann)
    for _minute in range(3):
        await room.round()
        room.clock.move(seconds=61)
    (message,) = dms(room, ann)
    found = await row(room)
    assert (found["status"], found["message_id"]) == ("sent", int(message["id"]))
    assert "Day 1 of 7" in text_of(message)
    (request,) = discord_.requests_to("POST", MESSAGES)
    assert request.body["nonce"] == f"gk-reminder-{found['id']}-0"
    assert request.body["enforce_nonce"] is True
    buttons = {part["custom_id"] for part in walk(message["components"]) if part["type"] == 2}
    assert f"gk:1:snooze:{found['id']}:0" in buttons

    room.clock.now = room.clock.now.replace(hour=12, minute=1, second=0) + dt.timedelta(days=1)
    await room.round()
    assert len(dms(room, ann)) == 2
    assert len(discord_.requests_to("POST", OPENED)) == 1, "their channel is known by now"


async def test_a_job_that_comes_again(room: PostRoom, ann: Actor) -> None:
    await reminded(room, ann)
    (job,) = await room.office.open_jobs()
    await asyncio.gather(*(room.office.do(job) for _ in range(10)))
    assert len(dms(room, ann)) == room.tries == 1


async def test_nothing_is_open(room: PostRoom, discord_: StandIn, ann: Actor) -> None:
    await due(room, ann)
    await room.round()
    assert (await row(room))["status"] == "nothing"
    assert room.tries == len(discord_.requests_to("POST", OPENED)) == 0


async def test_direct_messages_are_closed(room: PostRoom, discord_: StandIn, ann: Actor) -> None:
    """The reminders end; another member has theirs."""
    ben = await discord_.add_member("Ben")
    discord_.close_dms(ann)
    await reminded(room, ann)
    room.clock.move(minutes=-1)
    await reminded(room, ben)
    await room.round()
    states = await room.pool.fetch("SELECT status FROM discord.reminders ORDER BY user_id")
    assert [state["status"] for state in states] == ["closed", "sent"]
    accounts = await room.pool.fetch(
        """SELECT reminder_time, next_reminder_at, dms_closed_at FROM discord.accounts
            ORDER BY user_id"""
    )
    assert tuple(accounts[0]) == (None, None, room.clock())
    assert accounts[1]["dms_closed_at"] is None
    assert (dms(room, ann), len(dms(room, ben))) == ([], 1)


async def test_put_off_it_is_another_message(room: PostRoom, discord_: StandIn, ann: Actor) -> None:
    """With another nonce: Discord would answer the first one's with the first message."""
    await reminded(room, ann)
    await room.round()
    for number in (1, 2):
        found = await row(room)
        await reminding.snooze(room.services, speaking(room, ann), found["id"], number - 1)
        room.clock.move(hours=1)
        await room.round()
        assert (await row(room))["status"] == "sent"
    nonces = [request.body["nonce"] for request in discord_.requests_to("POST", MESSAGES)]
    assert nonces == [f"gk-reminder-{found['id']}-{number}" for number in range(3)]
    assert len(dms(room, ann)) == 3


@pytest.mark.parametrize("done_first", [True, False])
@pytest.mark.parametrize("path", [MESSAGES, OPENED], ids=["message", "channel"])
async def test_nobody_knows_whether_it_was_sent(
    room: PostRoom, discord_: StandIn, ann: Actor, path: str, done_first: bool
) -> None:
    """It is looked for in the direct messages after a minute."""
    await reminded(room, ann)
    fault = discord_.fail_next("POST", path, status=503, done_first=done_first)
    await room.round()
    assert (fault.hits, (await row(room))["status"]) == (1, "sending")
    tries = room.tries
    await room.round()
    assert room.tries == tries
    room.clock.move(seconds=61)
    await room.round()
    (message,) = dms(room, ann)
    found = await row(room)
    assert (found["status"], found["message_id"]) == ("sent", int(message["id"]))
    assert room.tries == 1 + (path == MESSAGES and not done_first)


async def test_many_whose_channels_are_opened(room: PostRoom, discord_: StandIn) -> None:
    """What opening them may not do any more now, is done later, and holds up nobody else."""
    headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset-After": "1.0"}
    people = [await discord_.add_member(f"Member {number}") for number in range(4)]
    for who in people:
        room.clock.now = room.clock.now.replace(minute=0)
        await reminded(room, who)
    await room.set_up(discord_.guild)
    discord_.on_accepted(OPENED, lambda _request, answer: answer.headers.update(headers))
    await room.round()
    assert len(room.posts_in(discord_.guild)) == 1
    held = await room.pool.fetchval("SELECT held_until FROM discord.pace")
    assert held < room.clock()
    for _minute in range(8):
        await asyncio.sleep(1)
        room.clock.move(seconds=61)
        await room.round()
    assert [len(dms(room, who)) for who in people] == [1] * 4
    states = await room.pool.fetch("SELECT DISTINCT status FROM discord.reminders")
    assert [state["status"] for state in states] == ["sent"]
