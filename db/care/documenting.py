"""The schema handbook as a document, written from the live catalogue.

It has the sections of the handbook of 2025-07-25 and nothing in it that changes by itself: the same
schema gives the same text, on every day and on every version of PostgreSQL.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from db.care.debugging import DEBUG_QUERIES
from db.care.drawing import diagrams
from db.care.handbook import create_table, in_order, target, without_public
from db.care.keys import NINE
from db.care.purposes import PURPOSES
from db.care.reading import read_catalogue
from db.care.shapes import Table

if TYPE_CHECKING:
    from db.care.reading import Connection

USERS = "public.userdata"
SHOWN_OF_USERS = ("id", "firstname", "lastname", "email", "password", "created_at")
"""The columns of `userdata` that the bot makes on a database without one."""

ENUMS = """
SELECT n.nspname || '.' || t.typname AS name,
       string_agg(quote_literal(e.enumlabel), ', ' ORDER BY e.enumsortorder) AS labels
  FROM pg_catalog.pg_type t
  JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
  JOIN pg_catalog.pg_enum e ON e.enumtypid = t.oid
 WHERE n.nspname = 'discord'
 GROUP BY 1 ORDER BY 1"""

CLOSED = """
SELECT n.nspname || '.' || p.proname || '(' ||
       pg_catalog.pg_get_function_identity_arguments(p.oid) || ')' AS name
  FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
 WHERE n.nspname = 'discord'
   AND NOT pg_catalog.has_function_privilege('public', p.oid, 'EXECUTE')
 ORDER BY 1"""


@dataclass(frozen=True, slots=True)
class Entry:
    """A migration in the change log: its date (YYYY-MM-DD), its number, and its lines."""

    date: str
    number: str
    lines: str


@dataclass(frozen=True, slots=True)
class Schema:
    """What the document is about: `tables` in the document's order, userdata before the rest.

    `left_out` counts the other tables of public. `enums` are types with their labels, `closed` the
    functions that not everybody may call.
    """

    tables: tuple[Table, ...]
    hidden_columns: int
    left_out: int
    functions: dict[str, str]
    enums: dict[str, str]
    closed: tuple[str, ...]


async def read_schema(connection: "Connection") -> Schema:
    """Read what the document shows from the live catalogue; any role may."""
    catalogue = await read_catalogue(connection, ["public", "discord"])
    enums = {row["name"]: row["labels"] for row in await connection.fetch(ENUMS)}
    closed = tuple(row["name"] for row in await connection.fetch(CLOSED))
    public = [table for table in catalogue.tables.values() if table.schema == "public"]
    nine = [t for name in NINE if (t := catalogue.tables.get(f"public.{name}"))]
    own = in_order(table for table in catalogue.tables.values() if table.schema == "discord")
    users = catalogue.tables.get(USERS)
    shown = [] if users is None else [_in_short(users)]
    return Schema(
        tables=(*shown, *nine, *own),
        hidden_columns=0 if users is None else len(users.columns) - len(shown[0].columns),
        left_out=len(public) - len(nine) - len(shown),
        functions={
            name: text for name, text in catalogue.functions.items() if name.startswith("discord.")
        },
        enums=enums,
        closed=closed,
    )


def _in_short(users: Table) -> Table:
    """`userdata` with the columns that the bot knows, and what hangs on them alone."""
    shown = set(SHOWN_OF_USERS)
    return Table(
        users.schema,
        users.name,
        tuple(column for column in users.columns if column.name in shown),
        tuple(c for c in users.constraints if c.columns and set(c.columns) <= shown),
        tuple(index for index in users.indexes if set(index.keys) <= shown),
    )


def entry(name: str, docstring: str) -> Entry:
    """A migration's change-log entry, from its name (0001_what) and its docstring."""
    head, _, lines = docstring.strip().partition("\n")
    return Entry(head.removeprefix("###").strip(), name.partition("_")[0], lines.strip())


def document(schema: Schema, log: Sequence[Entry]) -> str:
    """The schema handbook in Markdown. `log` are the migrations it has had, oldest first."""
    updated = max((entry.date for entry in log), default="2025-07-25")
    sections = [
        HEAD.format(updated=updated),
        CONVENTIONS,
        _inventory(schema),
        _relations(schema),
        _ddl(schema),
        _queries(),
        _change_log(log),
        CHECKLIST,
    ]
    return "\n\n---\n\n".join(section.strip() for section in sections) + "\n"


def _inventory(schema: Schema) -> str:
    nine = [table for table in schema.tables if table.schema == "public" and table.name in NINE]
    own = [table for table in schema.tables if table.schema == "discord"]
    parts = ["## 1) Quick Inventory", _purposes(nine), USERS_NOTE]
    if own:
        parts += [OWN_NOTE, _purposes(sorted(own, key=lambda table: table.name))]
    if schema.left_out:
        parts.append(
            f"> **Note:** {schema.left_out} other table(s) of `public` are the website's alone, "
            "and are left out here."
        )
    return "\n\n".join(parts)


def _purposes(tables: Iterable[Table]) -> str:
    rows = [(f"`{short_name(t)}`", PURPOSES.get(t.full_name, "")) for t in tables]
    rows.insert(0, ("Table", "Purpose"))
    width = max(len(name) for name, _ in rows)
    wide = max(len(purpose) for _, purpose in rows)
    lines = [f"| {name:<{width}} | {purpose:<{wide}} |" for name, purpose in rows]
    lines.insert(1, f"|{'-' * (width + 2)}|{'-' * (wide + 2)}|")
    return "\n".join(lines)


def short_name(table: Table) -> str:
    """A table's name as it stands in the text: with its schema unless that is public."""
    return table.name if table.schema == "public" else table.full_name


def _relations(schema: Schema) -> str:
    referring: dict[tuple[str, str], list[str]] = {}
    for table in schema.tables:
        for key in (c for c in table.constraints if c.kind == "f"):
            columns = ", ".join(key.columns)
            referring.setdefault(target(key), []).append(f"**{short_name(table)}.{columns}**")
    lines = [
        f"- **{name.removeprefix('public.')} ({columns})** → {', '.join(keys)}"
        for (name, columns), keys in sorted(
            referring.items(), key=lambda item: _place(schema, item)
        )
    ]
    return "\n\n".join(["## 2) ERD (text form)", "\n".join(lines), diagrams(schema.tables)])


def _place(schema: Schema, item: tuple[tuple[str, str], list[str]]) -> tuple[int, str]:
    names = [table.full_name for table in schema.tables]
    (name, columns), _ = item
    return (names.index(name) if name in names else len(names), columns)


def _ddl(schema: Schema) -> str:
    """Section 3: everything in an order in which an empty database takes it."""
    nine = {f"public.{name}": place for place, name in enumerate(NINE, start=1)}
    parts = ["## 3) Full DDL (Tables + Indexes + Constraints)", DDL_NOTE]
    number = len(NINE)
    for table in schema.tables:
        if table.full_name == USERS:
            parts += [f"### 3.0 `userdata`, in short\n{_sql(create_table(table))}", _hidden(schema)]
            continue
        if table.full_name not in nine:
            if number == len(NINE):
                parts += _own_beginning(schema)
                number += 1
            number += 1
        place = nine.get(table.full_name, number)
        parts.append(f"### 3.{place} `{short_name(table)}`\n{_sql(create_table(table))}")
    if schema.functions:
        bodies = [without_public(f"{text.strip()};") for text in _callable(schema)]
        revoked = [f"REVOKE EXECUTE ON FUNCTION {name} FROM PUBLIC;" for name in schema.closed]
        text = "\n\n".join([*bodies, *revoked])
        parts.append(f"### 3.{number + 1} Functions of the schema `discord`\n{_sql(text)}")
    return "\n\n".join(part for part in parts if part)


def _own_beginning(schema: Schema) -> list[str]:
    """What the bot's own tables need before them: the schema, types, and triggers' functions."""
    types = [f"CREATE TYPE {name} AS ENUM ({labels});" for name, labels in schema.enums.items()]
    functions = [f"{text.strip()};" for text in schema.functions.values() if _is_trigger(text)]
    text = "\n\n".join(["CREATE SCHEMA discord;", *types, *functions])
    return [f"### 3.{len(NINE) + 1} The schema `discord`: the bot's own\n{_sql(text)}"]


def _callable(schema: Schema) -> list[str]:
    return [text for text in schema.functions.values() if not _is_trigger(text)]


def _is_trigger(definition: str) -> bool:
    return re.search(r"\n RETURNS trigger\n", definition) is not None


def _hidden(schema: Schema) -> str:
    if not schema.hidden_columns:
        return ""
    return f"> **Note:** {schema.hidden_columns} other column(s) of `userdata` are the website's."


def _sql(text: str) -> str:
    return f"```sql\n{text}\n```"


def _queries() -> str:
    parts = [f"**{title}:**\n{_sql(sql.strip())}" for title, sql in DEBUG_QUERIES.items()]
    return "\n\n".join(["## 4) Handy Debug Queries", *parts])


def _change_log(log: Sequence[Entry]) -> str:
    newest_first = [f"### {e.date} · migration {e.number}\n{e.lines}" for e in reversed(log)]
    text = "\n\n".join(newest_first) or "This database has had none of the bot's migrations."
    return f"## 5) Migration / Change Log\n\n```text\n{text}\n```"


HEAD = """
---
title: Get Kinder Database Schema
description: Documentation of all database tables, columns, indexes, and constraints for maintenance and troubleshooting.
last_updated: {updated}
---

# Get Kinder DB Schema Handbook

_Last updated: **{updated}**, with the newest migration. Written by `python -m bot db document` from the
database itself: do not edit it, run the command again._
"""  # noqa: E501  front matter has one line a value

CONVENTIONS = """
## 0) Conventions & Tips

- **Naming**
  - Tables, columns, and indexes are **snake_case**.
  - Foreign keys are always `{referencing_table}.{referenced_table}_id`.
- **Primary keys** use `SERIAL PRIMARY KEY`.
- **Timestamps** default to `CURRENT_TIMESTAMP` when helpful. Those without a time zone are UTC.
- **Foreign keys** use `ON DELETE CASCADE` when child data should vanish if the parent is deleted (e.g., `user_badges` if a user is deleted).
- **Indexes**
  - Always index foreign keys.
  - Add **multi-column indexes** for your most common filters/joins.
- **Uniqueness**
  - Add **unique constraints** to prevent duplicates in log tables or link tables (e.g., `(user_id, badge_id)` in `user_badges`).
- **Schemas**
  - The website's tables and the nine of this handbook live in `public`; what is the bot's own lives in `discord`.
  - PgQueuer's and Alembic's tables in `discord` follow their makers' conventions.
"""  # noqa: E501  a list's line is one line

USERS_NOTE = "> **Note:** `userdata` already exists and is the canonical users table."

OWN_NOTE = "The bot's own tables, in the schema `discord`:"

DDL_NOTE = """
The blocks of this section, run in their order on an empty database, make the same schema. Names
that PostgreSQL gives by itself are not written out.
""".strip()

CHECKLIST = """
## 6) Maintenance Checklist

- After adding a new FK, **add an index** on it (`python -m bot db check` finds those without).
- Run `EXPLAIN ANALYZE` on dashboard queries when slow: `python -m bot db explain --analyze` (plans are kept in `docs/explain`).
- Consider archiving old `kai_interactions` data if it grows too large: `python -m bot db archive` (see `docs/archive.md`).
- Keep Dev/Stage/Prod schemas in sync with this document: `python -m bot db check`, and `--against` to compare two databases.
- After a migration, write this document anew: `python -m bot db document`.
- Back up before migrating or adopting: see `docs/backup.md`.
"""  # noqa: E501  a list's line is one line
