"""Archiving that is cut off at any message: no turn is lost, and the next run finishes the work.

`ARCHIVE_CUTS=all` walks every message, in a minute or two; otherwise those around the beginning and
the end of each transaction, and some of the others.
"""

import asyncio
import os
import shutil
from pathlib import Path

import pytest

from bot.actions.archive_files import ArchiveError
from db.pool import TROUBLE
from tests import postgres
from tests.cut import Knife, Message, knife
from tests.live import turns
from tests.live.whereabouts import State, state

ALL = os.environ.get("ARCHIVE_CUTS") == "all"
AROUND = 1
"""How many messages before and after such an end are walked."""
OTHERS = 20
"""How many of the other messages are walked."""
EACH = 7
"""Turns a month."""
GONE_SECONDS = 10

SAVE = "CREATE TABLE public.saved AS SELECT * FROM kai_interactions"
RESET = """
TRUNCATE kai_interactions, discord.archives;
INSERT INTO kai_interactions SELECT * FROM public.saved"""

OTHERS_THERE = """
SELECT count(*) FROM pg_stat_activity
 WHERE datname = current_database() AND pid <> pg_backend_pid()
   AND backend_type = 'client backend'"""


def ends(message: Message) -> bool:
    """Whether the server says that a transaction, or a statement that writes, has begun or ended.

    Deleting ends with the count, so the others must hold some of those.
    """
    tags = ("BEGIN", "COMMIT", "INSERT", "UPDATE")
    return not message.from_client and message.kind == "C" and message.text.startswith(tags)


def chosen(cutting: Knife) -> list[tuple[int, bool]]:
    """The numbers of the messages to cut at, of a run that was not cut: before, or after it."""
    every = range(1, cutting.count + 1)
    near = {
        number + distance
        for number, message in enumerate(cutting.messages, start=1)
        if ends(message)
        for distance in range(-AROUND, AROUND + 1)
    }
    both = set(every) if ALL else near & set(every)
    step = max(cutting.count // OTHERS, 1)
    once = set(every[::step]) - both
    cuts = [(at, passing) for at in both for passing in (False, True)]
    return sorted([*cuts, *((at, False) for at in once)])


async def alone(url: str) -> None:
    """Wait until the server has noticed that the one that was cut off is gone."""
    async with asyncio.timeout(GONE_SECONDS), turns.connected(url) as connection:
        while await connection.fetchval(OTHERS_THERE):  # noqa: ASYNC110
            await asyncio.sleep(0.005)


async def reset(url: str, folder: Path) -> None:
    """Put all turns back, and nothing in the folder."""
    await turns.execute(url, RESET)
    await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)


async def archive(url: str, folder: Path) -> None:
    """Archive in small batches."""
    await turns.archive(url, folder, copied=3, deleted=4)


async def cut_once(url: str, folder: Path, at: int, *, passing: bool) -> tuple[Message, State]:
    """Archive until it is cut off at a message: that message, and what is where then."""
    await reset(url, folder)
    async with knife(url, at, passing=passing) as cutting:
        try:
            await archive(cutting.url, folder)
        except (ArchiveError, *TROUBLE):
            pass
    assert cutting.has_cut
    await alone(url)
    return cutting.messages[at - 1], await state(url, folder)


@pytest.mark.long
async def test_archiving_that_is_cut_off(database_url: str) -> None:
    with postgres.temporary_folder() as place:  # in memory: each file is synced to its disk
        await walk(database_url, place / "archive")


async def walk(database_url: str, folder: Path) -> None:
    """Cut at the chosen messages, before and after each."""
    users = await turns.add_users(database_url, "ann", "ben")
    await turns.add_turns(database_url, users, each=EACH, months=("2025-05", "2025-06", "2025-12"))
    await turns.execute(database_url, "UPDATE kai_interactions SET message = 'a, \"b\"'")
    await turns.execute(database_url, SAVE)
    before = await state(database_url, folder)
    async with knife(database_url) as whole:
        await archive(whole.url, folder)
    after = await state(database_url, folder)
    assert (len(after.table), len(after.files)) == (EACH, 2)
    kinds = {"before": 0, "between": 0, "after": 0}
    for at, passing in chosen(whole):
        message, now = await cut_once(database_url, folder, at, passing=passing)
        assert now.everything == before.everything, f"lost at {at}: {message}"
        kinds["before" if now == before else "after" if now == after else "between"] += 1
        await archive(database_url, folder)
        assert await state(database_url, folder) == after, f"not finished after {at}: {message}"
        assert list(turns.listed(folder)) == list(after.files)
    print(f"{whole.count} messages, {sum(kinds.values())} cuts; then it was as {kinds}")
    assert all(kinds.values())
