"""Daily posts in trouble: what Discord refuses, what nobody knows, and who is told of it.

No server's trouble is another's.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncGenerator

import asyncpg
import pytest

from bot.posting import sending
from db.pool import Pool
from tests.transport.heard import Log
from tests.transport.messages import text_of
from tests.transport.people import Json
from tests.transport.posting import MESSAGES, PostRoom, opened
from tests.transport.standin import StandIn
from tests.transport.wire import HANGS_UP, Answer, Request
from tests.transport.world import Guild

AMBIGUOUS = [500, 502, 503, 504, HANGS_UP]
OPENED = "^/users/@me/channels$"


@pytest.fixture
async def room(discord_: StandIn, catalogue: Pool) -> AsyncGenerator[PostRoom]:
    async with opened(discord_, catalogue) as room:
        yield room


@pytest.fixture
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody tries for seconds what fails each time."""
    monkeypatch.setattr(sending, "SEND_SECONDS", 0.5)
    monkeypatch.setattr(sending, "WRITE_PAUSES", (0.05, 0.05))


async def left_in_sending(room: PostRoom, guild: Guild) -> None:
    """Nobody knows what became of the post, and nobody touches it for a minute."""
    row = await room.row(guild)
    assert (row["status"], row["message_id"]) == ("sending", None)
    tries, looks = room.tries, room.looks
    await room.round()
    room.clock.move(seconds=59)
    await room.round()
    assert (room.tries, room.looks) == (tries, looks)
    assert await room.row(guild) == row
    room.clock.move(seconds=2)


async def is_sent(room: PostRoom, guild: Guild) -> None:
    """There is one message, and the ledger knows it."""
    (message,) = room.posts_in(guild)
    row = await room.row(guild)
    assert (row["status"], row["message_id"]) == ("sent", int(message["id"]))
    assert row["trouble"] is None
    assert (await room.guild(guild))["post_day"] == 2
    assert await room.pool.fetchval("SELECT count(*) FROM kai_interactions") == 1


# Nobody knows whether it was sent


@pytest.mark.usefixtures("no_pauses")
@pytest.mark.parametrize("status", AMBIGUOUS)
async def test_sent_and_not_answered(room: PostRoom, discord_: StandIn, status: int) -> None:
    """It is found in the channel, long after Discord has forgotten the nonce."""
    guild = discord_.guild
    await room.set_up(guild)
    fault = discord_.fail_next("POST", MESSAGES, status=status, times=9, done_first=True)
    await room.round()
    assert fault.hits >= 1
    assert len(room.posts_in(guild)) == 1
    await left_in_sending(room, guild)
    tries = room.tries
    await room.round()
    await is_sent(room, guild)
    assert room.tries == tries, "it was looked for, not sent again"


@pytest.mark.usefixtures("no_pauses")
@pytest.mark.parametrize("status", AMBIGUOUS)
async def test_not_sent_and_not_answered(room: PostRoom, discord_: StandIn, status: int) -> None:
    """It is looked for, is not there, and is sent."""
    guild = discord_.guild
    await room.set_up(guild)
    fault = discord_.fail_next("POST", MESSAGES, status=status, times=9)
    await room.round()
    assert room.posts_in(guild) == []
    await left_in_sending(room, guild)
    fault.times = 0
    await room.round()
    assert room.looks == 1
    await is_sent(room, guild)


async def test_a_fault_that_passes_at_once(room: PostRoom, discord_: StandIn) -> None:
    """discord.py's own repeat has the nonce of the first."""
    await room.set_up(discord_.guild)
    discord_.fail_next("POST", MESSAGES, status=502, done_first=True)
    await room.round()
    assert room.tries == 2
    await is_sent(room, discord_.guild)


@pytest.mark.usefixtures("no_pauses")
async def test_an_answer_that_never_comes(room: PostRoom, discord_: StandIn) -> None:
    await room.set_up(discord_.guild)
    never = asyncio.Event()

    async def hold_back(_request: Request, _answer: Answer) -> None:
        await never.wait()

    witness = discord_.on_accepted(MESSAGES, hold_back)
    await room.round()
    witness.stop()
    never.set()
    await left_in_sending(room, discord_.guild)
    await room.round()
    await is_sent(room, discord_.guild)


@pytest.mark.usefixtures("no_pauses")
@pytest.mark.parametrize("is_there", [True, False])
async def test_a_long_history(room: PostRoom, discord_: StandIn, is_there: bool) -> None:
    """People wrote much before it and since; who reads it all may say that it is not there."""
    guild = discord_.guild
    await room.set_up(guild)
    ann = await discord_.add_member("Ann")
    for number in range(150):
        await ann.say(f"before {number}")
    fault = discord_.fail_next("POST", MESSAGES, status=503, done_first=is_there)
    await room.round()
    for number in range(250):
        await ann.say(f"since {number}")
    room.clock.move(seconds=61)
    assert fault.hits == 1
    await room.round()
    assert room.looks == (2 if is_there else 5)
    await is_sent(room, guild)
    assert room.tries == (1 if is_there else 2)


@pytest.mark.usefixtures("no_pauses")
async def test_other_messages_of_ours(room: PostRoom, discord_: StandIn) -> None:
    """Yesterday's post, and the cards that KAI has shown since, are not it."""
    guild = discord_.guild
    channel = await room.set_up(guild)
    await room.round()
    room.clock.move(days=1)
    await room.pool.execute("UPDATE discord.daily_posts SET id = id * 10 + 1")
    first = room.posts_in(guild)[0]
    fault = discord_.fail_next("POST", MESSAGES, status=503)
    await room.round()
    await room.client.get_partial_messageable(channel.id).send("A word of KAI's")
    room.clock.move(seconds=61)
    await room.round()
    assert fault.hits == 1
    rows = await room.rows(guild)
    assert [row["status"] for row in rows] == ["sent", "sent"]
    assert int(first["id"]) != rows[1]["message_id"]
    assert [int(m["id"]) for m in room.posts_in(guild)][2:] == [rows[1]["message_id"]]


@pytest.mark.usefixtures("no_pauses")
@pytest.mark.parametrize("done_first", [True, False])
async def test_a_history_that_may_not_be_read(
    room: PostRoom, discord_: StandIn, done_first: bool
) -> None:
    """Discord shows it as empty, so nobody can know, and it is never sent again."""
    guild = discord_.guild
    channel = await room.set_up(guild)
    ann = await discord_.add_member("Ann")
    discord_.fail_next("POST", MESSAGES, status=503, done_first=done_first)
    await room.round()
    await ann.say("Good morning")
    await discord_.permit(channel, history=False)
    for _minute in range(3):
        room.clock.move(seconds=61)
        await room.round()
    row = await room.row(guild)
    assert (row["status"], row["trouble"]) == ("unknown", "history_unreadable")
    assert room.tries == 1
    await discord_.permit(channel, history=True)
    room.clock.move(days=1)
    await room.round()
    assert [row["status"] for row in await room.rows(guild)] == ["unknown", "sent"]


@pytest.mark.usefixtures("no_pauses")
async def test_somebody_writes_while_it_is_looked_for(room: PostRoom, discord_: StandIn) -> None:
    """Right after an empty page was read: that is no sign of a history that is hidden."""
    guild = discord_.guild
    await room.set_up(guild)
    ann = await discord_.add_member("Ann")
    discord_.fail_next("POST", MESSAGES, status=503)
    await room.round()

    async def write(_request: Request, _answer: Answer) -> None:
        await ann.say("Good morning")

    discord_.on_accepted(MESSAGES, write, method="GET")
    room.clock.move(seconds=61)
    await room.round()
    await is_sent(room, guild)


@pytest.mark.usefixtures("no_pauses")
async def test_a_channel_that_may_not_be_seen_any_more(room: PostRoom, discord_: StandIn) -> None:
    """What may have been sent there is unknown, not failed."""
    guild = discord_.guild
    channel = await room.set_up(guild)
    discord_.fail_next("POST", MESSAGES, status=503, done_first=True)
    await room.round()
    await discord_.permit(channel, view=False)
    room.clock.move(seconds=61)
    await room.round()
    assert (await room.row(guild))["status"] == "unknown"
    assert room.tries == 1


@pytest.mark.usefixtures("no_pauses")
async def test_a_look_that_discord_refuses(room: PostRoom, discord_: StandIn) -> None:
    """Whatever for: nobody knows, so it is not failed, which `/daily post-now` may send again."""
    guild = discord_.guild
    await room.set_up(guild)
    discord_.fail_next("POST", MESSAGES, status=503, done_first=True)
    await room.round()
    discord_.fail_next("GET", MESSAGES, status=400, code=50035)
    room.clock.move(seconds=61)
    await room.round()
    assert (await room.row(guild))["status"] == "unknown"
    found = await room.guild(guild)
    assert (found["paused_at"], found["to_tell"]) == (None, None)


@pytest.mark.usefixtures("no_pauses")
@pytest.mark.parametrize("done_first", [True, False])
async def test_settled_after_its_window(
    room: PostRoom, discord_: StandIn, done_first: bool
) -> None:
    """Found, it was sent; not found, it is too late for it."""
    guild = discord_.guild
    await room.set_up(guild)
    discord_.fail_next("POST", MESSAGES, status=503, done_first=done_first)
    await room.round()
    room.clock.move(hours=4)
    await room.round()
    assert (await room.row(guild))["status"] == ("sent" if done_first else "missed")
    assert room.tries == 1


@pytest.mark.usefixtures("no_pauses")
async def test_trouble_while_it_is_looked_for(room: PostRoom, discord_: StandIn) -> None:
    """It stays in sending until a look says something."""
    guild = discord_.guild
    await room.set_up(guild)
    discord_.fail_next("POST", MESSAGES, status=503, done_first=True)
    await room.round()
    for status in (503, 429, HANGS_UP):
        room.clock.move(seconds=61)
        fault = discord_.fail_next("GET", MESSAGES, status=status, times=9)
        await room.round()
        fault.times = 0
        assert fault.hits >= 1
        assert (await room.row(guild))["status"] == "sending"
    room.clock.move(seconds=61)
    await room.round()
    await is_sent(room, guild)
    assert room.tries == 1


# The database goes away


@pytest.mark.usefixtures("no_pauses")
async def test_the_database_is_gone_when_it_was_sent(room: PostRoom, discord_: StandIn) -> None:
    """Discord has the post and nobody can write that down: the look finds it."""
    guild = discord_.guild
    await room.set_up(guild)
    (job,) = await room.office.open_jobs()

    async def take_away(_request: Request, _answer: Answer) -> None:
        await room.pool.execute("ALTER TABLE discord.daily_posts RENAME TO elsewhere")

    witness = discord_.on_accepted(MESSAGES, take_away)
    with pytest.raises(asyncpg.PostgresError):
        await room.office.do(job)
    witness.stop()
    await room.pool.execute("ALTER TABLE discord.elsewhere RENAME TO daily_posts")
    assert len(room.posts_in(guild)) == 1
    await left_in_sending(room, guild)
    await room.round()
    await is_sent(room, guild)
    assert room.tries == 1


async def test_the_connections_break_when_it_was_sent(
    room: PostRoom, discord_: StandIn, database_url: str
) -> None:
    """It is written a moment later, over new ones."""
    guild = discord_.guild
    await room.set_up(guild)

    async def cut(_request: Request, _answer: Answer) -> None:
        other = await asyncpg.connect(database_url)
        await other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        await other.close()
        await asyncio.sleep(0.2)  # until all have noticed

    discord_.on_accepted(MESSAGES, cut)
    await room.round()
    await is_sent(room, guild)
    assert room.tries == 1


# All are held


@pytest.mark.parametrize("scope", ["channel", "global", "Cloudflare", "token"])
async def test_all_are_held(room: PostRoom, discord_: StandIn, scope: str) -> None:
    """For as long as Discord says, or for a minute where it does not; then all is sent."""
    one, two = await discord_.add_guilds(2)
    await room.set_up(one)
    await room.set_up(two, after=dt.timedelta(seconds=20))
    path = f"^/channels/{one.channels[0].id}/messages$"
    match scope:
        case "token":
            discord_.fail_next("POST", path, status=401)
        case "Cloudflare":
            discord_.fail_next("POST", path, status=429, headers={"Via": None})
        case _:
            headers = {"X-RateLimit-Scope": scope} | (
                {"X-RateLimit-Global": "true"} if scope == "global" else {}
            )
            discord_.fail_next("POST", path, status=429, retry_after=40, headers=headers)
    seconds = 40 if scope in ("channel", "global") else 60
    await room.round()
    row = await room.row(one)
    assert (row["status"], room.posts_in(one)) == ("planned", [])
    held = await room.pool.fetchval("SELECT held_until FROM discord.pace")
    assert held == room.clock() + dt.timedelta(seconds=seconds)

    room.clock.move(seconds=20)
    for job in await room.office.open_jobs():
        assert job.at >= room.clock() or job.id != 2, "a turn within the hold"
    assert room.tries == 1
    room.clock.move(seconds=seconds - 20)
    await room.round()
    for guild in (one, two):
        (message,) = room.posts_in(guild)
        assert (await room.row(guild))["message_id"] == int(message["id"])
    assert room.tries == 3


async def test_whose_turn_comes_in_a_hold(room: PostRoom, discord_: StandIn) -> None:
    """They wait for its end, and are sent then."""
    one, two = await discord_.add_guilds(2)
    await room.set_up(one)
    await room.set_up(two)
    discord_.fail_next("POST", MESSAGES, status=429, retry_after=0.7)
    first, second = await room.office.open_jobs()
    await room.office.do(first)
    began = asyncio.get_running_loop().time()
    waiting = asyncio.create_task(room.office.do(second))
    await asyncio.sleep(0.3)
    assert room.tries == 1
    room.clock.move(seconds=0.7)
    await waiting
    assert asyncio.get_running_loop().time() - began >= 0.65
    assert room.tries == 2
    assert len(room.posts_in(two)) == 1


# Discord refuses


async def refusals(room: PostRoom, kind: str) -> Guild:
    """A server whose channel is gone, closed to the bot, or which has thrown it out."""
    guild = await room.discord.add_guild("The lake", "shore", "wood")
    match kind:
        case "channel gone":
            await room.set_up(guild)
            await room.discord.delete_channel(guild.channels[0])
        case "may not write":
            await room.discord.permit(await room.set_up(guild), send=False)
        case "may not see":
            await room.discord.permit(await room.set_up(guild), view=False)
        case _:
            await room.set_up(guild)
            await room.discord.throw_out(guild)
    return guild


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("channel gone", "channel_gone"),
        ("may not write", "no_permission"),
        ("may not see", "no_permission"),
        ("thrown out", "no_permission"),
    ],
)
async def test_a_place_that_takes_no_posts(
    room: PostRoom, discord_: StandIn, kind: str, reason: str
) -> None:
    """The schedule is paused, its keeper is told once, and another server has its post."""
    guild = await refusals(room, kind)
    await room.set_up(discord_.guild)
    keeper = await discord_.add_member("Kim", guild=guild)
    await room.pool.execute(
        "UPDATE discord.guilds SET post_set_by = $2 WHERE guild_id = $1", guild.id, keeper.id
    )
    await room.round()
    row = await room.row(guild)
    assert (row["status"], row["trouble"]) == ("failed", reason)
    found = await room.guild(guild)
    assert (found["pause_reason"], found["paused_at"]) == (reason, room.clock())
    assert (found["next_post_on"], found["next_post_at"]) == (None, None)
    assert found["to_tell"] == {"what": reason}
    assert (await room.row(discord_.guild))["status"] == "sent"

    for _minute in range(3):
        room.clock.move(seconds=61)
        await room.round()
    (told,) = discord_.messages_in(keeper.in_dms().channel)
    assert "/daily" in text_of(told)
    assert (guild.name in text_of(told)) == (kind != "thrown out")
    assert discord_.world.owner.id not in discord_.world.dms, "the owner need not know"
    found = await room.guild(guild)
    assert (found["to_tell"], found["tell_at"]) == (None, None)
    room.clock.move(days=2)
    await room.round()
    assert len(await room.rows(guild)) == 1


async def paused_with_keeper(room: PostRoom, keeper: int | None) -> Guild:
    """A server of which something is to be told."""
    guild = await refusals(room, "channel gone")
    await room.pool.execute(
        "UPDATE discord.guilds SET post_set_by = $2 WHERE guild_id = $1", guild.id, keeper
    )
    await room.round()
    room.clock.move(seconds=61)
    return guild


def dms_of(room: PostRoom, user_id: int) -> list[Json]:
    """What somebody has had from the bot directly."""
    channel = room.discord.world.dms.get(user_id)
    return [] if channel is None else room.discord.messages_in(channel)


async def test_a_keeper_who_takes_no_messages(room: PostRoom, discord_: StandIn) -> None:
    """Then the server's owner is told, once."""
    keeper = await discord_.add_member("Kim")
    discord_.close_dms(keeper)
    guild = await paused_with_keeper(room, keeper.id)
    for _minute in range(3):
        await room.round()
        room.clock.move(seconds=61)
    assert dms_of(room, keeper.id) == []
    (told,) = dms_of(room, discord_.world.owner.id)
    assert guild.name in text_of(told)


async def test_nobody_takes_messages(room: PostRoom, discord_: StandIn, log: Log) -> None:
    """The log has it, and that is the end of it."""
    keeper = await discord_.add_member("Kim")
    discord_.close_dms(keeper)
    discord_.world.dm_with(discord_.world.owner).readonly = True
    guild = await paused_with_keeper(room, keeper.id)
    await room.round()
    assert log.count("nobody could be told") == 1
    assert (await room.guild(guild))["to_tell"] is None
    tries = room.tries
    room.clock.move(hours=1)
    await room.round()
    assert (room.tries, log.count("nobody could be told")) == (tries, 1)


async def test_a_keeper_who_is_the_owner(room: PostRoom, discord_: StandIn) -> None:
    """Or whom Discord does not know any more: one message to the owner."""
    for keeper in (discord_.world.owner.id, 4711, None):
        await paused_with_keeper(room, keeper)
        await room.round()
    assert len(dms_of(room, discord_.world.owner.id)) == 3


@pytest.mark.parametrize("status", [429, 503])
async def test_trouble_while_they_are_told(room: PostRoom, discord_: StandIn, status: int) -> None:
    """Again in ten minutes."""
    guild = await paused_with_keeper(room, None)
    fault = discord_.fail_next("POST", OPENED, status=status)
    await room.round()
    assert fault.hits == 1
    assert (await room.guild(guild))["tell_at"] == room.clock() + dt.timedelta(minutes=10)
    room.clock.move(minutes=9)
    await room.round()
    assert dms_of(room, discord_.world.owner.id) == []
    room.clock.move(minutes=1)
    await room.round()
    assert len(dms_of(room, discord_.world.owner.id)) == 1


async def test_two_that_tell_at_once(room: PostRoom, discord_: StandIn) -> None:
    guild = await paused_with_keeper(room, None)
    (job,) = await room.office.open_jobs()
    await asyncio.gather(*(room.office.do(job) for _ in range(5)))
    assert len(dms_of(room, discord_.world.owner.id)) == 1
    assert (await room.guild(guild))["to_tell"] is None


async def test_a_post_that_discord_does_not_take(room: PostRoom, discord_: StandIn) -> None:
    """It has failed, and the schedule goes on: tomorrow's may be another matter."""
    wrong, fine = await discord_.add_guilds(2)
    await room.set_up(wrong)
    await room.set_up(fine)
    path = f"^/channels/{wrong.channels[0].id}/messages$"
    discord_.fail_next("POST", path, status=400, code=50035)
    await room.round()
    row = await room.row(wrong)
    assert (row["status"], row["trouble"]) == ("failed", "400 50035")
    found = await room.guild(wrong)
    assert (found["paused_at"], found["to_tell"], found["post_day"]) == (None, None, 1)
    assert (await room.row(fine))["status"] == "sent"
    room.clock.move(days=1)
    await room.round()
    assert [row["status"] for row in await room.rows(wrong)] == ["failed", "sent"]


@pytest.mark.parametrize(
    ("status", "code"), [(400, 40003), (403, 0), (404, 0)], ids=["busy", "on the way", "nowhere"]
)
async def test_a_refusal_that_passes(
    room: PostRoom, discord_: StandIn, status: int, code: int
) -> None:
    """Each time it is tried a little later, and nobody else waits for it."""
    slow, fine = await discord_.add_guilds(2)
    await room.set_up(slow)
    await room.set_up(fine)
    path = f"^/channels/{slow.channels[0].id}/messages$"
    discord_.fail_next("POST", path, status=status, code=code, times=2)
    await room.round()
    assert (await room.row(fine))["status"] == "sent"
    for pause in (15, 30):
        row = await room.row(slow)
        assert (row["status"], row["trouble"]) == ("planned", f"{status} {code}")
        tries = room.tries
        room.clock.move(seconds=pause - 2)
        await room.round()
        assert room.tries == tries
        room.clock.move(seconds=2)
        await room.round()
        assert room.tries == tries + 1
    assert (await room.row(slow))["status"] == "sent"
    assert len(room.posts_in(slow)) == 1
