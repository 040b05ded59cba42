"""The stand-in's nonces, rate limits, faults and witnesses, before the daily posts rely on them."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
import psutil
import pytest
import pytest_asyncio

from tests.transport.listener import listening
from tests.transport.people import Json
from tests.transport.standin import StandIn, addressed_to
from tests.transport.tiny_bot import TinyBot
from tests.transport.wire import HANGS_UP, Answer, Request
from tests.transport.world import Channel

pytestmark = pytest.mark.timeout(20)

SENDER = """
import json, sys, urllib.request
url, token = sys.argv[1:]
body = json.dumps({"content": "Hello", "nonce": "day-1", "enforce_nonce": True}).encode()
headers = {"Authorization": f"Bot {token}", "Content-Type": "application/json"}
request = urllib.request.Request(url, body, headers)
print(json.load(urllib.request.urlopen(request))["id"])
"""


@dataclass
class Reply:
    """What came back."""

    status: int
    body: Any
    headers: dict[str, str]


@dataclass
class Line:
    """A plain HTTP client with the bot's token, which repeats nothing by itself."""

    stand_in: StandIn
    session: aiohttp.ClientSession

    async def ask(self, method: str, path: str, body: Json | None = None) -> Reply:
        """One request. Raises aiohttp.ClientError when the connection breaks."""
        url = self.stand_in.api_url + path
        async with self.session.request(method, url, json=body) as response:
            said = await response.json() if response.status != 204 else None
            return Reply(response.status, said, dict(response.headers))

    async def post(self, channel: Channel, content: str = "Hello", **others: object) -> Reply:
        """Post a message."""
        body = {"content": content, **others}
        return await self.ask("POST", f"/channels/{channel.id}/messages", body)


@asynccontextmanager
async def line_to(stand_in: StandIn) -> AsyncGenerator[Line]:
    """The client, closed at the end."""
    headers = {"Authorization": f"Bot {stand_in.token}"}
    async with aiohttp.ClientSession(headers=headers) as session:
        yield Line(stand_in, session)


@pytest_asyncio.fixture
async def discord_() -> AsyncIterator[StandIn]:
    async with StandIn(nonce_seconds=0.6) as stand_in:
        yield stand_in


@pytest_asyncio.fixture
async def line(discord_: StandIn) -> AsyncIterator[Line]:
    async with line_to(discord_) as line:
        yield line


# Nonces


async def test_a_nonce_is_honoured_in_its_channel_and_then_forgotten(
    discord_: StandIn, line: Line
) -> None:
    here, there = discord_.guild.channels
    said: Json = {"nonce": "day-1", "enforce_nonce": True}
    first = await line.post(here, **said)
    again = await line.post(here, "Hello again", **said)
    assert again.body["id"] == first.body["id"]
    assert (again.body["content"], again.body["nonce"]) == ("Hello", "day-1")
    assert (await line.post(there, **said)).body["id"] != first.body["id"]
    assert (await line.post(here, nonce="day-1")).body["id"] != first.body["id"], "not enforced"
    await asyncio.sleep(0.65)
    assert (await line.post(here, **said)).body["id"] != first.body["id"]
    assert len(discord_.messages_in(here)) == 3
    refused = await line.post(here, nonce="x" * 26, enforce_nonce=True)
    assert (refused.status, refused.body["code"]) == (400, 50035)


async def test_the_nonce_comes_back_once_and_is_not_kept(discord_: StandIn) -> None:
    async with listening(discord_) as bot:
        place = bot.place(discord_.guild.channels[0])
        sent = await place.send("Hello", nonce="day-1")
        await discord_.until(lambda: len(bot.heard) == 1)
        assert (sent.nonce, bot.heard[0].nonce) == ("day-1", "day-1")
        assert (await place.fetch_message(sent.id)).nonce is None
        assert (await place.send("Hello", nonce="day-1")).id == sent.id
        await place.send("Bye")
        await discord_.until(lambda: len(bot.heard) == 2)
        assert bot.texts == ["Hello", "Bye"], "a repeat is not heard of"


# Rate limits


async def test_there_are_no_limits_unless_asked_for(discord_: StandIn, line: Line) -> None:
    channel = discord_.guild.channels[0]
    replies = await asyncio.gather(*(line.post(channel) for _ in range(100)))
    assert {reply.status for reply in replies} == {200}
    assert {reply.headers["X-RateLimit-Remaining"] for reply in replies} == {"49"}
    assert discord_.limited == {}
    assert discord_.busiest_second == 100


async def test_the_global_limit_holds_over_all_routes() -> None:
    async with StandIn(global_per_second=20) as stand_in, line_to(stand_in) as line:
        channels = [guild.channels[0] for guild in await stand_in.add_guilds(10)]
        posts = [line.post(channel) for channel in channels]
        reads = [line.ask("GET", f"/channels/{channel.id}") for channel in channels]
        assert {r.status for r in await asyncio.gather(*posts, *reads)} == {200}
        refused = await line.post(channels[0])
        assert refused.status == 429
        assert refused.body["global"] is True
        assert 0 < refused.body["retry_after"] <= 1
        assert refused.headers["X-RateLimit-Global"] == "true"
        assert refused.headers["X-RateLimit-Scope"] == "global"
        assert refused.headers["Retry-After"] == "1"
        assert refused.headers["Via"]
        assert "X-RateLimit-Remaining" not in refused.headers
        assert (stand_in.limited, stand_in.busiest_second) == ({"global": 1}, 21)
        await asyncio.sleep(refused.body["retry_after"])
        assert (await line.post(channels[0])).status == 200


async def test_answers_to_interactions_are_free_of_the_global_limit() -> None:
    async with StandIn(global_per_second=10) as stand_in:
        with addressed_to(stand_in):
            async with TinyBot(stand_in.guild.id) as bot:
                running = asyncio.create_task(bot.start(stand_in.token))
                await stand_in.connected(running)
                ada = await stand_in.add_member("Ada")
                async with line_to(stand_in) as line:
                    while (await line.post(ada.channel)).status == 200:
                        pass
                thoughts = [await ada.slash("act think") for _ in range(20)]
                await stand_in.until(lambda: all(thought.followups for thought in thoughts))
            await running
        answers = [request for request in stand_in.requests if request.is_by_token]
        assert {request.status for request in answers} == {200}
        assert len(answers) == 60, "three for each"
        assert stand_in.limited == {"global": 1}


async def test_a_channels_messages_are_limited_and_the_headers_are_true() -> None:
    async with StandIn(channel_limit=(2, 1.0)) as stand_in, line_to(stand_in) as line:
        here, there = stand_in.guild.channels
        replies = [await line.post(here) for _ in range(3)]
        assert [reply.status for reply in replies] == [200, 200, 429]
        assert [r.headers["X-RateLimit-Remaining"] for r in replies] == ["1", "0", "0"]
        assert {reply.headers["X-RateLimit-Limit"] for reply in replies} == {"2"}
        assert len({reply.headers["X-RateLimit-Bucket"] for reply in replies}) == 1
        left = [float(reply.headers["X-RateLimit-Reset-After"]) for reply in replies]
        assert 1 >= left[0] >= left[1] >= left[2] > 0
        assert replies[2].body["global"] is False
        assert replies[2].body["retry_after"] == left[2]
        assert replies[2].headers["X-RateLimit-Scope"] == "user"
        assert replies[2].headers["Via"]
        edit = f"/channels/{here.id}/messages/{replies[0].body['id']}"
        edits = [await line.ask("PATCH", edit, {"content": "Bye"}) for _ in range(3)]
        assert [reply.status for reply in edits] == [200, 200, 429], "edits have their own"
        assert (await line.post(there)).status == 200
        assert stand_in.limited == {"channel": 2}
        await asyncio.sleep(left[2])
        assert (await line.post(here)).status == 200


async def test_discord_py_keeps_to_a_channels_limit_by_its_headers() -> None:
    async with StandIn(channel_limit=(2, 0.4)) as stand_in, listening(stand_in) as bot:
        place = bot.place(stand_in.guild.channels[0])
        await asyncio.gather(*(place.send(f"{number}") for number in range(5)))
        assert stand_in.limited == {}
        assert len(stand_in.messages_in(stand_in.guild.channels[0])) == 5


async def test_discord_py_comes_back_after_the_global_limit() -> None:
    async with StandIn(global_per_second=15) as stand_in, listening(stand_in) as bot:
        guilds = await stand_in.add_guilds(20)
        await stand_in.until(lambda: bot.get_guild(guilds[-1].id) is not None)
        places = [bot.place(guild.channels[0]) for guild in guilds]
        await asyncio.gather(*(place.send("Hello") for place in places))
        assert stand_in.limited["global"] > 0
        assert [len(stand_in.messages_in(g.channels[0])) for g in guilds] == [1] * 20


# Faults


async def statuses(line: Line, channel: Channel, count: int) -> list[int]:
    """Post so many messages, one after another; a broken connection is HANGS_UP."""
    found: list[int] = []
    for _ in range(count):
        try:
            found.append((await line.post(channel)).status)
        except aiohttp.ClientError:
            found.append(HANGS_UP)
    return found


SHARES = {500: 0.1, 503: 0.1, 429: 0.1, HANGS_UP: 0.1}


async def test_a_share_of_the_requests_fails_as_the_seed_says(
    discord_: StandIn, line: Line
) -> None:
    channel = discord_.guild.channels[0]
    faults = discord_.random_faults(7, SHARES, path="/messages$", method="POST", done_first=0.5)
    found = await statuses(line, channel, 200)
    assert set(found) == {200, *SHARES}
    assert faults.hits == {status: found.count(status) for status in SHARES}
    assert 40 < faults.hits.total() < 120
    assert 0 < faults.done < faults.hits.total() - faults.hits[429]
    assert not any(strike.done_first for strike in faults.struck if strike.status == 429)
    assert len(discord_.messages_in(channel)) == found.count(200) + faults.done
    assert (await line.ask("GET", f"/channels/{channel.id}")).status == 200
    faults.stop()
    assert set(await statuses(line, channel, 20)) == {200}
    again = discord_.random_faults(7, SHARES, done_first=0.5)
    assert await statuses(line, channel, 200) == found
    assert again.hits == faults.hits


async def test_shares_are_at_most_everything(discord_: StandIn) -> None:
    with pytest.raises(ValueError, match="over 1"):
        discord_.random_faults(1, {500: 0.6, 503: 0.6})


async def test_what_is_failed_by_chance_has_used_up_the_limit() -> None:
    async with StandIn(channel_limit=(5, 5.0)) as stand_in, line_to(stand_in) as line:
        stand_in.random_faults(1, {500: 1.0}, path="/messages$")
        assert await statuses(line, stand_in.guild.channels[0], 6) == [500] * 5 + [429]


# Witnesses


async def test_a_witness_sees_what_was_done_before_its_answer(
    discord_: StandIn, line: Line
) -> None:
    channel = discord_.guild.channels[0]
    seen: list[tuple[str, int, int]] = []

    def heard(request: Request, answer: Answer) -> None:
        assert request.status is None
        there = len(discord_.messages_in(channel))
        seen.append((request.body["content"], int(answer.body["id"]), there))

    witness = discord_.on_accepted(r"/messages$", heard)
    sent = await line.post(channel)
    assert seen == [("Hello", int(sent.body["id"]), 1)]
    assert (await line.post(channel, "")).status == 400
    await line.ask("GET", f"/channels/{channel.id}/messages")
    assert witness.seen == 1, "neither refusals nor other methods"
    witness.stop()
    await line.post(channel)
    assert witness.seen == 1


async def test_a_witness_breaks_the_connection(discord_: StandIn, line: Line) -> None:
    channel = discord_.guild.channels[0]
    witness = discord_.on_accepted(rf"/channels/{channel.id}/", lambda request, answer: HANGS_UP)
    assert await statuses(line, channel, 1) == [HANGS_UP]
    witness.stop()
    assert await statuses(line, channel, 1) == [200]
    assert len(discord_.messages_in(channel)) == 2
    assert [request.status for request in discord_.requests] == [HANGS_UP, 200]


async def test_a_witness_holds_the_answer_back(discord_: StandIn) -> None:
    channel, other = discord_.guild.channels
    let_go = asyncio.Event()

    async def heard(request: Request, answer: Answer) -> None:
        await let_go.wait()

    async with listening(discord_) as bot:
        discord_.on_accepted(rf"/channels/{channel.id}/messages$", heard)
        sending = asyncio.create_task(bot.place(channel).send("Hello"))
        await discord_.until(lambda: len(discord_.messages_in(channel)) == 1)
        assert bot.heard == []
        await bot.place(other).send("Others are served")
        assert not sending.done()
        let_go.set()
        assert (await sending).content == "Hello"


async def test_a_process_dies_between_the_deed_and_the_answer(discord_: StandIn) -> None:
    channel = discord_.guild.channels[0]
    url = f"{discord_.api_url}/channels/{channel.id}/messages"

    async def send() -> asyncio.subprocess.Process:
        sender = (sys.executable, "-c", SENDER, url, discord_.token)
        return await asyncio.create_subprocess_exec(*sender, stdout=asyncio.subprocess.PIPE)

    def heard(request: Request, answer: Answer) -> None:
        ports = {c.laddr.port for c in psutil.Process(process.pid).net_connections()}
        assert request.port in ports, "the request tells who sent it"
        os.kill(process.pid, signal.SIGKILL)

    witness = discord_.on_accepted(r"/messages$", heard)
    process = await send()
    printed, _ = await process.communicate()
    assert (process.returncode, printed) == (-signal.SIGKILL, b"")
    (message,) = discord_.messages_in(channel)
    witness.stop()
    await asyncio.sleep(0.65)  # the nonce is forgotten by now: it is posted once more
    process = await send()
    printed, _ = await process.communicate()
    assert process.returncode == 0
    assert [m["id"] for m in discord_.messages_in(channel)] == [
        message["id"],
        printed.decode().strip(),
    ]
