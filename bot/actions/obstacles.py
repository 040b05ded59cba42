"""Constraints that cannot be made, because rows are there that they forbid."""

import re
from collections.abc import Sequence
from dataclasses import replace

from db.care import adoptable
from db.care.expected import expected
from db.care.keys import UNIQUE_KEYS
from db.care.locking import Connection
from db.care.shapes import Constraint, Finding

REFERENCE = re.compile(r"FOREIGN KEY \((\w+)\) REFERENCES (\w+\.\w+)\((\w+)\)")


async def find(connection: Connection, findings: Sequence[Finding]) -> dict[Finding, Finding]:
    """Those of the findings whose remedy would fail: the same, with the reason in its sentence.

    Duplicates in the five tables that have a rule for merging are no obstacle.
    """
    found: dict[Finding, Finding] = {}
    for finding in findings:
        constraint = _constraint(finding)
        if constraint is None or not finding.undo:
            continue
        table = ".".join(finding.where.split(".")[:2])
        if reason := await _reason(connection, table, constraint):
            found[finding] = replace(finding, what=f"{finding.what} {reason}")
    return found


def _constraint(finding: Finding) -> Constraint | None:
    """The constraint that the finding misses, None when it misses something else."""
    table, _, name = finding.where.rpartition(".")
    shape = expected().tables.get(table)
    constraints = shape.constraints if shape else ()
    return next((one for one in constraints if one.name == name), None)


async def _reason(connection: Connection, table: str, constraint: Constraint) -> str | None:
    if reference := REFERENCE.match(constraint.definition):
        column, parent, parent_column = reference.groups()
        if count := await adoptable.orphans(connection, table, column, parent, parent_column):
            return (
                f"It cannot be made while {count} row(s) name a row of {parent} that is not "
                "there: mend or delete them first."
            )
    elif constraint.kind == "p" or (
        constraint.kind == "u" and table.rpartition(".")[2] not in UNIQUE_KEYS
    ):
        count = await adoptable.repeated(
            connection, table, constraint.columns, nulls=constraint.kind == "p"
        )
        if count:
            return f"It cannot be made while {count} key(s) stand in several rows, or in none."
    return None
