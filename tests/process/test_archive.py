"""`python -m bot db archive` and `db restore-archive`: what they say, and that no death hurts."""

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tests.live import turns
from tests.live.turns import OLD, name, rows
from tests.live.whereabouts import state
from tests.process.bots import refusal, run, running

ARCHIVE = ("db", "archive", "--older-than", "180d")
RESTORE = ("db", "restore-archive")
EACH = 40
MANY = 4_000
LATELY = "INSERT INTO kai_interactions (user_id, message) SELECT min(id), 'today' FROM userdata"
BLOCKS = 8  # of 512 or 1,024 bytes: the largest file that the shell then allows


async def fill(url: str, each: int) -> list[str]:
    """Old turns, and one of today: all of them."""
    users = await turns.add_users(url, "ann", "ben")
    await turns.add_turns(url, users, each=each, months=OLD)
    await turns.execute(url, LATELY)
    return await rows(url)


async def test_there_and_back(folder: Path, database_url: str) -> None:
    before = await fill(database_url, EACH)
    here = {"DATABASE_URL": database_url, "DATA_DIR": str(folder / "data")}
    files = folder / "data" / "archive"
    preview = await run(folder / "preview", *ARCHIVE, "--dry-run", **here)
    assert preview.out.splitlines() == [
        *(f"{month}: {EACH} turns" for month in OLD),
        "Nothing was changed: without --dry-run these are archived.",
    ]
    assert turns.listed(files) == {}

    first = await run(folder / "first", *ARCHIVE, **here)
    *lines, end = first.out.splitlines()
    assert [line.partition(",")[0] for line in lines] == [f"{name(m)}: {EACH} turns" for m in OLD]
    assert end.startswith(f"Archived {3 * EACH} turns in 3 files (")
    assert end.endswith(f") in {files}.")
    assert await rows(database_url) == before[-1:]

    nothing = await run(folder / "again", *ARCHIVE, **here)
    assert nothing.out == "There is nothing to archive.\n"

    back = await run(folder / "back", *RESTORE, name(OLD[0]), str(files / name(OLD[1])), **here)
    assert back.out.splitlines() == [
        f"{name(month)}: {EACH} of {EACH} turns came back." for month in OLD[:2]
    ]
    month = await run(folder / "month", *RESTORE, "--month", OLD[2], "--folder", str(files), **here)
    assert month.out == f"{name(OLD[2])}: {EACH} of {EACH} turns came back.\n"
    assert await rows(database_url) == before


async def test_wrong_words(folder: Path, database_url: str) -> None:
    """Each is one sentence that says what would be right."""
    cases = {
        "The age must be a number of days or weeks": (*ARCHIVE[:3], "soon"),
        "Please name the files": RESTORE,
        "There is no file nowhere.csv.gz": (*RESTORE, "nowhere.csv.gz"),
    }
    said = await asyncio.gather(
        *(
            refusal(folder / str(number), *words, DATABASE_URL=database_url)
            for number, words in enumerate(cases.values())
        )
    )
    for sentence, start in zip(said, cases, strict=True):
        assert sentence.startswith(start)


async def test_a_full_disk(folder: Path, database_url: str) -> None:
    """Nothing is lost, nothing half written is left, and it goes on when there is room again."""
    before = await fill(database_url, MANY)
    files = folder / "files"
    here = {"DATABASE_URL": database_url, "LOG_LEVEL": "ERROR"}
    # Python would leave its compiled code half written, too, for all tests to stumble over.
    still = {"PYTHONDONTWRITEBYTECODE": "1"}
    small = ("/bin/sh", "-c", f'ulimit -f {BLOCKS}; exec "$@"', "sh", sys.executable)
    sentence = await refusal(
        folder / "full", *ARCHIVE, "--folder", str(files), python=small, **here, **still
    )
    assert f"{name(OLD[0])}.part could not be written (File too large)" in sentence
    assert await rows(database_url) == before
    assert turns.listed(files) == {}
    await run(folder / "room", *ARCHIVE, "--folder", str(files), **here)
    assert list(turns.listed(files)) == [name(month) for month in OLD]


async def appears(path: Path) -> None:
    """Wait for a file."""
    async with asyncio.timeout(30):
        while True:
            if await asyncio.to_thread(path.exists):
                return
            await asyncio.sleep(0.001)


async def is_true(url: str, sql: str) -> None:
    """Wait until a query says so."""
    async with asyncio.timeout(30), turns.connected(url) as connection:
        while True:
            if await connection.fetchval(sql):
                return
            await asyncio.sleep(0.001)


POINTS: dict[str, Callable[[str, Path], Awaitable[None]]] = {
    "while a file is written": lambda _url, files: appears(files / f"{name(OLD[0])}.part"),
    "when a file has its name": lambda _url, files: appears(files / name(OLD[0])),
    "while turns are deleted": lambda url, _files: is_true(
        url, f"SELECT count(*) <= {3 * MANY - MANY // 2} FROM kai_interactions"
    ),
}


@pytest.mark.parametrize("point", POINTS)
async def test_a_sudden_death(folder: Path, database_url: str, point: str) -> None:
    """Every turn is in the table or in a verified file, and the next run ends the work."""
    before = await fill(database_url, MANY)
    everything = await state(database_url, folder)
    files = folder / "files"
    command = (*ARCHIVE, "--folder", str(files))
    async with running(folder / "killed", *command, DATABASE_URL=database_url) as bot:
        await POINTS[point](database_url, files)
        bot.send(signal.SIGKILL)
        assert await bot.ends() == -signal.SIGKILL
    now = await state(database_url, files)
    assert now.everything == everything.everything
    again = await run(folder / "again", *command, "--quiet", DATABASE_URL=database_url)
    assert again.out == ""
    assert await rows(database_url) == before[-1:]
    whole = await state(database_url, files)
    assert whole.everything == everything.everything
    assert sorted(len(ids) for ids in whole.files.values()) == [MANY] * len(OLD)
    assert list(turns.listed(files)) == [name(month) for month in OLD]
