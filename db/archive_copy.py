"""Turns on their way out of the table and back into it, by COPY."""

import datetime as dt
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import asyncpg

from db.archives import COLUMNS, HASH_COLUMN, ROW_HASH, Connection, Month
from db.members import naive
from db.posts import KAI_EMAIL
from db.turns import IS_THE_BOTS

HEADER = f"{','.join((*COLUMNS, HASH_COLUMN))}\n".encode()
"""The first line of a file."""

# Where each batch ends, and how many rows there are in all.
ENDS = """
SELECT count(*)::int AS turns,
       COALESCE(array_agg(id ORDER BY id) FILTER (WHERE place % $5 = 0 OR place = total), '{}')
  FROM (SELECT id, row_number() OVER (ORDER BY id) AS place, count(*) OVER () AS total
          FROM public.kai_interactions
         WHERE id BETWEEN $1 AND $2 AND created_at >= $3 AND created_at < $4) AS n"""

COPY = f"""
SELECT {", ".join(f"k.{name}" for name in COLUMNS)}, {ROW_HASH}
  FROM public.kai_interactions k
 WHERE k.id > {{after}} AND k.id <= {{end}}
   AND k.created_at >= '{{start}}' AND k.created_at < '{{stop}}'
 ORDER BY k.id"""

MAKE_ARCHIVED = f"""
CREATE TEMPORARY TABLE archived ON COMMIT DROP AS
SELECT {", ".join(COLUMNS)}, 0::bigint AS {HASH_COLUMN} FROM public.kai_interactions WITH NO DATA;
CREATE TEMPORARY TABLE restored (id INT NOT NULL) ON COMMIT DROP"""

ANALYZE = "ANALYZE pg_temp.archived"

COUNT_UNLIKE = f"SELECT count(*)::int FROM archived k WHERE k.{HASH_COLUMN} <> {ROW_HASH}"

# A turn of somebody's placeholder is by now its linked user's; one that had moved with a link which
# was taken back is the placeholder's again. Who had turns forgotten while they
# were linked to a user, and has parted from it since, had those of that user forgotten.
OWNED = """
WITH forgetting AS (
    SELECT user_id, max(until)::timestamp AS until
      FROM (SELECT user_id, forgotten_until AS until FROM discord.accounts
             UNION ALL
            SELECT l.user_id, LEAST(a.forgotten_until, l.unlinked_at)
              FROM discord.links l JOIN discord.accounts a ON a.discord_id = l.discord_id
             WHERE a.forgotten_until >= l.linked_at) AS known
     WHERE until IS NOT NULL
     GROUP BY user_id
), parted AS (
    SELECT DISTINCT ON (g.row_id) g.row_id, p.user_id, p.placeholder_id
      FROM discord.link_log g JOIN discord.links p ON p.id = g.link_id
     WHERE g.action = 'move' AND g.table_name = 'public.kai_interactions'
       AND p.placeholder_id IS NOT NULL AND p.unlinked_at < p.linked_at + interval '30 days'
     ORDER BY g.row_id, g.id DESC
), line AS (
    SELECT k.*, {is_the_bots} AS is_the_bots, COALESCE(p.placeholder_id, k.user_id) AS whose
      FROM {rows} k LEFT JOIN parted p ON p.row_id = k.id AND p.user_id = k.user_id
), owned AS (
    SELECT k.*, COALESCE(l.user_id, k.whose) AS owner, l.id IS NOT NULL AS is_linked,
           k.is_the_bots AND COALESCE(k.created_at <= f.until, false) AS is_forgotten,
           u.id IS NULL OR k.is_the_bots AND NOT COALESCE(
               u.email = '{kai}'
               OR EXISTS (SELECT FROM discord.accounts a
                           WHERE a.user_id = u.id AND a.created_at::timestamp <= k.created_at)
               OR EXISTS (SELECT FROM discord.links p
                           WHERE u.id IN (p.user_id, p.placeholder_id)), false) AS is_erased
      FROM line k
      LEFT JOIN discord.links l ON l.placeholder_id = k.whose AND l.unlinked_at IS NULL
      LEFT JOIN public.userdata u ON u.id = COALESCE(l.user_id, k.whose)
      LEFT JOIN forgetting f ON f.user_id = COALESCE(l.user_id, k.whose)
)"""

BACK = "(SELECT t.* FROM public.kai_interactions t JOIN restored USING (id))"


def _owned(rows: str) -> str:
    """`owned`: the rows, whose they are by now, and whether they are to stay away."""
    return OWNED.format(rows=rows, kai=KAI_EMAIL, is_the_bots=IS_THE_BOTS)


COUNT = f"""{_owned("archived")}
SELECT count(*)::int AS lines,
       (count(*) FILTER (WHERE is_erased))::int AS erased,
       (count(*) FILTER (WHERE NOT is_erased AND is_forgotten))::int AS forgotten,
       (count(*) FILTER (WHERE there.id IS NOT NULL AND NOT is_erased AND NOT is_forgotten))::int
           AS there,
       (count(*) FILTER (WHERE there.id IS NOT NULL AND NOT is_erased AND NOT is_forgotten
                           AND there.created_at IS DISTINCT FROM owned.created_at))::int AS taken,
       (count(*) FILTER (WHERE there.id IS NULL AND NOT is_erased AND NOT is_forgotten
                           AND is_linked))::int AS linked
  FROM owned LEFT JOIN public.kai_interactions there ON there.id = owned.id"""

RESTORE = f"""{_owned("archived")}, back AS (
    INSERT INTO public.kai_interactions ({", ".join(COLUMNS)})
    SELECT {", ".join("owner" if name == "user_id" else name for name in COLUMNS)}
      FROM owned WHERE NOT is_erased AND NOT is_forgotten
     ORDER BY id
    ON CONFLICT (id) DO NOTHING
    RETURNING id
)
INSERT INTO restored SELECT id FROM back"""

# Whoever forgets, links or erases from here on waits for the end of this transaction, and then
# meets the turns; where that happened while they came back it is made good by SETTLE_….
HOLD = """
SELECT FROM discord.accounts
 WHERE user_id IN (SELECT k.user_id FROM public.kai_interactions k JOIN restored USING (id))
 ORDER BY id FOR SHARE"""

SETTLE_GONE = f"""{_owned(BACK)}, gone AS (
    DELETE FROM public.kai_interactions k USING owned
     WHERE k.id = owned.id AND (owned.is_erased OR owned.is_forgotten)
    RETURNING owned.is_erased
)
SELECT (count(*) FILTER (WHERE is_erased))::int AS erased,
       (count(*) FILTER (WHERE NOT is_erased))::int AS forgotten
  FROM gone"""

SETTLE_LINKED = f"""{_owned(BACK)}
UPDATE public.kai_interactions k SET user_id = owned.owner
  FROM owned WHERE k.id = owned.id AND owned.is_linked"""

MARK_RESTORED = "UPDATE discord.archives SET restored_at = $2 WHERE file = $1"

# The sequence behind kai_interactions.id, whether the table owns it or only takes numbers from it.
SEQUENCE = """
WITH sequence AS (
    SELECT s.oid, format('%I.%I', n.nspname, s.relname) AS name
      FROM pg_catalog.pg_depend d
      JOIN pg_catalog.pg_class s ON s.relkind = 'S'
      JOIN pg_catalog.pg_namespace n ON n.oid = s.relnamespace
      LEFT JOIN pg_catalog.pg_attrdef f ON d.classid = 'pg_attrdef'::regclass AND f.oid = d.objid
      JOIN pg_catalog.pg_attribute c ON c.attname = 'id'
       AND c.attrelid = 'public.kai_interactions'::regclass
     WHERE (d.classid = 'pg_class'::regclass AND d.objid = s.oid
            AND d.refobjid = c.attrelid AND d.refobjsubid = c.attnum)
        OR (d.refclassid = 'pg_class'::regclass AND d.refobjid = s.oid
            AND f.adrelid = c.attrelid AND f.adnum = c.attnum)
     LIMIT 1
), reached AS (
    SELECT max(id) AS id FROM restored
)
SELECT sequence.name, reached.id, has_sequence_privilege(sequence.oid, 'UPDATE') AS may
  FROM sequence, reached
 WHERE reached.id > COALESCE(pg_sequence_last_value(sequence.oid), 0)"""

ADVANCE = "SELECT setval($1::text::regclass, $2)"


class NotOurs(Exception):
    """A file's lines are no turns; the message is PostgreSQL's."""


class SequenceBehind(Exception):
    """Turns that came back have higher ids than the sequence has given, and it may not be set."""

    def __init__(self, sequence: str, reached: int) -> None:
        super().__init__(sequence, reached)
        self.sequence = sequence
        self.reached = reached


@dataclass(frozen=True, slots=True)
class Restored:
    """What became of a file's lines: how many came back, `linked` of them to a linked user.

    `there` were in the table already, `taken` of them as other turns under the same id; `forgotten`
    and `erased` were left out, as their member had them forgotten, or is no user any more.
    """

    lines: int
    back: int
    linked: int
    there: int
    taken: int
    forgotten: int
    erased: int


@asynccontextmanager
async def one_moment(connection: Connection) -> AsyncGenerator[None]:
    """A transaction that sees one moment of the database, and can change nothing."""
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        yield


async def batch_ends(
    connection: Connection, month: Month, stop: dt.date, size: int
) -> tuple[int, list[int]]:
    """How many turns of the month there are, and the last id of each batch of `size` rows.

    `stop` is the first day of the next month.
    """
    start, end = _instant(month.month), _instant(stop)
    (row,) = await connection.fetch(ENDS, month.first_id, month.last_id, start, end, size)
    return row[0], row[1]


async def copy_batch(
    connection: Connection,
    month: dt.date,
    stop: dt.date,
    ids: tuple[int, int],
    take: Callable[[bytes], Coroutine[Any, Any, None]],
) -> int:
    """Hand the month's turns with ids after the first and up to the second over, as CSV: how many.

    `take` gets pieces that may end in the middle of a line.
    """
    query = COPY.format(
        after=int(ids[0]), end=int(ids[1]), start=_instant(month), stop=_instant(stop)
    )
    done = await connection.copy_from_query(query, output=take, format="csv")
    return int(done.removeprefix("COPY "))


async def bring_back(connection: Connection, pieces: AsyncIterator[bytes]) -> int:
    """Put a file's CSV into the temporary table `archived`, in the transaction that is open.

    Gives how many lines there are. Raises NotOurs, and what reading the pieces raises.
    """
    await connection.execute(MAKE_ARCHIVED)
    try:
        done = await connection.copy_to_table(
            "archived",
            source=pieces,
            schema_name="pg_temp",
            columns=[*COLUMNS, HASH_COLUMN],
            format="csv",
            header=True,
        )
    except asyncpg.DataError as error:
        raise NotOurs(str(error)) from error
    await connection.execute(ANALYZE)
    return _count(done)


async def count_unlike(connection: Connection) -> int:
    """How many lines in `archived` are not as their hash says."""
    unlike: int = await connection.fetchval(COUNT_UNLIKE)
    return unlike


async def restore(connection: Connection) -> Restored:
    """Move `archived` back into the table, but what was forgotten and what is there.

    Raises SequenceBehind; the transaction that is open must be rolled back then.
    """
    (counts,) = await connection.fetch(COUNT)
    back = _count(await connection.execute(RESTORE))
    await _advance(connection)
    await connection.execute(HOLD)
    (gone,) = await connection.fetch(SETTLE_GONE)
    linked = _count(await connection.execute(SETTLE_LINKED))
    return Restored(
        lines=counts["lines"],
        back=back - gone["erased"] - gone["forgotten"],
        linked=counts["linked"] + linked,
        there=counts["there"],
        taken=counts["taken"],
        forgotten=counts["forgotten"] + gone["forgotten"],
        erased=counts["erased"] + gone["erased"],
    )


async def _advance(connection: Connection) -> None:
    row = await connection.fetchrow(SEQUENCE)
    if row is None:
        return
    if not row["may"]:
        raise SequenceBehind(row["name"], row["id"])
    await connection.fetchval(ADVANCE, row["name"], row["id"])


async def mark_restored(connection: Connection, file: str, now: dt.datetime) -> None:
    """Write down that a file's turns were brought back."""
    await connection.execute(MARK_RESTORED, file, now)


def _instant(day: dt.date) -> dt.datetime:
    return naive(dt.datetime.combine(day, dt.time(), dt.UTC))


def _count(status: str) -> int:
    return int(status.rpartition(" ")[2])
