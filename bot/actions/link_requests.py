"""Requests to be linked to the website: made by a member, decided on by a moderator."""

import datetime as dt
from dataclasses import dataclass

from bot.actions.linking import (
    REFUSED,
    TRIES,
    Linked,
    checked_address,
    gone,
    link,
    verdict_of,
)
from bot.actions.services import Services, refuse_suspended
from bot.errors import Conflict, SomebodyWasFaster
from bot.rules.linking import new_code
from db import link_requests
from db.link_requests import OwnRequest, Request
from db.links import Belongings, Deed
from db.members import Caller, Me
from db.pool import Pool

LISTED = 8
"""How many requests a card shows."""


@dataclass(frozen=True, slots=True)
class Offered:
    """A request as somebody is about to confirm it, and what would move."""

    request: Request
    user_id: int
    moving: Belongings


async def ask(services: Services, caller: Caller, address: str) -> tuple[Me, str]:
    """Ask to be linked to the website's account of an address; gives the code that proves it.

    It takes the place of an earlier request, and says nothing about what the website has.
    Raises Conflict, Suspended, SomebodyWasFaster.
    """
    checked = checked_address(address)
    for _attempt in range(TRIES):
        code = new_code()
        made = await link_requests.make(services.pool, caller, checked, code)
        if made is None:
            continue
        me, is_made = made
        refuse_suspended(me)
        if not is_made:
            raise Conflict(
                "Your Discord account is linked to the website already. `/account unlink` parts "
                "the two, and then you can link another one."
            )
        return me, code
    raise SomebodyWasFaster


async def status(
    services: Services, caller: Caller
) -> tuple[Me, dt.datetime | None, OwnRequest | None]:
    """Since when the caller is linked (aware UTC, None when they are not), and their request.

    Raises Suspended.
    """
    me, linked_at, request = await link_requests.read_own(services.pool, caller)
    refuse_suspended(me)
    return me, linked_at, request


async def open_requests(services: Services, caller: Caller) -> tuple[Me, list[Request], int]:
    """The oldest open requests, and how many there are in all."""
    me, found, count = await link_requests.list_open(services.pool, caller, LISTED)
    refuse_suspended(me)
    return me, found, count


async def look(services: Services, caller: Caller, request_id: int) -> tuple[Me, Offered]:
    """An open request of somebody else's, and what confirming it would move.

    Raises Conflict, also when it cannot be confirmed, and Suspended.
    """
    me, found = await link_requests.read_request(services.pool, caller, request_id)
    refuse_suspended(me)
    if found is None:
        raise gone()
    request, moving = found
    if request.member_id == caller.discord_id:
        raise _own()
    verdict = verdict_of(request.accounts)
    if verdict != "ready":
        raise Conflict(REFUSED[verdict])
    return me, Offered(request, request.accounts[0].user_id, moving)


async def confirm(
    services: Services, caller: Caller, request_id: int, user_id: int
) -> tuple[Me, Linked]:
    """Link the member of a request to this account of the website's, as `look` showed it.

    Raises Conflict, Suspended, SomebodyWasFaster.
    """
    me, offered = await look(services, caller, request_id)
    request = offered.request
    deed = Deed(caller.discord_id, caller.guild_id, caller.now)
    linked = await link(
        services.pool, request.member_id, request.email, deed, user_id=user_id, request=request.id
    )
    return me, linked


async def refuse(services: Services, caller: Caller, request_id: int) -> tuple[Me, int]:
    """Refuse a request of somebody else's; gives whose it was. Raises Conflict, Suspended."""
    me, member_id = await link_requests.refuse(services.pool, caller, request_id)
    refuse_suspended(me)
    if member_id is None:
        raise gone()
    return me, member_id


async def all_requests(pool: Pool) -> list[Request]:
    """Every open request, the oldest first, for the person who runs the bot."""
    return await link_requests.all_open(pool)


def _own() -> Conflict:
    return Conflict("That is your own request, so another moderator has to look at it.")
