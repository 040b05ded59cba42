"""What `db adopt` must know of a database before it touches it. Reading alone."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from db.care.ddl import identifier, qualified
from db.care.locking import Connection

TABLES = """
SELECT n.nspname || '.' || c.relname
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE n.nspname = ANY($1) AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
 ORDER BY 1"""

SIZES = """
SELECT n.nspname || '.' || c.relname, c.reltuples::bigint
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE n.nspname || '.' || c.relname = ANY($1)"""

COLUMNS = """
SELECT a.attname
  FROM pg_catalog.pg_attribute a
  JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE n.nspname || '.' || c.relname = $1 AND a.attnum > 0 AND NOT a.attisdropped
 ORDER BY a.attnum"""

# One reading of the table, whose keys are sorted or hashed; no row is looked at twice but those
# that are among the duplicates.
DUPLICATES = """
WITH many AS (
    SELECT {key} FROM {table} GROUP BY {key} HAVING count(*) > 1
)
SELECT {columns} FROM {table} t JOIN many m USING ({key}) ORDER BY {order}, t.id"""

REFERENCES = """
SELECT n.nspname || '.' || c.relname AS table_name,
       array_agg(own.attname::text ORDER BY k.place) AS own,
       array_agg(their.attname::text ORDER BY k.place) AS their
  FROM pg_catalog.pg_constraint f
  JOIN pg_catalog.pg_class c ON c.oid = f.conrelid
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_catalog.pg_class rc ON rc.oid = f.confrelid
  JOIN pg_catalog.pg_namespace rn ON rn.oid = rc.relnamespace
 CROSS JOIN LATERAL unnest(f.conkey, f.confkey) WITH ORDINALITY AS k(own, their, place)
  JOIN pg_catalog.pg_attribute own ON own.attrelid = f.conrelid AND own.attnum = k.own
  JOIN pg_catalog.pg_attribute their ON their.attrelid = f.confrelid AND their.attnum = k.their
 WHERE f.contype = 'f' AND f.conparentid = 0 AND rn.nspname || '.' || rc.relname = $1
 GROUP BY f.oid, n.nspname, c.relname
 ORDER BY 1, f.oid"""

REFERRED = "SELECT DISTINCT t.id FROM {table} t JOIN {other} o ON {on} WHERE t.id = ANY($1)"

NAMED = "SELECT count(*) FROM {table} t WHERE t.{column} IS NOT NULL"

ORPHANS = """
SELECT count(*) FROM {table} t
 WHERE t.{column} IS NOT NULL
   AND NOT EXISTS (SELECT FROM {parent} p WHERE p.{parent_column} = t.{column})"""

REPEATED = """
SELECT count(*) FROM (SELECT FROM {table} GROUP BY {key} HAVING count(*) > 1 {nulls}) AS found"""

TRIGGERS = """
SELECT n.nspname || '.' || c.relname AS table_name, g.tgname AS name, g.tgenabled AS enabled
  FROM pg_catalog.pg_trigger g
  JOIN pg_catalog.pg_class c ON c.oid = g.tgrelid
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE NOT g.tgisinternal AND g.tgenabled <> 'D' AND g.tgtype & $2 <> 0
   AND n.nspname || '.' || c.relname = ANY($1)
 ORDER BY 1, 2"""
ON_UPDATE_OR_DELETE = 8 | 16
ON_ANY_CHANGE = 4 | ON_UPDATE_OR_DELETE

RIGHTS = """
SELECT current_user AS role, current_database() AS database,
       has_database_privilege(current_database(), 'CREATE') AS in_database,
       coalesce((SELECT has_schema_privilege(oid, 'CREATE') FROM pg_catalog.pg_namespace
                  WHERE nspname = 'public'), false) AS in_public,
       (SELECT has_schema_privilege(oid, 'CREATE') FROM pg_catalog.pg_namespace
         WHERE nspname = 'discord') AS in_discord,
       ARRAY(SELECT n.nspname || '.' || c.relname
               FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
              WHERE n.nspname || '.' || c.relname = ANY($1)
                AND NOT pg_has_role(c.relowner, 'USAGE')
              ORDER BY 1) AS not_owned,
       ARRAY(SELECT n.nspname || '.' || c.relname
               FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
              WHERE n.nspname || '.' || c.relname = ANY($2)
                AND NOT (has_table_privilege(c.oid, 'REFERENCES')
                         AND has_table_privilege(c.oid, 'UPDATE, DELETE, TRUNCATE'))
              ORDER BY 1) AS not_referable"""


@dataclass(frozen=True, slots=True)
class Rights:
    """What the role may do: in the database and the schemas, and which tables it may not change
    (`not_owned`) or refer to and lock (`not_referable`). `in_discord` is None without the schema.
    """

    role: str
    database: str
    in_database: bool
    in_public: bool
    in_discord: bool | None
    not_owned: tuple[str, ...]
    not_referable: tuple[str, ...]


async def tables_in(connection: Connection, *schemas: str) -> set[str]:
    """The tables and views of these schemas, each with its schema."""
    return {row[0] for row in await connection.fetch(TABLES, list(schemas))}


async def sizes(connection: Connection, tables: Iterable[str]) -> dict[str, int]:
    """About how many rows these tables have, as PostgreSQL last counted; -1 for never."""
    return {row[0]: row[1] for row in await connection.fetch(SIZES, list(tables))}


async def columns(connection: Connection, table: str) -> list[str]:
    """The columns of a table (with its schema), none where there is no such table."""
    return [row[0] for row in await connection.fetch(COLUMNS, table)]


async def rights(connection: Connection, changed: Iterable[str], referred: Iterable[str]) -> Rights:
    """What this role may do, with the tables that are to be changed or only referred to."""
    row = await connection.fetchrow(RIGHTS, list(changed), list(referred))
    if row is None:
        raise LookupError("PostgreSQL did not say what this role may do")
    return Rights(
        role=row["role"],
        database=row["database"],
        in_database=row["in_database"],
        in_public=row["in_public"],
        in_discord=row["in_discord"],
        not_owned=tuple(row["not_owned"]),
        not_referable=tuple(row["not_referable"]),
    )


async def duplicates(
    connection: Connection, table: str, key: Sequence[str], others: Sequence[str]
) -> list[list[dict[str, Any]]]:
    """The rows of a table (with its schema) that have the same key: a list for each key.

    Rows come with their id, the key and those of `others` that are there, in the order of the ids.
    Nothing for a table that lacks a column of the key. A key with a NULL has no duplicates.
    """
    there = await columns(connection, table)
    if not {"id", *key} <= set(there):
        return []
    wanted = dict.fromkeys(("id", *key, *(column for column in others if column in there)))
    rows = await connection.fetch(
        DUPLICATES.format(
            table=qualified(table),
            key=", ".join(key),
            columns=", ".join(f"t.{column}" for column in wanted),
            order=", ".join(f"t.{column}" for column in key),
        )
    )
    groups: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for row in rows:
        groups.setdefault(tuple(row[column] for column in key), []).append(dict(row))
    return list(groups.values())


async def referred_to(
    connection: Connection, table: str, ids: Sequence[int]
) -> dict[int, list[str]]:
    """Which of these rows a foreign key refers to: the tables that do, by the row's id."""
    found: dict[int, list[str]] = {}
    for key in await connection.fetch(REFERENCES, table):
        on = " AND ".join(
            f"o.{identifier(own)} = t.{identifier(their)}"
            for own, their in zip(key["own"], key["their"], strict=True)
        )
        other = key["table_name"]
        sql = REFERRED.format(table=qualified(table), other=qualified(other), on=on)
        for row in await connection.fetch(sql, list(ids)):
            found.setdefault(row["id"], []).append(other)
    return found


async def orphans(
    connection: Connection, table: str, column: str, parent: str, parent_column: str
) -> int:
    """How many rows name a row of the other table that is not there, or name one at all while that
    table is not there. 0 while the column is not there."""
    if column not in await columns(connection, table):
        return 0
    there = parent_column in await columns(connection, parent)
    sql = (ORPHANS if there else NAMED).format(
        table=qualified(table),
        column=identifier(column),
        parent=qualified(parent),
        parent_column=identifier(parent_column),
    )
    count: int = await connection.fetchval(sql)
    return count


async def repeated(connection: Connection, table: str, key: Sequence[str], *, nulls: bool) -> int:
    """How many keys are there more than once; with `nulls` also those that are NULL somewhere."""
    if not set(key) <= set(await columns(connection, table)):
        return 0
    parts = [identifier(column) for column in key]
    sql = REPEATED.format(
        table=qualified(table),
        key=", ".join(parts),
        nulls="".join(f"OR {part} IS NULL " for part in parts) if nulls else "",
    )
    count: int = await connection.fetchval(sql)
    return count


async def triggers(
    connection: Connection, tables: Iterable[str], events: int = ON_UPDATE_OR_DELETE
) -> list[tuple[str, str, str]]:
    """The enabled triggers of these tables' users on the events: table, name, and how enabled."""
    rows = await connection.fetch(TRIGGERS, list(tables), events)
    return [(row["table_name"], row["name"], row["enabled"].decode()) for row in rows]
