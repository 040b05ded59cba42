"""Adopting that is cut off at any message: the database is as before or as after, never between.

`ADOPT_CUTS=all` walks every message, in a minute or two; otherwise those around BEGIN and COMMIT
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
AROUND = 2
"""Messages before and after the BEGIN and the COMMIT of the work that are walked, each."""
OTHERS = 6
"""How many of the other messages are walked."""
GONE_SECONDS = 10

TRANSACTION = ("BEGIN ISOLATION LEVEL READ COMMITTED", "COMMIT")
OTHERS_HERE = """
SELECT count(*) FROM pg_stat_activity
 WHERE datname = current_database() AND pid <> pg_backend_pid()
   AND backend_type = 'client backend'"""

Work = Callable[[str], Awaitable[object]]


def chosen(messages: Sequence[Message]) -> list[tuple[int, bool]]:
    """Where to cut, and whether the message still passes, of a run that was not cut."""
    every = range(1, len(messages) + 1)
    if ALL:
        return [(number, passing) for number in every for passing in (False, True)]
    begin, commit = (
        max(n for n in every if messages[n - 1].text.startswith(word)) for word in TRANSACTION
    )
    near = {n + distance for n in (begin, commit) for distance in range(-AROUND, AROUND + 1)} & set(
        every
    )
    others = set(every[:: len(messages) // OTHERS]) - near
    return sorted(
        [(n, passing) for n in near for passing in (False, True)]
        + [(n, n % 2 == 0) for n in others]
    )


async def everybody_gone(url: str) -> None:
    """Wait until the server has noticed that whoever was cut off is gone."""
    async with asyncio.timeout(GONE_SECONDS), connected(url) as connection:
        while await connection.fetchval(OTHERS_HERE):  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.005)


async def walk(server_url: str, template: str, work: Work) -> tuple[int, int]:
    """Cut the work at messages, before and after each: how many cuts, and after how many of them
    the work was done all the same."""
    async with postgres.database(server_url, template) as url:
        before = await state(url)
        async with knife(url) as whole:
            await work(whole.url)
        after = await state(url)
    assert before != after
    cuts = done = 0
    for at, passing in chosen(whole.messages):
        async with postgres.database(server_url, template) as url:
            async with knife(url, at, passing=passing) as cutting:
                with suppress(Refused, *TROUBLE):
                    await work(cutting.url)
            assert cutting.has_cut
            await everybody_gone(url)
            now = await state(url)
            assert now in (before, after), f"cut at {at}: {whole.messages[at - 1]}"
            if now == before:
                await work(url)
                assert await state(url) == after
            cuts += 1
            done += now == after
    return cuts, done


@pytest.mark.long
async def test_adopting_that_is_cut_off(server_url: str, small_live_template: str) -> None:
    cuts, done = await walk(server_url, small_live_template, adopt)
    print(f"adopt: {cuts} cuts, after {done} of them it was done all the same")
    assert 0 < done < cuts


@pytest.mark.long
async def test_undoing_that_is_cut_off(server_url: str, adopted_template: str) -> None:
    cuts, done = await walk(server_url, adopted_template, undo)
    print(f"undo: {cuts} cuts, after {done} of them it was done all the same")
    assert 0 < done < cuts
