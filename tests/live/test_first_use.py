"""A member's first use, on a table of users that the bot may only read and add to."""

import asyncio
from collections import Counter

import pytest

from db.pool import Pool
from tests.behaviour.town import Town, is_private, text_of
from tests.database.presses import press
from tests.database.small_catalogue import services_at
from tests.live.website import Website

ADDRESS = "discord-{}@members.getkinder.invalid"
REGISTER = """
INSERT INTO userdata (firstname, lastname, email, {column}) VALUES ('Not', 'Ann', $1, $2)"""
LEAVE = """
INSERT INTO userdata (firstname, lastname, email, is_suspended) VALUES ('Ann', '', $1, $2)"""
ACCOUNTS = "SELECT a.discord_id, u.email FROM discord.accounts a JOIN userdata u ON u.id = user_id"

TAKEN = "Somebody has registered on the Get Kinder website with the address that I keep"


@pytest.fixture
def granted_url(small_granted_url: str) -> str:
    """Few people are enough."""
    return small_granted_url


@pytest.mark.parametrize("column", ["password", "google_id", "facebook_id"])
async def test_an_address_that_somebody_signs_in_with(
    town: Town, website: Website, column: str
) -> None:
    """Whoever registered a member's address must not see that member's days."""
    address = ADDRESS.format(town.ann.id)
    await website.execute(REGISTER.format(column=column), address, "something")
    users = await town.value("SELECT count(*) FROM userdata")
    for command in ("help", "challenge list", "challenge today", "quest today", "badge list"):
        shown = await town.slash(town.ann, command)
        assert TAKEN in text_of(shown), command
        assert is_private(shown)
    badge = await town.item_id("badge", "Warm Welcome")
    refused = await town.slash(town.sage, "moderate award", member=town.ann, badge=badge)
    assert TAKEN in text_of(refused)
    assert await town.value("SELECT count(*) FROM user_badges") == 0
    assert await town.value("SELECT count(*) FROM userdata") == users + 1, "Sage alone is new"
    assert [row[0] for row in await town.rows(ACCOUNTS)] == [town.sage.id]

    await website.execute(
        "UPDATE userdata SET email = 'theirs@example.org' WHERE email = $1", address
    )
    assert TAKEN not in text_of(await town.slash(town.ann, "help"))


async def test_words_are_handed_back(town: Town, website: Website) -> None:
    await website.execute(REGISTER.format(column="password"), ADDRESS.format(town.ann.id), "x")
    refused = await town.slash(town.ann, "challenge done", reflection="I helped.")
    assert TAKEN in text_of(refused)
    assert "I helped." in text_of(refused)


@pytest.mark.parametrize("suspended", [False, True])
async def test_a_row_that_is_nobodys_is_taken_up(
    town: Town, website: Website, suspended: bool
) -> None:
    """Such as one that outlived its account."""
    await website.execute(LEAVE, ADDRESS.format(town.ann.id), suspended)
    users = await town.value("SELECT count(*) FROM userdata")
    shown = text_of(await town.slash(town.ann, "me"))
    assert ("account is paused" in shown) == suspended
    assert await town.value("SELECT count(*) FROM userdata") == users
    assert await town.rows(ACCOUNTS) == [(town.ann.id, ADDRESS.format(town.ann.id))]


async def test_a_row_that_is_another_members_is_not(town: Town, website: Website) -> None:
    await town.slash(town.ben, "help")
    await website.execute(
        "UPDATE userdata SET email = $1 WHERE id = $2",
        ADDRESS.format(town.ann.id),
        await town.user_id(town.ben),
    )
    assert TAKEN in text_of(await town.slash(town.ann, "help"))
    assert "Kindness level" in text_of(await town.slash(town.ben, "me"))


@pytest.mark.parametrize("is_there", [False, True], ids=["new", "there already"])
async def test_first_uses_at_once(runner_pool: Pool, website: Website, is_there: bool) -> None:
    """One user, one account, one enrolment; whoever comes second finds the first."""
    services = services_at(runner_pool, website.now)
    for who in range(101, 106):
        if is_there:
            await website.execute(LEAVE, ADDRESS.format(who), False)
        presses = [press(services, "join", who, "challenge", item) for item in (1, 2, 4, 6) * 3]
        outcomes = await asyncio.gather(*presses)
        told = Counter(type(outcome).__name__ for outcome in outcomes)
        assert told["Joined"] == 1, told
        assert set(told) <= {"Joined", "AlreadyJoined", "MustSwitch"}
    accounts = await runner_pool.fetch(ACCOUNTS)
    assert sorted(row["email"] for row in accounts) == [ADDRESS.format(n) for n in range(101, 106)]
