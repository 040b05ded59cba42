"""The tables as Mermaid's entity-relationship diagrams."""

import re
from collections.abc import Sequence

from db.care.handbook import target, type_name
from db.care.shapes import Column, Constraint, Table


def diagrams(tables: Sequence[Table]) -> str:
    """One diagram of public's tables with all columns, one of the bot's own with their keys."""
    public = [table for table in tables if table.schema == "public"]
    own = [table for table in tables if table.schema != "public"]
    parts = [f"The handbook's tables:\n\n{_diagram(public, whole=True)}"]
    if own:
        parts.append(
            "The bot's own tables (in the schema `discord`), with their keys alone:\n\n"
            f"{_diagram(own, whole=False)}"
        )
    return "\n\n".join(parts)


def _diagram(tables: Sequence[Table], *, whole: bool) -> str:
    lines = ["```mermaid", "erDiagram"]
    for table in tables:
        lines += [f"    {_relation(table, key)}" for key in _foreign_keys(table)]
    for table in tables:
        lines.append(f"    {_word(table.name)} {{")
        lines += [
            f"        {line}"
            for column in table.columns
            if whole or _marks(table, column) or column.name == "id"
            for line in [_attribute(table, column)]
        ]
        lines.append("    }")
    return "\n".join([*lines, "```"])


def _foreign_keys(table: Table) -> list[Constraint]:
    return [constraint for constraint in table.constraints if constraint.kind == "f"]


def _relation(table: Table, key: Constraint) -> str:
    """Which table belongs to which: one or (where NULL is allowed) none to one or many."""
    parent = target(key)[0].partition(".")[2]
    columns = [column for column in table.columns if column.name in key.columns]
    one = "||" if all(column.not_null for column in columns) else "|o"
    unique = any(c.kind in "pu" and c.columns == key.columns for c in table.constraints)
    many = "o|" if unique else "o{"
    return f"{_word(parent)} {one}--{many} {_word(table.name)} : {_word('_'.join(key.columns))}"


def _attribute(table: Table, column: Column) -> str:
    kind = re.sub(r"[^A-Za-z0-9_()]+", "_", type_name(column).removeprefix("discord.")).lower()
    return " ".join(
        [kind, _word(column.name), *([marks] if (marks := _marks(table, column)) else [])]
    )


def _marks(table: Table, column: Column) -> str:
    """PK, FK and UK, as far as a constraint of this column alone makes it one."""
    names = {"p": "PK", "f": "FK", "u": "UK"}
    alone = {c.kind for c in table.constraints if c.columns == (column.name,)}
    return ", ".join(mark for kind, mark in names.items() if kind in alone)


def _word(name: str) -> str:
    """A name that Mermaid takes."""
    return re.sub(r"\W", "_", name)
