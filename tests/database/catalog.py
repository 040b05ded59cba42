"""Reads a database's shape out of pg_catalog, so that two databases can be compared."""

from typing import Any

import asyncpg

from migrations import history

Rows = list[tuple[Any, ...]]

# A constraint's or an index's definition is what PostgreSQL itself prints for it.
TABLES = """
SELECT n.nspname || '.' || c.relname AS name
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND n.nspname = ANY ($1::text[])
ORDER BY 1
"""

COLUMNS = """
SELECT row_number() OVER (ORDER BY a.attnum), a.attname, format_type(a.atttypid, a.atttypmod),
       a.attnotnull, a.attidentity, a.attgenerated, pg_get_expr(d.adbin, d.adrelid),
       pg_get_serial_sequence($1, a.attname), a.attcollation::regcollation::text
FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE a.attrelid = $1::text::regclass AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY a.attnum
"""

CONSTRAINTS = """
SELECT conname, contype::text, pg_get_constraintdef(oid)
FROM pg_constraint
WHERE conrelid = $1::text::regclass
ORDER BY conname
"""

INDEXES = """
SELECT c.relname, pg_get_indexdef(i.indexrelid), i.indisvalid
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
WHERE i.indrelid = $1::text::regclass
ORDER BY c.relname
"""

TRIGGERS = """
SELECT tgname, pg_get_triggerdef(oid)
FROM pg_trigger
WHERE tgrelid = $1::text::regclass AND NOT tgisinternal
ORDER BY tgname
"""


async def tables(connection: asyncpg.Connection, *schemas: str) -> list[str]:
    """The names of the tables in the schemas, with their schema."""
    return [row["name"] for row in await connection.fetch(TABLES, list(schemas))]


async def shape(connection: asyncpg.Connection, table: str) -> dict[str, Rows]:
    """A table's columns in order, its constraints, indexes and triggers."""
    parts = {
        "columns": COLUMNS,
        "constraints": CONSTRAINTS,
        "indexes": INDEXES,
        "triggers": TRIGGERS,
    }
    return {
        part: [tuple(row) for row in await connection.fetch(sql, table)]
        for part, sql in parts.items()
    }


async def shapes(url: str, *schemas: str) -> dict[str, dict[str, Rows]]:
    """The shape of every table in the schemas."""
    connection = await asyncpg.connect(url)
    try:
        names = await tables(connection, *schemas)
        return {name: await shape(connection, name) for name in names}
    finally:
        await connection.close()


async def execute(url: str, sql: str) -> None:
    """Run some SQL on a connection of its own."""
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(sql)
    finally:
        await connection.close()


async def value(url: str, sql: str) -> Any:
    """The one value of a query, on a connection of its own."""
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(sql)
    finally:
        await connection.close()


async def revision(url: str) -> str | None:
    """The revision that the database is at."""
    connection = await asyncpg.connect(url)
    try:
        return await history.current(connection)
    finally:
        await connection.close()


async def pending(url: str) -> list[str]:
    """The names of the revisions that the database has not had."""
    return history.pending(await revision(url))
