"""Telling a server's administrators, once, that its daily post needs them.

Whoever set it up is written to; if they take no messages, the server's owner; else the log has it.
"""

import asyncio
import json
from collections.abc import Mapping
from typing import Any
from zlib import crc32

import discord
import structlog

from bot.actions import delivering, pace
from bot.actions.delivering import Notice
from bot.actions.services import Services
from bot.posting.trouble import NOT_SURE, Trouble, Verdict, trouble_of
from bot.ui.told import told_card

log = structlog.get_logger(__name__)

TELL_SECONDS = 15.0
AGAIN = (Verdict.NOT_SURE, Verdict.LATER, Verdict.HOLD)


async def tell(services: Services, client: discord.Client, guild_id: int) -> None:
    """Tell them what there is to be told; in trouble, try again in ten minutes."""
    notice = await delivering.read_notice(services, guild_id)
    if notice is None:
        return
    try:
        async with asyncio.timeout(TELL_SECONDS):
            name, owner_id = await _server(client, guild_id)
            reached = False
            for user_id in dict.fromkeys(filter(None, (notice.keeper_id, owner_id))):
                reached = reached or await _write_to(services, client, user_id, name, notice)
    except Exception as error:  # noqa: BLE001  what is no trouble of Discord's is raised again
        trouble = trouble_of(error)
        log.info("administrators not told", guild=guild_id, trouble=trouble.words)
        await _later(services, guild_id, trouble)
        return
    if not reached:
        log.warning("nobody could be told", guild=guild_id, about=notice.about["what"])
    await delivering.told(services, notice)


async def _server(client: discord.Client, guild_id: int) -> tuple[str, int | None]:
    """A server's name and its owner's id; a server that we have left has neither."""
    try:
        guild: Mapping[str, Any] = await client.http.get_guild(guild_id, with_counts=False)
    except (discord.Forbidden, discord.NotFound):
        return "your server", None
    return guild["name"], int(guild["owner_id"])


async def _write_to(
    services: Services, client: discord.Client, user_id: int, server: str, notice: Notice
) -> bool:
    """Write to one of them; False when they take no messages. Raises trouble that may pass."""
    await pace.wait_for_turn(services)
    try:
        opened = await client.http.start_private_message(user_id)
        await client.get_partial_messageable(int(opened["id"])).send(
            view=told_card(server, notice.channel_id, notice.about),
            nonce=_nonce(notice),
            allowed_mentions=discord.AllowedMentions.none(),
        )
    except (discord.HTTPException, *NOT_SURE) as error:
        if trouble_of(error).verdict in AGAIN:
            raise
        return False
    return True


def _nonce(notice: Notice) -> str:
    """By which Discord knows this very notice."""
    text = json.dumps([notice.guild_id, notice.about], sort_keys=True)
    return f"gk-tell-{crc32(text.encode())}"


async def _later(services: Services, guild_id: int, trouble: Trouble) -> None:
    if trouble.verdict is Verdict.HOLD:
        await pace.hold_all(services, trouble.seconds)
    await delivering.tell_later(services, guild_id)
