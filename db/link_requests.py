"""Requests of members to be linked to their account on the website.

Nothing in a request tells whether the website has its address: that is read only for those who
decide. The address is dropped when the request is decided; one that is replaced or has lapsed goes
whole.
"""

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

import asyncpg

from db.links import Belongings, WebAccount
from db.members import ME, ME_COLUMNS, SUSPENDED, TOUCHED, Caller, Me
from db.pool import Connection, Pool, fetch_one, fetch_some

if TYPE_CHECKING:
    from asyncpg import Record

IS_LINKED = """EXISTS (SELECT FROM discord.links l
                WHERE l.discord_id = me.discord_id AND l.user_id = me.user_id
                  AND l.unlinked_at IS NULL)"""

MAKE = f"""{ME}{TOUCHED}, asking AS (
    SELECT discord_id FROM me WHERE NOT suspended AND NOT {IS_LINKED}
), replaced AS (
    DELETE FROM discord.link_requests r USING asking a
     WHERE r.discord_id = a.discord_id AND r.status = 'open'
    RETURNING r.id
), made AS (
    INSERT INTO discord.link_requests (discord_id, email, code, created_at)
    SELECT a.discord_id, $7, $8, $5 FROM asking a, (SELECT count(*) FROM replaced) AS first
    RETURNING id
)
SELECT {ME_COLUMNS}, EXISTS (SELECT FROM made) AS is_made FROM me"""

READ_OWN = f"""{ME}{TOUCHED}
SELECT {ME_COLUMNS}, l.linked_at, r.email, r.code, r.status, r.decided_at, r.created_at
  FROM me
  LEFT JOIN discord.links l
    ON l.discord_id = me.discord_id AND l.user_id = me.user_id AND l.unlinked_at IS NULL
  LEFT JOIN LATERAL (
       SELECT * FROM discord.link_requests
        WHERE discord_id = me.discord_id
        ORDER BY id DESC LIMIT 1) r ON true"""


def _listed(which: str) -> str:
    """Open requests, and the website's accounts of their addresses, as parts of a statement.

    Only ASCII's letters are folded, as `bot.rules.linking.folded` does.
    """
    return f"""listed AS (
    SELECT * FROM discord.link_requests WHERE status = 'open'{which}
), found AS (
    SELECT r.id, jsonb_agg(jsonb_build_array(
                     u.id, u.email,
                     EXISTS (SELECT FROM discord.accounts x WHERE x.user_id = u.id),
                     {SUSPENDED}) ORDER BY u.id) AS accounts
      FROM listed r
      JOIN public.userdata u
        ON lower(btrim(u.email) COLLATE "C") = lower(btrim(r.email) COLLATE "C")
     GROUP BY r.id
)"""


FIRST = " AND ($7::int IS NULL OR id = $7) ORDER BY created_at, id LIMIT $8"

LIST = f"""{ME}{TOUCHED}, {_listed(FIRST)}
SELECT {ME_COLUMNS}, r.id, r.discord_id AS member_id, r.email, r.code, r.created_at, f.accounts,
       (SELECT count(*)::int FROM discord.link_requests WHERE status = 'open') AS open_count,
       (SELECT count(*)::int FROM public.challenge_logs c
         WHERE c.user_id = a.user_id AND c.completed)
     + (SELECT count(*)::int FROM public.quest_logs q
         WHERE q.user_id = a.user_id AND q.completed) AS days,
       (SELECT count(*)::int FROM public.user_badges b WHERE b.user_id = a.user_id) AS badges,
       (SELECT count(*)::int FROM public.kai_interactions k WHERE k.user_id = a.user_id) AS turns
  FROM me
  LEFT JOIN listed r ON true
  LEFT JOIN discord.accounts a ON a.discord_id = r.discord_id
  LEFT JOIN found f ON f.id = r.id
 ORDER BY r.created_at, r.id"""

REFUSE = f"""{ME}{TOUCHED}, refused AS (
    UPDATE discord.link_requests r
       SET status = 'refused', email = '', decided_by = $1, decided_at = $5
      FROM me
     WHERE r.id = $7 AND r.status = 'open' AND r.discord_id <> $1 AND NOT me.suspended
    RETURNING r.discord_id
), audit AS (
    INSERT INTO discord.audit_log (guild_id, actor_id, action, subject_id, created_at)
    SELECT $3, $1, 'account_link_refuse', discord_id, $5 FROM refused
)
SELECT {ME_COLUMNS}, refused.discord_id AS member_id FROM me LEFT JOIN refused ON true"""

FOLDED = 'lower(btrim(email) COLLATE "C")'

CONFIRM = f"""
WITH other AS (
    DELETE FROM discord.link_requests
     WHERE $2::int IS NULL AND discord_id = $1 AND status = 'open' AND {FOLDED} <> $5
)
UPDATE discord.link_requests SET status = 'confirmed', email = '', decided_by = $3, decided_at = $4
 WHERE discord_id = $1 AND status = 'open' AND (id = $2 OR $2::int IS NULL AND {FOLDED} = $5)
RETURNING id"""

ALL_OPEN = f"""
WITH {_listed("")}
SELECT r.id, r.discord_id AS member_id, r.email, r.code, r.created_at, f.accounts
  FROM listed r LEFT JOIN found f ON f.id = r.id
 ORDER BY r.created_at, r.id"""

TIDY = """
WITH requests AS (
    DELETE FROM discord.link_requests
     WHERE COALESCE(decided_at, created_at) < $1
)
UPDATE discord.link_log g SET before = NULL, after = NULL
  FROM discord.links l
 WHERE l.id = g.link_id AND l.linked_at < $1
   AND (g.before IS NOT NULL OR g.after IS NOT NULL)"""


@dataclass(frozen=True, slots=True)
class OwnRequest:
    """The caller's latest request that was not replaced (aware UTC); no address once decided."""

    email: str
    code: str
    status: str
    decided_at: dt.datetime | None
    created_at: dt.datetime


@dataclass(frozen=True, slots=True)
class Request:
    """An open request, the website's accounts of its address, and what its member would bring."""

    id: int
    member_id: int
    email: str
    code: str
    created_at: dt.datetime
    accounts: tuple[WebAccount, ...]


def _request(row: "Record") -> Request:
    accounts = tuple(WebAccount(*account) for account in row["accounts"] or ())
    names = ("id", "member_id", "email", "code", "created_at")
    return Request(*(row[name] for name in names), accounts=accounts)


async def make(pool: Pool, caller: Caller, email: str, code: str) -> tuple[Me, bool] | None:
    """Make the caller's request, in place of the one that was open.

    False, with nothing written, for one who is linked or suspended. None when another request of
    theirs came in between.
    """
    try:
        row = await fetch_one(pool, MAKE, *caller.args, email, code)
    except asyncpg.UniqueViolationError:
        return None
    return Me.of(row), row["is_made"]


async def read_own(pool: Pool, caller: Caller) -> tuple[Me, dt.datetime | None, OwnRequest | None]:
    """Since when the caller is linked (aware UTC, None when they are not), and their request."""
    row = await fetch_one(pool, READ_OWN, *caller.args)
    own = OwnRequest(*(row[name] for name in OwnRequest.__slots__)) if row["status"] else None
    return Me.of(row), row["linked_at"], own


async def list_open(pool: Pool, caller: Caller, limit: int) -> tuple[Me, list[Request], int]:
    """The oldest open requests, and how many there are in all."""
    rows = await fetch_some(pool, LIST, *caller.args, None, limit)
    found = [_request(row) for row in rows if row["id"] is not None]
    return Me.of(rows[0]), found, rows[0]["open_count"]


async def read_request(
    pool: Pool, caller: Caller, request_id: int
) -> tuple[Me, tuple[Request, Belongings] | None]:
    """An open request and what its member would bring; None when it is not open any more."""
    row = await fetch_one(pool, LIST, *caller.args, request_id, 1)
    if row["id"] is None:
        return Me.of(row), None
    return Me.of(row), (_request(row), Belongings(row["days"], row["badges"], row["turns"]))


async def refuse(pool: Pool, caller: Caller, request_id: int) -> tuple[Me, int | None]:
    """Refuse a request of somebody else's, with its audit row: whose it was, None for none."""
    row = await fetch_one(pool, REFUSE, *caller.args, request_id)
    return Me.of(row), row["member_id"]


async def confirm(
    connection: Connection,
    discord_id: int,
    request_id: int | None,
    address: str,
    *,
    by: int | None,
    now: dt.datetime,
) -> bool:
    """Mark a member's open request as confirmed; False if there is none of that id.

    Without an id it is one for the (folded) address, and one for another address is dropped.
    `by` is the Discord id of who did it, None for the person who runs the bot.
    """
    return await connection.fetchval(CONFIRM, discord_id, request_id, by, now, address) is not None


async def all_open(pool: Pool) -> list[Request]:
    """Every open request, the oldest first."""
    return [_request(row) for row in await pool.fetch(ALL_OPEN)]


async def tidy(pool: Pool, before: dt.datetime) -> None:
    """Drop requests that were made or decided before then, and what older links had moved."""
    await pool.execute(TIDY, before)
