"""Counting rows that should have been one, where no unique key kept them apart."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import asyncpg

from db.care.keys import UNIQUE_KEYS
from db.care.reading import settled
from db.care.shapes import Catalogue, Finding

if TYPE_CHECKING:
    from db.care.reading import Connection

TIMEOUT = "60s"
"""How long one count may take."""

KEYS = {**UNIQUE_KEYS, "userdata": ("email",)}

MAY_READ = """
SELECT coalesce(bool_and(pg_catalog.has_table_privilege(c.oid, 'SELECT')
                         AND pg_catalog.has_schema_privilege(n.oid, 'USAGE')), false)
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE n.nspname = 'public' AND c.relname = $1"""

DUPLICATES = """
SELECT count(*)::int AS groups, coalesce(sum(n), 0)::int AS rows
  FROM (SELECT count(*) AS n FROM public.{table} WHERE ({keys}) IS NOT NULL
         GROUP BY {keys} HAVING count(*) > 1) AS found"""

SPELLINGS = """
SELECT count(*)::int AS groups
  FROM (SELECT FROM public.userdata
         GROUP BY lower(email) HAVING count(DISTINCT email) > 1) AS found"""


async def count_rows(
    connection: "Connection", have: Catalogue, found: Sequence[Finding]
) -> list[Finding]:
    """The duplicates that the missing unique constraints among the findings let in.

    Tables that this role may not read are told of. Takes savepoints.
    """
    counted: list[Finding] = []
    for finding in found:
        schema, name, *_ = f"{finding.where}..".split(".")
        if finding.kind != "missing unique constraint" or schema != "public" or name not in KEYS:
            continue
        counted += await _duplicates(connection, have, name)
    return [*counted, *await _spellings(connection, have)]


async def _duplicates(connection: "Connection", have: Catalogue, name: str) -> list[Finding]:
    where, columns = f"public.{name}", KEYS[name]
    table = have.tables.get(where)
    if table is None or any(table.column(column) is None for column in columns):
        return []
    keys = ", ".join(columns)
    counts = await _count(connection, name, DUPLICATES.format(table=name, keys=keys))
    if isinstance(counts, str):
        sentence = f"The duplicates in {where} were not counted: {counts}."
        return [Finding("note", "duplicates", where, sentence)]
    if not counts["groups"]:
        return []
    sentence = (
        f"{counts['rows']} rows of {where} should be {counts['groups']}, one for each ({keys})."
    )
    return [Finding("drift", "duplicates", where, sentence)]


async def _spellings(connection: "Connection", have: Catalogue) -> list[Finding]:
    """Addresses that stand there in two spellings: two accounts, probably of one person."""
    users = have.tables.get("public.userdata")
    if users is None or users.column("email") is None:
        return []
    counts = await _count(connection, "userdata", SPELLINGS)
    if isinstance(counts, str) or not counts["groups"]:
        return []
    sentence = (
        f"{counts['groups']} address(es) of userdata stand there in spellings that differ only in "
        "capital letters."
    )
    return [Finding("note", "addresses", "public.userdata.email", sentence)]


async def _count(connection: "Connection", table: str, sql: str) -> Any:
    """The row of a count, or the reason why there is none, as the end of a sentence."""
    if not await connection.fetchval(MAY_READ, table):
        return "this role may not read it"
    try:
        async with settled(connection, TIMEOUT):
            (row,) = await connection.fetch(sql)
    except asyncpg.QueryCanceledError:
        return "it takes too long"
    except asyncpg.LockNotAvailableError:
        return "somebody has locked it"
    return row
