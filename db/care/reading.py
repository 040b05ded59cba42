"""Reading a database's shape from pg_catalog, which shows it whole whatever a role may touch."""

from collections import defaultdict
from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from db.care.shapes import Catalogue, Column, Constraint, Index, Table

if TYPE_CHECKING:
    from db.pool import AnyConnection as Connection

T = TypeVar("T")

SETTINGS = """
SELECT current_setting('search_path') AS path, current_setting('statement_timeout') AS timeout"""
SET = """
SELECT set_config('search_path', $1, true), set_config('statement_timeout', $2, true)"""
TIMEOUT = "30s"

WANTED = r"""
n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
   AND ($1::text[] IS NULL OR n.nspname = ANY ($1))"""

TABLES = f"""
SELECT c.oid::bigint AS oid, n.nspname::text AS schema, c.relname::text AS name
  FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 WHERE c.relkind IN ('r', 'p') AND {WANTED}
 ORDER BY 2, 3"""

COLUMNS = """
SELECT a.attrelid::bigint AS oid, a.attname::text AS name,
       pg_catalog.format_type(a.atttypid, a.atttypmod) AS type, a.attnotnull AS not_null,
       CASE WHEN a.attgenerated = '' THEN pg_catalog.pg_get_expr(d.adbin, d.adrelid) END
           AS default,
       a.attidentity::text AS identity, a.attgenerated::text AS generated
  FROM pg_catalog.pg_attribute a
  LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
 WHERE a.attrelid = ANY ($1::bigint[]::oid[]) AND a.attnum > 0 AND NOT a.attisdropped
 ORDER BY a.attrelid, a.attnum"""

# Since PostgreSQL 18 NOT NULL is a constraint, too ("n"); the columns tell it on every version.
CONSTRAINTS = """
SELECT k.conrelid::bigint AS oid, k.conname::text AS name, k.contype::text AS kind,
       pg_catalog.pg_get_constraintdef(k.oid) AS definition,
       ARRAY(SELECT a.attname::text
               FROM unnest(k.conkey) WITH ORDINALITY AS place (number, at)
               JOIN pg_catalog.pg_attribute a
                 ON a.attrelid = k.conrelid AND a.attnum = place.number
              ORDER BY place.at) AS columns
  FROM pg_catalog.pg_constraint k
 WHERE k.conrelid = ANY ($1::bigint[]::oid[]) AND k.contype IN ('p', 'u', 'f', 'c', 'x')
 ORDER BY k.conrelid, k.conname"""

INDEXES = """
SELECT i.indrelid::bigint AS oid, c.relname::text AS name,
       pg_catalog.pg_get_indexdef(i.indexrelid) AS definition,
       ARRAY(SELECT pg_catalog.pg_get_indexdef(i.indexrelid, at, true)
               FROM generate_series(1, i.indnkeyatts) AS at ORDER BY at) AS keys,
       i.indisunique AS unique, m.amname::text AS method,
       pg_catalog.pg_get_expr(i.indpred, i.indrelid) AS predicate,
       EXISTS (SELECT FROM pg_catalog.pg_constraint k
                WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x')) AS constraint,
       i.indisvalid AND i.indisready AND i.indimmediate AS usable
  FROM pg_catalog.pg_index i
  JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
  JOIN pg_catalog.pg_am m ON m.oid = c.relam
 WHERE i.indrelid = ANY ($1::bigint[]::oid[])
 ORDER BY i.indrelid, c.relname"""

TRIGGERS = """
SELECT t.tgrelid::bigint AS oid, pg_catalog.pg_get_triggerdef(t.oid) AS definition
  FROM pg_catalog.pg_trigger t
 WHERE t.tgrelid = ANY ($1::bigint[]::oid[]) AND NOT t.tgisinternal
 ORDER BY t.tgrelid, t.tgname"""

FUNCTIONS = f"""
SELECT n.nspname || '.' || p.proname || '(' ||
       pg_catalog.pg_get_function_identity_arguments(p.oid) || ')' AS name,
       pg_catalog.pg_get_functiondef(p.oid) AS definition
  FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
 WHERE p.prokind IN ('f', 'p') AND {WANTED}
   AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
                    WHERE d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass
                      AND d.objid = p.oid AND d.deptype = 'e')
 ORDER BY 1"""

OTHERS = f"""
SELECT kind, n.nspname || '.' || name AS name, definition
  FROM (SELECT 'view' AS kind, relnamespace AS schema, relname AS name,
               pg_catalog.pg_get_viewdef(oid) AS definition
          FROM pg_catalog.pg_class WHERE relkind IN ('v', 'm')
         UNION ALL
        SELECT 'sequence', c.relnamespace, c.relname,
               pg_catalog.concat_ws(' ', pg_catalog.format_type(s.seqtypid, NULL), s.seqincrement,
                                    s.seqmin, s.seqmax, s.seqcache, s.seqcycle)
          FROM pg_catalog.pg_sequence s JOIN pg_catalog.pg_class c ON c.oid = s.seqrelid
         WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_depend d  -- those of columns go with them
                            WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
                              AND d.objid = c.oid AND d.deptype IN ('a', 'i'))
         UNION ALL
        SELECT 'type', typnamespace, typname,
               (SELECT pg_catalog.string_agg(enumlabel::text, ', ' ORDER BY enumsortorder)
                  FROM pg_catalog.pg_enum WHERE enumtypid = t.oid)
          FROM pg_catalog.pg_type t WHERE typtype = 'e'
         UNION ALL
        SELECT 'domain', typnamespace, typname,
               pg_catalog.concat_ws(' ', pg_catalog.format_type(typbasetype, typtypmod), typdefault,
                   CASE WHEN typnotnull THEN 'NOT NULL' END,
                   (SELECT pg_catalog.string_agg(pg_catalog.pg_get_constraintdef(k.oid), ' '
                                                 ORDER BY k.conname)
                      FROM pg_catalog.pg_constraint k
                     WHERE k.contypid = t.oid AND k.contype = 'c'))
          FROM pg_catalog.pg_type t WHERE typtype = 'd') AS other
  JOIN pg_catalog.pg_namespace n ON n.oid = other.schema
 WHERE {WANTED}
 UNION ALL
SELECT 'extension', extname, 'version ' || extversion
  FROM pg_catalog.pg_extension WHERE $1::text[] IS NULL
 ORDER BY 1, 2"""


@asynccontextmanager
async def settled(connection: "Connection", limit: str) -> AsyncGenerator[None]:
    """A transaction (or savepoint) in which every name is printed with its schema, whatever the
    search_path is otherwise, and a statement may take as long as `limit` says ("30s")."""
    async with connection.transaction():
        (before,) = await connection.fetch(SETTINGS)
        await connection.fetch(SET, "", limit)
        yield
        await connection.fetch(SET, before["path"], before["timeout"])


async def read_catalogue(
    connection: "Connection", schemas: Sequence[str] | None = None
) -> Catalogue:
    """The shape of all tables and functions in the schemas; in all but the system's for None.

    Reads pg_catalog alone, so any role may. Takes a transaction, or a savepoint in one.
    """
    wanted = None if schemas is None else list(schemas)
    async with settled(connection, TIMEOUT):
        tables = await connection.fetch(TABLES, wanted)
        oids = [row["oid"] for row in tables]
        columns = await connection.fetch(COLUMNS, oids)
        constraints = await connection.fetch(CONSTRAINTS, oids)
        indexes = await connection.fetch(INDEXES, oids)
        triggers = await connection.fetch(TRIGGERS, oids)
        functions = await connection.fetch(FUNCTIONS, wanted)
    columns_of = _by_table(columns, Column)
    constraints_of = _by_table(constraints, Constraint)
    indexes_of = _by_table(indexes, Index)
    triggers_of: dict[int, list[str]] = defaultdict(list)
    for row in triggers:
        triggers_of[row["oid"]].append(row["definition"])
    shapes = [
        Table(
            row["schema"],
            row["name"],
            tuple(columns_of[row["oid"]]),
            tuple(constraints_of[row["oid"]]),
            tuple(indexes_of[row["oid"]]),
            tuple(triggers_of[row["oid"]]),
        )
        for row in tables
    ]
    return Catalogue(
        {table.full_name: table for table in shapes},
        {row["name"]: row["definition"] for row in functions},
    )


async def read_others(
    connection: "Connection", schemas: Sequence[str] | None = None
) -> dict[str, str]:
    """What there is beside tables and functions: views, types, extensions, sequences of no column.

    By what it is and its name ("view public.totals"), with what it is made of.
    """
    wanted = None if schemas is None else list(schemas)
    async with settled(connection, TIMEOUT):
        rows = await connection.fetch(OTHERS, wanted)
    return {f"{row['kind']} {row['name']}": row["definition"] for row in rows}


def _by_table(rows: Iterable[Any], shape: type[T]) -> dict[int, list[T]]:
    """The rows as such shapes, by their table."""
    found: dict[int, list[T]] = defaultdict(list)
    for row in rows:
        values: dict[str, Any] = {name: value for name, value in row.items() if name != "oid"}
        for name in ("columns", "keys"):
            if name in values:
                values[name] = tuple(values[name])
        found[row["oid"]].append(shape(**values))
    return found
