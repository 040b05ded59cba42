"""Moving old turns from `kai_interactions` to files, a file a month.

A file is written aside, verified by reading it again, given its name, recorded in
`discord.archives`, and only then do the rows leave the table that are still as their lines have
them. So at any instant every turn is in the table or in a recorded, verified file, and whatever
broke off is finished by the next run. While one file's rows are being deleted, the next is written.
"""

import asyncio
import datetime as dt
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from bot.actions import archive_files as files
from bot.actions.archive_files import ArchiveError, Contents, Damaged, PartFile
from bot.rules.archives import next_month
from db import archive_copy, archives
from db.archives import Connection, Month, Record


@dataclass(frozen=True, slots=True)
class Filed:
    """A file whose turns have left the table; `kept` of them changed since, and so are in both."""

    name: str
    turns: int
    kept: int
    size: int


@dataclass(slots=True)
class Report:
    """What an archiving did. `strangers` are files that are not this database's, left alone."""

    filed: list[Filed] = field(default_factory=list[Filed])
    strangers: list[str] = field(default_factory=list[str])


class Watch(Protocol):
    """Whoever wants to know how far it is. Each turn counts twice: written, and deleted."""

    def begins(self, steps: int) -> None:
        """So many steps are to be done."""

    def advances(self, steps: int) -> None:
        """So many more steps are done."""

    def has_filed(self, filed: Filed) -> None:
        """A file is finished."""


@dataclass(frozen=True, slots=True)
class How:
    """What to archive: the months before this day, to which folder.

    `clock` gives the time (aware UTC) for the record; `copied` rows are copied by one statement,
    and `deleted` rows leave the table in one transaction.
    """

    before: dt.date
    folder: Path
    clock: Callable[[], dt.datetime]
    copied: int = 20_000
    deleted: int = 5_000


async def preview(url: str, before: dt.date) -> tuple[list[Month], list[Record]]:
    """The months that would be archived, and the files that are to be finished. Changes nothing."""
    with sentences():
        async with archives.opened(url) as connection, archive_copy.one_moment(connection):
            await _check_table(connection)
            return await archives.months(connection, before), await archives.pending(connection)


async def archive(url: str, how: How, watch: Watch) -> Report:
    """Archive the months, after finishing what an earlier run left. Raises ArchiveError."""
    async with working(url) as connection:
        await _check_table(connection)
        with files.folder_of_ours(how.folder), ExitStack() as unfinished:
            async with archives.opened(url) as second:
                return await _Run(connection, second, how, watch, unfinished).all()


@contextmanager
def sentences() -> Generator[None]:
    """The database's troubles as ArchiveErrors."""
    try:
        yield
    except archives.Lost as error:
        raise ArchiveError(
            f"The connection to the database broke, or it did not answer in time ({error}). No "
            "turn was lost: please run the same command again, which goes on from there."
        ) from error
    except archives.Busy as error:
        raise ArchiveError(
            f"Somebody else is holding turns or their table ({error}). No turn was lost: please "
            "run the same command again later, which goes on from there."
        ) from error


@asynccontextmanager
async def working(url: str) -> AsyncGenerator[Connection]:
    """A connection that alone archives or restores. Raises ArchiveError."""
    with sentences():
        async with archives.opened(url) as connection:
            if not await archives.lock(connection):
                raise ArchiveError(
                    "Another archiving or restoring of this database is running: please wait for "
                    "its end."
                )
            yield connection


async def _check_table(connection: Connection) -> None:
    """Refuse a table that has, or to which hangs, what a file would not keep."""
    found = await archives.table_columns(connection)
    if missing := [name for name in archives.COLUMNS if name not in found]:
        raise ArchiveError(
            f"kai_interactions lacks {', '.join(missing)}: `python -m bot db check` says how to "
            "mend that. Nothing was changed."
        )
    if extra := [name for name in found if name not in archives.COLUMNS]:
        raise ArchiveError(
            f"kai_interactions has {', '.join(extra)} besides the handbook's columns, which the "
            "files would not keep: please leave the turns where they are, or move that elsewhere. "
            "Nothing was changed."
        )
    if reached := await archives.hanging(connection):
        raise ArchiveError(
            f"Deleting turns would change more than the turns: {', '.join(reached)}. Restoring "
            "would not bring that back, so turns cannot be archived here. Nothing was changed."
        )


@dataclass(frozen=True, slots=True)
class _Written:
    """A file that is written, and not verified yet: what the database says that is in it."""

    part: PartFile
    month: Month
    checksum: str


@dataclass(frozen=True, slots=True)
class _Run:
    """One archiving: `reader` copies, `writer` records and deletes."""

    reader: Connection
    writer: Connection
    how: How
    watch: Watch
    unfinished: ExitStack
    report: Report = field(default_factory=Report)

    async def all(self) -> Report:
        left = await archives.pending(self.writer)
        for record, contents in [(record, await self._recorded(record)) for record in left]:
            await self._delete(record, contents)
        months = await archives.months(self.reader, self.how.before)
        for month in months:
            await self._take_up(month)
        if self.report.filed:
            months = await archives.months(self.reader, self.how.before)
        self.watch.begins(2 * sum(month.turns for month in months))
        await self._move(months)
        return self.report

    async def _recorded(self, record: Record) -> Contents:
        """What is in a file whose turns are still to be deleted. Raises ArchiveError."""
        path = self.how.folder / record.file
        try:
            return await files.verify(path, record.checksum)
        except Damaged as trouble:
            raise ArchiveError(
                f"The file {path} {trouble}, and some of its turns may still be in the table, so "
                "nothing was deleted. Please bring the file back, or name its folder with "
                "--folder; if it is lost, take its row out of discord.archives, and what is in "
                "the table is archived anew."
            ) from trouble

    async def _take_up(self, month: Month) -> None:
        """Record the files that were whole when an earlier run was broken off, and go on."""
        recorded = {record.file for record in await archives.of_month(self.writer, month.month)}
        for name in files.names(self.how.folder, month.month):
            if name not in recorded and not await self._took_up(name, month.month):
                self.report.strangers.append(name)

    async def _took_up(self, name: str, month: dt.date) -> bool:
        """Whether every line of the file is a row of the table, and so the file this database's."""
        try:
            contents = await files.verify(self.how.folder / name)
        except Damaged:
            return False
        same = 0
        for ids, hashes in contents.batches(self.how.deleted):
            same += await archives.count_same(self.writer, ids, hashes)
        if not contents.ids or same != len(contents.ids):
            return False
        await self._delete(await self._record(name, month, contents), contents)
        return True

    async def _record(self, name: str, month: dt.date, contents: Contents) -> Record:
        ids = contents.ids
        record = Record(
            *(name, month, len(ids), contents.checksum, ids[0], ids[-1], self.how.clock())
        )
        await archives.record(self.writer, record)
        return record

    async def _move(self, months: list[Month]) -> None:
        """Write each month's file, while the one before it is being finished."""
        finishing: asyncio.Task[None] | None = None
        try:
            for month in months:
                written = await self._write(month)
                if finishing is not None:
                    await finishing
                if written is not None:
                    finishing = asyncio.create_task(self._finish(written))
            if finishing is not None:
                await finishing
        finally:
            if finishing is not None and not finishing.done():
                finishing.cancel()
                with suppress(asyncio.CancelledError):
                    await finishing

    async def _write(self, month: Month) -> _Written | None:
        """Copy a month's turns to a file; None when none of them is left."""
        stop = next_month(month.month)
        records = await archives.of_month(self.reader, month.month)
        taken = {record.file for record in records}
        taken.update(files.names(self.how.folder, month.month))
        async with archive_copy.one_moment(self.reader):
            turns, ends = await archive_copy.batch_ends(self.reader, month, stop, self.how.copied)
            if not turns:
                return None
            part = PartFile(self.how.folder / files.free_name(month.month, taken))
            self.unfinished.callback(part.discard)
            after, copied = month.first_id - 1, 0
            for end in ends:
                count = await archive_copy.copy_batch(
                    self.reader, month.month, stop, (after, end), part.take
                )
                after, copied = end, copied + count
                self.watch.advances(count)
        checksum = await part.finish()
        if copied != turns:
            raise _unlike(part.path)
        return _Written(part, Month(month.month, turns, month.first_id, ends[-1]), checksum)

    async def _finish(self, written: _Written) -> None:
        """Verify a file, name and record it, and delete its turns from the table."""
        path = written.part.path
        try:
            contents = await files.verify(written.part.part, written.checksum)
        except Damaged as trouble:
            raise _unlike(path) from trouble
        if len(contents.ids) != written.month.turns:
            raise _unlike(path)
        written.part.rename()
        record = await self._record(path.name, written.month.month, contents)
        await self._delete(record, contents)

    async def _delete(self, record: Record, contents: Contents) -> None:
        """Delete those turns that are as the file has them."""
        kept = 0
        for ids, hashes in contents.batches(self.how.deleted):
            if await archives.delete(self.writer, ids, hashes) < len(ids):
                kept += await archives.count_left(self.writer, ids)
            self.watch.advances(len(ids))
        await archives.mark_deleted(self.writer, record.file, self.how.clock())
        size = files.size_of(self.how.folder / record.file)
        filed = Filed(record.file, record.row_count, kept, size)
        self.report.filed.append(filed)
        self.watch.has_filed(filed)


def _unlike(path: Path) -> ArchiveError:
    return ArchiveError(
        f"What was written to {path} is not what the database sent, so nothing of it was deleted "
        "from the table: please look after the disk, and run the same command again."
    )
