"""Daily posts in the playground: set up by themselves, and sent whenever its clock moves.

The clock may be ahead of the real one. By how much is kept in the database, so that a kept world
does not find its own past in the future.
"""

import asyncio
import datetime as dt

import discord
import structlog

from bot.actions import daily, delivering, home, planning
from bot.actions.services import Services
from bot.actions.types import TROUBLE
from bot.errors import UserError
from bot.posting.office import Office

log = structlog.get_logger(__name__)

AHEAD = "playground:ahead"  # in seconds
TIME = "9:00"


async def read_ahead(services: Services) -> dt.timedelta:
    """By how much the world's clock was ahead of the real one when it was last moved."""
    return dt.timedelta(seconds=float(await home.recall(services, AHEAD) or 0))


class Demo:
    """What the playground needs of daily posts. `tomorrow` is set by whoever wants to see it.

    `ahead` is by how much the world's clock is ahead of the real one when it opens.
    """

    def __init__(self, ahead: dt.timedelta) -> None:
        self.ahead = ahead
        self.tomorrow = asyncio.Event()
        self._services: Services | None = None
        self._office: Office | None = None

    def open(self, services: Services, client: discord.Client) -> None:
        """Take the world's services, and the bot that sends."""
        self._services = services
        self._office = Office(services, client)

    async def set_up(self, guild_id: int, channel_id: int, keeper_id: int, name: str) -> None:
        """Have a post a day in a channel, where nothing is set up yet."""
        services = self._ready()
        await delivering.ensure_kai(services)
        keeper = services.caller(keeper_id, name, guild_id, "en-US")
        try:
            await daily.read_daily(services, keeper)
        except UserError:  # there is none yet
            await daily.set_up(services, keeper, channel_id, TIME, services.default_zone, None)

    async def round(self) -> None:
        """Plan and send what is due by the world's clock."""
        if self._office is None:
            return
        try:
            await self._office.round()
        except TROUBLE:
            log.exception("the playground's round failed")

    async def next_at(self) -> dt.datetime | None:
        """When (aware UTC) the next post or reminder is due, None when there is none to come."""
        return await planning.next_at(self._ready())

    async def keep_ahead(self, ahead: dt.timedelta) -> None:
        """Remember by how much the world's clock is ahead."""
        await home.remember(self._ready(), AHEAD, str(ahead.total_seconds()))

    def _ready(self) -> Services:
        if self._services is None:
            raise RuntimeError("the playground has no bot yet")
        return self._services
