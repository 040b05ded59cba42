"""Two roles: the owner migrates and adopts, and all that the bot does it does as the runner."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from signal import SIGTERM

import asyncpg
import pytest

from db.care import granting
from db.pool import create_pool
from tests.behaviour.town import open_town
from tests.database.walk import Walk
from tests.live import roles
from tests.process import due
from tests.process.bots import refusal, run
from tests.process.stage import connected
from tests.transport.standin import StandIn

SENT_SECONDS = 20.0

REFUSED = [
    "UPDATE discord.audit_log SET reason = NULL",
    "DELETE FROM discord.audit_log",
    "TRUNCATE discord.audit_log",
    "SELECT id FROM discord.audit_log FOR UPDATE",
    "UPDATE discord.adoption_log SET undone_at = now()",
    "INSERT INTO discord.created_objects (kind, name) VALUES ('table', 'userdata')",
    "UPDATE discord.alembic_version SET version_num = '0001'",
    "UPDATE userdata SET firstname = 'X'",
    "DELETE FROM userdata WHERE id = 1",
    "UPDATE challenge_day_templates SET day_title = 'X'",
    "SELECT * FROM blog_posts",
    "SELECT * FROM kai.prompts",
    "CREATE TABLE discord.more (id INT)",
]


@asynccontextmanager
async def connection_to(url: str) -> AsyncGenerator["asyncpg.Connection[asyncpg.Record]"]:
    """A plain connection."""
    connection = await asyncpg.connect(url)
    try:
        yield connection
    finally:
        await connection.close()


@pytest.mark.long
async def test_everything_that_the_bot_does(database_url: str, runner: str) -> None:
    """A walk over all commands and buttons, with no more rights than `db grants` prints."""
    await roles.grant(database_url, runner)
    pool = await create_pool(roles.as_role(database_url, runner), idle_seconds=0)
    async with open_town(pool) as town:
        await town.start(town.sage, "Small Surprises")
        await town.slash(town.sage, "quest done")
        await town.slash(town.ann, "help")
        await Walk(town, lambda: 0).everything(town.ann)
    assert await pool.fetchval("SELECT count(*) FROM discord.audit_log") > 0
    await pool.close()


async def test_what_the_runner_may_not_do(granted_url: str, runner_url: str) -> None:
    async with connection_to(runner_url) as connection:
        for statement in REFUSED:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(statement)


async def test_a_person_is_taken_out_of_the_audit_log(runner_url: str) -> None:
    entry = """
        INSERT INTO discord.audit_log (actor_id, action, subject_id, reason, created_at)
        VALUES ($1, 'badge_award', $2, 'For the soup', now())"""
    async with connection_to(runner_url) as connection:
        await connection.executemany(entry, [(7, 8), (8, 9), (5, 6)])
        assert await connection.fetchval("SELECT discord.erase_audit(8)") == 2
        left = await connection.fetch(
            "SELECT actor_id, subject_id, reason FROM discord.audit_log ORDER BY id"
        )
    soup = "For the soup"
    assert [tuple(row) for row in left] == [(7, None, None), (-1, 9, soup), (5, 6, soup)]


async def test_a_persons_rows_are_taken_out_of_the_adoption_log(
    granted_url: str, runner_url: str
) -> None:
    """Those of the website's account that they are linked to, and nobody else's."""
    whose = "SELECT (before ->> 'user_id')::int, count(*) FROM discord.adoption_log GROUP BY 1"
    async with connection_to(granted_url) as connection:
        found = await connection.fetch(f"{whose} HAVING count(before) > 0 ORDER BY 1")
    logged = {row[0]: row[1] for row in found}
    person = next(iter(logged))
    async with connection_to(runner_url) as connection:
        await connection.execute(
            "INSERT INTO discord.accounts (discord_id, user_id, zone, created_at) "
            "VALUES (8, $1, 'UTC', now())",
            person,
        )
        await connection.fetchval("SELECT discord.erase_audit(8)")
        left = await connection.fetch(f"{whose} HAVING count(before) > 0")
    assert {row[0]: row[1] for row in left} == {
        user: count for user, count in logged.items() if user != person
    }


async def rights(connection: "asyncpg.Connection[asyncpg.Record]") -> list[tuple[str, str]]:
    """Who may do what with each table and sequence."""
    rows = await connection.fetch(
        "SELECT oid::regclass::text, relacl::text FROM pg_class WHERE relacl IS NOT NULL ORDER BY 1"
    )
    return [(row[0], row[1]) for row in rows]


async def test_grants_may_be_given_again(granted_url: str, owner: str, runner: str) -> None:
    async with connection_to(granted_url) as connection:
        before = await rights(connection)
        statements = await granting.grants(connection, runner)
        await connection.execute("\n".join(statements))
        assert await rights(connection) == before
        # What it had beyond them on the bot's own tables is taken back.
        await connection.execute(f"GRANT ALL ON discord.audit_log TO {roles.quoted(runner)}")
        await connection.execute("\n".join(statements))
        assert await rights(connection) == before
        with pytest.raises(granting.IsOwner):
            await granting.grants(connection, owner)


@pytest.mark.long
async def test_the_commands(folder: Path, granted_url: str, runner_url: str, runner: str) -> None:
    owners, runners = {"DATABASE_URL": granted_url}, {"DATABASE_URL": runner_url}
    printed = await run(folder / "grants", "db", "grants", runner, **owners)
    async with connection_to(granted_url) as connection:
        assert printed.out.splitlines() == await granting.grants(connection, runner)
        await connection.execute(printed.out)
    refused, checked = await asyncio.gather(
        refusal(folder / "refused", "db", "grants", "nobody's", **owners),
        run(folder / "check", "db", "check", **runners),
    )
    assert refused.startswith('There is no role "nobody\'s" on this server')
    assert "in step" in checked.out


@pytest.mark.long
async def test_the_bot_itself(folder: Path, runner_url: str) -> None:
    """It starts, answers over real sockets, and its worker sends what is due."""
    async with StandIn() as discord_:
        ann = await discord_.add_member("Ann")
        await due.set_up(runner_url, [discord_.guild], due.this_minute())
        async with connected(folder / "bot", discord_, runner_url) as bot:
            choices = await ann.autocomplete("challenge join", "challenge", "seven kind")
            joined = await (
                await ann.slash("challenge join", challenge=choices[0]["value"])
            ).answered(within=5)
            today = await (await ann.press(joined, "Show me today")).answered(within=5)
            assert "Begin with a smile" in today.text, "the website's own text of the day"
            done = await (await ann.press(today, "I did it")).answered(within=5)
            assert "Day 1 is done" in done.text
            counts = await due.until_settled(runner_url, 1, SENT_SECONDS)
            assert counts == {"sent": 1}
            assert await due.wrongs(runner_url, discord_, [discord_.guild]) == []
            await bot.stops(SIGTERM)
