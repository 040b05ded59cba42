"""What `db adopt --apply` writes: the bot's schema, the log, and then what it logged.

All of it runs in the transaction that `locking.with_locks` began.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from db.care.ddl import identifier, qualified
from db.care.locking import Connection
from db.care.shapes import Finding

# As Alembic and revision 0001 leave them. Nothing stands in created_objects: adopt does not claim
# what it makes, so a downgrade never drops it.
SCHEMA = "CREATE SCHEMA IF NOT EXISTS discord"
BASE = """
CREATE TABLE IF NOT EXISTS discord.alembic_version (
    version_num VARCHAR(32) NOT NULL,
    CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);

CREATE TABLE discord.created_objects (
    id   SERIAL PRIMARY KEY,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    UNIQUE (kind, name)
);
"""
HAS_SCHEMA = "SELECT EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = 'discord')"

UNSTAMP = "DELETE FROM discord.alembic_version"
STAMP = "INSERT INTO discord.alembic_version (version_num) VALUES ($1)"

NEXT_RUN = "SELECT coalesce(max(run), 0) + 1 FROM discord.adoption_log"

LOG_ROWS = """
INSERT INTO discord.adoption_log (run, action, table_name, row_id, before, written_at)
SELECT $1, $2, $3, t.id, to_jsonb(t), $4 FROM {table} t WHERE t.id = ANY($5) ORDER BY t.id"""

LOG_CREATION = """
INSERT INTO discord.adoption_log (run, action, table_name, statement, undo, after, written_at)
VALUES ($1, 'create', $2, $3, $4, jsonb_build_object('kind', $5::text), $6)
RETURNING id"""

LOG_AFTER = """
UPDATE discord.adoption_log l SET after = to_jsonb(t) FROM {table} t
 WHERE l.run = $1 AND l.action = 'change' AND l.table_name = $2 AND l.row_id = t.id"""

UNCHANGED = """
SELECT count(*) FROM discord.adoption_log
 WHERE run = $1 AND action = 'change' AND table_name = $2 AND after IS NOT DISTINCT FROM before"""

# What a new column holds in the rows that were there: its default, of this moment.
LOG_FILLED = """
UPDATE discord.adoption_log
   SET after = after || jsonb_build_object(
           'filled', (SELECT to_jsonb(t.{column}) FROM {table} t LIMIT 1))
 WHERE id = $1"""

CHANGE = "UPDATE {table} SET {values} WHERE id = $1"
REMOVE = (
    "WITH gone AS (DELETE FROM {table} WHERE id = ANY($1) RETURNING id) SELECT count(*) FROM gone"
)
"""A row that a trigger or a policy kept is missing in the count."""


class Kept(Exception):
    """Rows that were to change or to go did not; the message says why."""


async def make_schema(connection: Connection) -> None:
    """Make the schema as it is after revision 0001, with nothing in it."""
    if not await connection.fetchval(HAS_SCHEMA):
        await connection.execute(SCHEMA)
    await connection.execute(BASE)


async def migrate(connection: Connection, scripts: Sequence[tuple[str, str]]) -> None:
    """Run the revisions' scripts, and stamp the last one's revision."""
    for _revision, script in scripts:
        await connection.execute(script)
    await connection.execute(UNSTAMP)
    await connection.execute(STAMP, scripts[-1][0])


async def next_run(connection: Connection) -> int:
    """The number of the run that begins."""
    number: int = await connection.fetchval(NEXT_RUN)
    return number


async def log_rows(
    connection: Connection,
    run: int,
    action: str,
    table: str,
    ids: Sequence[int],
    now: dt.datetime,
) -> None:
    """Keep the rows as they are, before they are changed ("change") or go ("remove")."""
    await connection.execute(
        LOG_ROWS.format(table=qualified(table)), run, action, table, now, list(ids)
    )


async def log_creation(connection: Connection, run: int, finding: Finding, now: dt.datetime) -> int:
    """Keep what is going to be created, and how it is dropped again: the row's id."""
    number: int = await connection.fetchval(
        LOG_CREATION, run, finding.where, finding.remedy, finding.undo, finding.kind, now
    )
    return number


async def create(connection: Connection, finding: Finding) -> None:
    """Run a finding's remedy."""
    await connection.execute(str(finding.remedy))


async def log_filled(connection: Connection, entry: int, where: str) -> None:
    """Add to the log what the new column `where` (schema.table.column) was filled with."""
    table, _, column = where.rpartition(".")
    await connection.execute(
        LOG_FILLED.format(table=qualified(table), column=identifier(column)), entry
    )


async def change(connection: Connection, table: str, rows: Mapping[int, Mapping[str, Any]]) -> None:
    """Change rows: the new values of columns, by the row's id."""
    alike: dict[tuple[str, ...], list[tuple[Any, ...]]] = defaultdict(list)
    for row_id, values in rows.items():
        alike[tuple(values)].append((row_id, *values.values()))
    for columns, arguments in alike.items():
        values = ", ".join(f"{identifier(name)} = ${n}" for n, name in enumerate(columns, start=2))
        await connection.executemany(
            CHANGE.format(table=qualified(table), values=values), arguments
        )


async def log_after(connection: Connection, run: int, table: str) -> None:
    """Add to the log the changed rows of a table as they were left.

    Raises Kept when some of them are as they were.
    """
    await connection.execute(LOG_AFTER.format(table=qualified(table)), run, table)
    if unchanged := await connection.fetchval(UNCHANGED, run, table):
        raise Kept(
            f"{unchanged} of the rows that were to change in {table} did not: a trigger or a row "
            "security policy keeps them as they are"
        )


async def remove(connection: Connection, table: str, ids: Sequence[int]) -> None:
    """Take rows out of a table. Raises Kept when some of them are still there."""
    gone = await connection.fetchval(REMOVE.format(table=qualified(table)), list(ids))
    if gone != len(ids):
        raise Kept(
            f"{len(ids) - gone} of the rows that were to leave {table} are still there: a trigger "
            "or a row security policy keeps them"
        )
