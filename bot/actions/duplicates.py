"""Finding the duplicate rows that a missing constraint let in, and deciding what becomes of them.

Nothing here writes: `bot.actions.adopting` does what was decided.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from bot.rules.merging import COLUMNS, Merged, merge
from db.care import adoptable
from db.care.keys import UNIQUE_KEYS
from db.care.locking import Connection


@dataclass(frozen=True, slots=True)
class Group:
    """Rows of one table (with its schema) that have the same key, and what becomes of them.

    `merged` is None where nobody can tell, and `trouble` then says why.
    """

    table: str
    key: dict[str, Any]
    ids: tuple[int, ...]
    merged: Merged | None
    trouble: str = ""


async def find(connection: Connection, tables: Iterable[str]) -> list[Group]:
    """The duplicates in these tables (with their schema), a query for each and one for each
    foreign key to them. Those without a unique key in the handbook are passed over.
    """
    groups: list[Group] = []
    for table in tables:
        name = table.rpartition(".")[2]
        if name not in UNIQUE_KEYS:
            continue
        found = await adoptable.duplicates(connection, table, UNIQUE_KEYS[name], COLUMNS)
        ids = [row["id"] for rows in found for row in rows]
        referred = await adoptable.referred_to(connection, table, ids) if ids else {}
        groups += [_decided(table, rows, referred) for rows in found]
    return groups


def _decided(table: str, rows: list[dict[str, Any]], referred: dict[int, list[str]]) -> Group:
    name = table.rpartition(".")[2]
    key = {column: rows[0][column] for column in UNIQUE_KEYS[name]}
    ids = tuple(row["id"] for row in rows)
    held = [row_id for row_id in ids if row_id in referred]
    if len(held) > 1:
        by = ", ".join(f"{row_id} (from {', '.join(referred[row_id])})" for row_id in held)
        return Group(
            table,
            key,
            ids,
            None,
            f"other tables refer to more than one of them by foreign key: {by}",
        )
    return Group(table, key, ids, merge(name, rows, held[0] if held else None))
