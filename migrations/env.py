"""Alembic's environment: runs revisions on the connection that `migrations.runner` made.

The version table lives in the schema `discord`, out of the website's way, so the schema comes
before the first revision. All revisions of a run are one transaction: all of it happens or nothing.
"""

from typing import TYPE_CHECKING, cast

from alembic import context
from sqlalchemy import text

from db.revisions import SCHEMA

if TYPE_CHECKING:
    from sqlalchemy import Connection


def _make_schema(connection: "Connection") -> bool:
    """Make the schema where there is none; whether it was made."""
    # IF NOT EXISTS would need the right to create even where there is nothing to do.
    missing = connection.scalar(text(f"SELECT to_regnamespace('{SCHEMA}')")) is None
    if missing:
        connection.execute(text(f"CREATE SCHEMA {SCHEMA}"))
    # Alembic commits only the transactions that it began itself.
    connection.commit()
    return missing


def _migrate(connection: "Connection") -> None:
    made = _make_schema(connection)
    context.configure(connection=connection, version_table_schema=SCHEMA)
    try:
        with context.begin_transaction():
            context.run_migrations()
    except BaseException:
        if made:  # a refused first migration leaves nothing behind
            connection.execute(text(f"DROP SCHEMA {SCHEMA}"))
            connection.commit()
        raise


_migrate(cast("Connection", context.config.attributes["connection"]))
