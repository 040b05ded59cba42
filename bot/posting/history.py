"""Looking in a channel for a message of ours that may have been sent before."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from enum import Enum
from typing import Any

import discord

PAGE = 100
MOST_PAGES = 20
SLACK = dt.timedelta(minutes=2)
"""By how much Discord's clock may differ from ours."""


class Unreadable(Enum):
    """What is found where nothing can be known."""

    UNREADABLE = "the history cannot be read, or is too long to be read"


UNREADABLE = Unreadable.UNREADABLE


async def find(
    client: discord.Client, channel_id: int, button_id: str, since: dt.datetime
) -> int | Unreadable | None:
    """The id of our message with this button that was sent since then; None if there is none.

    Discord shows an empty history to whoever may not read it: then the channel's last message,
    asked for before, decides whether there was anything to read. Raises discord.HTTPException and
    what the connection raises.
    """
    last = await _last_message_id(client, channel_id)
    after = discord.utils.time_snowflake(since - SLACK)
    for _page in range(MOST_PAGES):
        page: list[Any] = await client.http.logs_from(channel_id, PAGE, after=after)
        for message in page:
            if button_id in _button_ids(message.get("components", ())):
                return int(message["id"])
        if len(page) < PAGE:
            return None if page or last <= after else UNREADABLE
        after = max(int(message["id"]) for message in page)
    return UNREADABLE


async def _last_message_id(client: discord.Client, channel_id: int) -> int:
    channel: Mapping[str, Any] = await client.http.get_channel(channel_id)
    return int(channel.get("last_message_id") or 0)


def _button_ids(components: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for component in components:
        if "custom_id" in component:
            yield component["custom_id"]
        yield from _button_ids(component.get("components", ()))
        if accessory := component.get("accessory"):
            yield from _button_ids([accessory])
