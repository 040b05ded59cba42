"""Which migration a database has had last, as Alembic keeps it."""

from db.pool import AnyConnection

SCHEMA = "discord"
"""Where the version table and all else that is the bot's own lives."""

# pg_catalog also tells of a table that the role may not read.
VERSION_TABLE = f"""
SELECT EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                WHERE n.nspname = '{SCHEMA}' AND c.relname = 'alembic_version')"""

VERSION = f"SELECT max(version_num) FROM {SCHEMA}.alembic_version"


async def current(connection: AnyConnection) -> str | None:
    """The migration that the database is at, None before the first."""
    if not await connection.fetchval(VERSION_TABLE):
        return None
    version: str | None = await connection.fetchval(VERSION)
    return version
