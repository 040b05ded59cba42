"""Two databases beside each other: what one has and the other has not, or has otherwise."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, TypeVar

from db.care.shapes import Catalogue, Finding, Table

if TYPE_CHECKING:
    from collections.abc import Sequence

T = TypeVar("T")


def differences(here: Catalogue, there: Catalogue) -> list[Finding]:
    """Every difference of tables, columns, constraints, indexes, triggers and functions."""
    return [*_tables(here, there), *_functions(here, there)]


def _pairs(
    here: Mapping[str, T], there: Mapping[str, T]
) -> "Iterator[tuple[str, T | None, T | None]]":
    for name in sorted({*here, *there}):
        yield name, here.get(name), there.get(name)


def _one_sided(kind: str, where: str, here: object) -> Finding:
    side = "there" if here is None else "here"
    return Finding("drift", kind, where, f"{where} is only {side}.")


def _tables(here: Catalogue, there: Catalogue) -> Iterator[Finding]:
    for name, mine, theirs in _pairs(here.tables, there.tables):
        if mine is None or theirs is None:
            yield _one_sided("table", name, mine)
        else:
            yield from _columns(mine, theirs)
            yield from _parts("constraint", mine, _constraints(mine), _constraints(theirs))
            yield from _parts("index", mine, _indexes(mine), _indexes(theirs))
            yield from _triggers(mine.full_name, mine.triggers, theirs.triggers)


def _columns(mine: Table, theirs: Table) -> Iterator[Finding]:
    here = {column.name: column for column in mine.columns}
    there = {column.name: column for column in theirs.columns}
    for name, left, right in _pairs(here, there):
        where = f"{mine.full_name}.{name}"
        if left is None or right is None:
            yield _one_sided("column", where, left)
            continue
        for what in ("type", "not_null", "default", "identity", "generated"):
            one, other = getattr(left, what), getattr(right, what)
            if one != other:
                word = what.replace("_", " ")
                yield Finding(
                    "drift", word, where, f"{where}: {word} is {one} here, and {other} there."
                )


def _constraints(table: Table) -> dict[str, str]:
    return {constraint.name: constraint.definition for constraint in table.constraints}


def _indexes(table: Table) -> dict[str, str]:
    return {
        index.name: index.definition + ("" if index.usable else ", not usable")
        for index in table.indexes
        if not index.constraint
    }


def _parts(
    kind: str, table: Table, here: Mapping[str, str], there: Mapping[str, str]
) -> Iterator[Finding]:
    for name, mine, theirs in _pairs(here, there):
        where = f"{table.full_name}.{name}"
        if mine is None or theirs is None:
            yield _one_sided(kind, where, mine)
        elif mine != theirs:
            sentence = f"{where} is here: {mine}; there: {theirs}."
            yield Finding("drift", kind, where, sentence)


def _triggers(where: str, here: "Sequence[str]", there: "Sequence[str]") -> Iterator[Finding]:
    for trigger in sorted({*here} ^ {*there}):
        side = "here" if trigger in here else "there"
        yield Finding("drift", "trigger", where, f"{where} has only {side}: {trigger}.")


def _functions(here: Catalogue, there: Catalogue) -> Iterator[Finding]:
    for name, mine, theirs in _pairs(here.functions, there.functions):
        if mine is None or theirs is None:
            yield _one_sided("function", name, mine)
        elif mine != theirs:
            yield Finding("drift", "function", name, f"The function {name} differs.")
