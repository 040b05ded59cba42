"""The SQL that makes what is missing of a table, and the SQL that takes it back."""

import re

from db.care.shapes import Column, Constraint, Index, Table

PLAIN = re.compile(r"[a-z_][a-z0-9_]*")
KEYWORDS = """
all analyse analyze and any array as asc asymmetric authorization binary both case cast check
collate collation column concurrently constraint create cross current_catalog current_date
current_role current_schema current_time current_timestamp current_user default deferrable desc
distinct do else end except false fetch for foreign freeze from full grant group having ilike in
initially inner intersect into is isnull join lateral leading left like limit localtime
localtimestamp natural not notnull null offset on only or order outer overlaps placing primary
references returning right select session_user similar some symmetric system_user table
tablesample then to trailing true union unique user using variadic verbose when where window
with
"""
"""Words that PostgreSQL takes as a name in quotation marks only."""
SERIAL = {"integer": "SERIAL", "bigint": "BIGSERIAL", "smallint": "SMALLSERIAL"}
RESERVED = frozenset(KEYWORDS.split())
IDENTITY = {"a": "ALWAYS", "d": "BY DEFAULT"}


def identifier(name: str) -> str:
    """A name as SQL takes it, in quotation marks where it needs them."""
    if PLAIN.fullmatch(name) and name not in RESERVED:
        return name
    doubled = name.replace('"', '""')
    return f'"{doubled}"'


def qualified(full_name: str) -> str:
    """A table's name with its schema ("public.quests") as SQL takes it."""
    return ".".join(map(identifier, full_name.split(".", 1)))


def table_name(table: Table) -> str:
    """A table's name with its schema, as SQL takes it."""
    return qualified(table.full_name)


def is_serial(table: Table, column: Column) -> bool:
    """Whether a column takes its values from the sequence that SERIAL makes for it."""
    own = f"nextval('{table.schema}.{table.name}_{column.name}_seq'::regclass)"
    return column.default == own and column.type in SERIAL


def column_line(table: Table, column: Column) -> str:
    """A column as CREATE TABLE and ADD COLUMN have it."""
    if is_serial(table, column):
        return f"{identifier(column.name)} {SERIAL[column.type]} NOT NULL"
    parts = [identifier(column.name), column.type]
    if column.identity:
        parts.append(_identity(column))
    if column.not_null:
        parts.append("NOT NULL")
    if column.default is not None:
        parts.append(f"DEFAULT {column.default}")
    return " ".join(parts)


def _identity(column: Column) -> str:
    return f"GENERATED {IDENTITY[column.identity]} AS IDENTITY"


def create_table(table: Table) -> str:
    """The table with its constraints and indexes."""
    lines = [column_line(table, column) for column in table.columns]
    lines += [
        f"CONSTRAINT {identifier(constraint.name)} {constraint.definition}"
        for constraint in table.constraints
    ]
    body = ",\n    ".join(lines)
    indexes = [f"{index.definition};" for index in table.indexes if not index.constraint]
    return "\n".join([f"CREATE TABLE {table_name(table)} (\n    {body}\n);", *indexes])


def drop_table(table: Table) -> str:
    """What takes `create_table` back."""
    return f"DROP TABLE {table_name(table)}"


def add_column(table: Table, column: Column) -> str:
    """The column, at the table's end."""
    return f"ALTER TABLE {table_name(table)} ADD COLUMN {column_line(table, column)}"


def drop_column(table: Table, column: Column) -> str:
    """What takes `add_column` back."""
    return f"ALTER TABLE {table_name(table)} DROP COLUMN {identifier(column.name)}"


def _alter_column(table: Table, column: Column, change: str) -> str:
    return f"ALTER TABLE {table_name(table)} ALTER COLUMN {identifier(column.name)} {change}"


def set_default(table: Table, column: Column) -> str:
    """The column's default."""
    return _alter_column(table, column, f"SET DEFAULT {column.default}")


def drop_default(table: Table, column: Column) -> str:
    """What takes `set_default` back."""
    return _alter_column(table, column, "DROP DEFAULT")


def add_identity(table: Table, column: Column) -> str:
    """What makes a column number its rows by itself, as the handbook's identity does."""
    return _alter_column(table, column, f"ADD {_identity(column)}")


def set_not_null(table: Table, column: Column) -> str:
    """NOT NULL for a column."""
    return _alter_column(table, column, "SET NOT NULL")


def drop_not_null(table: Table, column: Column) -> str:
    """What lets a column be NULL."""
    return _alter_column(table, column, "DROP NOT NULL")


def set_type(table: Table, column: Column) -> str:
    """The column's type."""
    return _alter_column(table, column, f"TYPE {column.type}")


def add_constraint(table: Table, constraint: Constraint) -> str:
    """A constraint by its name."""
    name = identifier(constraint.name)
    return f"ALTER TABLE {table_name(table)} ADD CONSTRAINT {name} {constraint.definition}"


def drop_constraint(table: Table, constraint: Constraint) -> str:
    """What takes `add_constraint` back."""
    return f"ALTER TABLE {table_name(table)} DROP CONSTRAINT {identifier(constraint.name)}"


def drop_index(table: Table, index: Index) -> str:
    """What takes an index's own definition back."""
    return f"DROP INDEX {identifier(table.schema)}.{identifier(index.name)}"
