"""Runs a revision's SQL as it stands: many statements at once, `$$` and `:name` intact."""

from typing import TYPE_CHECKING, cast

from alembic import op

if TYPE_CHECKING:
    from sqlalchemy.engine import AdaptedConnection


def run(script: str) -> None:
    """Run the whole script in the migration's transaction.

    It goes to asyncpg itself: `op.execute` prepares what it is given, and so takes one command.
    """
    driver = cast("AdaptedConnection", op.get_bind().connection.dbapi_connection)
    driver.run_async(lambda connection: connection.execute(script))
