"""Linking a member to their account on the website: asked for, and confirmed by somebody else."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from bot.actions.recounting import recount
from bot.errors import Conflict, SomebodyWasFaster
from bot.rules.linking import Verdict, folded, trouble_with, verdict_on
from bot.rules.merging import merge
from db import link_requests, links
from db.link_tables import MERGED, Moving
from db.links import Belongings, Deed, Member, WebAccount
from db.members import Caller, read_me
from db.pool import Connection, Pool

TRIES = 3
NAMELESS = "Friend"
"""The first name of somebody of whom no name is known."""

WRONG_ADDRESS = (
    "That does not look like an e-mail address. Please type the one that you sign in to the "
    "website with, such as `name@example.org`."
)
RESERVED_ADDRESS = (
    "Addresses that end in `.invalid` reach nobody. Please type the one that you sign in to the "
    "website with."
)
VERDICTS: dict[Verdict, str] = {
    "ready": "✅ The website has one account of it.",
    "none": "❓ The website has no account of it.",
    "several": "⚠️ The website has several accounts of it, in different spellings.",
    "linked": "⚠️ Its account is linked to a Discord account already.",
    "reserved": "⚠️ Its account is one that the bot made by itself.",
    "suspended": "⚠️ Its account is suspended.",
}
REFUSED: dict[Verdict, str] = {
    "none": "The website has no account of that address, so there is nothing to link.",
    "several": (
        "The website has several accounts of that address, in different spellings. The person who "
        "runs the bot can link the right one: `python -m bot account link … --user ID`."
    ),
    "linked": "That account of the website is linked to a Discord account already.",
    "reserved": "That is a row which the bot made by itself, and nobody's account on the website.",
    "suspended": (
        "That account of the website is suspended. Lift the suspension there first, if it should "
        "be linked."
    ),
}


@dataclass(frozen=True, slots=True)
class Linked:
    """Whom a link joined, and what they brought along."""

    member_id: int
    user_id: int
    moved: Belongings


@dataclass(frozen=True, slots=True)
class Preview:
    """The account that a member would be linked to, and what would move there."""

    user_id: int
    address: str
    moving: Belongings


def verdict_of(accounts: Sequence[WebAccount]) -> Verdict:
    """Whether one of the accounts of an address can be linked, or why not."""
    return verdict_on([(a.address, a.is_taken, a.suspended) for a in accounts])


def checked_address(address: str) -> str:
    """A typed address as it is kept. Raises Conflict, handing it back, when it is none."""
    match trouble_with(address):
        case "shape":
            raise Conflict(WRONG_ADDRESS).returning(address)
        case "reserved":
            raise Conflict(RESERVED_ADDRESS).returning(address)
        case None:
            return address.strip()


async def preview(pool: Pool, discord_id: int, address: str, user_id: int | None) -> Preview:
    """What `link` would do. Changes nothing. Raises Conflict where it cannot."""
    address = checked_address(address)
    member = await links.read_member(pool, discord_id)
    refuse_linked(member)
    account = chosen(await links.accounts_of(pool, folded(address)), user_id, only=False)
    moving = Belongings(0, 0, 0)
    if member is not None:
        moving = await links.belongings(pool, member.user_id)
    return Preview(account.user_id, account.address, moving)


async def ensure_member(pool: Pool, discord_id: int, now: dt.datetime) -> None:
    """Make the account of somebody who has not used the bot yet (`now` is aware UTC)."""
    await read_me(pool, Caller(discord_id, NAMELESS, None, "en-US", now))


def refuse_linked(member: Member | None) -> None:
    """Raise Conflict for one who is linked or suspended."""
    if member is None:
        return
    if member.link_id is not None:
        raise Conflict("That member is linked to an account of the website's already.")
    if member.suspended:
        raise Conflict(
            "That member is suspended. Lift the suspension on the website first, if they should "
            "be linked."
        )


def gone() -> Conflict:
    """That there is no such open request for this person to decide on."""
    return Conflict(
        "That request is not open any more, or it is your own, which somebody else decides on. "
        "`/account requests` shows those that are open."
    )


async def link(
    pool: Pool,
    discord_id: int,
    address: str,
    deed: Deed,
    *,
    user_id: int | None = None,
    request: int | None = None,
) -> Linked:
    """Link a member to the website's account of an address, with all that they have, in one piece.

    With `request` that one must still be open, and `user_id` must be the address's only account;
    without, `user_id` chooses among several. Raises Conflict, SomebodyWasFaster.
    """
    for _attempt in range(TRIES):
        try:
            async with links.together(pool) as connection:
                return await _link(connection, discord_id, address, deed, user_id, request)
        except links.Clashed:
            continue
    raise SomebodyWasFaster


async def _link(
    connection: Connection,
    discord_id: int,
    address: str,
    deed: Deed,
    user_id: int | None,
    request: int | None,
) -> Linked:
    member = await links.lock_member(connection, discord_id)
    if member is None:
        raise gone()
    refuse_linked(member)
    found = await links.accounts_of(connection, folded(address))
    account = chosen(found, user_id, only=request is not None)
    confirmed = await link_requests.confirm(
        connection, discord_id, request, folded(address), by=deed.actor_id, now=deed.now
    )
    if request is not None and not confirmed:
        raise gone()
    moved = await links.belongings(connection, member.user_id)
    await _move(connection, discord_id, member.user_id, account.user_id, deed)
    return Linked(discord_id, account.user_id, moved)


def chosen(found: Sequence[WebAccount], user_id: int | None, *, only: bool) -> WebAccount:
    """The account to be linked among those of an address; `only` allows no choosing.

    Raises Conflict when there is none that can be.
    """
    wanted = [a for a in found if user_id is None or a.user_id == user_id]
    if found and not wanted:
        raise Conflict("The account of that address is another one. Please look again.")
    verdict = verdict_of(found if only else wanted)
    if verdict != "ready":
        raise Conflict(REFUSED[verdict])
    return wanted[0]


async def _move(
    connection: Connection, discord_id: int, placeholder: int, user_id: int, deed: Deed
) -> None:
    link_id = await links.make_link(connection, discord_id, user_id, placeholder, deed)
    for table in MERGED:
        await _merge(connection, link_id, table, placeholder, user_id)
    await links.move_rows(connection, link_id, of=placeholder, to=user_id)
    await links.point_to(connection, discord_id, user_id)
    await recount(connection, user_id, deed.now)
    await links.audit(connection, "account_link", discord_id, deed)


async def _merge(
    connection: Connection, link_id: int, table: Moving, placeholder: int, user_id: int
) -> None:
    """Merge the rows that both have into those of the website's account."""
    rows = await links.lock_rows(connection, table, (placeholder, user_id))
    theirs = {tuple(r[c] for c in table.key): r for r in rows if r["user_id"] == user_id}
    removed: list[int] = []
    changed: dict[int, dict[str, object]] = {}
    for row in rows:
        kept = theirs.get(tuple(row[column] for column in table.key))
        if row["user_id"] == user_id or kept is None:
            continue
        merged = merge(table.plain_name, [kept, row], keep=kept["id"])
        removed.append(row["id"])
        if merged.values:
            changed[kept["id"]] = {**kept, **merged.values}
    await links.merge_rows(connection, link_id, table, removed, changed)
