"""Which of the website's own statements may fail once the handbook's constraints are there."""

import re
from collections.abc import Sequence

from db.care.shapes import Finding

INSTEAD = "now raises unique_violation, unless it updates the row or says ON CONFLICT"
UNIQUE = {
    "user_challenges": "Enrolling a user in a challenge that they have a row of already (taking up "
    f"again what they had left, or two presses at once) {INSTEAD}.",
    "user_quests": "Enrolling a user in a quest that they have a row of already (taking up again "
    f"what they had left, or two presses at once) {INSTEAD}.",
    "challenge_logs": "A second INSERT for a day of a challenge that has a row, such as “mark "
    f"done” after a reflection was saved, or a second reflection, {INSTEAD}.",
    "quest_logs": "A second INSERT for a day of a quest that has a row, such as “mark done” after "
    f"a reflection was saved, or a second reflection, {INSTEAD}.",
    "user_badges": f"Giving a user a badge that they have already {INSTEAD}.",
}

ADDED = re.compile(
    r'ADD (?:CONSTRAINT (?:"[^"]+"|\S+) )?(UNIQUE|FOREIGN KEY|PRIMARY KEY|CHECK)\b\s*(.*?);?\s*$',
    re.DOTALL,
)
REFERENCE = re.compile(r"\(([^)]*)\) REFERENCES ([^\s(]+)[^)]*\)(.*)", re.DOTALL)
NOT_NULL = re.compile(r'ALTER COLUMN ("[^"]+"|\S+) SET NOT NULL')
NEW_COLUMN = re.compile(r"ADD COLUMN .*\bNOT NULL\b", re.DOTALL)


def consequences(findings: Sequence[Finding]) -> list[str]:
    """A sentence or two for each remedy that can make a statement of the website's fail."""
    found = [sentence for finding in findings if (sentence := _of(finding))]
    if any(finding.kind == "missing column" for finding in findings):
        found.append(
            "Columns are added at the end of their tables: only code that counts on the number of "
            "columns of SELECT * could trip over one."
        )
    return found


def _of(finding: Finding) -> str | None:
    remedy = finding.remedy or ""
    table = ".".join(finding.where.split(".")[:2])
    if column := NOT_NULL.search(remedy):
        return (
            f"{table}.{column[1]} NOT NULL: an INSERT that leaves it out, and an INSERT or UPDATE "
            "that sets it to NULL, now raise not_null_violation."
        )
    if NEW_COLUMN.search(remedy) and " DEFAULT " not in remedy:
        return (
            f"{finding.where} NOT NULL: an INSERT that leaves it out now raises not_null_violation."
        )
    if remedy.lstrip().upper().startswith("CREATE UNIQUE INDEX"):
        return f"{table}: an INSERT of a key that has a row already {INSTEAD}."
    if not (added := ADDED.search(remedy)) or finding.kind == "missing table":
        return None
    return f"{table} {added[1]} {added[2]}: {_told(table, added[1], added[2])}"


def _told(table: str, kind: str, rest: str) -> str:
    if kind in ("UNIQUE", "PRIMARY KEY"):
        return UNIQUE.get(table.rpartition(".")[2], f"An INSERT of a key that is there {INSTEAD}.")
    if kind == "CHECK":
        return "An INSERT or UPDATE that does not meet it now raises check_violation."
    reference = REFERENCE.match(rest)
    parent = reference[2] if reference else "the table it refers to"
    ends = rest.upper()
    on_delete = (
        f"a DELETE there takes the rows of {table} with it."
        if "ON DELETE CASCADE" in ends
        else f"a DELETE there empties the column in {table}."
        if "ON DELETE SET NULL" in ends
        else "a DELETE there of a row that is referred to now raises the same."
    )
    return (
        f"An INSERT or UPDATE with an id that {parent} does not have now raises "
        f"foreign_key_violation; {on_delete}"
    )
