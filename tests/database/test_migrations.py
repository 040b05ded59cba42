"""The migrations: what they make, how they go back, and when they refuse."""

import ast
import asyncio
import re
from pathlib import Path

import asyncpg
import pytest
from pgqueuer.adapters.persistence.qb import QueryBuilderEnvironment
from pgqueuer.db import AsyncpgDriver
from pgqueuer.domain.settings import DBSettings
from pgqueuer.queries import Queries

from migrations import runner
from migrations.history import LOCK, MigrationError
from tests.database.catalog import execute, pending, revision, shapes, value

HANDBOOK = (Path(__file__).parent / "handbook.sql").read_text()
REVISIONS = sorted(Path(runner.__file__).parent.glob("versions/*.py"))
NAMES = [path.stem for path in REVISIONS]
NINE = {
    "challenges",
    "user_challenges",
    "challenge_logs",
    "quests",
    "user_quests",
    "quest_logs",
    "badges",
    "user_badges",
    "kai_interactions",
}

# The website's own table, in short: more columns than the bot knows, and a row.
SITE_USERDATA = """
CREATE TABLE userdata (
    id SERIAL PRIMARY KEY, firstname VARCHAR(255) NOT NULL, lastname VARCHAR(255) NOT NULL,
    email VARCHAR(255) NOT NULL UNIQUE, password VARCHAR(255), phone VARCHAR(50),
    google_id VARCHAR(255), is_suspended BOOLEAN NOT NULL DEFAULT FALSE
);
INSERT INTO userdata (firstname, lastname, email) VALUES ('First', 'Last', 'one@example.invalid');
"""


async def make_handbook_tables(url: str) -> None:
    """A database as the handbook describes it, made by its own DDL."""
    await execute(url, SITE_USERDATA + HANDBOOK)


async def test_the_nine_tables_are_the_handbooks(
    database_url: str, empty_database_url: str
) -> None:
    await make_handbook_tables(empty_database_url)
    theirs = await shapes(empty_database_url, "public")
    ours = await shapes(database_url, "public")
    assert {name.removeprefix("public.") for name in ours} == NINE | {"userdata"}
    for table in NINE:
        assert ours[f"public.{table}"] == theirs[f"public.{table}"]


async def test_all_named_indexes_and_unique_constraints_are_there(database_url: str) -> None:
    ours = await shapes(database_url, "public")
    del ours["public.userdata"]
    indexes = [row[0] for shape in ours.values() for row in shape["indexes"]]
    assert len([name for name in indexes if name.startswith("idx_")]) == 16
    unique = [row for shape in ours.values() for row in shape["constraints"] if row[1] == "u"]
    assert len(unique) == 5


async def test_userdata_has_the_columns_that_the_bot_needs(database_url: str) -> None:
    shape = (await shapes(database_url, "public"))["public.userdata"]
    assert [(row[1], row[2], row[3], row[6]) for row in shape["columns"]] == [
        ("id", "integer", True, "nextval('userdata_id_seq'::regclass)"),
        ("firstname", "character varying(255)", True, None),
        ("lastname", "character varying(255)", True, None),
        ("email", "character varying(255)", True, None),
        ("password", "character varying(255)", False, None),
        ("created_at", "timestamp with time zone", False, "now()"),
    ]
    assert ("userdata_email_key", "u", "UNIQUE (email)") in shape["constraints"]


async def test_pgqueuer_finds_nothing_to_change_in_its_tables(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    try:
        builder = QueryBuilderEnvironment(DBSettings(db_schema="discord"))
        plan = await Queries(AsyncpgDriver(connection), qbe=builder).plan_upgrade()
    finally:
        await connection.close()
    assert (plan.statements, plan.notes) == ((), ())


async def test_going_back_and_forth_ends_where_it_began(database_url: str) -> None:
    before = await shapes(database_url, "public", "discord")
    await runner.downgrade(database_url, "base")
    assert set(await shapes(database_url, "public", "discord")) == {"discord.alembic_version"}
    assert await revision(database_url) is None
    await runner.upgrade(database_url)
    assert await shapes(database_url, "public", "discord") == before


async def test_each_revision_undoes_itself(empty_database_url: str) -> None:
    url = empty_database_url
    for done, _ in enumerate(REVISIONS):
        before = await shapes(url, "public", "discord")
        await runner.upgrade(url, "+1")
        assert await pending(url) == NAMES[done + 1 :]
        after = await shapes(url, "public", "discord")
        await runner.downgrade(url, "-1")
        back = await shapes(url, "public", "discord")
        assert back == before | {
            "discord.alembic_version": after["discord.alembic_version"]  # Alembic's stays
        }
        await runner.upgrade(url, "+1")
        assert await shapes(url, "public", "discord") == after


async def test_pending_on_empty_part_and_whole(empty_database_url: str) -> None:
    url = empty_database_url
    assert await pending(url) == NAMES
    assert await revision(url) is None
    assert await value(url, "SELECT to_regnamespace('discord')") is None
    await runner.upgrade(url, "0001")
    assert await pending(url) == NAMES[1:]
    await runner.upgrade(url)
    assert await pending(url) == []
    assert await revision(url) == "0006"


async def test_pending_asks_without_writing(database_url: str) -> None:
    name = await value(database_url, "SELECT current_database()")
    await execute(database_url, f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    assert await pending(database_url) == []


async def test_a_newer_bots_database_is_left_alone(database_url: str) -> None:
    await execute(database_url, "UPDATE discord.alembic_version SET version_num = '9999'")
    for refused in (
        pending(database_url),
        runner.upgrade(database_url),
        runner.downgrade(database_url, "base"),
    ):
        with pytest.raises(MigrationError, match="revision 9999, which this version"):
            await refused


async def test_an_unknown_target_is_a_sentence(database_url: str) -> None:
    with pytest.raises(MigrationError, match="nowhere"):
        await runner.upgrade(database_url, "nowhere")


@pytest.mark.parametrize("table", ["userdata", "challenges", "quests", "badges"])
async def test_going_back_is_refused_while_rows_are_there(database_url: str, table: str) -> None:
    columns, row = {
        "userdata": ("firstname, lastname, email", "'First', 'Last', 'one@example.invalid'"),
        "badges": ("name", "'Kind'"),
    }.get(table, ("name, total_days", "'Kind', 7"))
    await execute(database_url, f"INSERT INTO {table} ({columns}) VALUES ({row})")
    before = await shapes(database_url, "public", "discord")
    with pytest.raises(MigrationError, match=rf"these tables: {table}\. Nothing was"):
        await runner.downgrade(database_url, "base")
    assert await shapes(database_url, "public", "discord") == before
    assert await revision(database_url) == "0006"


async def test_the_bots_own_tables_go_with_what_is_in_them(database_url: str) -> None:
    await execute(
        database_url,
        """
        INSERT INTO discord.guilds (guild_id, joined_at) VALUES (1, '2026-01-01 00:00+00');
        INSERT INTO badges (name) VALUES ('Kind');
        """,
    )
    await runner.downgrade(database_url, "0001")
    assert set(await shapes(database_url, "discord")) == {
        "discord.alembic_version",
        "discord.created_objects",
    }
    assert await value(database_url, "SELECT name FROM badges") == "Kind"


async def test_the_websites_userdata_is_neither_touched_nor_dropped(
    empty_database_url: str,
) -> None:
    url = empty_database_url
    await execute(url, SITE_USERDATA)
    before = await shapes(url, "public")
    await runner.upgrade(url)
    assert (await shapes(url, "public"))["public.userdata"] == before["public.userdata"]
    await runner.downgrade(url, "base")
    assert await shapes(url, "public") == before
    assert await value(url, "SELECT email FROM userdata") == "one@example.invalid"


async def test_a_database_that_has_some_of_the_tables_is_refused(empty_database_url: str) -> None:
    url = empty_database_url
    await execute(url, "CREATE TABLE quests (id SERIAL PRIMARY KEY); CREATE TABLE badges (id INT)")
    before = await shapes(url, "public")
    with pytest.raises(MigrationError, match=r"\(quests, badges\).*python -m bot db adopt"):
        await runner.upgrade(url)
    assert await shapes(url, "public") == before
    assert await value(url, "SELECT to_regnamespace('discord')") is None
    assert await pending(url) == NAMES


async def test_a_failing_revision_takes_the_earlier_ones_back(empty_database_url: str) -> None:
    url = empty_database_url
    await execute(url, "CREATE SCHEMA discord; CREATE TABLE discord.guilds (id INT)")
    with pytest.raises(MigrationError, match=r'refused.*relation "guilds" already exists'):
        await runner.upgrade(url)
    assert set(await shapes(url, "public", "discord")) == {"discord.guilds"}


async def test_an_adopted_database_does_not_go_below_0002(empty_database_url: str) -> None:
    url = empty_database_url
    await make_handbook_tables(url)
    await execute(
        url,
        """
        CREATE SCHEMA discord;
        CREATE TABLE discord.alembic_version (
            version_num VARCHAR(32) CONSTRAINT alembic_version_pkc PRIMARY KEY
        );
        INSERT INTO discord.alembic_version VALUES ('0001');
        """,
    )
    await runner.upgrade(url)
    await runner.downgrade(url, "0002")
    before = await shapes(url, "public", "discord")
    for target in ("0001", "base"):
        with pytest.raises(MigrationError, match="cannot go back below revision 0002"):
            await runner.downgrade(url, target)
    assert await shapes(url, "public", "discord") == before


async def test_two_upgrades_at_once_both_end_well(empty_database_url: str) -> None:
    await asyncio.gather(*(runner.upgrade(empty_database_url) for _ in range(3)))
    assert await pending(empty_database_url) == []


async def test_an_upgrade_waits_for_the_one_that_holds_the_lock(empty_database_url: str) -> None:
    holder = await asyncpg.connect(empty_database_url)
    await holder.execute(f"SELECT pg_advisory_lock({LOCK})")
    upgrade = asyncio.create_task(runner.upgrade(empty_database_url))
    waiting = """
        SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database
        WHERE locktype = 'advisory' AND NOT granted AND datname = current_database()
    """
    while await holder.fetchval(waiting) == 0:
        assert not upgrade.done()
        await asyncio.sleep(0.01)
    assert await pending(empty_database_url) == NAMES
    await holder.close()
    await upgrade
    assert await pending(empty_database_url) == []


@pytest.mark.parametrize("path", REVISIONS, ids=NAMES)
def test_a_revision_begins_with_its_change_log_entry(path: Path) -> None:
    entry = ast.get_docstring(ast.parse(path.read_text())) or ""
    assert re.match(r"### \d{4}-\d\d-\d\d\n- \S", entry)
