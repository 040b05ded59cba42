"""What the columns of a table differ in, by what they let the bot write."""

import re
from collections.abc import Iterator

from db.care import ddl
from db.care.keys import FILLED
from db.care.shapes import Column, Finding, Table

FAMILIES = (
    ("character varying", "text", "character"),
    ("smallint", "integer", "bigint"),
)
"""Types of one family take the same values from the bot; another family's break it."""

CAST = re.compile(r"('(?:[^']|'')*')::(?:text|character varying|character|bpchar)")


def compare_columns(want: Table, have: Table) -> Iterator[Finding]:
    """What differs in the columns that should be there, and which others stand there."""
    for column in want.columns:
        found = have.column(column.name)
        if found is None:
            yield _missing(want, column)
            continue
        yield from _type(want, column, found)
        yield from _default(want, column, found)
        yield from _not_null(want, column, found)
    yield from _extra(want, have)


def _is_users(table: Table) -> bool:
    return table.full_name == "public.userdata"


def _missing(table: Table, column: Column) -> Finding:
    """A column that is not there; those of `userdata` are the website's to add."""
    where = f"{table.full_name}.{column.name}"
    fits = not column.not_null or column.default is not None or column.identity
    users = _is_users(table)
    return Finding(
        "breaking",
        "missing column",
        where,
        f"The column {where} is missing.",
        None if users else ddl.add_column(table, column),
        ddl.drop_column(table, column) if fits and not users else None,
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


def _plain(default: str | None) -> str | None:
    """A default without what makes no difference: a text's cast, and a moment's other name."""
    if default is None:
        return None
    return CAST.sub(r"\1", default).replace("now()", "CURRENT_TIMESTAMP")


def _default(table: Table, want: Column, have: Column) -> Iterator[Finding]:
    where = f"{table.full_name}.{want.name}"
    if have.generated and not want.generated:
        sentence = f"{where} is generated, and the bot writes it itself."
        yield Finding("breaking", "generated column", where, sentence)
    elif have.identity:
        return
    elif want.identity:
        sentence = f"{where} is no identity, so new rows would get no number there."
        yield Finding("breaking", "default", where, sentence, ddl.add_identity(table, want))
    elif _plain(want.default) == _plain(have.default):
        return
    elif want.default is None:
        sentence = f"{where} has a default, which the handbook has not: {have.default}."
        yield Finding("note", "default", where, sentence)
    else:
        yield from _wanted_default(table, want, have, want.default)


def _wanted_default(table: Table, want: Column, have: Column, default: str) -> Iterator[Finding]:
    where = f"{table.full_name}.{want.name}"
    numbers = default.startswith("nextval(")
    if have.default is not None:
        if not (numbers and have.default.startswith("nextval(")):
            sentence = f"The default of {where} is {have.default}, and the handbook has {default}."
            yield Finding("drift", "default", where, sentence, ddl.set_default(table, want))
    elif numbers:
        sentence = f"{where} has no default, so new rows would get no number there."
        yield Finding("breaking", "default", where, sentence)
    else:
        yield Finding(
            "drift",
            "default",
            where,
            f"{where} has no default, and the handbook has {default}.",
            ddl.set_default(table, want),
            ddl.drop_default(table, want),
        )


def _not_null(table: Table, want: Column, have: Column) -> Iterator[Finding]:
    where = f"{table.full_name}.{want.name}"
    if want.not_null and not have.not_null:
        sentence = f"{where} may be NULL, and must not by the handbook."
        yield Finding("drift", "not null", where, sentence, ddl.set_not_null(table, want))
    elif have.not_null and not want.not_null:
        if table.schema == "public" and want.name in FILLED:
            sentence = f"{where} must not be NULL; the handbook allows it, and the bot fills it."
            yield Finding("note", "not null", where, sentence)
            return
        sentence = f"{where} must not be NULL, and the bot leaves it NULL at times."
        remedy = ddl.drop_not_null(table, want)
        yield Finding("breaking", "not null", where, sentence, remedy)


def _extra(want: Table, have: Table) -> Iterator[Finding]:
    """Columns that the handbook does not have; most of `userdata` is none of the bot's business."""
    known = {column.name for column in want.columns}
    for column in have.columns:
        if column.name in known:
            continue
        where = f"{have.full_name}.{column.name}"
        filled = column.default is not None or column.identity or column.generated
        if column.not_null and not filled:
            sentence = f"{where} must be filled and has no default, and the bot does not know it."
            yield Finding("breaking", "required column", where, sentence)
        elif not _is_users(want):
            yield Finding("note", "extra column", where, f"The handbook does not have {where}.")
    there = {column.name for column in have.columns}
    wanted = [column.name for column in want.columns if column.name in there]
    if not _is_users(want) and wanted != [c.name for c in have.columns if c.name in known]:
        sentence = f"The columns of {have.full_name} stand in another order than the handbook's."
        yield Finding("note", "column order", have.full_name, sentence)
