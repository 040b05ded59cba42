"""Sending one row of a ledger, once: whatever fails on the way, and whoever dies on it.

The message carries a nonce made from the row's id, so that Discord answers a repeat with the first
message; but only for some minutes. Therefore a row that may have been sent is not sent again
before its channel was looked at. `Letter` is what differs between a post and a reminder.
"""

import asyncio
import datetime as dt
from dataclasses import replace
from typing import Protocol

import discord
import structlog

from bot.actions import delivering, pace
from bot.actions.delivering import Claim
from bot.actions.services import Services
from bot.actions.types import TROUBLE
from bot.posting import history
from bot.posting.trouble import Trouble, Verdict, trouble_of
from bot.ui.card import Card

log = structlog.get_logger(__name__)

SEND_SECONDS = 4.5
"""How long a message is tried, discord.py's own repeats included; in that time its nonce holds."""
LOOK_SECONDS = 20.0
LATE = dt.timedelta(seconds=0.02)
"""Who comes later than this has missed their turn and takes another: what is sent late comes on
top of all that is sent in time, and there is room for two messages a second more."""
SOON = dt.timedelta(seconds=10)
"""A turn that is further off is for another job."""
STILL_OURS = dt.timedelta(seconds=45)
"""For so long nobody else takes a row up; who is later than that does not send it."""
WRITE_PAUSES = (0.2, 1.0, 3.0)
"""Seconds between the tries to write what was sent: a database may be starting again."""


class Letter(Protocol):
    """A message that is ours to send.

    `button_id` is that of a button by which it is known; `nonce` has 25 characters at most.
    """

    claim: Claim
    nonce: str
    button_id: str

    def card(self) -> Card | None:
        """What it says; None when there is nothing to be said any more."""
        ...

    async def channel_id(self, client: discord.Client) -> int:
        """Where it goes; asks Discord where that is not known. Raises as `discord` does."""
        ...

    async def sent(self, message_id: int) -> bool:
        """Write that it was sent; False when somebody else has the row."""
        ...

    async def refused(self, trouble: Trouble) -> bool:
        """Write that its place takes no messages any more; False when that is no such trouble."""
        ...


class NotToSend(Exception):
    """The row ends without a message: its status, and why."""

    def __init__(self, status: str, trouble: str | None = None) -> None:
        super().__init__(status)
        self.status = status
        self.trouble = trouble


class NotYet(Exception):
    """The row is to be sent, but not before that instant (aware UTC)."""

    def __init__(self, at: dt.datetime) -> None:
        super().__init__(at)
        self.at = at


async def send(
    services: Services, client: discord.Client, letter: Letter, turn: dt.datetime
) -> None:
    """Send it in its turn, and write in the ledger what became of it.

    Raises the database's trouble.
    """
    try:
        message_id = await _find_or_send(services, client, letter, turn)
    except NotToSend as end:
        await delivering.close(services, letter.claim, end.status, end.trouble)
    except NotYet as later:
        await delivering.put_off(services, letter.claim, later.at)
    except Exception as error:  # noqa: BLE001  what is no trouble of Discord's is raised again
        await _note(services, letter, trouble_of(error))
    else:
        await _write_sent(letter, message_id)


async def _find_or_send(
    services: Services, client: discord.Client, letter: Letter, turn: dt.datetime
) -> int:
    """The message's id, whether it was sent before or is sent now. Raises NotToSend, NotYet."""
    if letter.claim.was_sending:
        await pace.wait_for_turn(services)
        found = await _look_for(client, letter)
        if found is not None:
            return found
        letter.claim = replace(letter.claim, was_sending=False)
    card = letter.card()
    if card is None:
        raise NotToSend("nothing")
    channel_id = await letter.channel_id(client)
    await _be_in_turn(services, letter.claim, turn)
    if letter.claim.expires_at <= services.clock():
        raise NotToSend("missed")
    if services.clock() - letter.claim.claimed_at > STILL_OURS:
        raise NotYet(services.clock())
    return await _send(client, letter, card, channel_id)


async def _be_in_turn(services: Services, claim: Claim, turn: dt.datetime) -> None:
    """Return at that instant, or, for who comes late or again, at the next free turn.

    Raises NotYet when that is far off.
    """
    if claim.attempt > 1:  # when it is tried again is no turn
        turn = await _next_turn(services)
    await pace.sleep_until(services, turn)
    while services.clock() > turn + LATE:
        turn = await _next_turn(services)
        await pace.sleep_until(services, turn)


async def _next_turn(services: Services) -> dt.datetime:
    turn = await pace.take_turn(services)
    if turn > services.clock() + SOON:
        raise NotYet(turn)
    return turn


async def _look_for(client: discord.Client, letter: Letter) -> int | None:
    """The message that may have been sent before, None when it certainly was not."""
    claim = letter.claim
    channel_id = await letter.channel_id(client)
    async with asyncio.timeout(LOOK_SECONDS):
        found = await history.find(client, channel_id, letter.button_id, claim.send_at)
    log.info("looked for", ledger=claim.ledger, row=claim.id, found=str(found))
    if found is history.UNREADABLE:
        raise NotToSend("unknown", "history_unreadable")
    return found


async def _send(client: discord.Client, letter: Letter, card: Card, channel_id: int) -> int:
    channel = client.get_partial_messageable(channel_id)
    async with asyncio.timeout(SEND_SECONDS):
        message = await channel.send(
            view=card,
            nonce=letter.nonce,
            allowed_mentions=discord.AllowedMentions.none(),
        )
    return message.id


async def _write_sent(letter: Letter, message_id: int) -> None:
    for pause in (*WRITE_PAUSES, None):
        try:
            ours = await letter.sent(message_id)
        except TROUBLE:
            if pause is None:
                raise  # the row stays in sending, and the next look finds the message
            await asyncio.sleep(pause)
            continue
        if not ours:
            log.warning("sent, but taken up by others", ledger=letter.claim.ledger)
        return


async def _note(services: Services, letter: Letter, trouble: Trouble) -> None:
    claim = letter.claim
    log.info(
        "not sent",
        ledger=claim.ledger,
        row=claim.id,
        verdict=trouble.verdict.name,
        trouble=trouble.words,
    )
    match trouble.verdict:
        case Verdict.NOT_SURE:
            await delivering.leave(services, claim, trouble.words)
        case Verdict.HOLD:
            await pace.hold_all(services, trouble.seconds)
            await _again(services, claim, trouble)
        case Verdict.LATER:
            await _again(services, claim, trouble)
        case Verdict.NO_PERMISSION | Verdict.REFUSED if claim.was_sending:
            await delivering.close(services, claim, "unknown", "history_unreadable")
        case _ if await letter.refused(trouble):
            pass
        case _:
            await delivering.close(services, claim, "failed", trouble.words)


async def _again(services: Services, claim: Claim, trouble: Trouble) -> None:
    """Once more later; what may have been sent before waits until it can be looked for."""
    if claim.was_sending:
        await delivering.leave(services, claim, trouble.words)
    else:
        await delivering.try_again(services, claim, trouble.words)
