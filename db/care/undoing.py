"""Taking back what one `db adopt --apply` did, by what it wrote in discord.adoption_log."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from db.care import adoptable
from db.care.ddl import identifier, qualified
from db.care.locking import Connection

LAST_RUN = """
SELECT max(run) FROM discord.adoption_log WHERE undone_at IS NULL"""

EARLIER_RUNS = """
SELECT count(DISTINCT run) FROM discord.adoption_log WHERE undone_at IS NULL AND run < $1"""

BOTS = """
SELECT pid FROM pg_catalog.pg_stat_activity
 WHERE datname = current_database() AND application_name = $1 AND pid <> pg_backend_pid()
 ORDER BY pid"""

BOT = "get-kinder-bot"
"""How the connections of a bot's pool are called."""

ENTRIES = """
SELECT id, action, table_name, statement, undo,
       CASE action WHEN 'create' THEN after ->> 'kind' END AS kind
  FROM discord.adoption_log WHERE run = $1 AND undone_at IS NULL ORDER BY id DESC"""

# A row that was changed must be as it was left, a row that was removed must not be there again; of
# somebody who was erased since, the log does not have them any more.
MOVED = """
SELECT l.row_id, l.action, t.id IS NULL AS gone, l.before IS NULL AS erased
  FROM discord.adoption_log l LEFT JOIN {table} t ON t.id = l.row_id
 WHERE l.run = $1 AND l.table_name = $2
   AND (l.action = 'change' AND to_jsonb(t) IS DISTINCT FROM l.after
        OR l.action = 'remove' AND t.id IS NOT NULL
        OR l.action <> 'create' AND l.before IS NULL)
 ORDER BY l.row_id"""

FILLED_TABLE = "SELECT EXISTS (SELECT FROM {table})"

FILLED_COLUMN = """
SELECT EXISTS (SELECT FROM {table} t
                WHERE t.{column} IS NOT NULL
                  AND to_jsonb(t.{column}) IS DISTINCT FROM
                      (SELECT l.after -> 'filled' FROM discord.adoption_log l WHERE l.id = $1))"""

REFERRING = """
SELECT n.nspname || '.' || c.relname AS table_name, f.conname AS name
  FROM pg_catalog.pg_constraint f
  JOIN pg_catalog.pg_class c ON c.oid = f.conrelid
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_catalog.pg_class rc ON rc.oid = f.confrelid
  JOIN pg_catalog.pg_namespace rn ON rn.oid = rc.relnamespace
 WHERE f.contype = 'f' AND n.nspname = 'discord' AND rn.nspname || '.' || rc.relname = $1
 ORDER BY 1, 2"""

STORED = """
SELECT a.attname FROM pg_catalog.pg_attribute a
 WHERE a.attrelid = $1::regclass AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
 ORDER BY a.attnum"""

RESTORE = """
UPDATE {table} t SET ({columns}) = ROW ({values})
  FROM discord.adoption_log l
 CROSS JOIN LATERAL jsonb_populate_record(NULL::{table}, l.before) AS b
 WHERE l.run = $1 AND l.table_name = $2 AND l.action = 'change' AND t.id = l.row_id"""

BRING_BACK = """
INSERT INTO {table} ({columns}) OVERRIDING SYSTEM VALUE
SELECT {values}
  FROM discord.adoption_log l
 CROSS JOIN LATERAL jsonb_populate_record(NULL::{table}, l.before) AS b
 WHERE l.run = $1 AND l.table_name = $2 AND l.action = 'remove'
 ORDER BY l.row_id"""

UNLIKE = """
SELECT count(*) FROM discord.adoption_log l LEFT JOIN {table} t ON t.id = l.row_id
 WHERE l.run = $1 AND l.table_name = $2 AND l.action <> 'create'
   AND to_jsonb(t) IS DISTINCT FROM l.before"""

UNDONE = "UPDATE discord.adoption_log SET undone_at = $2 WHERE run = $1 AND undone_at IS NULL"

ENABLED = {"O": "ENABLE TRIGGER", "A": "ENABLE ALWAYS TRIGGER", "R": "ENABLE REPLICA TRIGGER"}


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of the log: what was done, to which table (or column), and how it is taken back."""

    id: int
    action: str
    table: str
    statement: str | None
    undo: str | None
    kind: str | None

    @property
    def touched(self) -> str:
        """The table that it is about, with its schema."""
        return ".".join(self.table.split(".")[:2])


async def last_run(connection: Connection) -> int | None:
    """The number of the last run that was not undone, None when there is none."""
    if "discord.adoption_log" not in await adoptable.tables_in(connection, "discord"):
        return None
    number: int | None = await connection.fetchval(LAST_RUN)
    return number


async def earlier_runs(connection: Connection, run: int) -> int:
    """How many runs before this one were not undone."""
    count: int = await connection.fetchval(EARLIER_RUNS, run)
    return count


async def entries(connection: Connection, run: int) -> list[Entry]:
    """What a run did, the last first."""
    return [Entry(*row) for row in await connection.fetch(ENTRIES, run)]


async def bots(connection: Connection) -> list[int]:
    """The processes on the server that work for a bot on this database."""
    return [row[0] for row in await connection.fetch(BOTS, BOT)]


async def obstacles(connection: Connection, run: int, done: Sequence[Entry]) -> list[str]:
    """What has happened since and would be lost: a phrase for each."""
    found: list[str] = []
    there = await adoptable.tables_in(connection, "public")
    for table in dict.fromkeys(entry.touched for entry in done):
        if table not in there:
            found.append(f"{table} is gone")
        elif any(entry.touched == table and entry.action != "create" for entry in done):
            found += [
                _moved(table, row)
                for row in await connection.fetch(MOVED.format(table=qualified(table)), run, table)
            ]
    for entry in done:
        if entry.touched in there and (phrase := await _filled(connection, entry)):
            found.append(phrase)
    return found


def _moved(table: str, row: Any) -> str:
    if row["erased"]:
        return f"{table} row {row['row_id']} was erased from the log with its member"
    if row["action"] == "remove":
        return f"{table} has a row {row['row_id']} again"
    return f"{table} row {row['row_id']} " + ("is gone" if row["gone"] else "has changed")


async def _filled(connection: Connection, entry: Entry) -> str | None:
    """A created table or column that holds something by now."""
    if entry.kind == "missing table":
        if await connection.fetchval(FILLED_TABLE.format(table=qualified(entry.table))):
            return f"{entry.table} was created, and holds rows now"
    elif entry.kind == "missing column":
        column = entry.table.rpartition(".")[2]
        sql = FILLED_COLUMN.format(table=qualified(entry.touched), column=identifier(column))
        if await connection.fetchval(sql, entry.id):
            return f"{entry.table} was created, and holds values now"
    return None


async def drop(connection: Connection, entry: Entry) -> None:
    """Drop what was created; the bot's own foreign keys to a table go with it."""
    if entry.kind == "missing table":
        for key in await connection.fetch(REFERRING, entry.table):
            table, name = qualified(key["table_name"]), identifier(key["name"])
            await connection.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    await connection.execute(str(entry.undo))


async def restore(connection: Connection, run: int, tables: Iterable[str]) -> int:
    """Give the rows of these tables back as they were; how many are not (there should be none).

    The users' triggers rest meanwhile: they would change what is given back.
    """
    unlike = 0
    for table in tables:
        resting = await adoptable.triggers(connection, [table], adoptable.ON_ANY_CHANGE)
        for _table, name, _enabled in resting:
            await connection.execute(
                f"ALTER TABLE {qualified(table)} DISABLE TRIGGER {identifier(name)}"
            )
        await _restore(connection, run, table)
        for _table, name, enabled in resting:
            await connection.execute(
                f"ALTER TABLE {qualified(table)} {ENABLED[enabled]} {identifier(name)}"
            )
        unlike += await connection.fetchval(UNLIKE.format(table=qualified(table)), run, table)
    return unlike


async def _restore(connection: Connection, run: int, table: str) -> None:
    stored = [identifier(row[0]) for row in await connection.fetch(STORED, qualified(table))]
    parts = {
        "table": qualified(table),
        "columns": ", ".join(stored),
        "values": ", ".join(f"b.{column}" for column in stored),
    }
    changed = [column for column in stored if column != "id"]
    await connection.execute(
        RESTORE.format(
            table=qualified(table),
            columns=", ".join(changed),
            values=", ".join(f"b.{column}" for column in changed),
        ),
        run,
        table,
    )
    await connection.execute(BRING_BACK.format(**parts), run, table)


async def mark(connection: Connection, run: int, now: dt.datetime) -> None:
    """Write down that the run was undone."""
    await connection.execute(UNDONE, run, now)
