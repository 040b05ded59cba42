"""Linking, parting and erasing with no more rights than the runner has, and erasing in full."""

from collections.abc import AsyncGenerator

import pytest

from bot.actions import erasing
from db.pool import create_pool
from tests.live.adoption import connected, value
from tests.live.linking import MEMBER, NOW, UNEVEN, Pair, opened_pair
from tests.live.roles import as_role

BEFORE = """
SELECT md5(string_agg(t::text, '' ORDER BY id)) FROM userdata t WHERE id <= 40"""
TRACES = """
SELECT (SELECT count(*) FROM discord.accounts WHERE discord_id = $1)
     + (SELECT count(*) FROM discord.links WHERE discord_id = $1 OR linked_by = $1)
     + (SELECT count(*) FROM discord.link_requests WHERE discord_id = $1 OR decided_by = $1)
     + (SELECT count(*) FROM discord.audit_log WHERE subject_id = $1 OR actor_id = $1)
     + (SELECT count(*) FROM discord.guilds WHERE post_set_by = $1)"""
AUDIT = """
INSERT INTO discord.audit_log (guild_id, actor_id, action, subject_id, reason, created_at)
VALUES (7, $1, 'badge_award', 5, 'Thanks', now()), (7, 5, 'badge_award', $1, 'For you', now())"""
OTHERS = """
INSERT INTO discord.accounts (discord_id, user_id, zone, created_at) VALUES (5, $1, 'UTC', $2)"""
REQUEST = """
INSERT INTO discord.link_requests (discord_id, email, code, status, decided_by, created_at)
VALUES ($1, 'a@b.ca', 'KIND-2222-3333', 'open', NULL, now()),
       (5, '', 'KIND-2222-4444', 'refused', $1, now())"""


@pytest.fixture
async def pair(small_granted_url: str, runner: str) -> AsyncGenerator[Pair]:
    """A member and somebody of the website's, by the eyes of the runner."""
    async with opened_pair(as_role(small_granted_url, runner)) as opened:
        yield opened


async def test_the_runner_links_parts_and_erases(pair: Pair, small_granted_url: str) -> None:
    people = await pair.value(BEFORE)
    before = await pair.snapshot()
    await pair.link()
    assert await pair.rows(of=pair.own) == {}
    assert await pair.pool.fetch(UNEVEN) == []
    await pair.unlink()
    assert await pair.snapshot() == before

    erased = await erasing.erase(pair.pool, MEMBER)
    assert erased.users == {pair.own: "kept"}
    assert await pair.rows(of=pair.own) == {}
    assert await pair.value(TRACES, MEMBER) == 0
    assert await pair.value(BEFORE) == people
    assert await value(small_granted_url, "SELECT count(*) FROM userdata WHERE id = $1", pair.web)


@pytest.fixture
async def owners(small_adopted_url: str) -> AsyncGenerator[Pair]:
    """The same, by the eyes of who may do everything."""
    async with opened_pair(small_adopted_url) as opened:
        yield opened


async def test_a_member_of_the_bots_own_is_erased_whole(owners: Pair) -> None:
    await owners.pool.execute(AUDIT, MEMBER)
    await owners.pool.execute(REQUEST, MEMBER)
    theirs = await owners.rows(of=owners.web)
    erased = await erasing.erase(owners.pool, MEMBER)
    assert erased.users == {owners.own: "deleted"}
    assert erased.rows["public.challenge_logs"] == 4
    assert erased.rows["discord.audit_log"] == 2
    assert await owners.value(TRACES, MEMBER) == 0
    assert await owners.rows(of=owners.web) == theirs
    assert await owners.value("SELECT count(*) FROM userdata WHERE id = $1", owners.own) == 0
    assert await owners.value("SELECT count(*) FROM discord.audit_log") == 2, "what was done stays"

    again = await erasing.erase(owners.pool, MEMBER)
    assert (again.rows, again.users) == ({}, {})


async def test_of_a_linked_account_only_the_bots_part_goes(owners: Pair) -> None:
    own = await owners.rows(of=owners.own)
    theirs = await owners.rows(of=owners.web)
    await owners.link()
    linked = await owners.rows(of=owners.web)
    found = await erasing.look(owners.pool, MEMBER)
    assert {(user.id, user.is_ours) for user in found.users} == {
        (owners.own, True),
        (owners.web, False),
    }
    erased = await erasing.erase(owners.pool, MEMBER)

    left = await owners.rows(of=owners.web)
    assert left["public.kai_interactions"] == theirs["public.kai_interactions"] == 1
    assert {t: n for t, n in left.items() if t != "public.kai_interactions"} == {
        t: n
        for t, n in linked.items()
        if t.startswith("public.") and t != "public.kai_interactions"
    }
    assert erased.rows["public.kai_interactions"] == own["public.kai_interactions"]
    assert erased.users == {owners.own: "deleted"}
    assert await owners.value("SELECT count(*) FROM userdata WHERE id = $1", owners.web) == 1
    assert await owners.value(TRACES, MEMBER) == 0
    assert await owners.value("SELECT count(*) FROM discord.link_log") == 0


async def test_another_member_keeps_the_account_that_was_theirs(owners: Pair) -> None:
    """They parted from it, and somebody else is linked to it by now."""
    await owners.link()
    await owners.unlink()
    await owners.pool.execute(OTHERS, owners.web, NOW)
    theirs = await owners.rows(of=owners.web)
    await erasing.erase(owners.pool, MEMBER)
    assert await owners.rows(of=owners.web) == theirs


@pytest.mark.parametrize("rule", ["", " ON DELETE CASCADE", " ON DELETE SET NULL"])
async def test_a_row_that_the_website_refers_to_stays(owners: Pair, rule: str) -> None:
    """A foreign key must neither fail nor take the website's row along."""
    await owners.pool.execute(
        f'CREATE TABLE "Thank You" (id INT, "to" INT REFERENCES userdata(id){rule})'
    )
    await owners.pool.execute('INSERT INTO "Thank You" VALUES (1, $1)', owners.own)
    erased = await erasing.erase(owners.pool, MEMBER)
    assert erased.users == {owners.own: "blanked"}
    assert await owners.value('SELECT "to" FROM "Thank You"') == owners.own
    row = await owners.pool.fetchrow(
        "SELECT firstname, email FROM userdata WHERE id = $1", owners.own
    )
    assert row is not None
    assert tuple(row) == ("Friend", f"erased-{owners.own}@members.getkinder.invalid")


async def test_somebody_who_registered_a_members_address_keeps_their_account(
    small_adopted_url: str,
) -> None:
    """A row with which one can sign in is nobody's but theirs."""
    pool = await create_pool(small_adopted_url, idle_seconds=0)
    user = await pool.fetchval(
        "INSERT INTO userdata (firstname, lastname, email, password) "
        "VALUES ('Not', 'Robin', $1, 'x') RETURNING id",
        f"discord-{MEMBER}@members.getkinder.invalid",
    )
    erased = await erasing.erase(pool, MEMBER)
    assert erased.users == {}
    await pool.close()
    async with connected(small_adopted_url) as connection:
        assert await connection.fetchval("SELECT password FROM userdata WHERE id = $1", user) == "x"
