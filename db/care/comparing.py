"""Two databases beside each other: what one has and the other has not, or has otherwise."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from db.care.reading import read_catalogue, read_others
from db.care.shapes import Catalogue, Finding, Table

if TYPE_CHECKING:
    from db.care.reading import Connection

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Whole:
    """All that a database is made of: tables and functions, and by name what else there is."""

    catalogue: Catalogue
    others: dict[str, str]


async def read_whole(connection: "Connection") -> Whole:
    """Read all schemas but the system's. Takes a transaction, or a savepoint in one."""
    return Whole(await read_catalogue(connection), await read_others(connection))


def differences(here: Whole, there: Whole) -> list[Finding]:
    """Every difference. The order of columns is a note: no statement should count on it."""
    return [
        *_tables(here.catalogue, there.catalogue),
        *_named("function", here.catalogue.functions, there.catalogue.functions),
        *_others(here.others, there.others),
    ]


def _pairs(
    here: Mapping[str, T], there: Mapping[str, T]
) -> Iterator[tuple[str, T | None, T | None]]:
    for name in sorted({*here, *there}):
        yield name, here.get(name), there.get(name)


def _one_sided(kind: str, where: str, here: object) -> Finding:
    side = "there" if here is None else "here"
    return Finding("drift", kind, where, f"The {kind} {where} is only {side}.")


def _otherwise(kind: str, where: str, here: str, there: str) -> Finding:
    sentence = f"The {kind} {where} is here: {here.strip()}\nAnd there: {there.strip()}"
    return Finding("drift", kind, where, sentence)


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
        if left.type != right.type:
            sentence = f"{where} is {left.type} here, and {right.type} there."
            yield Finding("drift", "type", where, sentence)
        if left.not_null != right.not_null:
            side = "here" if left.not_null else "there"
            yield Finding("drift", "not null", where, f"{where} is NOT NULL only {side}.")
        one, other = (
            (column.default, column.identity, column.generated) for column in (left, right)
        )
        if one != other:
            sentence = f"{where} has {_filling(*one)} here, and {_filling(*other)} there."
            yield Finding("drift", "default", where, sentence)
    if [name for name in here if name in there] != [name for name in there if name in here]:
        sentence = f"The columns of {mine.full_name} stand in another order there."
        yield Finding("note", "column order", mine.full_name, sentence)


def _filling(default: str | None, identity: str, generated: str) -> str:
    if identity:
        return "an identity that is always given" if identity == "a" else "an identity"
    if generated:
        return "a generated value"
    return "no default" if default is None else f"the default {default}"


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
    prefix = f"{table.full_name}."
    yield from _named(
        kind,
        {prefix + name: definition for name, definition in here.items()},
        {prefix + name: definition for name, definition in there.items()},
    )


def _named(kind: str, here: Mapping[str, str], there: Mapping[str, str]) -> Iterator[Finding]:
    for name, mine, theirs in _pairs(here, there):
        if mine is None or theirs is None:
            yield _one_sided(kind, name, mine)
        elif mine != theirs:
            yield _otherwise(kind, name, mine, theirs)


def _others(here: Mapping[str, str], there: Mapping[str, str]) -> Iterator[Finding]:
    kinds = dict.fromkeys(name.split(" ", 1)[0] for name in sorted({*here, *there}))
    for kind in kinds:
        mine, theirs = (
            {
                name.removeprefix(f"{kind} "): definition
                for name, definition in side.items()
                if name.startswith(f"{kind} ")
            }
            for side in (here, there)
        )
        yield from _named(kind, mine, theirs)


def _triggers(where: str, here: Sequence[str], there: Sequence[str]) -> Iterator[Finding]:
    for trigger in sorted({*here} ^ {*there}):
        side = "here" if trigger in here else "there"
        yield Finding("drift", "trigger", where, f"{where} has only {side}: {trigger}.")
