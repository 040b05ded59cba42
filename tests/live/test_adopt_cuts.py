"""Adopting that is cut off at any message: the database is as before or as after, never between.

`ADOPT_CUTS=all` walks every message, in half an hour; otherwise those around BEGIN and COMMIT
and some of the others.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

import pytest

from bot.actions.adopting import Refused
from db.pool import TROUBLE
from tests import postgres
from tests.cut import Message, knife
from tests.live.adoption import adopt, connected, state, undo

ALL = os.environ.get("ADOPT_CUTS") == "all"
AROUND = range(-2, 5)
"""Which messages around the BEGIN and the COMMIT of the work are walked, with these two as 0."""
OTHERS = 4
"""How many of all messages are walked besides."""
GONE_SECONDS = 10

TRANSACTION = ("BEGIN ISOLATION LEVEL READ COMMITTED", "COMMIT")
OTHERS_HERE = """
SELECT count(*) FROM pg_stat_activity
 WHERE datname = current_database() AND pid <> pg_backend_pid()
   AND backend_type = 'client backend'"""

Work = Callable[[str], Awaitable[object]]


def chosen(messages: Sequence[Message]) -> list[int]:
    """Before which messages to cut, of a run that was not cut.

    To cut after a message is to cut before the next one; so the last number is one too many, which
    stands for the end.
    """
    every = range(1, len(messages) + 2)
    if ALL:
        return list(every)
    near = {
        max(n for n in every[:-1] if messages[n - 1].text.startswith(word)) + distance
        for word in TRANSACTION
        for distance in AROUND
    }
    return sorted((near & set(every)) | set(every[:: len(messages) // OTHERS]))


async def everybody_gone(url: str) -> None:
    """Wait until the server has noticed that whoever was cut off is gone."""
    async with asyncio.timeout(GONE_SECONDS), connected(url) as connection:
        while await connection.fetchval(OTHERS_HERE):  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.005)


async def walk(server_url: str, template: str, work: Work, again: Work) -> tuple[int, int]:
    """Cut the work before messages, and each time do it `again`: how many cuts, and after how many
    of them the work was done all the same."""
    async with postgres.database(server_url, template) as url:
        before = await state(url)
        async with knife(url) as whole:
            await work(whole.url)
        after = await state(url)
    assert before != after
    cuts = done = 0
    for at in chosen(whole.messages):
        ending = at > whole.count
        async with postgres.database(server_url, template) as url:
            async with knife(url, min(at, whole.count), passing=ending) as cutting:
                with suppress(Refused, *TROUBLE):
                    await work(cutting.url)
            assert cutting.has_cut
            await everybody_gone(url)
            now = await state(url)
            assert now in (before, after), f"cut at {at} of {whole.count}"
            await again(url)
            assert await state(url) == after, f"not finished after {at} of {whole.count}"
            cuts += 1
            done += now == after
    return cuts, done


async def undo_the_rest(url: str) -> None:
    """Undo, or be told that there is nothing left to undo."""
    try:
        await undo(url)
    except Refused as refused:
        if "nothing to undo" not in str(refused):
            raise


@pytest.mark.long
async def test_adopting_that_is_cut_off(server_url: str, small_live_template: str) -> None:
    cuts, done = await walk(server_url, small_live_template, adopt, adopt)
    print(f"adopt: {cuts} cuts, after {done} of them it was done all the same")
    assert 0 < done < cuts


@pytest.mark.long
async def test_undoing_that_is_cut_off(server_url: str, small_adopted_template: str) -> None:
    cuts, done = await walk(server_url, small_adopted_template, undo, undo_the_rest)
    print(f"undo: {cuts} cuts, after {done} of them it was done all the same")
    assert 0 < done < cuts
