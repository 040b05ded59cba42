"""Loading the starter catalogue: each item by its stored slug, else by its name, else as new.

An item that is there already keeps what was made of it since; only what is missing is added.
"""

import datetime as dt
from dataclasses import dataclass
from typing import Any

import asyncpg

from db.members import naive
from db.pool import Pool
from db.rows import Kind

# The advisory lock under which one process at a time seeds.
SEED_LOCK = 0x6B696E64

FIND = """
SELECT s.item_id, true AS known FROM discord.catalogue_slugs s
  JOIN public.{table} i ON i.id = s.item_id
 WHERE s.kind = $1 AND s.slug = $2
 UNION ALL
SELECT i.id, false FROM public.{table} i
 WHERE i.name = $3
   AND NOT EXISTS (SELECT FROM discord.catalogue_slugs s WHERE s.kind = $1 AND s.item_id = i.id)
 LIMIT 1"""

REMEMBER = """
INSERT INTO discord.catalogue_slugs (kind, slug, item_id) VALUES ($1, $2, $3)
ON CONFLICT (kind, slug) DO UPDATE SET item_id = EXCLUDED.item_id"""

INSERT_DAYS = """
INSERT INTO discord.challenge_days
       (challenge_id, day_number, day_title, principle, body, suggested_acts)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (challenge_id, day_number) DO NOTHING"""

IS_EMPTY = """
SELECT NOT EXISTS (SELECT FROM public.challenges)
   AND NOT EXISTS (SELECT FROM public.quests)
   AND NOT EXISTS (SELECT FROM public.badges)"""


HAS = """
SELECT EXISTS (SELECT FROM discord.catalogue_slugs s JOIN public.quests q ON q.id = s.item_id
                WHERE s.kind = 'quest' AND s.slug = $1)"""


@dataclass(frozen=True, slots=True)
class SeedItem:
    """An item to load: its kind, its slug, and its columns by name; days for a challenge."""

    kind: Kind | str
    slug: str
    columns: dict[str, Any]
    days: tuple[dict[str, Any], ...] = ()


async def is_empty(pool: Pool) -> bool:
    """Whether the catalogue holds nothing at all."""
    empty: bool = await pool.fetchval(IS_EMPTY)
    return empty


async def has_quest(pool: Pool, slug: str) -> bool:
    """Whether the catalogue has the quest of this slug."""
    there: bool = await pool.fetchval(HAS, slug)
    return there


async def load(pool: Pool, items: list[SeedItem], now: dt.datetime) -> dict[str, int]:
    """Load the items in one transaction; gives how many of each kind were new."""
    added = {"challenge": 0, "quest": 0, "badge": 0}
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock($1)", SEED_LOCK)
        for item in items:
            added[item.kind] += await _load_one(connection, item, now)
    return added


async def _load_one(connection: Any, item: SeedItem, now: dt.datetime) -> bool:
    table = f"{item.kind}s"
    found: asyncpg.Record | None = await connection.fetchrow(
        FIND.format(table=table), item.kind, item.slug, item.columns["name"]
    )
    item_id = found["item_id"] if found else await _insert(connection, table, item, now)
    if found is None or not found["known"]:
        await connection.execute(REMEMBER, item.kind, item.slug, item_id)
    for day in item.days:
        names = ("day_number", "day_title", "principle", "body", "suggested_acts")
        await connection.execute(INSERT_DAYS, item_id, *(day[name] for name in names))
    return found is None


async def _insert(connection: Any, table: str, item: SeedItem, now: dt.datetime) -> int:
    columns = dict(item.columns, created_at=naive(now))
    if table != "badges":
        columns |= {"is_active": True, "updated_at": naive(now)}
    names = ", ".join(columns)
    places = ", ".join(f"${n}" for n in range(1, len(columns) + 1))
    item_id: int = await connection.fetchval(
        f"INSERT INTO public.{table} ({names}) VALUES ({places}) RETURNING id", *columns.values()
    )
    return item_id
