"""Which migrations there are, and which of them a database has had: all of it without Alembic.

Each is a file `versions/NNNN_what.py`, and NNNN its revision: one row of them, without branches.
"""

from pathlib import Path

import asyncpg

from db import revisions
from db.pool import AnyConnection

VERSIONS = Path(__file__).parent / "versions"

LOCK = 0x6765746B
"""The advisory lock of a run: any number, as long as every run takes the same."""


class MigrationError(Exception):
    """A migration was refused; the message says why, and the database is as it was before."""


def names() -> list[str]:
    """The names of all revisions, oldest first."""
    return sorted(path.stem for path in VERSIONS.glob("[0-9]*.py"))


async def current(connection: AnyConnection) -> str | None:
    """The revision that the database is at, None before the first.

    Raises MigrationError when the user may not know.
    """
    try:
        return await revisions.current(connection)
    except asyncpg.InsufficientPrivilegeError as error:
        raise MigrationError(
            f"PostgreSQL does not tell which migrations it has had: {error}."
        ) from error


def pending(at: str | None) -> list[str]:
    """The names of the revisions after this one, oldest first.

    Raises MigrationError when there is no such revision.
    """
    known = names()
    if at is not None and not any(_number(name) == at for name in known):
        raise MigrationError(
            f"The database is at revision {at}, which this version of the bot does not know: a "
            "newer one has migrated it."
        )
    return [name for name in known if at is None or _number(name) > at]


def _number(name: str) -> str:
    return name.partition("_")[0]
