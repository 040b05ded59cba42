"""Archiving old turns: what goes, what the files hold, and what stays in the table."""

import asyncio
import csv
import gzip
import hashlib
import io
from pathlib import Path

import pytest

from bot.actions import archiving
from bot.actions.archive_files import ArchiveError
from tests.live import turns
from tests.live.turns import AWKWARD, OLD, Seen, archive, fill, listed, name, records, rows, value

EACH = len(AWKWARD) * 3
CHANGE = "UPDATE kai_interactions SET message = 'new'"


def modes(folder: Path) -> list[int]:
    """Who may do what with the folder and with each file in it."""
    return [path.stat().st_mode & 0o777 for path in (folder, *folder.iterdir())]


@pytest.fixture
def folder(folder: Path) -> Path:
    """A folder that is not there yet, in one that is."""
    return folder / "data" / "archive"


def unfinished(path: Path) -> Path:
    """A file that is not whole, in a folder that may have to be made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"half")
    return path


async def test_old_months_become_files(database_url: str, folder: Path) -> None:
    await fill(database_url)
    before = await rows(database_url)
    seen = Seen()
    report = await archive(database_url, folder, watch=seen)
    assert [(f.name, f.turns, f.kept) for f in report.filed] == [(name(m), EACH, 0) for m in OLD]
    assert seen.filed == report.filed
    assert seen.steps == seen.done == 2 * EACH * len(OLD)
    assert await rows(database_url) == before[-EACH:], "what is not old stays"
    assert await records(database_url) == [(name(m), EACH, True, False) for m in OLD]
    assert list(listed(folder)) == [name(m) for m in OLD]
    assert modes(folder) == [0o700, *[0o600] * len(OLD)]

    again = await archive(database_url, folder)
    assert (again.filed, again.strangers) == ([], [])


async def test_what_a_file_holds(database_url: str, folder: Path) -> None:
    """Any program reads it; the record has the checksum of what is inside."""
    await fill(database_url)
    ids = await value(database_url, "SELECT array_agg(id ORDER BY id) FROM kai_interactions")
    await archive(database_url, folder)
    inside = gzip.decompress((folder / name("2025-05")).read_bytes())
    header, *lines = csv.reader(io.StringIO(inside.decode(), newline=""))
    assert header == [*archiving.archives.COLUMNS, "row_hash"]
    assert [int(line[0]) for line in lines] == ids[EACH : 2 * EACH]
    assert {line[4] for line in lines} == {text or "" for text in AWKWARD}
    assert all(line[7].startswith("2025-05-") for line in lines)
    recorded = await value(
        database_url,
        "SELECT (checksum, month, first_id, last_id) FROM discord.archives WHERE file = $1",
        name("2025-05"),
    )
    checksum, month, first, last = recorded
    assert checksum == hashlib.sha256(inside).hexdigest()
    assert (str(month), first, last) == ("2025-05-01", ids[EACH], ids[2 * EACH - 1])


async def test_late_turns_get_a_file_of_their_own(database_url: str, folder: Path) -> None:
    users = await fill(database_url)
    await archive(database_url, folder)
    for number in (2, 3):
        await turns.add_turns(database_url, users, each=number, months=("2025-05",))
        report = await archive(database_url, folder)
        assert [(f.name, f.turns) for f in report.filed] == [(name("2025-05", number), number)]
    (folder / name("2025-05", 3)).unlink()
    await turns.add_turns(database_url, users, each=1, months=("2025-05",))
    report = await archive(database_url, folder)
    assert [f.name for f in report.filed] == [name("2025-05", 4)], "a recorded name is never reused"


async def test_turns_without_a_date_of_the_calendar_stay(database_url: str, folder: Path) -> None:
    (user, _) = await fill(database_url)
    for odd in ("NULL", "'infinity'", "'-infinity'", "'0044-03-15 BC'"):
        await turns.execute(
            database_url,
            f"INSERT INTO kai_interactions (user_id, created_at) VALUES ({user}, {odd})",
        )
    await archive(database_url, folder)
    assert len(await rows(database_url)) == EACH + 4


async def test_the_preview_changes_nothing(database_url: str, folder: Path) -> None:
    await fill(database_url)
    before = await rows(database_url)
    months, left = await archiving.preview(database_url, turns.BEFORE)
    assert [(f"{m.month:%Y-%m}", m.turns) for m in months] == [(m, EACH) for m in OLD]
    assert left == []
    assert await rows(database_url) == before
    assert listed(folder) == {}


async def test_a_turn_that_changes_meanwhile_stays(database_url: str, folder: Path) -> None:
    """It is written, then changed by somebody else before it is deleted; another is forgotten."""
    await fill(database_url)
    ids = await value(database_url, "SELECT array_agg(id ORDER BY id) FROM kai_interactions")
    async with turns.connected(database_url) as other:
        change = other.transaction()
        await change.start()
        await other.execute("UPDATE kai_interactions SET message = 'new' WHERE id = $1", ids[3])
        await other.execute("DELETE FROM kai_interactions WHERE id = $1", ids[4])
        archived = asyncio.create_task(archive(database_url, folder))
        await turns.until_waiting(database_url)
        await change.commit()
    report = await archived
    assert [(f.turns, f.kept) for f in report.filed] == [(EACH, 1), (EACH, 0), (EACH, 0)]
    old = "SELECT array_agg(message) FROM kai_interactions WHERE created_at < '2025-07-01'"
    assert await value(database_url, old) == ["new"]
    report = await archive(database_url, folder)
    assert [(f.name, f.turns) for f in report.filed] == [(name("2025-04", 2), 1)]


async def half_done(url: str, folder: Path, *, recorded: bool = True) -> list[str]:
    """Archive, then put all back as if it had been broken off before the deleting: the rows."""
    await fill(url)
    before = await rows(url)
    await archive(url, folder)
    for month in OLD:
        await turns.restore(url, folder / name(month))
    assert await rows(url) == before
    if recorded:
        await turns.execute(url, "UPDATE discord.archives SET deleted_at = NULL")
    else:
        await turns.execute(url, "DELETE FROM discord.archives")
    return before


async def test_a_recorded_file_is_finished(database_url: str, folder: Path) -> None:
    """What changed since it was written stays, and goes to a file of its own."""
    await half_done(database_url, folder)
    left = await archiving.preview(database_url, turns.BEFORE)
    assert [record.file for record in left[1]] == [name(m) for m in OLD]
    await turns.execute(database_url, f"{CHANGE} WHERE created_at = '2025-04-01 00:17'")
    report = await archive(database_url, folder)
    assert [(f.name, f.kept) for f in report.filed] == [
        (name("2025-04"), 1),
        (name("2025-05"), 0),
        (name("2025-06"), 0),
        (name("2025-04", 2), 0),
    ]
    assert len(await rows(database_url)) == EACH


@pytest.mark.parametrize("harm", ["missing", "cut short", "a bit", "another file"])
async def test_a_damaged_file_deletes_nothing(database_url: str, folder: Path, harm: str) -> None:
    before = await half_done(database_url, folder)
    path = folder / name("2025-06")
    content = path.read_bytes()
    match harm:
        case "missing":
            path.unlink()
        case "cut short":
            path.write_bytes(content[:-5])
        case "a bit":
            path.write_bytes(content[:200] + bytes([content[200] ^ 1]) + content[201:])
        case _:
            path.write_bytes((folder / name("2025-05")).read_bytes())
    with pytest.raises(ArchiveError, match=r"2025-06.* nothing was deleted"):
        await archive(database_url, folder)
    assert await rows(database_url) == before
    path.write_bytes(content)
    await archive(database_url, folder)
    assert len(await rows(database_url)) == EACH


async def test_a_whole_file_without_a_record_is_taken_up(database_url: str, folder: Path) -> None:
    await half_done(database_url, folder, recorded=False)
    report = await archive(database_url, folder)
    assert [f.name for f in report.filed] == [name(m) for m in OLD]
    assert report.strangers == []
    assert len(await rows(database_url)) == EACH
    assert list(listed(folder)) == [name(m) for m in OLD]


async def test_a_file_that_is_not_the_tables_is_left_alone(database_url: str, folder: Path) -> None:
    """Another database's, a damaged one: each stays as it is, and the month gets another name."""
    await half_done(database_url, folder, recorded=False)
    await turns.execute(
        database_url,
        "UPDATE kai_interactions SET message = 'new' WHERE created_at = '2025-05-01 00:17'",
    )
    damaged = folder / name("2025-06")
    damaged.write_bytes(b"nothing")
    stranger = (folder / name("2025-05")).read_bytes()
    report = await archive(database_url, folder)
    assert report.strangers == [name("2025-05"), name("2025-06")]
    assert [(f.name, f.turns) for f in report.filed] == [
        (name("2025-04"), EACH),
        (name("2025-05", 2), EACH),
        (name("2025-06", 2), EACH),
    ]
    assert (damaged.read_bytes(), (folder / name("2025-05")).read_bytes()) == (b"nothing", stranger)


async def test_what_is_unfinished_is_begun_again(database_url: str, folder: Path) -> None:
    await fill(database_url)
    part = unfinished(folder / f"{name('2025-04')}.part")
    other = unfinished(folder / "notes.part")
    assert list(listed(folder)) == [part.name, other.name]
    report = await archive(database_url, folder)
    assert [f.name for f in report.filed] == [name(m) for m in OLD]
    assert list(listed(folder)) == [*(name(m) for m in OLD), other.name]


async def test_two_at_once(database_url: str, folder: Path) -> None:
    """The second says so, whether it is the database or the folder that they share."""
    await fill(database_url)
    before = await rows(database_url)
    async with archiving.working(database_url):
        with pytest.raises(ArchiveError, match=r"Another archiving or restoring"):
            await archive(database_url, folder)
        with pytest.raises(ArchiveError, match=r"Another archiving or restoring"):
            await turns.restore(database_url, folder / name("2025-04"))
    with (
        archiving.files.folder_of_ours(folder),
        pytest.raises(ArchiveError, match=r"Another archiving uses the folder"),
    ):
        await archive(database_url, folder)
    assert await rows(database_url) == before
    assert len((await archive(database_url, folder)).filed) == len(OLD)


async def test_a_table_with_more_columns_is_refused(database_url: str, folder: Path) -> None:
    await fill(database_url)
    await turns.execute(database_url, 'ALTER TABLE kai_interactions ADD COLUMN "Mood" TEXT')
    with pytest.raises(ArchiveError, match=r"kai_interactions has Mood besides"):
        await archive(database_url, folder)
    with pytest.raises(ArchiveError, match=r"Mood"):
        await archiving.preview(database_url, turns.BEFORE)
    await turns.execute(
        database_url,
        'ALTER TABLE kai_interactions DROP COLUMN "Mood"; '
        "ALTER TABLE kai_interactions DROP COLUMN context_id",
    )
    with pytest.raises(ArchiveError, match=r"kai_interactions lacks context_id"):
        await archive(database_url, folder)
    assert listed(folder) == {}


@pytest.mark.parametrize(
    ("made", "told"),
    [
        (
            "CREATE TABLE feedback (turn_id INT REFERENCES kai_interactions ON DELETE CASCADE)",
            "the table feedback refers to them",
        ),
        (
            """CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN OLD; END';
            CREATE TRIGGER kept AFTER DELETE ON kai_interactions FOR EACH ROW
                EXECUTE FUNCTION keep()""",
            "the trigger kept fires on it",
        ),
    ],
)
async def test_turns_to_which_other_things_hang(
    database_url: str, folder: Path, made: str, told: str
) -> None:
    """What would go with a turn, or happen, is nothing that a restore undoes."""
    await fill(database_url)
    before = await rows(database_url)
    await turns.execute(database_url, made)
    with pytest.raises(ArchiveError, match=told):
        await archive(database_url, folder)
    with pytest.raises(ArchiveError, match=told):
        await archiving.preview(database_url, turns.BEFORE)
    assert await rows(database_url) == before
    assert listed(folder) == {}


async def test_a_folder_that_cannot_be(database_url: str, tmp_path: Path) -> None:
    await fill(database_url)
    before = await rows(database_url)
    place = tmp_path / "file"
    place.write_text("no folder")
    for folder in (place, place / "below"):
        with pytest.raises(ArchiveError, match=r"could not be written to \(.+\): please"):
            await archive(database_url, folder)
    assert await rows(database_url) == before


async def test_turns_that_somebody_holds(
    database_url: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It does not wait for ever, and goes on from there the next time."""
    await fill(database_url)
    limits = archiving.archives.LIMITS.replace("lock_timeout = '15s'", "lock_timeout = '100ms'")
    monkeypatch.setattr(archiving.archives, "LIMITS", limits)
    async with turns.connected(database_url) as other, other.transaction():
        await other.execute("SELECT FROM kai_interactions WHERE message = 'plain' FOR UPDATE")
        with pytest.raises(ArchiveError, match=r"Somebody else is holding turns"):
            await archive(database_url, folder)
    assert list(listed(folder)) == [name("2025-04")], "nothing unfinished is left"
    await archive(database_url, folder)
    assert len(await rows(database_url)) == EACH
