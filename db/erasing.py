"""Erasing a member: everything of theirs, or for an account of the website's what is the bot's."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import asyncpg

from db.care.ddl import identifier
from db.link_tables import MOVING
from db.members import DOMAIN, NOBODYS
from db.pool import Connection, Pool
from db.turns import IS_THE_BOTS

if TYPE_CHECKING:
    from asyncpg import Record

OWN = tuple(table.name for table in MOVING if table.name.startswith("discord."))
"""The bot's own tables with rows of a member."""

# The website's account that they are linked to, or were; and the rows that the bot had made.
USERS = f"""
WITH users AS (
    SELECT user_id FROM discord.accounts WHERE discord_id = $1
    UNION SELECT user_id FROM discord.links WHERE discord_id = $1
    UNION SELECT placeholder_id FROM discord.links
           WHERE discord_id = $1 AND placeholder_id IS NOT NULL
    UNION SELECT id FROM public.userdata WHERE email = 'discord-' || $1::bigint || '@{DOMAIN}'
)
SELECT u.id, u.email LIKE '%@{DOMAIN}' AND {NOBODYS} AS is_ours
  FROM users JOIN public.userdata u ON u.id = users.user_id
 WHERE NOT EXISTS (SELECT FROM discord.accounts a
                    WHERE a.user_id = u.id AND a.discord_id <> $1)
 ORDER BY u.id"""

ERASE_TURNS = f"""
DELETE FROM public.kai_interactions WHERE user_id = ANY ($1::int[]) AND {IS_THE_BOTS}"""

ERASE_ACCOUNT = """
WITH account AS (
    DELETE FROM discord.accounts WHERE discord_id = $1
), requests AS (
    DELETE FROM discord.link_requests WHERE discord_id = $1
), decided AS (
    UPDATE discord.link_requests SET decided_by = -1 WHERE decided_by = $1 AND discord_id <> $1
), linked AS (
    UPDATE discord.links SET linked_by = -1 WHERE linked_by = $1 AND discord_id <> $1
), posts AS (
    UPDATE discord.guilds SET post_set_by = NULL WHERE post_set_by = $1
), usage AS (
    DELETE FROM discord.kai_usage WHERE scope = 'member' AND subject_id = ANY ($2::int[])
), slots AS (
    UPDATE discord.kai_slots SET user_id = NULL WHERE user_id = ANY ($2::int[])
)
DELETE FROM discord.links WHERE discord_id = $1"""

REFERRING = """
SELECT n.nspname AS schema, c.relname AS name, a.attname AS column,
       has_table_privilege(c.oid, 'SELECT') AS is_readable
  FROM pg_catalog.pg_constraint f
  JOIN pg_catalog.pg_class c ON c.oid = f.conrelid
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = f.conkey[1]
 WHERE f.contype = 'f' AND f.confrelid = 'public.userdata'::regclass
   AND cardinality(f.conkey) = 1 AND c.relkind IN ('r', 'p')
 ORDER BY 1, 2, 3"""

MAY = """
SELECT has_table_privilege('public.userdata', 'DELETE') AS may_delete,
       has_table_privilege('public.userdata', 'UPDATE') AS may_update"""

BLANK = f"""
UPDATE public.userdata SET firstname = 'Friend', email = 'erased-' || id || '@{DOMAIN}'
 WHERE id = $1"""


@dataclass(frozen=True, slots=True)
class User:
    """A row of `userdata` that a member has or had; `is_ours` says that the bot made it."""

    id: int
    is_ours: bool


async def lock_account(connection: Connection, discord_id: int) -> None:
    """Let nobody write for this member until the end."""
    await connection.execute(
        "SELECT id FROM discord.accounts WHERE discord_id = $1 FOR UPDATE", discord_id
    )


async def users_of(where: Pool | Connection, discord_id: int) -> list[User]:
    """The rows of `userdata` that are, or were, a member's and nobody else's."""
    return [User(*row) for row in await where.fetch(USERS, discord_id)]


async def erase(
    connection: Connection, discord_id: int, ours: Sequence[int], theirs: Sequence[int]
) -> dict[str, int]:
    """Erase a member's rows; gives how many by table, those with none left out.

    Of the users `ours` everything goes; of `theirs`, whose accounts are the website's, the rows of
    the schema discord and the turns that the bot wrote.
    """
    counts: dict[str, int] = {}
    for table in MOVING:
        users = [*ours, *theirs] if table.name in OWN else [*ours]
        done = await connection.execute(
            f"DELETE FROM {table.name} WHERE user_id = ANY ($1::int[])", users
        )
        counts[table.name] = int(done.removeprefix("DELETE "))
    done = await connection.execute(ERASE_TURNS, list(theirs))
    counts["public.kai_interactions"] += int(done.removeprefix("DELETE "))
    # It finds the member's users by their account, and so comes before that goes.
    counts["discord.audit_log"] = await connection.fetchval(
        "SELECT discord.erase_audit($1)", discord_id
    )
    await connection.execute(ERASE_ACCOUNT, discord_id, [*ours, *theirs])
    return {table: count for table, count in counts.items() if count}


async def erase_user(connection: Connection, user_id: int) -> str:
    """Delete a row of `userdata` that the bot made, where that may be done and nothing needs it.

    Gives "deleted"; else "blanked" when its name and address were taken off, or "kept".
    """
    may: Record | Any = await connection.fetchrow(MAY)
    if may["may_delete"] and not await _is_referred_to(connection, user_id):
        try:
            async with connection.transaction():
                await connection.execute("DELETE FROM public.userdata WHERE id = $1", user_id)
        except asyncpg.IntegrityConstraintViolationError:
            pass  # somebody began to refer to it just now
        else:
            return "deleted"
    if not may["may_update"]:
        return "kept"
    await connection.execute(BLANK, user_id)
    return "blanked"


async def _is_referred_to(connection: Connection, user_id: int) -> bool:
    """Whether any row of any table names this user; True, too, where that cannot be read."""
    for row in await connection.fetch(REFERRING):
        if not row["is_readable"]:
            return True
        schema, name, column = (identifier(row[part]) for part in ("schema", "name", "column"))
        found = await connection.fetchval(
            f"SELECT EXISTS (SELECT FROM {schema}.{name} WHERE {column} = $1)", user_id
        )
        if found:
            return True
    return False


async def archived_files(pool: Pool) -> int:
    """How many files old turns were moved to, in which a member's may be too."""
    count: int = await pool.fetchval("SELECT count(*)::int FROM discord.archives")
    return count
