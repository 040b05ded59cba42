"""The playground from outside: its page, whom it answers, its world, its beginning and its end."""

import asyncio
import socket
import sys
import time
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta

import aiohttp
import discord
import pytest

from bot.playground import HOME_GUILD_ID, Clock, PlaygroundError, serve
from bot.playground.screen import Screen
from bot.playground.world import open_world
from tests.browser.stand_in import StandIn, running


@pytest.fixture
async def web() -> AsyncGenerator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


async def test_the_front_page_leads_to_every_conversation(
    playground: str, web: aiohttp.ClientSession
) -> None:
    async with web.get(playground) as answer:
        text = await answer.text()
        assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert "Everything here is real except Discord" in text
    for place in ("kindness", "general"):
        for viewer in ("maple", "river", "sage"):
            assert f'href="/open/{place}/{viewer}"' in text
            assert f'href="/open/dm-{viewer}/{viewer}"' in text


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/", {"Host": "rebound.example"}, 403),
        ("/open/kindness/maple", {"Host": "127.0.0.1.rebound.example"}, 403),
        ("/open/kindness/maple", {"Origin": "https://elsewhere.example"}, 403),
        ("/open/kindness/nobody", {}, 404),
        ("/open/dm-maple/river", {}, 404),
        ("/open/<b>/maple", {}, 404),
        ("/playground/nothing.css", {}, 404),
        ("/api/state", {}, 401),
        ("/api/state", {"X-Simcord-Capability": "dm-maple/river"}, 401),
        ("/api/state", {"X-Simcord-Capability": "general/maple"}, 410),
    ],
)
async def test_who_and_what_is_turned_away(
    playground: str, web: aiohttp.ClientSession, path: str, headers: dict[str, str], status: int
) -> None:
    async with web.get(playground + path.lstrip("/"), headers=headers) as answer:
        assert answer.status == status
        assert "<b>" not in await answer.text()


async def test_quick_clicks_wait_for_each_other(
    playground: str, web: aiohttp.ClientSession
) -> None:
    async def click(path: str) -> str:
        async with web.get(f"{playground}open/{path}", allow_redirects=False) as answer:
            return answer.headers["Location"]

    paths = ["kindness/maple", "general/sage", "dm-river/river", "kindness/river"] * 3
    assert await asyncio.gather(*map(click, paths)) == [f"/conversation#{path}" for path in paths]
    async with web.get(f"{playground}conversation") as answer:
        assert "All conversations" in await answer.text()


async def test_the_world_is_the_same_each_time_and_it_is_now() -> None:
    seen: list[tuple[int, ...]] = []
    for _ in range(2):
        async with open_world(StandIn) as world:
            bot = world.env.bot
            assert isinstance(bot, StandIn)
            assert abs(bot.born - datetime.now(UTC)) < timedelta(seconds=5)
            guild = bot.get_guild(HOME_GUILD_ID)
            assert guild is not None
            assert guild.name == "Get Kinder"
            sage = world.viewers[2]
            assert sage.name == "Sage (moderator)"
            may = discord.Permissions(world.env.backend.compute_permissions(guild.id, sage.user.id))
            assert may.moderate_members
            assert may.manage_guild
            assert not may.administrator
            people = [viewer.user.id for viewer in world.viewers]
            seen.append((bot.application_id or 0, *people, *(p.channel.id for p in world.places)))
    assert seen[0] == seen[1]
    assert len(set(seen[0])) == len(seen[0])


async def test_the_world_follows_the_real_clock() -> None:
    async with open_world(StandIn) as world:
        bot = world.env.bot
        assert isinstance(bot, StandIn)
        await asyncio.sleep(0.2)
        assert bot.clock() < datetime.now(UTC) - timedelta(seconds=0.1)
        async with Screen(world, zone="UTC").turn():
            assert abs(bot.clock() - datetime.now(UTC)) < timedelta(seconds=0.1)


async def test_a_conversation_that_cannot_be_opened_is_said_in_words() -> None:
    async with open_world(StandIn) as world:
        screen = Screen(world, zone="UTC")
        maple, kindness = world.viewers[0], world.places[0]
        maple.member.guild.remove_member(maple.member)
        async with screen.turn():
            with pytest.raises(PlaygroundError, match="#kindness could not be opened"):
                await screen.show(kindness)
            await screen.show(world.places[3])
        await screen.close()


async def test_a_port_in_use_ends_before_the_bot_is_made() -> None:
    def no_bot(_: Clock) -> StandIn:
        raise AssertionError("no bot should be made")

    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(PlaygroundError, match=f"^Port {port} is in use.*PLAYGROUND_PORT"):
            await serve(no_bot, port=port, stop=asyncio.Event(), on_ready=print)


async def test_a_missing_package_ends_in_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("site", "proxy", "screen", "page", "world"):
        monkeypatch.delitem(sys.modules, f"bot.playground.{module}", raising=False)
    monkeypatch.delattr("bot.playground.site", raising=False)
    monkeypatch.setitem(sys.modules, "simcord", None)
    with pytest.raises(PlaygroundError, match=r"--group playground.*DISCORD_TOKEN"):
        await serve(StandIn, port=0, stop=asyncio.Event(), on_ready=print)


async def test_it_stops_within_seconds_and_leaves_nothing_behind(
    web: aiohttp.ClientSession,
) -> None:
    bots: list[StandIn] = []

    def make_bot(clock: Clock) -> StandIn:
        bots.append(StandIn(clock))
        return bots[0]

    async with running(make_bot) as address:
        async with web.get(f"{address}open/general/sage") as answer:
            assert answer.ok
        began = time.monotonic()
    assert time.monotonic() - began < 3
    assert bots[0].is_closed()
    with pytest.raises(aiohttp.ClientConnectionError):
        await web.get(address)
