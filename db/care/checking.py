"""What a connected database is like beside what the bot needs: `db check`, and the look at start.

Only pg_catalog is read, and, to count duplicates, the five tables that lack a unique key.
"""

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from db.care.difference import BOT, compare, missing_table
from db.care.expected import expected
from db.care.keys import NINE, UNIQUE_KEYS
from db.care.reading import read_catalogue
from db.care.shapes import Catalogue, Finding, Level, Table

if TYPE_CHECKING:
    from db.care.reading import Connection

OLDEST_SERVER = 15
ORDER = ("table", "column", "type", "default", "null", "duplicates", "key", "constraint", "check")
NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
SHOWN = 5
"""How many names a sentence lists at most."""

SERVER = """
SELECT current_setting('server_version_num')::int / 10000 AS version,
       pg_catalog.pg_encoding_to_char(encoding)::text AS encoding
  FROM pg_catalog.pg_database WHERE datname = current_database()"""

MAY_READ = "SELECT pg_catalog.has_table_privilege($1::regclass, 'SELECT')"

DUPLICATES = """
SELECT count(*)::int AS groups, coalesce(sum(n), 0)::int AS rows
  FROM (SELECT count(*) AS n FROM {table} GROUP BY {keys} HAVING count(*) > 1) AS found"""

TWINS = """
SELECT count(*)::int FROM (
    SELECT FROM public.userdata GROUP BY lower(email) HAVING count(*) > 1) AS found"""


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
        (server,) = await connection.fetch(SERVER)
        have = await read_catalogue(connection)
        found = [*_server(server["version"], server["encoding"]), *_pending(pending, have)]
        if has_handbook(have) or not pending:
            found += _tables(have, [] if pending else [BOT])
        if rows:
            found += await _rows(connection, have)
    return sorted(found, key=_place)


def _place(finding: Finding) -> int:
    """Tables before columns, columns before keys, and what only points at another comes last."""
    last = len(ORDER)
    if finding.kind in ("missing foreign key", "foreign key"):
        return last
    return next((n for n, word in enumerate(ORDER) if word in finding.kind), last + 1)


def _server(version: int, encoding: str) -> Iterator[Finding]:
    if version < OLDEST_SERVER:
        sentence = f"The server is PostgreSQL {version}; the bot needs {OLDEST_SERVER} or newer."
        yield Finding("breaking", "server", "server", sentence)
    if encoding != "UTF8":
        sentence = f"The database's encoding is {encoding}; members write what only UTF8 can hold."
        yield Finding("breaking", "encoding", "database", sentence)


def has_handbook(have: Catalogue) -> bool:
    """Whether any of the nine tables is there."""
    return any(f"public.{name}" in have.tables for name in NINE)


def _pending(pending: Sequence[str], have: Catalogue) -> Iterator[Finding]:
    if not pending:
        return
    adopted = any(table.schema == BOT for table in have.tables.values())
    way = "db migrate" if adopted or not has_handbook(have) else "db adopt"
    yield Finding(
        "drift",
        "migrations",
        BOT,
        f"{len(pending)} migration(s) are pending, from {pending[0]} on: "
        f"`python -m bot {way}` is the way.",
    )


def _tables(have: Catalogue, more: Sequence[str]) -> Iterator[Finding]:
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
        else:
            yield from compare(want, found, taken[want.schema])
    yield from _functions(have, more)
    yield from _conventions([t for t in have.tables.values() if t.full_name in expected().tables])
    yield from _references(have)


def _functions(have: Catalogue, more: Sequence[str]) -> Iterator[Finding]:
    for name, definition in expected().functions.items():
        schema = name.split(".", maxsplit=1)[0]
        if schema in more and have.functions.get(name) != definition:
            level: Level = "drift" if name in have.functions else "breaking"
            sentence = f"The function {name} is not the one that the migrations make."
            yield Finding(level, "function", name, sentence, definition)


def _conventions(tables: Sequence[Table]) -> Iterator[Finding]:
    """The handbook's section 0: every foreign key is indexed, and names are snake_case."""
    for table in tables:
        known = [c.columns for c in expected().tables[table.full_name].constraints]
        for key in table.constraints:
            if key.kind == "f" and key.columns not in known and not _is_indexed(table, key.columns):
                where = f"{table.full_name}.{key.name}"
                sentence = f"The foreign key {where} ({', '.join(key.columns)}) has no index."
                yield Finding("note", "unindexed foreign key", where, sentence)
        for column in table.columns:
            if not NAME.fullmatch(column.name):
                where = f"{table.full_name}.{column.name}"
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
    to_users = {
        table.full_name: key
        for table in theirs
        for key in table.constraints
        if key.kind == "f" and "REFERENCES public.userdata(" in key.definition
    }
    kept = [name for name, key in to_users.items() if "ON DELETE" not in key.definition]
    if kept:
        yield Finding(
            "note",
            "no action",
            "public.userdata",
            f"{len(kept)} of the website's tables keep a user from being deleted ({_some(kept)}).",
        )
    slow = [n for n, key in to_users.items() if not _is_indexed(have.tables[n], key.columns)]
    if slow:
        yield Finding(
            "note",
            "unindexed reference",
            "public.userdata",
            f"{len(slow)} of the website's tables refer to it without an index ({_some(slow)}).",
        )


def _some(names: Sequence[str]) -> str:
    more = "" if len(names) <= SHOWN else ", …"
    return ", ".join(sorted(names)[:SHOWN]) + more


async def _rows(connection: "Connection", have: Catalogue) -> list[Finding]:
    """The duplicates that a missing key let in."""
    found: list[Finding] = []
    keyless = [
        f"public.{f.where.split('.')[1]}"
        for f in _tables(have, [])
        if f.kind == "missing unique constraint"
    ]
    for name in keyless:
        columns = UNIQUE_KEYS.get(name.removeprefix("public."))
        if columns is None or any(have.tables[name].column(c) is None for c in columns):
            continue
        if not await connection.fetchval(MAY_READ, name):
            sentence = f"This role may not read {name}, so its duplicates were not counted."
            found.append(Finding("note", "duplicates", name, sentence))
            continue
        (counted,) = await connection.fetch(DUPLICATES.format(table=name, keys=", ".join(columns)))
        if counted["groups"]:
            sentence = (
                f"{counted['rows']} rows of {name} share ({', '.join(columns)}) with another, in "
                f"{counted['groups']} groups."
            )
            found.append(Finding("drift", "duplicates", name, sentence))
    return [*found, *await _users(connection, have)]


async def _users(connection: "Connection", have: Catalogue) -> list[Finding]:
    users = have.tables.get("public.userdata")
    if users is None or users.column("email") is None:
        return []
    if not await connection.fetchval(MAY_READ, "public.userdata"):
        return []
    twins: int = await connection.fetchval(TWINS)
    if not twins:
        return []
    sentence = f"{twins} address(es) of userdata are there in more than one spelling."
    return [Finding("note", "addresses", "public.userdata.email", sentence)]
