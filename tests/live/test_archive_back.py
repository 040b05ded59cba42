"""Bringing archived turns back: all of them as they were, and nothing else."""

import datetime as dt
import gzip
from pathlib import Path

import pytest

from bot.actions import restoring
from bot.actions.archive_files import ArchiveError
from tests.live import roles, turns
from tests.live.checksums import checksums
from tests.live.turns import AWKWARD, OLD, archive, fill, name, records, restore, rows, value

EACH = len(AWKWARD) * 3


@pytest.fixture
def folder(folder: Path) -> Path:
    """A folder that is not there yet, in one that is."""
    return folder / "archive"


async def test_all_come_back_as_they_were(database_url: str, folder: Path) -> None:
    await fill(database_url)
    before = await rows(database_url)
    sequence = await value(database_url, "SELECT last_value FROM kai_interactions_id_seq")
    await archive(database_url, folder)
    for month in OLD:
        again = await restore(database_url, folder / name(month))
        assert again.is_recorded
        assert (again.restored.lines, again.restored.back) == (EACH, EACH)
    assert await rows(database_url) == before
    assert await value(database_url, "SELECT last_value FROM kai_interactions_id_seq") == sequence
    assert await records(database_url) == [(name(m), EACH, True, True) for m in OLD]

    again = await restore(database_url, folder / name(OLD[0]))
    assert (again.restored.back, again.restored.there, again.restored.taken) == (0, EACH, 0)
    assert await rows(database_url) == before, "a second time changes nothing"


async def test_ids_that_are_taken(database_url: str, folder: Path) -> None:
    """Another turn has the id by now: it stays, and that is told."""
    ann, _ben = await fill(database_url)
    await archive(database_url, folder)
    await turns.execute(
        database_url,
        "INSERT INTO kai_interactions (id, user_id, message) "
        "SELECT first_id, $1, 'mine' FROM discord.archives WHERE file = $2",
        *(ann, name("2025-04")),
    )
    restored = (await restore(database_url, folder / name("2025-04"))).restored
    assert (restored.back, restored.there, restored.taken) == (EACH - 1, 1, 1)
    kept = "SELECT count(*) FROM kai_interactions WHERE message = 'mine'"
    assert await value(database_url, kept) == 1


async def test_a_month_with_several_files(database_url: str, folder: Path) -> None:
    """The newest comes first: it has what the turn became after the older one was written."""
    await fill(database_url)
    await archive(database_url, folder)
    await restore(database_url, folder / name("2025-05"))
    await turns.execute(database_url, "UPDATE kai_interactions SET message = 'newer'")
    await archive(database_url, folder)
    paths = await restoring.files_of_month(database_url, dt.date(2025, 5, 1), folder)
    assert [path.name for path in paths] == [name("2025-05", 2), name("2025-05")]
    done = [(await restore(database_url, path)).restored for path in paths]
    assert [(one.back, one.there) for one in done] == [(EACH, 0), (0, EACH)]
    texts = "SELECT array_agg(DISTINCT message) FROM kai_interactions"
    assert await value(database_url, texts) == ["newer"]
    with pytest.raises(ArchiveError, match=r"No file of January 2024 is recorded"):
        await restoring.files_of_month(database_url, dt.date(2024, 1, 1), folder)


def change_inside(path: Path, old: bytes, new: bytes) -> None:
    """Write the file with another text in it, whole as gzip sees it."""
    inside = gzip.decompress(path.read_bytes())
    assert old in inside
    path.write_bytes(gzip.compress(inside.replace(old, new, 1)))


async def test_a_file_that_was_changed(database_url: str, folder: Path) -> None:
    """It is refused, by the record's checksum or, without one, by the hashes in its lines."""
    await fill(database_url)
    await archive(database_url, folder)
    before = await rows(database_url)
    path = folder / name("2025-04")
    content = path.read_bytes()
    change_inside(path, b"plain", b"plane")
    with pytest.raises(ArchiveError, match=r"is not as it was written, so nothing was brought"):
        await restore(database_url, path)
    await turns.execute(database_url, "DELETE FROM discord.archives")
    with pytest.raises(ArchiveError, match=r"is not recorded .* 1 of its lines are not as their"):
        await restore(database_url, path)
    for harm, words in (
        (content[:-20], "cannot be read"),
        (b"text", "cannot be read"),
        (gzip.compress(b"a,b\n1,2\n"), "cannot take the lines"),
    ):
        path.write_bytes(harm)
        with pytest.raises(ArchiveError, match=words):
            await restore(database_url, path)
    with pytest.raises(ArchiveError, match="is not there"):
        await restore(database_url, folder / name("2020-01"))
    assert await rows(database_url) == before
    path.write_bytes(content)
    again = await restore(database_url, path)
    assert (again.is_recorded, again.restored.back) == (False, EACH)


async def test_as_the_runner(database_url: str, runner: str, folder: Path) -> None:
    """It needs no more than `db grants` gives; only a sequence that is behind needs the owner."""
    await fill(database_url)
    await roles.grant(database_url, runner)
    runner_url = roles.as_role(database_url, runner)
    before = await rows(database_url)
    await archive(runner_url, folder)
    for month in OLD:
        assert (await restore(runner_url, folder / name(month))).restored.back == EACH
    assert await rows(database_url) == before

    await archive(runner_url, folder)
    await turns.execute(database_url, "ALTER SEQUENCE kai_interactions_id_seq RESTART WITH 5")
    path = folder / name("2025-04", 2)
    with pytest.raises(
        ArchiveError, match=r"SELECT setval\('public.kai_interactions_id_seq', 42\)"
    ):
        await restore(runner_url, path)
    await restore(database_url, path)
    assert await value(database_url, "SELECT nextval('kai_interactions_id_seq')") == EACH + 1


async def test_on_the_websites_database(small_granted_url: str, runner: str, folder: Path) -> None:
    """The website's own turns go and come back, though their users have no account with the bot."""
    runner_url = roles.as_role(small_granted_url, runner)
    before = await checksums(small_granted_url)
    report = await archive(runner_url, folder)
    archived = sum(filed.turns for filed in report.filed)
    assert archived
    changed = await checksums(small_granted_url)
    assert {name for name in before if before[name] != changed[name]} == {"public.kai_interactions"}
    done = [await restore(runner_url, folder / filed.name) for filed in report.filed]
    assert sum(one.restored.back for one in done) == archived
    assert await checksums(small_granted_url) == before
