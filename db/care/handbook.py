"""The schema handbook's DDL: a table of the catalogue as a person would write it."""

import re
from collections.abc import Iterable

from db.care.ddl import SERIAL, identifier, is_serial
from db.care.shapes import Column, Constraint, Index, Table

WIDTH = 100
NAME_BYTES = 63  # PostgreSQL cuts longer names
SHORT = {
    "integer": "INT",
    "character varying": "VARCHAR",
    "timestamp without time zone": "TIMESTAMP",
    "timestamp with time zone": "TIMESTAMPTZ",
    "time without time zone": "TIME",
    "double precision": "DOUBLE PRECISION",
}
TEXT = r"'(?:[^']|'')*'"
LITERAL = re.compile(rf"({TEXT})::(?:text|character varying)")
ONE_OF = re.compile(rf"CHECK \(\((\w+) = ANY \(ARRAY\[({TEXT}::text(?:, {TEXT}::text)*)\]\)\)\)")


def type_name(column: Column) -> str:
    """A column's type in its short form: INT, VARCHAR(150), TIMESTAMPTZ."""
    name, bracket, length = column.type.partition("(")
    short = SHORT.get(name, name.upper() if re.fullmatch(r"[a-z0-9]+", name) else name)
    return short + bracket + length


def table_name(table: Table) -> str:
    """A table's name as the handbook has it: with its schema unless that is public."""
    name = identifier(table.name)
    return name if table.schema == "public" else f"{identifier(table.schema)}.{name}"


def create_table(table: Table) -> str:
    """CREATE TABLE with the constraints in it, then the indexes and triggers.

    Names that PostgreSQL gives by itself are left out.
    """
    inline = {c.name: c for c in table.constraints if _is_inline(table, c)}
    width = max((len(identifier(column.name)) for column in table.columns), default=0)
    lines = [_column(table, column, inline.values(), width) for column in table.columns]
    lines += [_constraint(table, c) for c in table.constraints if c.name not in inline]
    body = ",\n".join(f"    {line}" for line in lines)
    indexes = [create_index(table, index) for index in table.indexes if not index.constraint]
    triggers = [f"{without_public(trigger)};" for trigger in table.triggers]
    parts = [f"CREATE TABLE {table_name(table)} (\n{body}\n);"]
    parts += ["\n".join(group) for group in (indexes, triggers) if group]
    return "\n\n".join(parts)


def create_index(table: Table, index: Index) -> str:
    """CREATE INDEX, the condition of a partial one on a line of its own where it is long."""
    text = index.definition.replace(" USING btree (", "(", 1)
    text = text.replace(f" ON public.{identifier(table.name)}", f" ON {identifier(table.name)}", 1)
    if index.predicate is not None:
        head = text.removesuffix(f" WHERE {index.predicate}")
        parting = "\n    " if len(text) >= WIDTH else " "
        text = f"{head}{parting}WHERE {_unwrapped(index.predicate)}"
    return f"{text};"


def without_public(definition: str) -> str:
    """A definition with the names of public's tables as the handbook has them."""
    return re.sub(r"\b(REFERENCES|ON) public\.", r"\1 ", definition)


def in_order(tables: Iterable[Table]) -> list[Table]:
    """The tables by their names, each behind those that it refers to."""
    left = {table.full_name: table for table in sorted(tables, key=lambda table: table.full_name)}
    ordered: list[Table] = []
    while left:
        free = [t for t in left.values() if not (referenced(t) - {t.full_name}) & left.keys()]
        table = free[0] if free else next(iter(left.values()))
        ordered.append(left.pop(table.full_name))
    return ordered


def referenced(table: Table) -> set[str]:
    """The full names of the tables that it refers to."""
    return {target(c)[0] for c in table.constraints if c.kind == "f"}


def target(foreign_key: Constraint) -> tuple[str, str]:
    """The full name of the table that a foreign key refers to, and its columns."""
    found = re.search(r"REFERENCES (\S+?)\((.*?)\)", foreign_key.definition)
    if found is None:
        raise ValueError(f"not a foreign key: {foreign_key.definition}")
    return found[1].replace('"', ""), found[2]


def _column(table: Table, column: Column, inline: Iterable[Constraint], width: int) -> str:
    """One line of CREATE TABLE."""
    own = [c for c in inline if c.columns == (column.name,)]
    own.sort(key=lambda constraint: "pufc".index(constraint.kind))
    parts = [SERIAL[column.type] if is_serial(table, column) else type_name(column)]
    if column.not_null and not is_serial(table, column) and not any(c.kind == "p" for c in own):
        parts.append("NOT NULL")
    if column.identity:
        parts.append(
            f"GENERATED {'ALWAYS' if column.identity == 'a' else 'BY DEFAULT'} AS IDENTITY"
        )
    elif column.default is not None and not is_serial(table, column):
        parts.append(f"DEFAULT {_default(column.default)}")
    parts += [_short(constraint) for constraint in own]
    line = f"{identifier(column.name):<{width}} {' '.join(parts)}"
    if len(line) + 4 < WIDTH or not own:
        return line
    head = f"{identifier(column.name):<{width}} {' '.join(parts[: -len(own)])}"
    return "\n        ".join([head, *parts[-len(own) :]])


def _constraint(table: Table, constraint: Constraint) -> str:
    """A constraint of the table's own, its name left out where it is the usual one."""
    definition = without_public(_check(constraint))
    if constraint.name == _usual_name(table, constraint):
        return definition
    return f"CONSTRAINT {identifier(constraint.name)} {definition}"


def _is_inline(table: Table, constraint: Constraint) -> bool:
    """Whether it can stand in its column's line without a name."""
    if len(constraint.columns) != 1 or constraint.name != _usual_name(table, constraint):
        return False
    if constraint.kind in "pu":
        return constraint.definition.endswith(f"({identifier(constraint.columns[0])})")
    return constraint.kind in "fc"


def _usual_name(table: Table, constraint: Constraint) -> str | None:
    """The name that PostgreSQL gives to such a constraint; None where it would have to cut it."""
    ending = {"p": "pkey", "u": "key", "f": "fkey", "c": "check"}.get(constraint.kind)
    columns = () if constraint.kind == "p" else constraint.columns
    if ending is None or (constraint.kind == "c" and len(columns) != 1):
        return None
    name = "_".join([table.name, *columns, ending])
    return name if len(name.encode()) <= NAME_BYTES else None


def _short(constraint: Constraint) -> str:
    """A constraint as a column's line has it."""
    match constraint.kind:
        case "p":
            return "PRIMARY KEY"
        case "u":
            return "UNIQUE"
        case "f":
            return without_public(constraint.definition.partition(") ")[2])
        case _:
            return _check(constraint)


def _check(constraint: Constraint) -> str:
    """A constraint's definition; a CHECK without PostgreSQL's second pair of brackets."""
    if constraint.kind != "c":
        return constraint.definition
    if found := ONE_OF.fullmatch(constraint.definition):
        values = LITERAL.sub(r"\1", found[2])
        return f"CHECK ({found[1]} IN ({values}))"
    inner = constraint.definition.removeprefix("CHECK (").removesuffix(")")
    return f"CHECK ({_unwrapped(inner)})"


def _default(expression: str) -> str:
    if found := LITERAL.fullmatch(expression):
        return found[1]
    return expression.upper() if expression in ("true", "false") else expression


def _unwrapped(expression: str) -> str:
    """An expression without the brackets around all of it, if there are such."""
    if not (expression.startswith("(") and expression.endswith(")")):
        return expression
    depth = 0
    for at, letter in enumerate(re.sub(TEXT, lambda text: "." * len(text[0]), expression)):
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if depth == 0 and at < len(expression) - 1:
            return expression
    return expression[1:-1]
