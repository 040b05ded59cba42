"""Rows that should have been one: which of them is kept, and what it takes over from the others.

For the five tables of which the handbook wants one row a user and item, or a user, item and day.
No text is ever dropped, and no date but for an earlier one.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.rules.enrolment import ACTIVE, CANCELLED, COMPLETED
from bot.rules.texts import is_blank

Row = Mapping[str, Any]
"""A row by its column names: at least `id`, and what the database has of the table's columns."""

ENROLMENTS = ("user_challenges", "user_quests")
LOGS = ("challenge_logs", "quest_logs")
AWARDS = ("user_badges",)

TEXTS = ("reflection", "kai_notes", "task_generated")
BETWEEN = "\n\n"
"""What stands between two texts that became one."""

COLUMNS = ("status", "current_day", "start_date", "completed_at", "completed", "earned_at", *TEXTS)
"""What `merge` looks at, where a row has it."""

_RANKS = {COMPLETED: 0, ACTIVE: 1, CANCELLED: 2}


@dataclass(frozen=True, slots=True)
class Merged:
    """What becomes of the rows: the id that is kept, what changes in it, the ids that go."""

    kept: int
    values: dict[str, Any]
    removed: tuple[int, ...]


def merge(table: str, rows: Sequence[Row], keep: int | None = None) -> Merged:
    """Merge rows of a table (its name without the schema) into the most advanced of them.

    `keep` is the id of the row that must be the one kept; the values are the same then.
    Raises ValueError for a table that has no such rule, and when no row has the id `keep`.
    """
    ordered = sorted(rows, key=lambda row: row["id"])
    if table in ENROLMENTS:
        best = min(ordered, key=_enrolment_rank)
        values = _enrolment(ordered, best)
    elif table in LOGS:
        best = min(ordered, key=lambda row: row.get("completed") is not True)
        values = _log(ordered, best)
    elif table in AWARDS:
        earliest = _earliest(ordered, "earned_at")
        best = next(row for row in ordered if row.get("earned_at") == earliest)
        values = {"earned_at": earliest}
    else:
        raise ValueError(f"there is no rule for merging rows of {table}")
    kept = best if keep is None else next((row for row in ordered if row["id"] == keep), None)
    if kept is None:
        raise ValueError(f"no row of {table} among these has the id {keep}")
    changed = {
        column: value
        for column, value in values.items()
        if column in kept and kept[column] != value
    }
    return Merged(
        kept["id"], changed, tuple(row["id"] for row in ordered if row["id"] != kept["id"])
    )


def _enrolment_rank(row: Row) -> tuple[int, int]:
    """The most advanced row has the least; of equal ones the first counts."""
    return _RANKS.get(row["status"], len(_RANKS)), -max(row.get("current_day") or 1, 1)


def _enrolment(rows: Sequence[Row], best: Row) -> dict[str, Any]:
    completed_at = best.get("completed_at")
    if best["status"] == COMPLETED:
        completed_at = _earliest((r for r in rows if r["status"] == COMPLETED), "completed_at")
    return {
        "status": best["status"],
        "current_day": best.get("current_day"),
        "start_date": _earliest(rows, "start_date"),
        "completed_at": completed_at,
    }


def _log(rows: Sequence[Row], best: Row) -> dict[str, Any]:
    done = [row for row in rows if row.get("completed") is True]
    completed_at = _earliest(done, "completed_at")
    if completed_at is None:
        completed_at = _earliest(rows, "completed_at")
    return {
        "completed": best.get("completed"),
        "completed_at": completed_at,
        **{column: _joined(rows, best, column) for column in TEXTS},
    }


def _earliest(rows: Iterable[Row], column: str) -> Any:
    """The earliest date or time that there is in the rows, None for none."""
    return min((row[column] for row in rows if row.get(column) is not None), default=None)


def _joined(rows: Sequence[Row], best: Row, column: str) -> str | None:
    """The different texts in the order of the ids, each exactly as it was."""
    texts = [row[column] for row in rows if not is_blank(row.get(column))]
    return BETWEEN.join(dict.fromkeys(texts)) if texts else best.get(column)
