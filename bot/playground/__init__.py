"""The playground: the real bot in a simulated Discord, opened in a browser on this machine alone.

It needs no token and no network. SimCord plays Discord in memory; everything else is what runs in
production. Nothing here is imported by a bot that is connected to Discord.
"""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime
from typing import Final

import discord

from bot.playground.errors import PlaygroundError

__all__ = ["HOME_GUILD_ID", "Clock", "MakeBot", "PlaygroundError", "serve"]

Clock = Callable[[], datetime]
"""Tells the instant it is, as aware UTC."""

MakeBot = Callable[[Clock], discord.Client]
"""Makes a bot that goes by that clock and has not logged in."""

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
) -> None:
    """Run the playground until `stop` is set, and close everything before returning.

    `make_bot` gets the world's clock, which follows the real one. `on_ready` gets the page's
    address once it can be opened. `port` is a port of the loopback interface, 0 for any free one.
    `zone` is how the browser shows times.

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
    await site.run(make_bot, port=port, stop=stop, on_ready=on_ready, zone=zone)
