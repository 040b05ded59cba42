"""Checksums over all rows of a database, to see that something changed nothing."""

from collections.abc import Sequence

import asyncpg

TABLES = """
SELECT n.nspname || '.' || c.relname, format('%I.%I', n.nspname, c.relname)
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND n.nspname <> 'information_schema'
   AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> ALL ($1)
 ORDER BY 1"""

# Rows are put in order by their text, so that moving one within the table does not matter.
CHECKSUM = """
SELECT count(*) || ' ' || COALESCE(md5(string_agg(md5(t::text), '' ORDER BY md5(t::text))), '')
  FROM {table} t"""


async def checksums(url: str, *, without: Sequence[str] = ("discord",)) -> dict[str, str]:
    """By its name with its schema, every table's number of rows and a checksum over all of them.

    `without` are schemas that are left out.
    """
    connection = await asyncpg.connect(url, server_settings={"TimeZone": "UTC"})
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            tables = await connection.fetch(TABLES, list(without))
            return {
                name: await connection.fetchval(CHECKSUM.format(table=quoted))
                for name, quoted in tables
            }
    finally:
        await connection.close()
