"""What one table has that it should not have, and the other way round.

Compared is what a table does, not what its parts are called: a unique constraint is there when some
index keeps the same columns unique, under whatever name.
"""

from collections.abc import Iterator

from db.care import ddl
from db.care.keys import UNIQUE_KEYS
from db.care.shapes import Column, Constraint, Finding, Index, Level, Table

FAMILIES = (
    ("character varying", "text", "character"),
    ("smallint", "integer", "bigint"),
)
"""Types of one family take the same values from the bot; another family's break it."""

BOT = "discord"


def compare(want: Table, have: Table, taken: frozenset[str]) -> list[Finding]:
    """What a table of the handbook's, or of the bot's own, lacks or has too much.

    `taken` are the names that relations and constraints of its schema have already. The findings
    are in an order in which their remedies can be run.
    """
    return [
        *_columns(want, have),
        *_extra_columns(want, have),
        *_keys(want, have, taken),
        *_foreign_keys(want, have),
        *_checks(want, have),
        *_indexes(want, have, taken),
        *_triggers(want, have),
    ]


def missing_table(want: Table) -> Finding:
    """A table that is not there at all."""
    return Finding(
        "breaking",
        "missing table",
        want.full_name,
        f"The table {want.full_name} is missing.",
        ddl.create_table(want),
        ddl.drop_table(want),
    )


def _columns(want: Table, have: Table) -> Iterator[Finding]:
    for column in want.columns:
        found = have.column(column.name)
        if found is None:
            yield _missing_column(want, column)
            continue
        yield from _type(want, column, found)
        yield from _default(want, column, found)
        yield from _not_null(want, column, found)


def _missing_column(table: Table, column: Column) -> Finding:
    where = f"{table.full_name}.{column.name}"
    fits = not column.not_null or column.default is not None
    return Finding(
        "breaking",
        "missing column",
        where,
        f"The column {where} is missing.",
        ddl.add_column(table, column),
        ddl.drop_column(table, column) if fits else None,
    )


def _family(type_: str) -> str:
    base = type_.split("(", maxsplit=1)[0]
    return next((family[0] for family in FAMILIES if base in family), base)


def _type(table: Table, want: Column, have: Column) -> Iterator[Finding]:
    if want.type == have.type:
        return
    where = f"{table.full_name}.{want.name}"
    alike = _family(want.type) == _family(have.type)
    yield Finding(
        "drift" if alike else "breaking",
        "type",
        where,
        f"{where} is {have.type}, and the handbook has {want.type}.",
        ddl.set_type(table, want),
    )


def _default(table: Table, want: Column, have: Column) -> Iterator[Finding]:
    where = f"{table.full_name}.{want.name}"
    if want.default == have.default or (want.default is None and have.default is not None):
        if want.default != have.default:
            yield Finding("note", "default", where, f"{where} has a default: {have.default}.")
        return
    if have.identity:
        return
    numbers = want.default is not None and want.default.startswith("nextval(")
    if have.default is None:
        sentence = f"{where} has no default, and the handbook has {want.default}."
        yield Finding(
            "breaking" if numbers else "drift",
            "default",
            where,
            sentence,
            None if numbers else ddl.set_default(table, want),
            None if numbers else ddl.drop_default(table, want),
        )
    elif not (numbers and have.default.startswith("nextval(")):
        sentence = f"The default of {where} is {have.default}, and the handbook has {want.default}."
        yield Finding("drift", "default", where, sentence, ddl.set_default(table, want))


def _not_null(table: Table, want: Column, have: Column) -> Iterator[Finding]:
    where = f"{table.full_name}.{want.name}"
    if want.not_null and not have.not_null:
        yield Finding(
            "drift",
            "not null",
            where,
            f"{where} may be NULL, and must not by the handbook.",
            ddl.set_not_null(table, want),
        )
    elif have.not_null and not want.not_null:
        yield Finding(
            "breaking",
            "not null",
            where,
            f"{where} must not be NULL, and the bot leaves it NULL at times.",
        )


def _extra_columns(want: Table, have: Table) -> Iterator[Finding]:
    users = want.name == "userdata"
    for column in have.columns:
        if want.column(column.name) is not None:
            continue
        where = f"{have.full_name}.{column.name}"
        filled = column.default is not None or column.identity or column.generated
        if column.not_null and not filled:
            sentence = f"{where} must be filled and has no default, and the bot does not know it."
            yield Finding("breaking", "required column", where, sentence)
        elif not users:
            yield Finding("note", "extra column", where, f"The handbook does not have {where}.")
    order = [column.name for column in have.columns if want.column(column.name)]
    if not users and order != [column.name for column in want.columns if have.column(column.name)]:
        sentence = f"The columns of {have.full_name} stand in another order than the handbook's."
        yield Finding("note", "column order", have.full_name, sentence)


def _keeps_unique(table: Table, columns: tuple[str, ...]) -> Index | None:
    """An index that keeps these columns unique, so that ON CONFLICT can name them."""
    keys = {ddl.identifier(column) for column in columns}
    fitting = (
        index
        for index in table.indexes
        if index.unique and index.usable and index.predicate is None and set(index.keys) == keys
    )
    return next(fitting, None)


def _keys(want: Table, have: Table, taken: frozenset[str]) -> Iterator[Finding]:
    for constraint in want.constraints:
        if constraint.kind not in ("p", "u"):
            continue
        if constraint.kind == "p" and any(c.kind == "p" for c in have.constraints):
            continue
        found = _keeps_unique(have, constraint.columns)
        if found is None:
            yield _missing_key(want, constraint, taken)
        elif found.name != constraint.name:
            yield _other_name(want, found.name, constraint.name)


def _missing_key(table: Table, constraint: Constraint, taken: frozenset[str]) -> Finding:
    what = "primary key" if constraint.kind == "p" else "unique constraint"
    columns = ", ".join(constraint.columns)
    return Finding(
        "breaking",
        f"missing {what}",
        f"{table.full_name}.{constraint.name}",
        f"{table.full_name} has no {what} ({columns}).",
        ddl.add_constraint(table, constraint),
        None if constraint.name in taken else ddl.drop_constraint(table, constraint),
    )


def _other_name(table: Table, has: str, wanted: str) -> Finding:
    where = f"{table.full_name}.{has}"
    return Finding("note", "name", where, f"{where} is called {wanted} in the handbook.")


def _foreign_keys(want: Table, have: Table) -> Iterator[Finding]:
    for key in (c for c in want.constraints if c.kind == "f"):
        where = f"{want.full_name}.{key.name}"
        columns = ", ".join(key.columns)
        found = [c for c in have.constraints if c.kind == "f" and c.columns == key.columns]
        if not found:
            yield Finding(
                "drift",
                "missing foreign key",
                where,
                f"{want.full_name} has no foreign key ({columns}).",
                ddl.add_constraint(want, key),
                ddl.drop_constraint(want, key),
            )
        elif key.definition not in [c.definition for c in found]:
            drop = ddl.drop_constraint(have, found[0])
            yield Finding(
                "drift",
                "foreign key",
                where,
                f"The foreign key of {want.full_name} ({columns}) is: {found[0].definition}. "
                f"The handbook has: {key.definition}.",
                f"{drop};\n{ddl.add_constraint(want, key)}",
            )


def _checks(want: Table, have: Table) -> Iterator[Finding]:
    wanted = {c.definition: c for c in want.constraints if c.kind == "c"}
    found = {c.definition: c for c in have.constraints if c.kind in ("c", "x")}
    for definition in wanted.keys() - found.keys():
        check = wanted[definition]
        yield Finding(
            "drift",
            "missing check",
            f"{want.full_name}.{check.name}",
            f"{want.full_name} has no {definition}.",
            ddl.add_constraint(want, check),
            ddl.drop_constraint(want, check),
        )
    for definition in sorted(found.keys() - wanted.keys()):
        if want.name != "userdata":
            where = f"{want.full_name}.{found[definition].name}"
            sentence = f"{want.full_name} may refuse what the bot writes: {definition}."
            yield Finding("note", "extra check", where, sentence)


def _same_index(left: Index, right: Index) -> bool:
    return (left.method, left.keys, left.predicate) == (right.method, right.keys, right.predicate)


def _indexes(want: Table, have: Table, taken: frozenset[str]) -> Iterator[Finding]:
    for index in (i for i in want.indexes if not i.constraint):
        where = f"{want.full_name}.{index.name}"
        alike = [i for i in have.indexes if i.usable and _same_index(i, index)]
        fitting = [i for i in alike if i.unique or not index.unique]
        if not fitting:
            level: Level = "breaking" if index.unique and want.schema == BOT else "drift"
            yield Finding(
                level,
                "missing index",
                where,
                f"{want.full_name} has no index {index.name} ({', '.join(index.keys)}).",
                index.definition,
                None if index.name in taken else ddl.drop_index(want, index),
            )
        elif index.name not in [i.name for i in fitting]:
            yield _other_name(want, fitting[0].name, index.name)
    yield from _extra_indexes(want, have)


def _extra_indexes(want: Table, have: Table) -> Iterator[Finding]:
    if want.name == "userdata":
        return
    for index in have.indexes:
        where = f"{have.full_name}.{index.name}"
        known = any(_same_index(index, i) for i in want.indexes)
        if known or set(index.keys) == set(UNIQUE_KEYS.get(have.name, ())):
            continue
        keys = ", ".join(index.keys)
        if index.unique:
            sentence = f"{have.full_name} is unique in ({keys}) too, and may refuse the bot's rows."
            yield Finding("drift", "extra unique index", where, sentence)
        else:
            yield Finding("note", "extra index", where, f"The handbook has no index ({keys}).")


def _triggers(want: Table, have: Table) -> Iterator[Finding]:
    if want.name == "userdata":
        return
    for trigger in sorted(set(have.triggers) - set(want.triggers)):
        yield Finding("note", "trigger", have.full_name, f"A trigger of the website's: {trigger}.")
    for trigger in sorted(set(want.triggers) - set(have.triggers)):
        sentence = f"{have.full_name} lacks a trigger."
        yield Finding("breaking", "missing trigger", have.full_name, sentence, trigger)
