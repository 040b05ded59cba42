"""`python -m bot db archive` and `db restore-archive`: old turns to files, and back."""

from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Any, Self

import typer

from bot.actions import archiving, restoring
from bot.actions.archive_files import ArchiveError
from bot.actions.archiving import Filed, How, Report
from bot.actions.restoring import Again
from bot.actions.services import utcnow
from bot.commands.common import carry_out, end, err, out, progressbar
from bot.opening import open_database, require_migrated
from bot.rules import archives
from bot.settings import Settings
from db.archives import Month, Record

FOLDER = "archive"
"""The folder in DATA_DIR."""

Folder = Annotated[
    Path | None, typer.Option(help="Where the files are; without it, DATA_DIR/archive.")
]


def archive(
    older_than: Annotated[
        str, typer.Option(help="Age in days or weeks, such as 180d or 26w; at least 30d.")
    ],
    folder: Folder = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only tell which months have how many turns.")
    ] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", help="Print nothing unless something needs you.")
    ] = False,
) -> None:
    """Move old turns of KAI's from the database to compressed files, a file a month.

    Only whole months (UTC) go that are older than that. Each file is verified before its turns are
    deleted. A run that was broken off is finished by the next one.
    """
    try:
        age = archives.parse_age(older_than)
    except ValueError as error:
        end(str(error))
    before = archives.months_before(utcnow(), age)

    async def work(settings: Settings) -> None:
        async with open_database(settings) as (url, pool):
            await require_migrated(pool)
            if dry_run:
                _print_preview(*await archiving.preview(url, before))
                return
            how = How(before, _folder(settings, folder), utcnow)
            with _Progress(quiet=quiet) as progress:
                report = await archiving.archive(url, how, progress)
            _print_report(report, how, quiet=quiet)

    carry_out(work)


def restore_archive(
    files: Annotated[
        list[str] | None, typer.Argument(help="Files: a path, or a name in the folder.")
    ] = None,
    month: Annotated[
        str | None, typer.Option(help="All recorded files of a month, such as 2025-03.")
    ] = None,
    folder: Folder = None,
) -> None:
    """Bring archived turns back into the database; a second time changes nothing.

    What its member had forgotten meanwhile does not come back, nor do turns of erased users.
    """
    if bool(files) == (month is not None):
        end("Please name the files to bring back, or give their month with --month.")
    try:
        first = None if month is None else archives.parse_month(month)
    except ValueError as error:
        end(str(error))

    async def work(settings: Settings) -> None:
        place = _folder(settings, folder)
        async with open_database(settings) as (url, pool):
            await require_migrated(pool)
            if first is None:
                paths = [_path(place, name) for name in files or []]
            else:
                paths = await restoring.files_of_month(url, first, place)
            for path in paths:
                _print_again(await restoring.restore(url, path, utcnow()))

    carry_out(work)


def _folder(settings: Settings, folder: Path | None) -> Path:
    return folder or settings.data_dir / FOLDER


def _path(folder: Path, name: str) -> Path:
    """A file by its path, or by its name in the folder. Raises ArchiveError when it is in neither.

    The path that exists counts, whether it has a folder in it or not.
    """
    for path in (folder / name, Path(name)):
        if path.is_file():
            return path
    raise ArchiveError(
        f"There is no file {name}, neither in {folder} nor where you are: please look for it, or "
        "name its folder with --folder."
    )


class _Progress:
    """A bar for whoever watches, a line for each file otherwise."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._stack = ExitStack()
        self._bar: Any = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self._stack.close()

    def begins(self, steps: int) -> None:
        """Show the bar."""
        if steps and not self._quiet:
            self._bar = self._stack.enter_context(progressbar(steps))

    def advances(self, steps: int) -> None:
        """Move it on."""
        if self._bar is not None:
            self._bar.update(steps)

    def has_filed(self, filed: Filed) -> None:
        """Name the file, where there is no bar to be broken by that."""
        if not self._quiet and not err.is_terminal:
            out.print(f"{filed.name}: {filed.turns:,} turns, {_size(filed.size)}", markup=False)


def _print_preview(months: list[Month], left: list[Record]) -> None:
    for record in left:
        out.print(
            f"{record.file}: written, but not all of its {record.row_count:,} turns are deleted",
            markup=False,
        )
    for month in months:
        out.print(f"{month.month:%Y-%m}: {month.turns:,} turns", markup=False)
    if months or left:
        out.print("Nothing was changed: without --dry-run these are archived.", markup=False)
    else:
        out.print("There is nothing to archive.")


def _print_report(report: Report, how: How, *, quiet: bool) -> None:
    for name in report.strangers:
        err.print(
            f"The file {how.folder / name} is not recorded in this database, and its turns are not "
            "those in the table. It was left alone: if another database wrote it, please give each "
            "database a --folder of its own.",
            markup=False,
        )
    if quiet:
        return
    if not report.filed:
        out.print("There is nothing to archive.")
        return
    turns = sum(filed.turns for filed in report.filed)
    size = _size(sum(filed.size for filed in report.filed))
    count = len(report.filed)
    out.print(
        f"Archived {turns:,} turns in {count} file{'s' * (count != 1)} ({size}) in {how.folder}.",
        markup=False,
    )
    if kept := sum(filed.kept for filed in report.filed):
        out.print(
            f"{kept:,} of them were changed meanwhile, and so stay in the table as they are now: "
            "the next run archives them.",
            markup=False,
        )


def _print_again(again: Again) -> None:
    done = again.restored
    out.print(f"{again.path.name}: {done.back:,} of {done.lines:,} turns came back.", markup=False)
    remarks = {
        "of them went to the user that their member has linked": done.linked,
        "were in the table already": done.there - done.taken,
        "were left out, as another turn has their id now": done.taken,
        "were left out, as their member had KAI forget them": done.forgotten,
        "were left out, as their user is erased": done.erased,
    }
    for words, count in remarks.items():
        if count:
            out.print(f"  {count:,} {words}", markup=False)
    if not again.is_recorded:
        out.print("  It is not recorded in discord.archives; each line was as its hash says.")


def _size(count: int) -> str:
    """Bytes in words."""
    size = float(count)
    for unit in ("bytes", "KB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"
