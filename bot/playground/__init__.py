"""The playground: the real bot in a simulated Discord, opened in a browser on this machine alone.

It needs no token and no network. SimCord plays Discord in memory; everything else is what runs in
production. Nothing here is imported by a bot that is connected to Discord.
"""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final, Protocol

import discord

from bot.playground.errors import PlaygroundError

__all__ = ["HOME_GUILD_ID", "Clock", "MakeBot", "PlaygroundError", "Posting", "serve"]

Clock = Callable[[], datetime]
"""Tells the instant it is, as aware UTC."""

MakeBot = Callable[[Clock], discord.Client]
"""Makes a bot that goes by that clock and has not logged in."""


class Posting(Protocol):
    """Daily posts and reminders, as the playground has them sent.

    `ahead` is by how much the world's clock is ahead of the real one when it opens. `tomorrow` is
    set when somebody wants a day to go by.
    """

    ahead: timedelta
    tomorrow: asyncio.Event

    async def set_up(self, guild_id: int, channel_id: int, keeper_id: int, name: str) -> None:
        """Have a post a day in a channel, where nothing is set up yet."""
        ...

    async def round(self) -> None:
        """Send what is due by the world's clock."""
        ...

    async def next_at(self) -> datetime | None:
        """When (aware UTC) the next is due, None when there is none to come."""
        ...

    async def keep_ahead(self, ahead: timedelta) -> None:
        """Remember by how much the world's clock is ahead."""
        ...


HOME_GUILD_ID: Final = 1456074443980900000
"""The playground's server. It never changes, so that a kept database finds its people again."""

_NOT_INSTALLED = (
    "The playground is not installed: install the playground group"
    " (uv sync --group playground), or set DISCORD_TOKEN."
)
_PACKAGES = frozenset({"simcord", "markdown_it", "linkify_it", "regex", "PIL", "av"})


async def serve(
    make_bot: MakeBot,
    *,
    port: int,
    stop: asyncio.Event,
    on_ready: Callable[[str], None],
    zone: str = "UTC",
    posting: Posting | None = None,
) -> None:
    """Run the playground until `stop` is set, and close everything before returning.

    `make_bot` gets the world's clock, which follows the real one. `on_ready` gets the page's
    address once it can be opened. `port` is a port of the loopback interface, 0 for any free one.
    `zone` is how the browser shows times. Without `posting` nothing is sent by itself.

    Raises PlaygroundError, with a sentence for the person who runs it, when a package is missing,
    the port is taken or the first conversation cannot be opened.
    """
    # SimCord probes discord.py with a client without intents, of which discord.py then warns.
    logging.getLogger("discord.state").addFilter(
        lambda record: "Guilds intent" not in record.getMessage()
    )
    try:
        # Only here: production leaves the group with SimCord out.
        from bot.playground import site  # noqa: PLC0415
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in _PACKAGES:
            raise
        raise PlaygroundError(_NOT_INSTALLED) from error
    await site.run(make_bot, port=port, stop=stop, on_ready=on_ready, zone=zone, posting=posting)
