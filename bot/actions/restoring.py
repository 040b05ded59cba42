"""Bringing archived turns back into `kai_interactions`, save for what was forgotten meanwhile."""

import datetime as dt
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from bot.actions import archive_files as files
from bot.actions.archive_files import ArchiveError, Damaged
from bot.actions.archiving import sentences, working
from db import archive_copy, archives
from db.archive_copy import Restored, SequenceBehind
from db.archives import Connection, Record


@dataclass(frozen=True, slots=True)
class Again:
    """A file whose turns were brought back; `is_recorded` says that the database knew of it."""

    path: Path
    is_recorded: bool
    restored: Restored


async def files_of_month(url: str, month: dt.date, folder: Path) -> list[Path]:
    """The recorded files of a month, the newest first: its lines are the latest of their turns."""
    with sentences():
        async with archives.opened(url) as connection:
            found = await archives.of_month(connection, month)
    if not found:
        raise ArchiveError(
            f"No file of {month:%B %Y} is recorded in discord.archives: please name the file."
        )
    return [folder / record.file for record in reversed(found)]


async def restore(url: str, path: Path, now: dt.datetime) -> Again:
    """Bring a file's turns back, in one transaction; a second time changes nothing.

    Raises ArchiveError, when nothing was changed.
    """
    async with working(url) as connection:
        record = await archives.find_record(connection, path.name)
        try:
            async with connection.transaction():
                await _bring(connection, path, record)
                restored = await archive_copy.restore(connection)
                if record is not None:
                    await archive_copy.mark_restored(connection, path.name, now)
        except Damaged as trouble:
            raise ArchiveError(
                f"The file {path} {trouble}, so nothing was brought back."
            ) from trouble
        except SequenceBehind as behind:
            raise ArchiveError(
                "Turns in this file have higher ids than the database has given so far, and this "
                "role may not set that. Nothing was brought back: please let the owner of the "
                f"table run SELECT setval('{behind.sequence}', {behind.reached}), and try again."
            ) from behind
        except archive_copy.NotOurs as error:
            raise ArchiveError(
                f"PostgreSQL cannot take the lines of {path} ({error}), so nothing was brought "
                "back."
            ) from error
        return Again(path, record is not None, restored)


async def _bring(connection: Connection, path: Path, record: Record | None) -> None:
    """Copy the file next to the table. Raises Damaged when it is not what was archived."""
    digest = sha256()
    pieces = files.pieces(path, digest.update)
    lines = await archive_copy.bring_back(connection, pieces)
    if record is None:
        if unlike := await archive_copy.count_unlike(connection):
            raise Damaged(
                f"is not recorded in discord.archives, and {unlike} of its lines are not as their "
                "hash says"
            )
    elif (digest.hexdigest(), lines) != (record.checksum, record.row_count):
        raise Damaged("is not as it was written")
