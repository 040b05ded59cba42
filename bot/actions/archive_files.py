"""The files of an archive: gzip-compressed CSV in one folder, written aside, read to be verified.

Only what the person at the terminal can put right is raised, as an `ArchiveError`.
"""

import asyncio
import contextlib
import fcntl
import gzip
import os
import zlib
from array import array
from collections.abc import AsyncGenerator, Callable, Collection, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256
from pathlib import Path

from bot.rules.archives import file_name, month_of, number_of
from db.archive_copy import HEADER

LEVEL = 6
PIECE = 1 << 20
"""Bytes of CSV that are compressed, or read, at once."""
GZIP = 16 + zlib.MAX_WBITS
PART = ".part"


class ArchiveError(Exception):
    """Archiving or restoring cannot go on; the message is a sentence that says what to do."""


class Damaged(Exception):
    """A file is missing or not whole, or not one of ours; the message ends a sentence about it."""


@dataclass(frozen=True, slots=True)
class Contents:
    """What a file holds: the SHA-256 of the CSV inside, and each line's row id and row hash."""

    checksum: str
    ids: "array[int]" = field(default_factory=lambda: array("q"))
    hashes: "array[int]" = field(default_factory=lambda: array("q"))

    def batches(self, size: int) -> Iterator[tuple[Sequence[int], Sequence[int]]]:
        """Ids and hashes of so many lines at a time."""
        for start in range(0, len(self.ids), size):
            yield self.ids[start : start + size], self.hashes[start : start + size]


@contextlib.contextmanager
def folder_of_ours(folder: Path) -> Generator[None]:
    """Make the folder, for nobody else to read, and keep other archivings out of it meanwhile.

    What an archiving that was killed left unfinished there is thrown away. Raises ArchiveError.
    """
    with _trouble(folder, "written to"):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        with _trouble(folder, "written to"):
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise ArchiveError(
                    f"Another archiving uses the folder {folder} now: please wait for its end."
                ) from None
            for part in folder.glob(f"kai_interactions-*.csv.gz{PART}"):
                part.unlink()
        yield
    finally:
        os.close(held)


@contextlib.contextmanager
def _trouble(path: Path, what: str) -> Generator[None]:
    """The operating system's refusals as a sentence."""
    try:
        yield
    except OSError as error:
        raise ArchiveError(
            f"The file or folder {path} could not be {what} ({error.strerror or error}): please "
            "see to it and run the same command again. No turn was lost."
        ) from error


def names(folder: Path, month: date) -> list[str]:
    """The names of the files in the folder that are a month's, in their order."""
    with _trouble(folder, "read"):
        found = [path.name for path in folder.iterdir() if month_of(path.name) == month]
    return sorted(found, key=number_of)


def size_of(path: Path) -> int:
    """How many bytes a file has; 0 when it is gone."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


def free_name(month: date, taken: Collection[str]) -> str:
    """The first name for a month's file that is not taken."""
    number = 1
    while (name := file_name(month, number)) in taken:
        number += 1
    return name


class PartFile:
    """A file that is being written, under a name of its own until it is whole.

    Compressing has a thread of its own, so that PostgreSQL goes on sending meanwhile.
    """

    def __init__(self, path: Path) -> None:
        """Make the file, for nobody else to read. Raises ArchiveError."""
        self.path = path
        self.part = path.with_name(path.name + PART)
        with _trouble(self.part, "written"):
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
            self._file = os.fdopen(os.open(self.part, flags, 0o600), "wb")
        self._compressor = zlib.compressobj(LEVEL, zlib.DEFLATED, GZIP)
        self._digest = sha256()
        self._thread = ThreadPoolExecutor(1, "archive")
        self._waiting = [HEADER]
        self._size = len(HEADER)
        self._work: asyncio.Future[None] | None = None

    async def take(self, data: bytes) -> None:
        """Append a piece of CSV; returns while the one before it is still being compressed."""
        self._waiting.append(data)
        self._size += len(data)
        if self._size >= PIECE:
            await self._push()

    async def finish(self) -> str:
        """Write the rest and wait for the disk: the checksum of the CSV. Raises ArchiveError."""
        await self._push()
        await self._done()
        await asyncio.get_running_loop().run_in_executor(self._thread, self._end)
        self._thread.shutdown()
        return self._digest.hexdigest()

    async def _push(self) -> None:
        await self._done()
        data = b"".join(self._waiting)
        self._waiting.clear()
        self._size = 0
        loop = asyncio.get_running_loop()
        self._work = loop.run_in_executor(self._thread, self._write, data)

    async def _done(self) -> None:
        work, self._work = self._work, None
        if work is not None:
            await work

    def _write(self, data: bytes) -> None:
        with _trouble(self.part, "written"):
            self._digest.update(data)
            self._file.write(self._compressor.compress(data))

    def _end(self) -> None:
        with _trouble(self.part, "written"), self._file as file:
            file.write(self._compressor.flush())
            file.flush()
            os.fsync(file.fileno())

    def rename(self) -> None:
        """Give the file its name, for good. Raises ArchiveError."""
        with _trouble(self.path, "written"):
            self.part.rename(self.path)
            folder = os.open(self.path.parent, os.O_RDONLY | os.O_CLOEXEC)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)

    def discard(self) -> None:
        """Throw away what is not whole; a file that has its name stays."""
        self._thread.shutdown()
        with contextlib.suppress(OSError):
            self._file.close()
        with contextlib.suppress(OSError):
            self.part.unlink(missing_ok=True)


async def verify(path: Path, checksum: str | None = None) -> Contents:
    """Decompress a file again: what is in it. Raises Damaged, also for another checksum."""
    contents = await asyncio.to_thread(_read, path)
    if checksum not in (None, contents.checksum):
        raise Damaged("is not as it was written")
    return contents


def _read(path: Path) -> Contents:
    digest = sha256()
    lines = _Lines()
    try:
        with gzip.open(path, "rb") as file:
            while piece := file.read(PIECE):
                digest.update(piece)
                lines.take(piece)
    except FileNotFoundError as error:
        raise Damaged("is not there") from error
    except (OSError, EOFError, zlib.error) as error:
        raise Damaged(f"cannot be read ({error})") from error
    except ValueError as error:
        raise Damaged("is not what an archiving wrote") from error
    if not lines.are_whole:
        raise Damaged("ends in the middle of a line")
    return Contents(digest.hexdigest(), lines.ids, lines.hashes)


class _Lines:
    """Finds the first and the last value of each line, a line being one row's.

    A text in quotation marks may hold line ends of its own; a mark in it is doubled, so the line is
    at its end where the number of marks is even.
    """

    def __init__(self) -> None:
        self.ids = array("q")
        self.hashes = array("q")
        self._rest = b""
        self._inside = False
        self._header = True

    @property
    def are_whole(self) -> bool:
        return not (self._rest or self._inside or self._header)

    def take(self, piece: bytes) -> None:
        """Read on. Raises ValueError where a line is none of ours."""
        lines = (self._rest + piece).split(b"\n")
        self._rest = lines.pop()
        if self._header and lines:
            self._header = False
            if lines.pop(0) + b"\n" != HEADER:
                raise ValueError
        inside, ids, hashes = self._inside, self.ids, self.hashes
        for line in lines:
            if not inside:
                ids.append(int(line[: line.index(b",")]))
            if line.count(b'"') & 1:
                inside = not inside
            if not inside:
                hashes.append(int(line[line.rindex(b",") + 1 :]))
        self._inside = inside


async def pieces(path: Path, see: Callable[[bytes], None]) -> AsyncGenerator[bytes]:
    """A file's CSV, piece by piece, each shown to `see` as well. Raises Damaged."""
    try:
        with gzip.open(path, "rb") as file:
            while piece := await asyncio.to_thread(file.read, PIECE):
                see(piece)
                yield piece
    except FileNotFoundError as error:
        raise Damaged("is not there") from error
    except (OSError, EOFError, zlib.error) as error:
        raise Damaged(f"cannot be read ({error})") from error
