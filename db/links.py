"""Linking a member's account to the website's, and parting the two: one transaction each.

Whoever changes an account's user takes the account's row first, as every write of a member's does:
one that had read the old user waits, finds it gone, and writes nothing.
"""

import datetime as dt
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import asyncpg

from db import link_tables
from db.link_tables import Moving
from db.members import DOMAIN, NOBODYS, SUSPENDED
from db.pool import Connection, Pool

if TYPE_CHECKING:
    from asyncpg import Record

LOCK_MEMBER = "SELECT user_id FROM discord.accounts WHERE discord_id = $1 FOR UPDATE"

READ_MEMBER = f"""
SELECT a.user_id, {SUSPENDED} AS suspended, l.id AS link_id, l.placeholder_id, l.linked_at
  FROM discord.accounts a
  JOIN public.userdata u ON u.id = a.user_id
  LEFT JOIN discord.links l
    ON l.discord_id = a.discord_id AND l.user_id = a.user_id AND l.unlinked_at IS NULL
 WHERE a.discord_id = $1"""

# Only ASCII's letters are folded, as `bot.rules.linking.folded` does.
ACCOUNTS_OF = f"""
SELECT u.id AS user_id, u.email AS address,
       EXISTS (SELECT FROM discord.accounts a WHERE a.user_id = u.id) AS is_taken,
       {SUSPENDED} AS suspended
  FROM public.userdata u
 WHERE lower(btrim(u.email) COLLATE "C") = $1
 ORDER BY u.id"""

BELONGINGS = """
SELECT (SELECT count(*)::int FROM public.challenge_logs WHERE user_id = $1 AND completed)
     + (SELECT count(*)::int FROM public.quest_logs WHERE user_id = $1 AND completed) AS days,
       (SELECT count(*)::int FROM public.user_badges WHERE user_id = $1) AS badges,
       (SELECT count(*)::int FROM public.kai_interactions WHERE user_id = $1) AS turns"""

# An account that was parted from its member in another way leaves its link open.
CLOSE_STALE = """
UPDATE discord.links SET unlinked_at = $3
 WHERE unlinked_at IS NULL AND (discord_id = $1 OR user_id = $2)
   AND NOT EXISTS (SELECT FROM discord.accounts a
                    WHERE a.discord_id = links.discord_id AND a.user_id = links.user_id)"""

MAKE_LINK = """
INSERT INTO discord.links (discord_id, user_id, placeholder_id, linked_by, linked_at)
VALUES ($1, $2, $3, $4, $5)
RETURNING id"""

PART = "UPDATE discord.links SET unlinked_at = $2 WHERE id = $1"

POINT_TO = """
UPDATE discord.accounts
   SET user_id = $2, enrolment_version = enrolment_version + 1
 WHERE discord_id = $1"""

AUDIT = """
INSERT INTO discord.audit_log (guild_id, actor_id, action, subject_id, created_at)
VALUES ($1, $2, $3, $4, $5)"""

MAKE_PLACEHOLDER = """
INSERT INTO public.userdata (firstname, lastname, email)
SELECT $1, '(Discord)', $2::varchar
 WHERE NOT EXISTS (SELECT FROM public.userdata WHERE email = $2)
ON CONFLICT (email) DO NOTHING"""

FIND_PLACEHOLDER = f"""
SELECT u.id FROM public.userdata u
 WHERE u.email = $1 AND {NOBODYS}
   AND NOT EXISTS (SELECT FROM discord.accounts a WHERE a.user_id = u.id)"""


class Clashed(Exception):
    """Somebody wrote what this transaction needed: all of it was taken back, and may try again."""


@dataclass(frozen=True, slots=True)
class Member:
    """A member's account, and its link if it is linked (`linked_at` aware UTC)."""

    user_id: int
    suspended: bool
    link_id: int | None
    placeholder_id: int | None
    linked_at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class WebAccount:
    """An account of the website's. `is_taken` says that a Discord account has it."""

    user_id: int
    address: str
    is_taken: bool
    suspended: bool


@dataclass(frozen=True, slots=True)
class Belongings:
    """What an account has: completed days, badges, and turns with KAI."""

    days: int
    badges: int
    turns: int


@dataclass(frozen=True, slots=True)
class Deed:
    """Who links or parts two accounts, where and when (aware UTC), as the audit log has it.

    `actor_id` is their Discord id, None for the person who runs the bot.
    """

    actor_id: int | None
    guild_id: int | None
    now: dt.datetime


@asynccontextmanager
async def together(pool: Pool) -> AsyncGenerator[Connection]:
    """A transaction. Raises Clashed when somebody else's write got in its way."""
    try:
        async with pool.acquire() as connection, connection.transaction():
            yield connection
    except (
        asyncpg.UniqueViolationError,
        asyncpg.ForeignKeyViolationError,
        asyncpg.DeadlockDetectedError,
        asyncpg.SerializationError,
    ) as error:
        raise Clashed from error


async def lock_member(connection: Connection, discord_id: int) -> Member | None:
    """A member's account, which nobody else changes until the end; None when there is none."""
    if await connection.fetchval(LOCK_MEMBER, discord_id) is None:
        return None
    return await read_member(connection, discord_id)


async def read_member(where: Pool | Connection, discord_id: int) -> Member | None:
    """A member's account; None when there is none."""
    row = await where.fetchrow(READ_MEMBER, discord_id)
    return None if row is None else Member(*row)


async def accounts_of(where: Pool | Connection, address: str) -> list[WebAccount]:
    """The website's accounts of an address that is folded already, whatever their spelling."""
    return [WebAccount(*row) for row in await where.fetch(ACCOUNTS_OF, address)]


async def belongings(where: Pool | Connection, user_id: int) -> Belongings:
    """What an account has."""
    row: Record | Any = await where.fetchrow(BELONGINGS, user_id)
    return Belongings(*row)


async def make_link(
    connection: Connection, discord_id: int, user_id: int, placeholder_id: int, deed: Deed
) -> int:
    """Write that a member is linked to an account of the website's; gives the link's id."""
    await connection.execute(CLOSE_STALE, discord_id, user_id, deed.now)
    link_id: int = await connection.fetchval(
        MAKE_LINK, discord_id, user_id, placeholder_id, deed.actor_id, deed.now
    )
    return link_id


async def lock_rows(
    connection: Connection, table: Moving, user_ids: Sequence[int]
) -> list[dict[str, Any]]:
    """The rows of these users in a table, which nobody else changes until the end."""
    rows = await connection.fetch(link_tables.locked_rows(table), list(user_ids))
    return [dict(row) for row in rows]


async def merge_rows(
    connection: Connection,
    link_id: int,
    table: Moving,
    removed: Sequence[int],
    changed: Mapping[int, Mapping[str, Any]],
) -> None:
    """Log and remove rows, and log and change others: all `table.changed` columns by row id."""
    if removed:
        await connection.execute(link_tables.remove_rows(table), link_id, list(removed))
    for row_id, values in changed.items():
        ordered = [values[column] for column in table.changed]
        await connection.execute(link_tables.change_row(table), link_id, row_id, *ordered)


async def move_rows(connection: Connection, link_id: int, *, of: int, to: int) -> None:
    """Move all rows from a placeholder to the website's account, logged.

    Of two completions the account's counts; of what is the bot's alone, the member's.
    """
    await connection.execute(link_tables.REMOVE_CLASHING, link_id, of, to)
    await connection.execute(link_tables.MOVE, link_id, of, to)


async def move_back(connection: Connection, link_id: int, *, of: int, to: int) -> None:
    """Give everything that a link moved, changed or removed back, as far as it is there."""
    await connection.execute(link_tables.CLEAR_WAY, link_id, of, to)
    await connection.execute(link_tables.MOVE_BACK, link_id, of, to)
    await connection.execute(link_tables.COUNT_BACK, link_id, of, to)
    await connection.execute(link_tables.CHANGE_BACK, link_id)
    await connection.execute(link_tables.BRING_BACK, link_id, of, to)


async def point_to(connection: Connection, discord_id: int, user_id: int) -> None:
    """Let a member's account be that user's, whose points are to be counted next."""
    await connection.execute(POINT_TO, discord_id, user_id)


async def part(connection: Connection, link_id: int, now: dt.datetime) -> None:
    """Write that a link is over."""
    await connection.execute(PART, link_id, now)


async def audit(connection: Connection, action: str, subject_id: int, deed: Deed) -> None:
    """Write into the audit log what was done to a member's account, never an address."""
    await connection.execute(AUDIT, deed.guild_id, deed.actor_id or 0, action, subject_id, deed.now)


async def ensure_placeholder(connection: Connection, discord_id: int, firstname: str) -> int:
    """The id of a member's own row in `userdata`, made anew where it is gone. Raises Clashed."""
    address = f"discord-{discord_id}@{DOMAIN}"
    await connection.execute(MAKE_PLACEHOLDER, firstname, address)
    user_id: int | None = await connection.fetchval(FIND_PLACEHOLDER, address)
    if user_id is None:
        raise Clashed
    return user_id
