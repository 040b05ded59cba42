"""Linking a member to the website's account, and parting the two: nothing is lost on the way."""

import datetime as dt
from collections.abc import AsyncGenerator
from typing import Any

import pytest

from bot.actions import linking
from bot.actions.linking import Belongings
from bot.actions.services import Services
from bot.actions.tidying import tidy
from bot.errors import Conflict
from bot.kai.companion import Kai
from db.link_tables import LEFT, MOVING
from db.links import Deed
from db.members import Caller
from db.pool import create_pool
from db.profiles import read_profile
from tests.live.linking import ADDRESS, MEMBER, NOW, STRAY, UNEVEN, Pair, opened_pair

LATE = NOW + dt.timedelta(days=30)
TEXTS = (
    *("On the website, I smiled.", "In Discord, they smiled back.", "Day one.", "Day two."),
    *("A third day.", "The last one.", "Thanks.", "Leave a note.", "Left it.", "Bake a cake."),
    "Baked it.",
)

POINTS = "SELECT points FROM discord.accounts"

NAMING_A_USER = """
SELECT DISTINCT n.nspname || '.' || c.relname
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  LEFT JOIN pg_constraint f
    ON f.conrelid = c.oid AND f.contype = 'f' AND f.confrelid = 'public.userdata'::regclass
   AND a.attnum = ANY (f.conkey)
 WHERE c.relkind = 'r' AND (a.attname = 'user_id' OR f.oid IS NOT NULL)
   AND (n.nspname = 'discord' OR n.nspname = 'public' AND c.relname = ANY ($1))"""

COLUMNS = """
SELECT attname FROM pg_attribute
 WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped"""

UNIQUE = """
SELECT array_agg(a.attname::text ORDER BY a.attname)
  FROM pg_index i CROSS JOIN unnest(i.indkey::int[]) AS k (attnum)
  JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
 WHERE i.indrelid = $1::regclass AND i.indisunique AND NOT i.indisprimary
 GROUP BY i.indexrelid"""


@pytest.fixture
async def pair(small_adopted_url: str) -> AsyncGenerator[Pair]:
    """A member and somebody of the website's, in the adopted database."""
    async with opened_pair(small_adopted_url) as opened:
        yield opened


async def test_every_table_that_names_a_user_is_decided(database_url: str) -> None:
    """A new table, column or key has to be thought of here."""
    pool = await create_pool(database_url, idle_seconds=0)
    nine = [t.plain_name for t in MOVING if t.name.startswith("public.")]
    found = {row[0] for row in await pool.fetch(NAMING_A_USER, nine)}
    decided = {table.name for table in MOVING} | LEFT.keys()
    assert found - decided == set()
    assert decided - found == {"discord.kai_usage"}, "which names it in a column of another name"
    for table in MOVING:
        columns = {row[0] for row in await pool.fetch(COLUMNS, table.name)}
        assert columns == {"id", "user_id", *table.columns}, table.name
        keys = [set(row[0]) - {"user_id"} for row in await pool.fetch(UNIQUE, table.name)]
        assert bool(keys) == (table.clash != "none"), table.name
        if keys and table.plain_name != "completions":
            assert keys == [set(table.key)], table.name
    await pool.close()


async def test_linking_moves_and_merges_everything(pair: Pair) -> None:
    others = "SELECT md5(string_agg(t::text, '' ORDER BY id)) FROM {} t WHERE user_id <> ALL ($1)"
    both = [pair.own, pair.web]
    before = {t.name: await pair.value(others.format(t.name), both) for t in MOVING}
    linked = await pair.link()

    assert linked.moved == Belongings(days=5, badges=2, turns=2)
    assert await pair.rows(of=pair.own) == {}
    assert {t.name: await pair.value(others.format(t.name), both) for t in MOVING} == before
    assert await pair.pool.fetch(UNEVEN) == []
    assert await pair.value(POINTS) == 60, "50, and a day that the website had marked"
    said = await pair.texts()
    assert [text for text in TEXTS if text not in said] == []

    enrolment = await pair.pool.fetchrow(
        "SELECT * FROM user_challenges WHERE user_id = $1 AND challenge_id = 1", pair.web
    )
    assert enrolment is not None
    assert (enrolment["status"], enrolment["current_day"]) == ("active", 4)
    assert enrolment["start_date"] == dt.date(2026, 3, 1)
    log = await pair.pool.fetchrow(
        "SELECT * FROM challenge_logs WHERE user_id = $1 AND challenge_id = 1 AND day_number = 1",
        pair.web,
    )
    assert log is not None
    assert log["completed"]
    assert log["reflection"] == "On the website, I smiled.\n\nIn Discord, they smiled back."
    me, profile = await read_profile(pair.pool, Caller(MEMBER, "Robin", 7, "en-GB", NOW))
    assert me.user_id == pair.web
    assert profile.completed_days == 5
    assert {badge.name for badge in profile.badges} == {"First Step", "Kind Soul"}


async def test_what_the_website_had_keeps_its_ids(pair: Pair) -> None:
    ids = "SELECT array_agg(id ORDER BY id) FROM {} WHERE user_id = $1"
    tables = [table.name for table in MOVING if table.clash == "merge"]
    before = {t: await pair.value(ids.format(t), pair.web) for t in tables}
    await pair.link()
    after = {t: await pair.value(ids.format(t), pair.web) for t in tables}
    assert [t for t in tables if not set(before[t] or ()) <= set(after[t] or ())] == []


async def test_parting_at_once_puts_every_row_back(pair: Pair) -> None:
    before = await pair.snapshot()
    for _time in range(2):
        await pair.link()
        assert await pair.snapshot() != before
        parting = await pair.unlink()
        assert parting.goes_back
        assert await pair.snapshot() == before
    open_links = "SELECT count(*) FROM discord.links WHERE unlinked_at IS NULL"
    assert await pair.value(open_links) == 0
    actions = "SELECT array_agg(action ORDER BY id) FROM discord.audit_log WHERE subject_id = $1"
    assert await pair.value(actions, MEMBER) == ["account_link", "account_unlink"] * 2


async def test_what_changed_since_stays_and_what_was_removed_comes_back(pair: Pair) -> None:
    await pair.link()
    await pair.pool.execute(
        "UPDATE challenge_logs SET reflection = reflection || ' And more.' "
        "WHERE user_id = $1 AND challenge_id = 1 AND day_number = 1",
        pair.web,
    )
    await pair.pool.execute(
        "UPDATE user_challenges SET current_day = 5 WHERE user_id = $1 AND challenge_id IN (1, 3)",
        pair.web,
    )
    await pair.pool.execute(
        "INSERT INTO challenge_logs (user_id, challenge_id, day_number, reflection, completed, "
        "completed_at) VALUES ($1, 1, 4, 'Since then.', true, '2026-04-02')",
        pair.web,
    )
    await pair.unlink()

    log = "SELECT reflection FROM challenge_logs WHERE user_id = $1 AND challenge_id = 1 AND {}"
    day = "SELECT current_day FROM user_challenges WHERE user_id = $1 AND challenge_id = $2"
    merged = "On the website, I smiled.\n\nIn Discord, they smiled back. And more."
    assert await pair.value(log.format("day_number = 1"), pair.web) == merged
    own = "In Discord, they smiled back."
    assert await pair.value(log.format("day_number = 1"), pair.own) == own
    assert await pair.value(log.format("day_number = 4"), pair.web) == "Since then."
    assert await pair.value(day, pair.web, 1) == 5, "changed since"
    assert await pair.value(day, pair.own, 1) == 4, "as it was"
    assert await pair.value(day, pair.own, 3) == 5, "what moved goes back with what it became"
    assert await pair.pool.fetch(UNEVEN) == []


async def test_a_day_that_moved_and_was_done_since_counts_with_its_member(pair: Pair) -> None:
    await pair.pool.execute(
        "INSERT INTO challenge_logs (user_id, challenge_id, day_number, reflection) "
        "VALUES ($1, 3, 2, 'Not done yet.')",
        pair.own,
    )
    await pair.link()
    await pair.pool.execute(
        "UPDATE challenge_logs SET completed = true, completed_at = '2026-04-02 10:00' "
        "WHERE user_id = $1 AND challenge_id = 3 AND day_number = 2",
        pair.web,
    )
    await pair.pool.execute(
        "INSERT INTO discord.completions "
        "(user_id, kind, item_id, day_number, local_date, points, completed_at) "
        "VALUES ($1, 'challenge', 3, 2, '2026-04-02', 10, '2026-04-02 10:00')",
        pair.web,
    )
    for _time in range(2):
        await pair.unlink()
        assert await pair.pool.fetch(STRAY) == []
        assert await pair.value(POINTS) == 60
        await pair.link()
        assert await pair.pool.fetch(STRAY) == []
        assert await pair.value(POINTS) == 70


async def test_later_than_thirty_days_everything_stays(pair: Pair) -> None:
    await pair.link()
    rows = await pair.rows(of=pair.web)
    services = Services(pair.pool, Kai(), lambda: LATE + dt.timedelta(seconds=1))
    images = "SELECT count(*) FROM discord.link_log WHERE before IS NOT NULL"
    await tidy(Services(pair.pool, Kai(), lambda: LATE))
    assert await pair.value(images) > 0
    await tidy(services)
    assert await pair.value(images) == 0

    parting = await pair.unlink(LATE)
    assert not parting.goes_back
    assert await pair.rows(of=pair.web) == rows
    assert await pair.rows(of=pair.own) == {}
    assert await pair.value("SELECT user_id FROM discord.accounts") == pair.own
    assert await pair.value(POINTS) == 0

    await pair.link(LATE)
    assert await pair.value(POINTS) == 60


async def test_requests_are_dropped_after_thirty_days(pair: Pair) -> None:
    """Those that nobody decided on, too; and no address stays in one that was decided."""
    await pair.pool.execute(
        "INSERT INTO discord.link_requests "
        "(discord_id, email, code, status, decided_at, created_at) VALUES "
        "(1, 'a@b.ca', 'old', 'open', NULL, $1), (2, 'a@b.ca', 'new', 'open', NULL, $2), "
        "(3, '', 'decided', 'refused', $2, $1), (4, '', 'long ago', 'confirmed', $1, $1)",
        NOW,
        NOW + dt.timedelta(days=1),
    )
    await tidy(Services(pair.pool, Kai(), lambda: LATE + dt.timedelta(hours=1)))
    codes = "SELECT array_agg(code ORDER BY id) FROM discord.link_requests"
    assert await pair.value(codes) == ["new", "decided"]


async def test_a_row_of_their_own_is_made_when_it_is_gone(pair: Pair) -> None:
    await pair.link()
    await pair.pool.execute("DELETE FROM userdata WHERE id = $1", pair.own)
    await pair.unlink()
    user = await pair.value("SELECT user_id FROM discord.accounts")
    email = await pair.value("SELECT email FROM userdata WHERE id = $1", user)
    assert user not in (pair.own, pair.web)
    assert email == f"discord-{MEMBER}@members.getkinder.invalid"
    assert await pair.value(POINTS) == 50
    assert (await pair.rows(of=user))["public.challenge_logs"] == 4


async def test_what_a_completion_and_a_reminder_clash_with(pair: Pair) -> None:
    """Rows that an earlier link left at the website's account."""
    await pair.pool.execute(
        f"""
        INSERT INTO discord.completions
               (user_id, kind, item_id, day_number, local_date, points, completed_at) VALUES
            ({pair.web}, 'challenge', 1, 1, '2026-03-01', 10, '2026-03-01'),
            ({pair.web}, 'challenge', 1, 9, '2026-03-11', 10, '2026-03-11');
        INSERT INTO discord.guild_members (guild_id, user_id, last_used_on, has_left)
        VALUES (7, {pair.web}, '2026-01-01', true);
        INSERT INTO discord.reminders (user_id, local_date, status, due_at, expires_at, send_at)
        VALUES ({pair.web}, '2026-03-20', 'missed', '2026-03-20', '2026-03-21', '2026-03-20');
        INSERT INTO discord.post_doers (post_id, user_id, done_at)
        SELECT max(id), {pair.web}, '2026-03-01' FROM discord.daily_posts;
        """
    )
    before = await pair.snapshot()
    await pair.link()
    assert await pair.value(POINTS) == 60
    assert await pair.pool.fetch(UNEVEN) == []
    assert not await pair.value("SELECT has_left FROM discord.guild_members")
    assert await pair.value("SELECT status FROM discord.reminders") == "sent"
    await pair.unlink()
    assert await pair.snapshot() == before


async def test_rows_that_came_in_between_are_in_nobodys_way(pair: Pair) -> None:
    """A read that began before the link notes the member under the old user."""
    await pair.link()
    await pair.pool.execute(
        "INSERT INTO discord.guild_members (guild_id, user_id, last_used_on) "
        "VALUES (7, $1, '2026-04-01')",
        pair.own,
    )
    await pair.unlink()
    dates = await pair.pool.fetch("SELECT user_id, last_used_on FROM discord.guild_members")
    assert [tuple(row) for row in dates] == [(pair.own, dt.date(2026, 3, 20))]


async def test_what_is_gone_for_good_does_not_keep_them_from_parting(pair: Pair) -> None:
    """Its challenge was deleted meanwhile, and a quest's day, and the member's turns."""
    await pair.link()
    await pair.pool.execute("DELETE FROM challenge_sponsors")
    await pair.pool.execute("DELETE FROM challenges WHERE id = 1")
    await pair.pool.execute("DELETE FROM discord.daily_posts")
    await pair.pool.execute("DELETE FROM kai_interactions WHERE user_id = $1", pair.web)
    await pair.unlink()
    assert "public.kai_interactions" not in await pair.rows(of=pair.own)
    assert await pair.pool.fetch(UNEVEN) == []


async def refused(pair: Pair, *, address: str = ADDRESS, user: int | None = None) -> str:
    """Link, which must be refused with nothing changed: the sentence."""
    before = await pair.snapshot()
    with pytest.raises(Conflict) as error:
        await linking.link(pair.pool, MEMBER, address, Deed(None, None, NOW), user_id=user)
    assert await pair.snapshot() == before
    return error.value.sentence


async def test_refusals(pair: Pair) -> None:
    assert "no account of that address" in await refused(pair, address="nobody@example.org")
    assert "another one" in await refused(pair, user=pair.own)
    await pair.pool.execute("UPDATE userdata SET is_suspended = true WHERE id = $1", pair.web)
    assert "is suspended" in await refused(pair)
    await pair.pool.execute("UPDATE userdata SET is_suspended = (id = $1)", pair.own)
    assert "That member is suspended" in await refused(pair)
    await pair.pool.execute("UPDATE userdata SET is_suspended = false")

    second = await pair.value(
        "INSERT INTO userdata (firstname, lastname, email) VALUES ('R', 'P', $1) RETURNING id",
        ADDRESS.upper(),
    )
    assert "several accounts" in await refused(pair)
    own = await pair.value("SELECT email FROM userdata WHERE id = $1", pair.own)
    assert "made by itself" in await refused(pair, address=own)
    await pair.pool.execute(
        "INSERT INTO discord.accounts (discord_id, user_id, zone, created_at) "
        "VALUES (5, $1, 'UTC', now())",
        second,
    )
    assert "linked to a Discord account already" in await refused(pair, user=second)

    await linking.link(pair.pool, MEMBER, ADDRESS, Deed(None, None, NOW), user_id=pair.web)
    assert "That member is linked" in await refused(pair, user=second)


async def test_badges_that_the_points_reach_come_along(pair: Pair) -> None:
    """Points that the website's account has of an earlier link count with the member's."""
    insert = """
        INSERT INTO discord.completions
               (user_id, kind, item_id, day_number, local_date, points, completed_at)
        SELECT $1, 'quest', 3, day, date '2026-01-01' + day, 20, '2026-01-01'
          FROM generate_series(1, 3) day"""
    await pair.pool.execute(insert, pair.web)
    await pair.link()
    assert await pair.value(POINTS) == 120
    names: Any = await pair.value(
        "SELECT array_agg(b.name ORDER BY b.id) FROM user_badges u JOIN badges b "
        "ON b.id = u.badge_id WHERE u.user_id = $1",
        pair.web,
    )
    assert names == ["First Step", "Steady", "Kind Soul"]
