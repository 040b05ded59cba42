"""Adopting while the website works on the same tables: it never waits long, and nothing breaks."""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest

from bot.actions.adopting import Refused
from migrations import history
from tests.live.adoption import adopt, connected, execute, preview, state, undo, value

LONGEST = 1.5
"""Seconds that a statement of the website's may take while a small database is adopted."""

TURN = """
INSERT INTO kai_interactions (user_id, context_type, message)
SELECT min(id), 'reflection', 'beside' FROM userdata"""
LOG = """
INSERT INTO challenge_logs (user_id, challenge_id, day_number, reflection)
SELECT max(u.id), max(c.id), $1, 'beside' FROM userdata u, challenges c"""


class Website:
    """The website, writing without a pause; how long its statements took, in seconds."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.times: list[float] = []
        self.working = True

    async def work(self) -> None:
        """Write a turn and a day's log in turn until told to stop."""
        async with connected(self.url) as connection:
            while self.working:
                for statement, arguments in ((TURN, ()), (LOG, (1000 + len(self.times),))):
                    began = time.perf_counter()
                    await connection.execute(statement, *arguments)
                    self.times.append(time.perf_counter() - began)
                await asyncio.sleep(0.005)


@asynccontextmanager
async def website(url: str) -> AsyncGenerator[Website]:
    """The website at work for as long as this lasts."""
    site = Website(url)
    work = asyncio.create_task(site.work())
    try:
        yield site
    finally:
        site.working = False
        await work
    print(f"the website waited {max(site.times):.3f} s at most, in {len(site.times)} statements")


@asynccontextmanager
async def reading_for(url: str, table: str) -> AsyncGenerator[int]:
    """A transaction of the website's that read the table and stays open: its process."""
    async with connected(url) as connection, connection.transaction():
        await connection.fetch(f"SELECT count(*) FROM {table}")
        yield await connection.fetchval("SELECT pg_backend_pid()")


async def test_the_website_goes_on_while_adopting_waits_for_a_table(small_live_url: str) -> None:
    async with website(small_live_url) as site:
        async with reading_for(small_live_url, "user_challenges"):
            waiting = asyncio.create_task(adopt(small_live_url))
            await asyncio.sleep(2)
            assert not waiting.done()
            written = len(site.times)
            await asyncio.sleep(0.5)
            assert len(site.times) > written + 10
        done = await waiting
    assert done.run == 1
    assert max(site.times) < LONGEST
    wanted = len(site.times) / 2
    for table in ("kai_interactions WHERE message", "challenge_logs WHERE reflection"):
        assert await value(small_live_url, f"SELECT count(*) FROM {table} = 'beside'") == wanted


async def test_it_gives_up_and_says_who_is_in_the_way(small_live_url: str) -> None:
    before = await state(small_live_url)
    async with reading_for(small_live_url, "challenge_logs") as pid:
        with pytest.raises(
            Refused, match=rf"process {pid} \(the-website, idle in trans"
        ) as refused:
            await adopt(small_live_url, wait=0.5)
        assert "Nothing was changed" in str(refused.value)
        assert "SELECT" not in str(refused.value)
        assert await state(small_live_url) == before
        await preview(small_live_url)
    await adopt(small_live_url)
    async with reading_for(small_live_url, "challenge_logs") as pid:
        with pytest.raises(Refused, match=f"process {pid}"):
            await undo(small_live_url, wait=0)


async def test_a_migration_that_runs_is_waited_for(small_live_url: str) -> None:
    async with connected(small_live_url) as connection:
        await connection.execute(f"SELECT pg_advisory_lock({history.LOCK})")
        pid = await connection.fetchval("SELECT pg_backend_pid()")
        with pytest.raises(Refused, match=rf"A migration .*\(process {pid} "):
            await adopt(small_live_url, wait=0.2)
    await adopt(small_live_url)


async def test_of_two_at_once_one_does_it(small_live_url: str) -> None:
    one, other = await asyncio.gather(adopt(small_live_url), adopt(small_live_url))
    assert sorted([one.is_empty, other.is_empty]) == [False, True]
    assert await value(small_live_url, "SELECT count(DISTINCT run) FROM discord.adoption_log") == 1


async def test_duplicates_that_come_in_meanwhile_are_merged_too(small_live_url: str) -> None:
    """What counts is what is there when the locks are held, not what was read before."""
    double = """
        INSERT INTO user_badges (user_id, badge_id, earned_at)
        SELECT user_id, badge_id, earned_at FROM user_badges ORDER BY id DESC LIMIT 1"""
    async with connected(small_live_url) as connection:
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute(double)
        first = await preview(small_live_url)
        waiting = asyncio.create_task(adopt(small_live_url))
        await asyncio.sleep(0.5)
        await transaction.commit()
    done = await waiting
    removed = [sum(len(g.ids) - 1 for g in plan.groups) for plan in (first, done)]
    assert removed[1] == removed[0] + 1


async def test_a_lock_that_comes_late_begins_it_again(small_live_url: str) -> None:
    """A table that another schema refers from is not locked, and may keep the work waiting."""
    await execute(
        small_live_url,
        "CREATE TABLE kai.marks (id SERIAL PRIMARY KEY, it INT REFERENCES user_badges(id))",
    )
    async with connected(small_live_url) as connection:
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute("LOCK TABLE kai.marks IN ACCESS EXCLUSIVE MODE")
        waiting = asyncio.create_task(adopt(small_live_url))
        await asyncio.sleep(0.5)
        assert not waiting.done()
        await transaction.commit()
    assert (await waiting).run == 1
