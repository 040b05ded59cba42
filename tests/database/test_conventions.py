"""The handbook's conventions (its section 0), held by every table in both schemas."""

import re
from collections.abc import AsyncGenerator

import asyncpg
import pytest

from tests.database import catalog

SCHEMAS = ["public", "discord"]

# A foreign key is indexed when its columns, in any order, begin an index without a condition.
UNINDEXED = """
SELECT k.conrelid::regclass || '.' || k.conname
FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE k.contype = 'f' AND n.nspname = ANY ($1::text[]) AND NOT EXISTS (
    SELECT FROM pg_index i
    WHERE i.indrelid = k.conrelid AND i.indisvalid AND i.indpred IS NULL
    AND (i.indkey::int2[])[0:cardinality(k.conkey) - 1] @> k.conkey
)
"""

NAMES = """
SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = ANY ($1::text[])
UNION
SELECT a.attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = ANY ($1::text[]) AND a.attnum > 0
UNION
SELECT k.conname FROM pg_constraint k JOIN pg_namespace n ON n.oid = k.connamespace
WHERE n.nspname = ANY ($1::text[])
UNION
SELECT p.proname FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE n.nspname = ANY ($1::text[])
UNION
SELECT t.typname FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
WHERE n.nspname = ANY ($1::text[]) AND t.typtype = 'e'
"""


@pytest.fixture
async def connection(database_url: str) -> AsyncGenerator[asyncpg.Connection]:
    connection = await asyncpg.connect(database_url)
    yield connection
    await connection.close()


async def test_every_foreign_key_is_indexed(connection: asyncpg.Connection) -> None:
    assert await connection.fetch(UNINDEXED, SCHEMAS) == []


async def test_a_foreign_key_without_an_index_is_noticed(connection: asyncpg.Connection) -> None:
    await connection.execute(
        """
        CREATE TABLE discord.pairs (
            id SERIAL PRIMARY KEY, left_id INT REFERENCES discord.guilds(id),
            right_id INT REFERENCES discord.guilds(id), UNIQUE (left_id, right_id)
        )
        """
    )
    found = [row[0] for row in await connection.fetch(UNINDEXED, SCHEMAS)]
    assert found == ["discord.pairs.pairs_right_id_fkey"]


async def test_names_are_snake_case(connection: asyncpg.Connection) -> None:
    names = [row[0] for row in await connection.fetch(NAMES, SCHEMAS)]
    assert len(names) > 100
    assert [name for name in names if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", name)] == []


async def test_primary_keys_are_serial(connection: asyncpg.Connection) -> None:
    for table in await catalog.tables(connection, *SCHEMAS):
        schema, name = table.split(".")
        if name == "alembic_version" or name.startswith("pgqueuer"):
            continue  # made by others
        shape = await catalog.shape(connection, table)
        _, column, kind, not_null, *_, default, sequence, _ = shape["columns"][0]
        assert (column, kind, not_null) == ("id", "integer", True)
        assert sequence == f"{schema}.{name}_id_seq"
        assert default.startswith("nextval(")
        assert (f"{name}_pkey", "p", "PRIMARY KEY (id)") in shape["constraints"]
