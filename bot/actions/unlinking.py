"""Parting a member from the website's account again; for 30 days, with all that had moved.

What had moved goes back with what became of it since. Two rows that had become one are two again,
as they were; where the one was changed since, it stays, and the other comes back beside it. What
was made since stays with the website's account.
"""

import datetime as dt
from dataclasses import dataclass

from bot.actions.linking import NAMELESS, TRIES
from bot.actions.recounting import recount
from bot.actions.services import Services, refuse_suspended
from bot.errors import Conflict, SomebodyWasFaster
from bot.rules.linking import UNDOABLE, is_undoable
from bot.rules.texts import firstname_for
from db import link_requests, links
from db.links import Deed
from db.members import Caller, Me
from db.pool import Connection, Pool


@dataclass(frozen=True, slots=True)
class Parting:
    """A link as its member is about to end it, or as it was ended (`until` aware UTC).

    Until then everything can go back; `goes_back` says whether it can still.
    """

    linked_at: dt.datetime
    until: dt.datetime
    goes_back: bool


def parting_of(linked_at: dt.datetime, now: dt.datetime) -> Parting:
    """What ending a link now would mean (both aware UTC)."""
    return Parting(linked_at, linked_at + UNDOABLE, is_undoable(linked_at, now))


async def look(services: Services, caller: Caller) -> tuple[Me, Parting]:
    """What unlinking would do. Raises Conflict for one who is not linked, and Suspended."""
    me, linked_at, _request = await link_requests.read_own(services.pool, caller)
    refuse_suspended(me)
    if linked_at is None:
        raise _not_linked()
    return me, parting_of(linked_at, caller.now)


async def preview(pool: Pool, discord_id: int, now: dt.datetime) -> Parting:
    """What `part` would do at `now` (aware UTC). Changes nothing. Raises Conflict."""
    member = await links.read_member(pool, discord_id)
    if member is None or member.linked_at is None:
        raise _not_linked()
    return parting_of(member.linked_at, now)


async def unlink(services: Services, caller: Caller) -> tuple[Me, Parting]:
    """Part the caller from the website's account. Raises Conflict, Suspended, SomebodyWasFaster."""
    me, _parting = await look(services, caller)
    deed = Deed(caller.discord_id, caller.guild_id, caller.now)
    return me, await part(services.pool, caller.discord_id, deed, caller.firstname)


async def part(pool: Pool, discord_id: int, deed: Deed, firstname: str = NAMELESS) -> Parting:
    """Part a member from the website's account, in one piece.

    `firstname` is for a row of their own, should theirs be gone. Raises Conflict,
    SomebodyWasFaster.
    """
    for _attempt in range(TRIES):
        try:
            async with links.together(pool) as connection:
                return await _part(connection, discord_id, deed, firstname_for(firstname))
        except links.Clashed:
            continue
    raise SomebodyWasFaster


async def _part(connection: Connection, discord_id: int, deed: Deed, firstname: str) -> Parting:
    member = await links.lock_member(connection, discord_id)
    if member is None or member.link_id is None or member.linked_at is None:
        raise _not_linked()
    parting = parting_of(member.linked_at, deed.now)
    own = member.placeholder_id
    if own is None:
        own = await links.ensure_placeholder(connection, discord_id, firstname)
    if parting.goes_back:
        await links.move_back(connection, member.link_id, of=member.user_id, to=own)
    await links.part(connection, member.link_id, deed.now)
    await links.point_to(connection, discord_id, own)
    await recount(connection, own, deed.now)
    await links.audit(connection, "account_unlink", discord_id, deed)
    return parting


def _not_linked() -> Conflict:
    return Conflict(
        "This Discord account is not linked to one on the website, so there is nothing to part. "
        "`/account link` begins."
    )
