"""Taking over a database that a website owns: what would be done, doing it, and undoing it.

What would be done and what is done come from the same reading, `adoption_plan.plan`: once in a
transaction that can change nothing, and again under the locks.
"""

import datetime as dt
from collections import Counter
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial

from bot.actions.adoption_plan import ORDER, Migration, Plan, plan
from bot.actions.duplicates import Group
from db.care import adopting, undoing
from db.care.checking import check
from db.care.locking import (
    Busy,
    Connection,
    Failed,
    Lost,
    Mode,
    Wanted,
    ample_time,
    opened,
    reading,
    with_locks,
)
from db.care.shapes import Finding

SHOWN = 5
"""How many things in the way are named."""

LOST = (
    "The connection to the database was lost on the way. Either all of it was done or nothing: run "
    "the same command again, it finishes the work or finds nothing to do."
)
LOST_UNDOING = (
    "The connection to the database was lost on the way. Either all of it was taken back or "
    "nothing: `python -m bot db adopt --undo` tells which run still stands."
)


class Refused(Exception):
    """It is not done, and nothing was changed; `sentences` say why and what to do.

    `groups` are the duplicates that are to be looked through.
    """

    def __init__(self, *sentences: str, groups: Sequence[Group] = ()) -> None:
        super().__init__(" ".join(sentences))
        self.sentences = sentences
        self.groups = tuple(groups)


class _MoreNeeded(Exception):
    """Under the locks more was found to do than they allow."""


@dataclass(frozen=True, slots=True)
class How:
    """How to go about it: whether duplicates may be merged, how many seconds to go on trying for
    the locks, the advisory lock's number, and the time (aware UTC) that the log gets.
    """

    merging: bool
    wait: float
    key: int
    now: dt.datetime


@dataclass(frozen=True, slots=True)
class Undone:
    """What is undone, or would be: the run's number, the statements that drop what was made, how
    many rows each table gets back, and how many earlier runs still stand.

    `refusals` are sentences; with any of them nothing is done.
    """

    run: int
    dropped: tuple[str, ...]
    rows: Mapping[str, int]
    earlier: int
    refusals: tuple[str, ...] = ()


async def preview(url: str, migrations: Sequence[Migration], *, merging: bool) -> Plan:
    """What `adopt` would do. Changes nothing, and needs no more than SELECT. Raises Refused."""
    async with refusing(), opened(url) as connection, reading(connection):
        return await plan(connection, migrations, merging=merging)


async def adopt(url: str, migrations: Sequence[Migration], how: How) -> Plan:
    """Adopt the database in one transaction: what was done, or a plan with nothing to do.

    Raises Refused.
    """
    async with refusing(), opened(url) as connection:
        while True:
            async with reading(connection):
                first = await plan(connection, migrations, merging=how.merging)
            if first.refusals:
                raise Refused(*first.refusals, groups=first.groups)
            if first.is_empty:
                return first
            work = partial(_adopt, connection, migrations, how, first.locks)
            try:
                return await with_locks(connection, Wanted(first.locks, how.key, how.wait), work)
            except _MoreNeeded:
                continue


async def _adopt(
    connection: Connection, migrations: Sequence[Migration], how: How, held: Mapping[str, Mode]
) -> Plan:
    """Read again under the locks, and do it."""
    now = await plan(connection, migrations, merging=how.merging)
    await ample_time(connection)
    if now.refusals:
        raise Refused(*now.refusals, groups=now.groups)
    if now.is_empty:
        return now
    if any(held.get(table) not in (mode, "ACCESS EXCLUSIVE") for table, mode in now.locks.items()):
        raise _MoreNeeded
    # The bot's own tables refer to the handbook's, and the log is one of them.
    tables = [step for step in now.steps if step.kind == "missing table"]
    for step in tables:
        await adopting.create(connection, step)
    if now.current is None:
        await adopting.make_schema(connection)
    if now.scripts:
        await adopting.migrate(connection, [(m.revision, m.script) for m in now.scripts])
    run = await adopting.next_run(connection)
    for step in tables:
        await adopting.log_creation(connection, run, step, how.now)
    others = [step for step in now.steps if step not in tables]
    early = [step for step in others if _is_before_rows(step)]
    await _create(connection, run, early, how.now)
    await _merge(connection, run, now.groups, how.now)
    await _create(connection, run, [step for step in others if step not in early], how.now)
    await _refuse_unlike(connection, now.left)
    return replace(now, run=run)


def _is_before_rows(step: Finding) -> bool:
    """Columns and defaults come before rows are merged, constraints and indexes after."""
    return "column" in step.kind or "default" in step.kind


async def _create(
    connection: Connection, run: int, steps: Sequence[Finding], now: dt.datetime
) -> None:
    for step in steps:
        entry = await adopting.log_creation(connection, run, step, now)
        await adopting.create(connection, step)
        if step.kind == "missing column":
            await adopting.log_filled(connection, entry, step.where)


async def _merge(
    connection: Connection, run: int, groups: Sequence[Group], now: dt.datetime
) -> None:
    for table in dict.fromkeys(group.table for group in groups):
        merged = [g.merged for g in groups if g.table == table and g.merged is not None]
        changes = {one.kept: one.values for one in merged if one.values}
        removed = [row_id for one in merged for row_id in one.removed]
        await adopting.log_rows(connection, run, "change", table, list(changes), now)
        await adopting.log_rows(connection, run, "remove", table, removed, now)
        await adopting.remove(connection, table, removed)
        await adopting.change(connection, table, changes)
        await adopting.log_after(connection, run, table)


async def _refuse_unlike(connection: Connection, left: Sequence[Finding]) -> None:
    """Raise Refused when the work left something undone that was not meant to be left."""
    meant = {(finding.kind, finding.where) for finding in left}
    unlike = [
        finding.what
        for finding in await check(connection)
        if finding.level == "breaking"
        or (finding.undo and (finding.kind, finding.where) not in meant)
    ]
    if unlike:
        raise Refused(
            "After the work the database was still not in step, so all of it was taken back: "
            + " ".join(unlike[:SHOWN])
        )


async def preview_undo(url: str) -> Undone:
    """What `undo` would do. Changes nothing. Raises Refused where there is nothing to undo."""
    async with refusing(), opened(url) as connection, reading(connection):
        return await _undoing(connection, await _last_run(connection))


async def undo(url: str, how: How) -> Undone:
    """Take the last adoption back in one transaction: what was done. Raises Refused."""
    async with refusing(LOST_UNDOING), opened(url) as connection:
        async with reading(connection):
            run = await _last_run(connection)
            _refuse((await _undoing(connection, run)).refusals)
            locks = _undo_locks(await undoing.entries(connection, run))
        work = partial(_undo, connection, run, locks, how.now)
        return await with_locks(connection, Wanted(locks, how.key, how.wait), work)


async def _last_run(connection: Connection) -> int:
    run = await undoing.last_run(connection)
    if run is None:
        raise Refused("There is nothing to undo: the log has no adoption that still stands.")
    return run


async def _undoing(connection: Connection, run: int) -> Undone:
    done = await undoing.entries(connection, run)
    refusals: list[str] = []
    if found := await undoing.obstacles(connection, run, done):
        more = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
        refusals.append(
            f"What adopting left has changed since: {', '.join(found[:SHOWN])}{more}. Undoing "
            "would lose that, so it is not done."
        )
    if pids := await undoing.bots(connection):
        refusals.append(
            "A bot is connected to this database, and would break without what adopting made "
            f"(process {', '.join(map(str, pids))} on the server): stop it first."
        )
    return Undone(
        run,
        tuple(str(entry.undo) for entry in done if entry.action == "create"),
        Counter(entry.table for entry in reversed(done) if entry.action != "create"),
        await undoing.earlier_runs(connection, run),
        tuple(refusals),
    )


def _refuse(sentences: Sequence[str]) -> None:
    if sentences:
        raise Refused(*sentences)


def _undo_locks(done: Sequence[undoing.Entry]) -> dict[str, Mode]:
    """Dropping what refers to a table takes that table's lock, too."""
    touched = {entry.touched for entry in done}
    if any("REFERENCES" in (entry.statement or "") for entry in done):
        touched |= set(ORDER)
    order = [*ORDER, *sorted(touched - set(ORDER))]
    return dict.fromkeys([table for table in order if table in touched], "ACCESS EXCLUSIVE")


async def _undo(
    connection: Connection, expected: int, held: Mapping[str, Mode], now: dt.datetime
) -> Undone:
    """Read again under the locks, and take it back."""
    run = await _last_run(connection)
    done = await undoing.entries(connection, run)
    if run != expected or not _undo_locks(done).keys() <= held.keys():
        raise Refused("Another adoption was made or undone meanwhile: please look, and try again.")
    doing = await _undoing(connection, run)
    _refuse(doing.refusals)
    rows = [entry for entry in done if entry.action != "create"]
    created = [entry for entry in done if entry.action == "create"]
    # The log has columns before rows, and constraints after them; here it is the last first.
    late = [entry for entry in created if not rows or entry.id > rows[0].id]
    for entry in late:
        await undoing.drop(connection, entry)
    unlike = await undoing.restore(connection, run, dict.fromkeys(e.table for e in rows))
    if unlike:
        raise Refused(f"{unlike} rows did not come back as they were, so nothing was changed.")
    for entry in created[len(late) :]:
        await undoing.drop(connection, entry)
    await undoing.mark(connection, run, now)
    return doing


@asynccontextmanager
async def refusing(lost: str = LOST) -> AsyncGenerator[None]:
    """What can go wrong on the way, as a sentence; `lost` is the one of a broken connection."""
    try:
        yield
    except Busy as error:
        raise Refused(
            f"{error}. Nothing was changed: try again later, or with a longer --wait."
        ) from error
    except Failed as error:
        raise Refused(f"PostgreSQL refused ({error}), and nothing was changed.") from error
    except adopting.Kept as error:
        raise Refused(f"{error}; so nothing was changed.") from error
    except Lost as error:
        raise Refused(lost) from error
