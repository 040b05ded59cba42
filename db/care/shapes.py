"""What the schema care is about, as frozen dataclasses: a catalogue's shape, and what is found."""

from dataclasses import dataclass
from typing import Literal

Level = Literal["breaking", "drift", "note"]
"""`breaking`: the bot must not start. `drift`: it differs from the handbook, and the bot can work.
`note`: worth knowing, and in step all the same."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column. `default` is the expression as PostgreSQL prints it, None for none."""

    name: str
    type: str
    not_null: bool
    default: str | None
    identity: str = ""
    generated: str = ""


@dataclass(frozen=True, slots=True)
class Constraint:
    """A constraint; `kind` is pg_constraint's `contype`: p, u, f, c or x.

    `definition` is as pg_get_constraintdef prints it. `columns` are in the constraint's own order.
    """

    name: str
    kind: str
    definition: str
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Index:
    """An index. `keys` are its columns or expressions in order, without those of INCLUDE.

    `definition` is as pg_get_indexdef prints it, `predicate` the condition of a partial one.
    `constraint` says that a constraint owns it. `usable` says that it is valid, and checked at once
    where it is unique.
    """

    name: str
    definition: str
    keys: tuple[str, ...]
    unique: bool
    method: str
    predicate: str | None
    constraint: bool
    usable: bool = True


@dataclass(frozen=True, slots=True)
class Table:
    """A table with what hangs on it, by name: columns in their order, the rest in alphabetical."""

    schema: str
    name: str
    columns: tuple[Column, ...]
    constraints: tuple[Constraint, ...]
    indexes: tuple[Index, ...]
    triggers: tuple[str, ...] = ()

    @property
    def full_name(self) -> str:
        """The name with its schema."""
        return f"{self.schema}.{self.name}"

    def column(self, name: str) -> Column | None:
        """The column of this name."""
        return next((column for column in self.columns if column.name == name), None)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The tables of some schemas by full name, and the definitions of their functions by name."""

    tables: dict[str, Table]
    functions: dict[str, str]


@dataclass(frozen=True, slots=True)
class Finding:
    """One difference between a database and what it should be.

    `kind` is what differs, in a word or two ("missing index"); `where` the table with its schema,
    and after a third dot the column; `what` a sentence. `remedy` is the SQL that mends it, None
    when a person must decide. `undo` is the SQL that takes the remedy back: only a remedy that has
    one is for `db adopt` to apply.
    """

    level: Level
    kind: str
    where: str
    what: str
    remedy: str | None = None
    undo: str | None = None
