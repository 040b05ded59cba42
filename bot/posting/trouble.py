"""What an error of Discord's means for a message that was to be sent.

Sources: "JSON Error Codes", "Rate Limits" and "HTTP Response Codes" in Discord's documentation.
"""

from dataclasses import dataclass
from enum import Enum

import aiohttp
import discord

NOT_SURE = (discord.DiscordServerError, aiohttp.ClientError, OSError, TimeoutError)
"""After these nobody knows whether Discord has done what it was asked."""

UNKNOWN_CHANNEL, UNKNOWN_GUILD, MISSING_ACCESS, MISSING_PERMISSIONS = 10003, 10004, 50001, 50013
CANNOT_WRITE_HERE = frozenset({50008, 50024, 160002})
"""Of the channel's kind: no text in it, not for this, or a thread that is locked."""
DMS_CLOSED = frozenset({50007, 50278})
BUSY = frozenset({40003, 20016, 20028, 20022})
"""Rates of Discord's own that no header announces."""

LONGEST_HOLD = 60.0
"""Seconds for which all is held where Discord does not say, or asks for longer."""


class RouteFull(discord.RateLimited):
    """Nothing was sent: one route, a channel's or that of opening direct messages, is used up."""


class Verdict(Enum):
    """What to do with the message."""

    NOT_SURE = "it may have been sent: look before it is sent again"
    LATER = "it was not sent: again after a while"
    HOLD = "it was not sent, and nothing else would be: all wait"
    CHANNEL_GONE = "channel_gone"
    NO_PERMISSION = "no_permission"
    DMS_CLOSED = "dms_closed"
    REFUSED = "it will never be taken"


@dataclass(frozen=True, slots=True)
class Trouble:
    """A verdict, the error in a few words for the ledger, and for how many seconds all are held."""

    verdict: Verdict
    words: str
    seconds: float = 0.0


def trouble_of(error: Exception) -> Trouble:
    """What an error means. Anything that is no trouble of Discord's is raised again."""
    if isinstance(error, RouteFull):
        return Trouble(Verdict.LATER, "route_full")
    if isinstance(error, discord.RateLimited):
        return Trouble(Verdict.HOLD, "rate_limited", min(error.retry_after, LONGEST_HOLD))
    if isinstance(error, NOT_SURE):
        status = error.status if isinstance(error, discord.HTTPException) else ""
        return Trouble(Verdict.NOT_SURE, f"{type(error).__name__} {status}".strip())
    if isinstance(error, discord.HTTPException):
        return _of_refusal(error)
    raise error


def _of_refusal(error: discord.HTTPException) -> Trouble:
    words = f"{error.status} {error.code}"
    if error.status in (401, 429):  # the token, or the whole machine
        return Trouble(Verdict.HOLD, words, LONGEST_HOLD)
    if error.code in (UNKNOWN_CHANNEL, UNKNOWN_GUILD) or error.code in CANNOT_WRITE_HERE:
        return Trouble(Verdict.CHANNEL_GONE, words)
    if error.code in (MISSING_ACCESS, MISSING_PERMISSIONS):
        return Trouble(Verdict.NO_PERMISSION, words)
    if error.code in DMS_CLOSED:
        return Trouble(Verdict.DMS_CLOSED, words)
    if error.code in BUSY or not error.code:  # without a code it is somebody on the way to Discord
        return Trouble(Verdict.LATER, words)
    return Trouble(Verdict.REFUSED, words)
