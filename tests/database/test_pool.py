"""The pool: every connection is on UTC, wherever its server thinks that it is."""

import datetime as dt
from urllib.parse import urlsplit

import asyncpg
import pytest

from db.pool import Pool, create_pool

NOON = dt.datetime(2026, 3, 29, 12, 0, tzinfo=dt.UTC)


@pytest.fixture
async def faraway_url(database_url: str) -> str:
    """A database whose own time zone is half an hour off any whole one."""
    connection = await asyncpg.connect(database_url)
    name = urlsplit(database_url).path.removeprefix("/")
    await connection.execute(f"ALTER DATABASE {name} SET timezone = 'America/St_Johns'")
    await connection.close()
    connection = await asyncpg.connect(database_url)
    assert await connection.fetchval("SHOW timezone") == "America/St_Johns"
    await connection.close()
    return database_url


async def _zones(pool: Pool, count: int) -> set[str]:
    """The zones of this many connections at once."""
    connections = [await pool.acquire() for _ in range(count)]
    zones = {await connection.fetchval("SHOW timezone") for connection in connections}
    for connection in connections:
        await pool.release(connection)
    return zones


async def test_every_connection_is_on_utc(faraway_url: str) -> None:
    """The first ones, those that come later, and those that replace lost ones."""
    pool = await create_pool(faraway_url, size=4, idle_seconds=0)
    try:
        assert await _zones(pool, 4) == {"UTC"}
        await pool.expire_connections()
        assert await _zones(pool, 4) == {"UTC"}
    finally:
        await pool.close()


async def test_instants_and_naive_times_agree(faraway_url: str) -> None:
    """An instant stored without a zone is its UTC time, and comes back as it went in."""
    pool = await create_pool(faraway_url, size=1, idle_seconds=0)
    try:
        row = await pool.fetchrow(
            "SELECT $1::timestamptz::timestamp AS naive, $1::timestamptz::date AS day,"
            " $1::timestamptz AS aware, $2::timestamp = $1::timestamptz AS same",
            NOON,
            NOON.replace(tzinfo=None),
        )
    finally:
        await pool.close()
    assert row is not None
    assert row["naive"] == NOON.replace(tzinfo=None)
    assert row["day"] == NOON.date()
    assert row["aware"] == NOON
    assert row["same"]


async def test_json_and_arrays_come_as_they_are(pool: Pool) -> None:
    """Objects out of JSON, lists out of arrays, both ways."""
    value = {"words": ["kind", "ü", "\u2028"], "number": 1.5, "none": None}
    row = await pool.fetchrow("SELECT $1::jsonb, $2::json, $3::text[]", value, value, ["a", "b"])
    assert row is not None
    assert tuple(row) == (value, value, ["a", "b"])
