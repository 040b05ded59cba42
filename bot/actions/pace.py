"""The common pace: Discord takes 50 requests a second from a bot, from all of its processes
together, and discord.py knows of its own process alone. So whoever sends takes a turn first.

Answers to interactions are not counted by Discord, and need no turn.
"""

import asyncio
import datetime as dt

from bot.actions.services import Services
from db import pace

PER_SECOND = 48
"""Turns a second: a little under Discord's 50, which also other requests need."""


def room_for(count: int) -> dt.timedelta:
    """The time that so many turns take."""
    return dt.timedelta(seconds=count / PER_SECOND)


async def take_turn(services: Services) -> dt.datetime:
    """The instant (aware UTC) of the next free turn, now taken."""
    return await pace.take_turns(services.pool, services.clock(), room_for(1))


async def sleep_until(services: Services, turn: dt.datetime) -> None:
    """Return when that instant has come."""
    await asyncio.sleep((turn - services.clock()).total_seconds())


async def wait_for_turn(services: Services) -> None:
    """Return when the next free turn has come."""
    await sleep_until(services, await take_turn(services))


async def hold_all(services: Services, seconds: float) -> None:
    """Let no process send anything more for some seconds: Discord refuses the whole bot."""
    now = services.clock()
    await pace.hold(services.pool, now, now + dt.timedelta(seconds=seconds))


async def is_held(services: Services) -> bool:
    """Whether all processes wait now."""
    return await pace.is_held(services.pool, services.clock())


async def clock_difference(services: Services) -> float:
    """The seconds by which this machine's clock is ahead of the database's."""
    there = await pace.read_clock(services.pool)
    return (services.clock() - there).total_seconds()
