"""`db check`: what must be there, the rest of what can differ, rows, and roles of few rights."""

import secrets
from urllib.parse import urlsplit

import asyncpg
import pytest

from db.care import expected
from db.care.checking import check
from db.care.keys import NINE
from tests.database.checked import (
    Found,
    connected,
    found_after,
    found_and_mended,
    places,
)
from tests.live.expect import expected_json
from tests.postgres import at_database


async def test_a_migrated_database_is_in_step(database_url: str) -> None:
    assert await found_after(database_url) == set()


async def test_the_file_is_what_the_migrations_make(database_url: str) -> None:
    """Else: `python -m tests.live.expect` writes it anew."""
    assert expected.FILE.read_text(encoding="utf-8") == await expected_json(database_url)


def test_what_is_expected_is_all_of_it() -> None:
    names = set(expected.expected().tables)
    assert {"public.userdata", *(f"public.{name}" for name in NINE)} < names
    assert len([name for name in names if name.startswith("discord.")]) > 20
    assert len(expected.expected().functions) >= 3


async def test_what_is_expected_does_not_hang_on_the_search_path(database_url: str) -> None:
    async with connected(database_url, "SET search_path TO discord, public") as connection:
        assert await check(connection) == []
        assert await connection.fetchval("SHOW search_path") == "discord, public"
        assert await connection.fetchval("SHOW statement_timeout") == "0"


DAY_TEXT = "discord.day_text(challenge integer, day integer)"
TRIGGER = """
CREATE FUNCTION public.stamp() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER stamp BEFORE UPDATE ON public.quests FOR EACH ROW EXECUTE FUNCTION public.stamp();
"""
QUEUE_TRIGGER = """
DO $$
BEGIN
    EXECUTE (SELECT format('DROP TRIGGER %I ON discord.pgqueuer', tgname)
               FROM pg_trigger WHERE tgrelid = 'discord.pgqueuer'::regclass);
END $$"""

PLPGSQL = [
    name for name, text in expected.expected().functions.items() if "LANGUAGE plpgsql" in text
]

DRIFTS: dict[str, tuple[str, Found]] = {
    "no language": (
        "DROP EXTENSION plpgsql CASCADE",
        {
            ("breaking", "extension", "database"),
            ("breaking", "missing trigger", "discord.pgqueuer"),
            *(("breaking", "missing function", name) for name in PLPGSQL),
        },
    ),
    "no function": (
        "DROP FUNCTION discord.day_text",
        {("breaking", "missing function", DAY_TEXT)},
    ),
    "another function": (
        (
            "CREATE OR REPLACE FUNCTION discord.day_text(challenge INT, day INT) RETURNS JSONB"
            " LANGUAGE sql AS 'SELECT NULL::jsonb'"
        ),
        {("drift", "function", DAY_TEXT)},
    ),
    "a function that everybody may call": (
        "GRANT EXECUTE ON FUNCTION discord.erase_audit TO PUBLIC",
        {("drift", "rights", "discord.erase_audit(person bigint)")},
    ),
    "no trigger": (QUEUE_TRIGGER, {("breaking", "missing trigger", "discord.pgqueuer")}),
    "a trigger of the website's": (TRIGGER, {("note", "trigger", "public.quests")}),
    "an odd name": (
        'ALTER TABLE public.badges ADD "madeBy" TEXT',
        {
            ("note", "extra column", "public.badges.madeBy"),
            ("note", "name", "public.badges.madeBy"),
        },
    ),
    "columns in another order": (
        (
            "ALTER TABLE public.kai_interactions DROP COLUMN message;"
            "ALTER TABLE public.kai_interactions ADD message TEXT"
        ),
        {("note", "column order", "public.kai_interactions")},
    ),
    "tables that keep what they refer to": (
        (
            "CREATE TABLE public.thanks (id INT PRIMARY KEY, by_id INT UNIQUE REFERENCES userdata,"
            " to_id INT UNIQUE REFERENCES userdata ON DELETE SET NULL,"
            " log_id INT REFERENCES challenge_logs ON DELETE RESTRICT)"
        ),
        {("note", "no action", "public.userdata"), ("note", "no action", "public.challenge_logs")},
    ),
    "a reference without an index": (
        "CREATE TABLE public.thanks (user_id INT REFERENCES userdata ON DELETE CASCADE)",
        {("note", "unindexed reference", "public.userdata")},
    ),
    "a reference with another index": (
        (
            "CREATE TABLE public.thanks (day INT, user_id INT REFERENCES userdata"
            " ON DELETE CASCADE, PRIMARY KEY (day, user_id))"
        ),
        {("note", "unindexed reference", "public.userdata")},
    ),
    "what is nobody's business": (
        (
            'CREATE TABLE public."blogPosts" (id INT, "madeBy" INT);'
            "CREATE VIEW public.totals AS SELECT count(*) FROM public.userdata;"
            "CREATE SCHEMA kai; CREATE TABLE kai.userdata (name TEXT NOT NULL)"
        ),
        set(),
    ),
}


@pytest.mark.parametrize("name", DRIFTS)
async def test_what_differs_is_found(database_url: str, name: str) -> None:
    change, wanted = DRIFTS[name]
    assert await found_and_mended(database_url, change) == wanted


async def test_an_index_that_was_never_finished(database_url: str) -> None:
    async with connected(
        database_url,
        "DROP INDEX public.idx_quests_active",
        "INSERT INTO public.quests (name, total_days) VALUES ('One', 1), ('Two', 1)",
    ) as connection:
        with pytest.raises(asyncpg.UniqueViolationError):
            await connection.execute(
                "CREATE UNIQUE INDEX CONCURRENTLY idx_quests_active ON public.quests (is_active)"
            )
        (missing, *_) = [f for f in await check(connection) if f.kind == "missing index"]
        assert missing.undo is None
        await connection.execute(str(missing.remedy))
        assert await check(connection) == []


async def test_an_encoding_that_cannot_hold_what_members_write(server_url: str) -> None:
    name = f"test_{secrets.token_hex(6)}"
    async with connected(
        server_url,
        f"CREATE DATABASE {name} ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0",
    ) as owner:
        try:
            async with connected(at_database(server_url, name)) as connection:
                found = await check(connection, pending=["0001_handbook_tables"])
        finally:
            await owner.execute(f"DROP DATABASE {name} WITH (FORCE)")
    assert places(found) == {
        ("breaking", "encoding", "database"),
        ("drift", "migrations", "discord"),
    }


@pytest.mark.parametrize(
    ("statement", "way"),
    [
        ("DROP SCHEMA public CASCADE; DROP SCHEMA discord CASCADE", "db migrate"),
        ("DROP SCHEMA discord CASCADE", "db adopt"),
        (
            (
                "DROP SCHEMA discord CASCADE; CREATE SCHEMA discord;"
                "CREATE TABLE discord.alembic_version (version_num TEXT)"
            ),
            "db adopt",
        ),
        ("DROP TABLE discord.archives", "db migrate"),
    ],
)
async def test_which_way_the_pending_migrations_go(
    database_url: str, statement: str, way: str
) -> None:
    async with connected(database_url, statement) as connection:
        (found,) = await check(connection, pending=["0005_one", "0006_two"])
    assert found.what == (
        f"2 migration(s) are pending, from 0005_one on: `python -m bot {way}` is the way."
    )


KEYLESS = """
ALTER TABLE public.user_badges DROP CONSTRAINT user_badges_user_id_badge_id_key;
ALTER TABLE public.user_badges ALTER badge_id DROP NOT NULL;
INSERT INTO public.userdata (firstname, lastname, email)
SELECT 'A', 'B', 'a' || n || '@example.org' FROM generate_series(1, 3) n;
INSERT INTO public.badges (name) VALUES ('One'), ('Two');
INSERT INTO public.user_badges (user_id, badge_id)
SELECT u.id, b.id FROM public.userdata u, public.badges b, generate_series(1, 4) n
 WHERE b.id < 2 AND u.id < 3 OR b.id = 2 AND n = 1;
INSERT INTO public.user_badges (user_id, badge_id) VALUES (1, NULL), (1, NULL);
"""


async def test_everything_can_be_made_anew(database_url: str) -> None:
    tables = [name for name in expected.expected().tables if name != "public.userdata"]
    functions = [name.split("(")[0] for name in expected.expected().functions]
    lost = await found_and_mended(
        database_url,
        f"DROP TABLE {', '.join(tables)}; DROP FUNCTION {', '.join(functions)}",
    )
    assert {where for _, kind, where in lost if kind == "missing table"} == set(tables)
    assert {where.split("(")[0] for _, kind, where in lost if kind == "missing function"} == set(
        functions
    )


async def test_rows_that_should_be_one_are_counted(database_url: str) -> None:
    async with connected(database_url, KEYLESS) as connection:
        found = await check(connection)
        unread = await check(connection, rows=False)
    assert [f.what for f in found if f.kind == "duplicates"] == [
        "8 rows of public.user_badges should be 2, one for each (user_id, badge_id)."
    ]
    assert places(found) - places(unread) == {("drift", "duplicates", "public.user_badges")}


async def test_addresses_in_two_spellings(database_url: str) -> None:
    people = """
        INSERT INTO public.userdata (firstname, lastname, email)
        VALUES ('A', 'B', 'a@example.org'), ('A', 'B', 'A@example.org'), ('A', 'B', 'c@example.org')
    """
    assert await found_after(database_url, people) == {
        ("note", "addresses", "public.userdata.email")
    }
    twins = "ALTER TABLE public.userdata DROP CONSTRAINT userdata_email_key;" + people
    assert await found_after(database_url, twins) == {
        ("breaking", "missing unique constraint", "public.userdata.userdata_email_key"),
        ("drift", "duplicates", "public.userdata"),
        ("note", "addresses", "public.userdata.email"),
    }


RIGHTS = {
    "SELECT alone": (
        (
            "GRANT USAGE ON SCHEMA public, discord TO {role};"
            "GRANT SELECT ON ALL TABLES IN SCHEMA public, discord TO {role}"
        ),
        ("drift", "duplicates", "public.user_badges"),
    ),
    "nothing": (
        "REVOKE ALL ON SCHEMA public FROM PUBLIC",
        ("note", "duplicates", "public.user_badges"),
    ),
}


@pytest.mark.parametrize("rights", RIGHTS)
async def test_a_role_that_may_do_little_sees_all_of_it(database_url: str, rights: str) -> None:
    role = f"reader_{secrets.token_hex(6)}"
    granting, duplicates = RIGHTS[rights]
    create = f"CREATE ROLE {role} LOGIN PASSWORD 'reader'"
    async with connected(database_url, create, granting.format(role=role), KEYLESS) as owner:
        try:
            place = urlsplit(database_url).netloc.rpartition("@")[2]
            url = urlsplit(database_url)._replace(netloc=f"{role}:reader@{place}").geturl()
            async with connected(url, "SET default_transaction_read_only = on") as reader:
                found = places(await check(reader))
        finally:
            await owner.execute(f"DROP OWNED BY {role}; DROP ROLE {role}")
    assert found == {
        (
            "breaking",
            "missing unique constraint",
            "public.user_badges.user_badges_user_id_badge_id_key",
        ),
        ("drift", "not null", "public.user_badges.badge_id"),
        duplicates,
    }
