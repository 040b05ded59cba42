"""`docs/schema.md`: in step with the migrations, and true in each of its parts."""

import re
from collections.abc import AsyncGenerator
from pathlib import Path

import asyncpg
import pytest

from bot.commands.document import applied_migrations
from db.care.documenting import Schema, document, read_schema
from db.care.purposes import PURPOSES
from migrations import runner
from tests.database.catalog import execute, shapes, tables

KEPT = Path(__file__).parents[2] / "docs" / "schema.md"
BEHIND = (
    "docs/schema.md is not what the migrations make: run `python -m bot db migrate` and "
    "`python -m bot db document`, and keep the file"
)

OTHERS = """
ALTER TABLE userdata ADD phone VARCHAR(50), ADD is_suspended BOOLEAN NOT NULL DEFAULT FALSE,
    ADD CONSTRAINT some_phone CHECK (phone <> '');
CREATE TABLE public.events (id SERIAL PRIMARY KEY, host INT REFERENCES userdata);
CREATE TABLE public.donations (id SERIAL PRIMARY KEY);
CREATE SCHEMA kai;
CREATE TABLE kai.memories (id SERIAL PRIMARY KEY);"""


@pytest.fixture
async def connection(database_url: str) -> AsyncGenerator[asyncpg.Connection]:
    connection = await asyncpg.connect(database_url)
    yield connection
    await connection.close()


async def written(url: str) -> str:
    """The document of the database there."""
    connection = await asyncpg.connect(url)
    try:
        return document(await read_schema(connection), await applied_migrations(connection))
    finally:
        await connection.close()


async def schema_of(url: str) -> Schema:
    """What the document is written from."""
    connection = await asyncpg.connect(url)
    try:
        return await read_schema(connection)
    finally:
        await connection.close()


def section(text: str, number: int) -> str:
    """A section of the document, without its headline."""
    return text.partition(f"\n## {number}) ")[2].partition("\n---\n")[0]


def blocks(text: str, language: str = "sql") -> list[str]:
    """The code blocks of that language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


async def test_the_kept_document_is_what_the_migrations_make(database_url: str) -> None:
    assert KEPT.read_text(encoding="utf-8") == await written(database_url), BEHIND


def test_it_has_the_handbooks_sections() -> None:
    text = KEPT.read_text(encoding="utf-8")
    assert text.startswith("---\ntitle: Get Kinder Database Schema\ndescription: ")
    assert re.findall(r"^## (\d)\) (\w+)", text, re.MULTILINE) == [
        ("0", "Conventions"),
        ("1", "Quick"),
        ("2", "ERD"),
        ("3", "Full"),
        ("4", "Handy"),
        ("5", "Migration"),
        ("6", "Maintenance"),
    ]


async def test_every_table_has_a_purpose(connection: asyncpg.Connection) -> None:
    names = set(await tables(connection, "public", "discord")) - {"public.userdata"}
    assert set(PURPOSES) == names
    inventory = section(KEPT.read_text(encoding="utf-8"), 1)
    for name, purpose in PURPOSES.items():
        row = rf"^\| `{name.removeprefix('public.')}` +\| {re.escape(purpose)} +\|$"
        assert re.search(row, inventory, re.MULTILINE), name


async def test_its_ddl_makes_an_equal_database(database_url: str, empty_database_url: str) -> None:
    for block in blocks(section(KEPT.read_text(encoding="utf-8"), 3)):
        await execute(empty_database_url, block)
    made = await shapes(empty_database_url, "public", "discord")
    assert made == await shapes(database_url, "public", "discord")
    theirs, ours = await schema_of(empty_database_url), await schema_of(database_url)
    assert (theirs.functions, theirs.enums) == (ours.functions, ours.enums)
    assert theirs.closed == ours.closed == ("discord.erase_audit(person bigint)",)


async def test_its_ddl_reads_like_the_handbooks() -> None:
    """Line for line, but for the spaces and the order of constraints and indexes."""
    ours = "\n".join(blocks(section(KEPT.read_text(encoding="utf-8"), 3)))
    theirs = (Path(__file__).parent / "handbook.sql").read_text(encoding="utf-8")
    assert [line for line in _lines(theirs) - _lines(ours) if not line.startswith("--")] == []


def _lines(sql: str) -> set[str]:
    return {
        " ".join(line.replace(",", " ,").split()).removesuffix(" ,") for line in sql.splitlines()
    }


async def test_its_debug_queries_run(connection: asyncpg.Connection) -> None:
    found = blocks(section(KEPT.read_text(encoding="utf-8"), 4))
    assert len(found) == 8
    for sql in found:
        await connection.fetch(sql)


async def test_its_foreign_key_query_shows_them_all(connection: asyncpg.Connection) -> None:
    await connection.execute(OTHERS)
    (sql,) = (sql for sql in blocks(KEPT.read_text(encoding="utf-8")) if "confdeltype" in sql)
    rows = {tuple(row) for row in await connection.fetch(sql)}
    assert len(rows) >= 25
    assert {
        ("public.challenge_logs", "challenge_id", "public.challenges", "CASCADE"),
        ("public.user_badges", "badge_id", "public.badges", "CASCADE"),
        ("public.kai_interactions", "user_id", "public.userdata", "CASCADE"),
        ("discord.links", "placeholder_id", "public.userdata", "SET NULL"),
        ("discord.post_doers", "post_id", "discord.daily_posts", "CASCADE"),
        ("public.events", "host", "public.userdata", "NO ACTION"),
    } <= rows


async def test_its_drawings_show_each_foreign_key(connection: asyncpg.Connection) -> None:
    text = section(KEPT.read_text(encoding="utf-8"), 2)
    keys = await connection.fetch(
        "SELECT conrelid::regclass::text, confrelid::regclass::text, "
        "       (SELECT attname FROM pg_attribute WHERE attrelid = conrelid AND attnum = conkey[1])"
        "  FROM pg_constraint WHERE contype = 'f'"
    )
    drawn = "\n".join(blocks(text, "mermaid"))
    for table, parent, column in keys:
        assert f"**{table}.{column}**" in text
        child, owner = (name.rpartition(".")[2] for name in (table, parent))
        assert re.search(
            rf"^    {owner} [|o]{{2}}--o[|{{] {child} : {column}$", drawn, re.MULTILINE
        )


async def test_a_websites_own_tables_are_left_out(database_url: str) -> None:
    before = await written(database_url)
    await execute(database_url, OTHERS)
    after = await written(database_url)
    added = [line for line in after.splitlines() if line and line not in before.splitlines()]
    assert added == [
        "> **Note:** 2 other table(s) of `public` are the website's alone, and are left out here.",
        "> **Note:** 2 other column(s) of `userdata` are the website's.",
    ]


async def test_what_differs_from_the_handbook_is_shown(database_url: str) -> None:
    """It describes the database that is there, not the one that should be."""
    await execute(
        database_url,
        """
        ALTER TABLE user_challenges DROP CONSTRAINT user_challenges_user_id_challenge_id_key;
        ALTER TABLE badges ADD "Odd one" TEXT DEFAULT 'it''s', ADD CHECK (points_required <> 13),
            ADD CONSTRAINT odd UNIQUE (name), ADD CHECK (name <> 'a' OR icon <> '(b');
        CREATE INDEX "Odd index" ON badges USING hash (name);""",
    )
    ddl = section(await written(database_url), 3)
    assert "UNIQUE (user_id, challenge_id)" not in ddl.partition("### 3.3")[0]
    assert "\"Odd one\"       TEXT DEFAULT 'it''s'" in ddl
    assert "points_required INT CHECK (points_required <> 13)" in ddl
    assert "CONSTRAINT odd UNIQUE (name)" in ddl
    assert 'CREATE INDEX "Odd index" ON badges USING hash (name);' in ddl


async def test_the_log_ends_where_the_database_does(empty_database_url: str) -> None:
    await runner.upgrade(empty_database_url, "0003")
    text = await written(empty_database_url)
    assert "last_updated: 2026-11-25" in text
    log = section(text, 5)
    assert re.findall(r"^### (.*)$", log, re.MULTILINE) == [
        "2026-11-25 · migration 0003",
        "2026-11-25 · migration 0002",
        "2026-11-25 · migration 0001",
    ]
