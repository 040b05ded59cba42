"""What one table has that it should not have, and the other way round.

Compared is what a table does, not what its parts are called: a unique constraint is there when some
index keeps the same columns unique, under whatever name.
"""

from collections.abc import Iterator

from db.care import ddl
from db.care.columns import compare_columns
from db.care.shapes import Constraint, Finding, Index, Level, Table

BOT = "discord"


def compare(want: Table, have: Table, taken: frozenset[str]) -> list[Finding]:
    """What a table of the handbook's, or of the bot's own, lacks or has too much.

    `taken` are the names that relations and constraints of its schema have already. The findings
    are in an order in which their remedies can be run.
    """
    return [
        *compare_columns(want, have),
        *_keys(want, have, taken),
        *_foreign_keys(want, have),
        *_checks(want, have),
        *_indexes(want, have, taken),
        *_triggers(want, have),
    ]


def missing_table(want: Table) -> Finding:
    """A table that is not there at all. `userdata` is the website's to make."""
    users = want.full_name == "public.userdata"
    return Finding(
        "breaking",
        "missing table",
        want.full_name,
        f"The table {want.full_name} is missing.",
        None if users else ddl.create_table(want),
        None if users else ddl.drop_table(want),
    )


def _keeping_unique(table: Table, columns: tuple[str, ...]) -> list[str]:
    """The indexes that keep these columns unique, so that ON CONFLICT can name them."""
    keys = {ddl.identifier(column) for column in columns}
    return [
        index.name
        for index in table.indexes
        if index.unique and index.usable and index.predicate is None and set(index.keys) == keys
    ]


def _keys(want: Table, have: Table, taken: frozenset[str]) -> Iterator[Finding]:
    for constraint in (c for c in want.constraints if c.kind in ("p", "u")):
        found = _keeping_unique(have, constraint.columns)
        if not found:
            yield _missing_key(want, have, constraint, taken)
        elif constraint.name not in found:
            yield _other_name(want, found[0], constraint.name)


def _missing_key(
    want: Table, have: Table, constraint: Constraint, taken: frozenset[str]
) -> Finding:
    primary = constraint.kind == "p"
    what = "primary key" if primary else "unique constraint"
    columns = ", ".join(constraint.columns)
    another = next((c for c in have.constraints if c.kind == "p"), None) if primary else None
    sentence = f"{want.full_name} has no {what} ({columns})."
    if another is not None:
        sentence += f" It has another: {another.definition}."
    remedy = ddl.add_constraint(want, constraint)
    return Finding(
        "breaking",
        f"missing {what}",
        f"{want.full_name}.{constraint.name}",
        sentence,
        None if another else _in_place_of(have, constraint.name, remedy),
        None if another or constraint.name in taken else ddl.drop_constraint(want, constraint),
    )


def _in_place_of(have: Table, name: str, remedy: str) -> str:
    """The remedy, after what has the name already and does not serve."""
    for constraint in have.constraints:
        if constraint.name == name:
            return f"{ddl.drop_constraint(have, constraint)};\n{remedy}"
    for index in have.indexes:
        if index.name == name:
            return f"{ddl.drop_index(have, index)};\n{remedy}"
    return remedy


def _other_name(table: Table, has: str, wanted: str) -> Finding:
    where = f"{table.full_name}.{has}"
    return Finding("note", "name", where, f"{where} is called {wanted} in the handbook.")


def _foreign_keys(want: Table, have: Table) -> Iterator[Finding]:
    wanted = [c for c in want.constraints if c.kind == "f"]
    told = {key.definition for key in wanted}
    for key in wanted:
        found = [c for c in have.constraints if c.kind == "f" and c.columns == key.columns]
        same = [c.name for c in found if c.definition == key.definition]
        if not found:
            yield _missing_foreign_key(want, have, key)
        elif not same:
            told.add(found[0].definition)
            yield _other_foreign_key(want, key, found[0])
        elif key.name not in same:
            yield _other_name(want, same[0], key.name)
    for key in have.constraints:
        if key.kind == "f" and key.definition not in told:
            where = f"{want.full_name}.{key.name}"
            sentence = f"{want.full_name} may refuse what the bot writes: {key.definition}."
            yield Finding("note", "extra foreign key", where, sentence)


def _missing_foreign_key(want: Table, have: Table, key: Constraint) -> Finding:
    taken = any(c.name == key.name for c in have.constraints)
    return Finding(
        "drift",
        "missing foreign key",
        f"{want.full_name}.{key.name}",
        f"{want.full_name} has no foreign key ({', '.join(key.columns)}).",
        _in_place_of(have, key.name, ddl.add_constraint(want, key)),
        None if taken else ddl.drop_constraint(want, key),
    )


def _other_foreign_key(want: Table, key: Constraint, found: Constraint) -> Finding:
    return Finding(
        "drift",
        "foreign key",
        f"{want.full_name}.{key.name}",
        f"The foreign key of {want.full_name} ({', '.join(key.columns)}) is: {found.definition}. "
        f"The handbook has: {key.definition}.",
        f"{ddl.drop_constraint(want, found)};\n{ddl.add_constraint(want, key)}",
    )


def _checks(want: Table, have: Table) -> Iterator[Finding]:
    wanted = {c.definition: c for c in want.constraints if c.kind == "c"}
    found = {c.definition: c for c in have.constraints if c.kind in ("c", "x")}
    names = {constraint.name for constraint in have.constraints}
    for definition in sorted(wanted.keys() - found.keys()):
        check = wanted[definition]
        yield Finding(
            "drift",
            "missing check",
            f"{want.full_name}.{check.name}",
            f"{want.full_name} has no {definition}.",
            _in_place_of(have, check.name, ddl.add_constraint(want, check)),
            None if check.name in names else ddl.drop_constraint(want, check),
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
                _in_place_of(have, index.name, index.definition),
                None if index.name in taken else ddl.drop_index(want, index),
            )
        elif index.name not in [i.name for i in fitting]:
            yield _other_name(want, fitting[0].name, index.name)
    yield from _extra_indexes(want, have)


def _extra_indexes(want: Table, have: Table) -> Iterator[Finding]:
    if want.name == "userdata":
        return
    unique = [set(c.columns) for c in want.constraints if c.kind in ("p", "u")]
    for index in have.indexes:
        if any(_same_index(index, i) and i.unique >= index.unique for i in want.indexes):
            continue
        if set(index.keys) in unique:
            continue
        where = f"{have.full_name}.{index.name}"
        keys = ", ".join(index.keys)
        if index.unique and not any(key <= set(index.keys) for key in unique):
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
