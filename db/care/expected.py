"""What a database must have: the shape that the migrations make, kept in a file beside this one.

`python -m tests.live.expect` writes the file from a migrated database, and a test keeps it in step.
"""

import json
import re
from dataclasses import asdict, replace
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

from db.care.keys import NINE, USER_COLUMNS
from db.care.shapes import Catalogue, Column, Constraint, Index, Table

REFERRED = re.compile(r" REFERENCES (\S+?)\(")
FILE = Path(__file__).with_name("expected.json")


@cache
def expected() -> Catalogue:
    """The shape of the nine tables, of what the bot needs of userdata, and of its own schema.

    Each table comes behind those that it refers to.
    """
    kept = json.loads(FILE.read_text(encoding="utf-8"))
    tables = {table.full_name: table for table in map(_table, kept["tables"])}
    referred = {name: _referred(table) - {name} for name, table in tables.items()}
    order = TopologicalSorter(referred).static_order()
    return Catalogue({name: tables[name] for name in order}, kept["functions"])


def _referred(table: Table) -> set[str]:
    """The tables that this one's foreign keys refer to."""
    found = (REFERRED.search(constraint.definition) for constraint in table.constraints)
    return {match[1] for match in found if match}


def as_json(catalogue: Catalogue) -> str:
    """A migrated database's shape as the file has it: what is the website's alone is left out."""
    ours = [
        _needed(table) if table.name == "userdata" else table
        for table in catalogue.tables.values()
        if table.schema == "discord" or table.name in (*NINE, "userdata")
    ]
    kept = {"tables": [asdict(table) for table in ours], "functions": catalogue.functions}
    return json.dumps(kept, indent=1, ensure_ascii=False) + "\n"


def _needed(users: Table) -> Table:
    """Of `userdata`, the columns that the bot fills, and their keys."""
    return replace(
        users,
        columns=tuple(column for column in users.columns if column.name in USER_COLUMNS),
        constraints=tuple(c for c in users.constraints if set(c.columns) <= set(USER_COLUMNS)),
        indexes=tuple(index for index in users.indexes if set(index.keys) <= set(USER_COLUMNS)),
    )


def _table(kept: dict[str, Any]) -> Table:
    return Table(
        kept["schema"],
        kept["name"],
        tuple(Column(**column) for column in kept["columns"]),
        tuple(Constraint(**c | {"columns": tuple(c["columns"])}) for c in kept["constraints"]),
        tuple(Index(**index | {"keys": tuple(index["keys"])}) for index in kept["indexes"]),
        tuple(kept["triggers"]),
    )
