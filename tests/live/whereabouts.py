"""Where all turns are: in the table, in a recorded file whose checksum is right, or in both."""

import csv
import gzip
import hashlib
import io
from dataclasses import dataclass
from pathlib import Path

from tests.live import turns

RECORDED = "SELECT file, checksum, row_count FROM discord.archives ORDER BY file"
TABLE = "SELECT id FROM kai_interactions ORDER BY id"


@dataclass(frozen=True, slots=True)
class State:
    """The ids in the table, and those in each recorded file, whose checksum was right."""

    table: tuple[int, ...]
    files: dict[str, tuple[int, ...]]

    @property
    def everything(self) -> set[int]:
        """The ids of all turns that are somewhere."""
        return set(self.table).union(*self.files.values())


async def state(url: str, folder: Path) -> State:
    """What is where. Every recorded file must be there, as it was written."""
    async with turns.connected(url) as connection:
        recorded = await connection.fetch(RECORDED)
        table = tuple(row[0] for row in await connection.fetch(TABLE))
    return State(
        table, {file: ids_in(folder / file, checksum, n) for file, checksum, n in recorded}
    )


def ids_in(path: Path, checksum: str, count: int) -> tuple[int, ...]:
    """The ids in a file, as any reader of CSV finds them."""
    inside = gzip.decompress(path.read_bytes())
    assert hashlib.sha256(inside).hexdigest() == checksum
    _header, *lines = csv.reader(io.StringIO(inside.decode(), newline=""))
    assert len(lines) == count
    return tuple(int(line[0]) for line in lines)
