"""Linking while the member, the website and moderators write at the same time: nothing is lost."""

import asyncio
import datetime as dt
import random
from collections.abc import AsyncGenerator
from contextlib import suppress
from typing import Any

import asyncpg
import pytest

from bot.actions import link_requests, linking, unlinking
from bot.actions.linking import Linked
from bot.errors import UserError
from db.links import Deed
from tests.database import small_catalogue
from tests.database.presses import press
from tests.database.small_catalogue import member, services_at
from tests.live.linking import ADDRESS, MEMBER, NOW, STRAY, UNEVEN, Pair, opened_pair

CHALLENGE, QUEST = 4, 5  # five days each
GIVEN = len(small_catalogue.EARNED) + 1  # the id of the badge that moderators give
OTHER, SAGE, TESS = 711, 712, 713
DAY = dt.timedelta(days=1)
ROUNDS = 12

WAITING = """
SELECT count(*) FROM pg_stat_activity
 WHERE datname = current_database() AND wait_event_type = 'Lock'"""

SITE_WRITES = """
INSERT INTO public.challenge_logs (user_id, challenge_id, day_number, reflection, completed)
VALUES ($1, $2, $3, $4, false)"""

SITE_ADDS = f"""{SITE_WRITES}
ON CONFLICT (user_id, challenge_id, day_number) DO UPDATE
   SET reflection = concat_ws(E'\\n', challenge_logs.reflection, EXCLUDED.reflection)"""

SITE_ENROLS = """
INSERT INTO public.user_challenges (user_id, challenge_id, status, current_day, start_date)
VALUES ($1, $2, 'active', 1, '2026-03-01')
ON CONFLICT (user_id, challenge_id) DO NOTHING"""

SITE_ADVANCES = """
UPDATE public.user_challenges e SET current_day = LEAST(COALESCE(current_day, 1) + 1, c.total_days)
  FROM public.challenges c
 WHERE e.user_id = $1 AND e.challenge_id = $2 AND c.id = e.challenge_id AND status = 'active'"""


@pytest.fixture
async def pair(database_url: str) -> AsyncGenerator[Pair]:
    """A member and somebody of the website's, with nothing yet, and the small catalogue."""
    async with opened_pair(database_url, filled=False) as opened:
        yield await afresh(opened)


async def afresh(pair: Pair) -> Pair:
    """The same two on an emptied database."""
    await small_catalogue.start_over(pair.pool)
    await press(services_at(pair.pool, NOW), "hello", MEMBER)
    web = await pair.value(
        "INSERT INTO userdata (firstname, lastname, email) VALUES ('R', 'P', $1) RETURNING id",
        ADDRESS,
    )
    return Pair(pair.pool, await pair.value("SELECT user_id FROM discord.accounts"), web)


async def deed(pair: Pair, now: dt.datetime, name: str, *args: Any) -> object:
    """The member does something."""
    return await press(services_at(pair.pool, now), name, MEMBER, *args)


async def own_rows(pair: Pair) -> dict[str, int]:
    """What the member's own row still has, but for the note that they were in a server."""
    rows = await pair.rows(of=pair.own)
    rows.pop("discord.guild_members", None)
    return rows


async def waiting(pair: Pair, for_: int) -> None:
    """Wait until so many wait for a lock."""
    async with asyncio.timeout(10):
        while await pair.value(WAITING) < for_:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_a_day_that_was_read_before_the_link_goes_to_the_website(pair: Pair) -> None:
    """What was read under the old user writes nothing, is read again, and is done once."""
    await deed(pair, NOW, "join", "challenge", CHALLENGE)
    async with pair.pool.acquire() as holder:
        transaction = holder.transaction()
        await transaction.start()
        await holder.execute("SELECT FROM discord.accounts FOR UPDATE")
        link = asyncio.create_task(pair.link())
        await waiting(pair, 1)
        done = asyncio.create_task(deed(pair, NOW, "done", "challenge", CHALLENGE, "Early words."))
        await waiting(pair, 2)
        await transaction.rollback()
    assert isinstance(await link, Linked)
    assert type(await done).__name__ == "DayDone"
    assert await own_rows(pair) == {}
    assert (await pair.rows(of=pair.web))["discord.completions"] == 1
    assert "Early words." in await pair.texts()
    assert await pair.pool.fetch(UNEVEN) == []


@pytest.mark.parametrize("first", ["link", "done"])
async def test_a_day_at_the_same_instant(pair: Pair, first: str) -> None:
    for number in range(ROUNDS):
        pair = await afresh(pair)
        await deed(pair, NOW, "join", "challenge", CHALLENGE)
        await deed(pair, NOW, "done", "challenge", CHALLENGE, "Day one.")

        async def late(work: Any, after: int = number) -> Any:
            await asyncio.sleep(after / 1000)
            return await work

        link = pair.link()
        done = deed(pair, NOW + DAY, "done", "challenge", CHALLENGE, "Day two.")
        linked, done_ = await asyncio.gather(
            late(link, 0 if first == "link" else number), late(done, number)
        )
        assert isinstance(linked, Linked)
        assert type(done_).__name__ == "DayDone"
        assert await own_rows(pair) == {}
        assert (await pair.rows(of=pair.web))["discord.completions"] == 2
        texts = await pair.texts()
        assert "Day one." in texts
        assert "Day two." in texts
        assert await pair.pool.fetch(UNEVEN) == []


async def test_the_website_writes_the_same_row_at_the_same_instant(pair: Pair) -> None:
    """Either it came first and is merged, or it meets the member's row, as it would later."""
    met = 0
    for number in range(ROUNDS):
        pair = await afresh(pair)
        await deed(pair, NOW, "join", "challenge", CHALLENGE)
        await deed(pair, NOW, "done", "challenge", CHALLENGE, "From Discord.")

        async def site(after: int = number, to: Pair = pair) -> None:
            await asyncio.sleep(after / 1000)
            await to.pool.execute(SITE_WRITES, to.web, CHALLENGE, 1, "From the website.")

        linked, wrote = await asyncio.gather(pair.link(), site(), return_exceptions=True)
        assert isinstance(linked, Linked)
        texts = await pair.texts()
        assert "From Discord." in texts
        if wrote is None:
            assert "From the website." in texts
        else:
            assert isinstance(wrote, asyncpg.UniqueViolationError)
            met += 1
        assert await own_rows(pair) == {}
    assert met < ROUNDS


async def test_a_link_waits_for_the_website(pair: Pair) -> None:
    """A row that the website is writing is merged as it will be."""
    await deed(pair, NOW, "join", "challenge", CHALLENGE)
    await deed(pair, NOW, "done", "challenge", CHALLENGE, "From Discord.")
    async with pair.pool.acquire() as site:
        transaction = site.transaction()
        await transaction.start()
        await site.execute(SITE_WRITES, pair.web, CHALLENGE, 1, "From the website.")
        link = asyncio.create_task(pair.link())
        await waiting(pair, 1)
        await transaction.commit()
    assert isinstance(await link, Linked)
    texts = await pair.texts()
    assert "From the website.\n\nFrom Discord." in texts or "From Discord.\n\nFrom" in texts


async def test_a_link_merges_what_the_website_is_changing(pair: Pair) -> None:
    """It reads the row again when the website has written it, and takes nothing of that back."""
    await deed(pair, NOW, "join", "challenge", CHALLENGE)
    await deed(pair, NOW, "done", "challenge", CHALLENGE, "From Discord.")
    await pair.pool.execute(SITE_WRITES, pair.web, CHALLENGE, 1, "Before.")
    async with pair.pool.acquire() as site:
        transaction = site.transaction()
        await transaction.start()
        await site.execute(SITE_ADDS, pair.web, CHALLENGE, 1, "From the website.")
        link = asyncio.create_task(pair.link())
        await waiting(pair, 1)
        await transaction.commit()
    assert isinstance(await link, Linked)
    texts = await pair.texts()
    assert [text for text in ("Before.", "From the", "From Discord.") if text not in texts] == []


async def test_a_request_is_confirmed_once(pair: Pair) -> None:
    """Two moderators at once, and one who refuses it meanwhile."""
    for _round in range(4):
        pair = await afresh(pair)
        services = services_at(pair.pool, NOW)
        await link_requests.ask(services, member(services, MEMBER), ADDRESS)
        (request,) = await link_requests.all_requests(pair.pool)
        for moderator in (SAGE, TESS, OTHER):
            await press(services, "hello", moderator)
        decided = await asyncio.gather(
            *(
                link_requests.confirm(services, member(services, who), request.id, pair.web)
                for who in (SAGE, TESS)
            ),
            link_requests.refuse(services, member(services, OTHER), request.id),
            return_exceptions=True,
        )
        assert sum(not isinstance(outcome, BaseException) for outcome in decided) == 1
        assert all(isinstance(o, UserError) for o in decided if isinstance(o, BaseException))
        links = await pair.value("SELECT count(*) FROM discord.links")
        linked = await pair.value(
            "SELECT user_id = $1 FROM discord.accounts WHERE discord_id = $2", pair.web, MEMBER
        )
        assert links == int(linked)
        assert await pair.value("SELECT count(*) FROM discord.audit_log") == 1


async def test_two_members_want_one_account(pair: Pair) -> None:
    for _round in range(4):
        pair = await afresh(pair)
        await press(services_at(pair.pool, NOW), "hello", OTHER)
        by = Deed(None, None, NOW)
        outcomes = await asyncio.gather(
            *(linking.link(pair.pool, who, ADDRESS, by) for who in (MEMBER, OTHER)),
            return_exceptions=True,
        )
        assert sum(isinstance(outcome, Linked) for outcome in outcomes) == 1
        assert sum(isinstance(outcome, UserError) for outcome in outcomes) == 1


class Story:
    """Random deeds of the member, the website and those who link, one after the other or at once.

    `written` are the texts that must be found in a day log from then on.
    """

    def __init__(self, pair: Pair, seed: int) -> None:
        self.pair = pair
        self.random = random.Random(seed)
        self.now = NOW
        self.written: set[str] = set()
        self.count = 0

    async def step(self) -> None:
        """Something happens."""
        deeds = (
            *(self.done, self.done, self.join, self.leave, self.award, self.site, self.site),
            *(self.link, self.unlink, self.wait),
        )
        await self.random.choice(deeds)()

    async def wait(self) -> None:
        """Time goes by."""
        self.now += dt.timedelta(hours=self.random.randint(6, 40))

    async def done(self) -> None:
        """Another day is done, with a text where there is none that it would take the place of."""
        self.now += dt.timedelta(hours=self.random.randint(24, 40))
        kind, item = self.random.choice(
            [("challenge", CHALLENGE), ("challenge", 3), ("quest", QUEST), ("quest", 4)]
        )
        taken = await self.pair.value(
            f"SELECT count(*) FROM public.{kind}_logs l JOIN discord.accounts a USING (user_id) "
            f"WHERE l.{kind}_id = $1 AND l.reflection IS NOT NULL AND l.day_number >= COALESCE("
            f"(SELECT current_day FROM public.user_{kind}s e WHERE e.user_id = l.user_id "
            f"AND e.{kind}_id = $1), 1)",
            item,
        )
        text = None if taken else self.text()
        done = await deed(self.pair, self.now, "done", kind, item, text)
        if text and type(done).__name__ == "DayDone":
            self.written.add(text)

    def text(self) -> str:
        """Words that were never written before."""
        self.count += 1
        return f"Words number {self.count:04}."

    async def join(self) -> None:
        kind, item = self.random.choice([("challenge", 3), ("challenge", CHALLENGE), ("quest", 4)])
        await deed(self.pair, self.now, "switch", kind, item)
        await deed(self.pair, self.now, "join", "quest", QUEST)

    async def leave(self) -> None:
        await deed(self.pair, self.now, "leave challenge")

    async def award(self) -> None:
        await press(services_at(self.pair.pool, self.now), "award", SAGE, MEMBER, GIVEN)

    async def site(self) -> None:
        item, text = self.random.choice([3, CHALLENGE]), self.text()
        await self.pair.pool.execute(SITE_ENROLS, self.pair.web, item)
        day = self.random.randint(1, 3)
        await self.pair.pool.execute(SITE_ADDS, self.pair.web, item, day, text)
        self.written.add(text)
        if self.random.random() < 0.5:
            await self.pair.pool.execute(SITE_ADVANCES, self.pair.web, item)

    async def link(self) -> None:
        with suppress(UserError):
            await self.pair.link(self.now)

    async def unlink(self) -> None:
        with suppress(UserError):
            await unlinking.part(self.pair.pool, MEMBER, Deed(None, None, self.now))

    async def check(self) -> None:
        """No text is lost, points are those of the completions, and those of the days."""
        said = await self.pair.texts()
        assert [text for text in self.written if text not in said] == []
        assert await self.pair.pool.fetch(UNEVEN) == []
        assert await self.pair.pool.fetch(STRAY) == []
        accounts = await self.pair.value("SELECT array_agg(user_id) FROM discord.accounts")
        linked = await self.pair.value(
            "SELECT count(*) FROM discord.links WHERE unlinked_at IS NULL"
        )
        assert (self.pair.web in accounts) == bool(linked)
        if linked:
            assert await own_rows(self.pair) == {}


@pytest.mark.parametrize("seed", range(10))
async def test_whatever_happens_nothing_is_lost(pair: Pair, seed: int) -> None:
    story = Story(pair, seed)
    for _step in range(60):
        await story.step()
        await story.check()


@pytest.mark.parametrize("seed", range(4))
async def test_whatever_happens_at_once_points_are_right(pair: Pair, seed: int) -> None:
    """Deeds that overlap; the website may meet a row that the link has just moved there."""
    story = Story(pair, seed)
    for _round in range(12):
        deeds = [story.done, story.join, story.leave, story.link, story.unlink]
        chosen = story.random.sample(deeds, 3)
        await asyncio.gather(*(work() for work in chosen))
        await story.wait()
        await story.check()
