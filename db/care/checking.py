"""What a connected database is like beside what the bot needs: `db check`, and the look at start.

Only pg_catalog is read, and, to count duplicates, the tables that lack a unique key.
"""

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from db.care.counting import count_rows
from db.care.difference import BOT, compare, missing_table
from db.care.expected import expected
from db.care.keys import CLOSED, NINE
from db.care.reading import read_catalogue
from db.care.shapes import Catalogue, Constraint, Finding, Table

if TYPE_CHECKING:
    from db.care.reading import Connection

OLDEST_SERVER = 15
ORDER = (
    *("extension", "table", "column", "type", "default", "null", "duplicates", "key"),
    *("constraint", "check", "foreign key", "index", "function", "trigger", "rights"),
)
"""Words of kinds, in the order in which remedies can be run."""
NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
ON_DELETE = re.compile(r" ON DELETE (CASCADE|SET NULL|SET DEFAULT)")
SHOWN = 5
"""How many names a sentence lists at most."""

VERSION = "SELECT current_setting('server_version_num')::int"

DATABASE = """
SELECT pg_catalog.pg_encoding_to_char(encoding)::text AS encoding,
       EXISTS (SELECT FROM pg_catalog.pg_language WHERE lanname = 'plpgsql') AS plpgsql
  FROM pg_catalog.pg_database WHERE datname = current_database()"""

EXTENSIONS = """
SELECT extname::text AS name, extversion AS version FROM pg_catalog.pg_extension ORDER BY 1"""

OPEN = """
SELECT pg_catalog.has_function_privilege('public', p.oid, 'EXECUTE')
  FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
 WHERE n.nspname || '.' || p.proname || '(' ||
       pg_catalog.pg_get_function_identity_arguments(p.oid) || ')' = $1"""


async def check(
    connection: "Connection",
    *,
    pending: Sequence[str] = (),
    rows: bool = True,
) -> list[Finding]:
    """Every difference between the database and what the bot needs, remedies in running order.

    `pending` are the names of the migrations that it has not had; while there are some, the bot's
    own schema is not compared. Without `rows` no table's rows are read. Takes one transaction that
    changes nothing, or a savepoint in one.
    """
    async with connection.transaction():
        version = await connection.fetchval(VERSION) // 10_000
        if version < OLDEST_SERVER:
            return [_old_server(version)]
        (database,) = await connection.fetch(DATABASE)
        have = await read_catalogue(connection)
        found = list(_database(database))
        found += _pending(pending, have)
        if has_handbook(have) or not pending:
            found += _tables(have, [] if pending else [BOT])
        if not pending:
            found += await _rights(connection, have)
        if rows:
            found += await count_rows(connection, have, found)
    return sorted(found, key=_place)


async def about(connection: "Connection") -> dict[str, Any]:
    """The server's version, and the database's extensions with theirs."""
    extensions = await connection.fetch(EXTENSIONS)
    return {
        "server": await connection.fetchval("SHOW server_version"),
        "extensions": {row["name"]: row["version"] for row in extensions},
    }


def has_handbook(have: Catalogue) -> bool:
    """Whether any of the nine tables is there."""
    return any(f"public.{name}" in have.tables for name in NINE)


def _place(finding: Finding) -> int:
    if "foreign key" in finding.kind:
        return ORDER.index("foreign key")
    return next((n for n, word in enumerate(ORDER) if word in finding.kind), len(ORDER))


def _old_server(version: int) -> Finding:
    sentence = f"The server is PostgreSQL {version}; the bot needs {OLDEST_SERVER} or newer."
    return Finding("breaking", "server", "server", sentence)


def _database(database: Any) -> Iterator[Finding]:
    if database["encoding"] != "UTF8":
        sentence = (
            f"The database's encoding is {database['encoding']}, and members write what only UTF8 "
            "can hold."
        )
        yield Finding("breaking", "encoding", "database", sentence)
    if not database["plpgsql"]:
        sentence = "The extension plpgsql is missing, in which the bot's functions are written."
        yield Finding("breaking", "extension", "database", sentence, "CREATE EXTENSION plpgsql")


def _pending(pending: Sequence[str], have: Catalogue) -> Iterator[Finding]:
    if not pending:
        return
    own = [table for table in have.tables.values() if table.schema == BOT]
    adopted = any(table.name != "alembic_version" for table in own)
    way = "db migrate" if adopted or not has_handbook(have) else "db adopt"
    yield Finding(
        "drift",
        "migrations",
        BOT,
        f"{len(pending)} migration(s) are pending, from {pending[0]} on: "
        f"`python -m bot {way}` is the way.",
    )


def _tables(have: Catalogue, more: Sequence[str]) -> Iterator[Finding]:
    """The handbook's tables, and those of the schemas `more`."""
    taken = {
        schema: frozenset(
            part.name
            for table in have.tables.values()
            if table.schema == schema
            for part in (*table.constraints, *table.indexes)
        )
        for schema in ("public", BOT)
    }
    wanted = {t.name: t for t in expected().tables.values() if t.schema == "public"}
    ours = [wanted[name] for name in ("userdata", *NINE)]
    ours += [t for t in expected().tables.values() if t.schema in more]
    for want in ours:
        found = have.tables.get(want.full_name)
        if found is None:
            yield missing_table(want)
            # A trigger of its own needs a function, which comes later.
            found = Table(want.schema, want.name, want.columns, want.constraints, want.indexes)
        yield from compare(want, found, taken[want.schema])
    yield from _functions(have, more)
    yield from _conventions([t for t in have.tables.values() if t.full_name in expected().tables])
    yield from _references(have)


def _functions(have: Catalogue, more: Sequence[str]) -> Iterator[Finding]:
    for name, definition in expected().functions.items():
        if name.split(".", maxsplit=1)[0] not in more or have.functions.get(name) == definition:
            continue
        if name in have.functions:
            sentence = f"The function {name} is not the one that the migrations make."
            yield Finding("drift", "function", name, sentence, definition)
        else:
            sentence = f"The function {name} is missing."
            remedy = f"{definition.rstrip()};\n{_closing(name)}" if name in CLOSED else definition
            yield Finding("breaking", "missing function", name, sentence, remedy)


def _closing(function: str) -> str:
    return f"REVOKE EXECUTE ON FUNCTION {function} FROM PUBLIC"


async def _rights(connection: "Connection", have: Catalogue) -> list[Finding]:
    """Functions that everybody may call, and should not: a restore without rights opens them."""
    return [
        Finding(
            "drift",
            "rights",
            name,
            f"Every role may call the function {name}, and should not.",
            _closing(name),
        )
        for name in CLOSED
        if name in have.functions and await connection.fetchval(OPEN, name)
    ]


def _conventions(tables: Sequence[Table]) -> Iterator[Finding]:
    """The handbook's section 0: every foreign key is indexed, and names are snake_case.

    The handbook's own foreign keys are left out, as their indexes are compared one by one.
    """
    for table in tables:
        known = [c.columns for c in expected().tables[table.full_name].constraints]
        for key in table.constraints:
            if key.kind == "f" and key.columns not in known and not _is_indexed(table, key.columns):
                where = f"{table.full_name}.{key.name}"
                sentence = f"The foreign key {where} ({', '.join(key.columns)}) has no index."
                yield Finding("note", "unindexed foreign key", where, sentence)
        for part in (*table.columns, *table.indexes):
            if not NAME.fullmatch(part.name):
                where = f"{table.full_name}.{part.name}"
                yield Finding("note", "name", where, f"{where} is no snake_case name.")


def _is_indexed(table: Table, columns: tuple[str, ...]) -> bool:
    width = len(columns)
    return any(
        set(index.keys[:width]) == set(columns) and index.predicate is None and index.usable
        for index in table.indexes
    )


def _references(have: Catalogue) -> Iterator[Finding]:
    """What of the website's refers to the tables that the bot works on, and how."""
    ours = expected().tables
    theirs = [table for table in have.tables.values() if table.full_name not in ours]
    for name in (f"public.{name}" for name in ("userdata", *NINE)):
        keys = [(table, key) for table in theirs for key in table.constraints if _is_to(name, key)]
        kept = {table.full_name for table, key in keys if not ON_DELETE.search(key.definition)}
        if kept:
            sentence = f"Rows that {_some(kept)} refer to cannot be deleted from {name}."
            yield Finding("note", "no action", name, sentence)
        slow = {table.full_name for table, key in keys if not _is_indexed(table, key.columns)}
        if slow and name == "public.userdata":
            sentence = (
                f"Deleting a row of {name} reads all of {_some(slow)}: there is no index for it."
            )
            yield Finding("note", "unindexed reference", name, sentence)


def _is_to(name: str, key: Constraint) -> bool:
    return key.kind == "f" and f" REFERENCES {name}(" in key.definition


def _some(names: set[str]) -> str:
    ordered = sorted(names)
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(ordered[:SHOWN]) + more
