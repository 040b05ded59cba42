"""Two databases beside each other: each thing that can differ between them."""

from collections.abc import AsyncGenerator

import pytest

from db.care.comparing import differences, read_whole
from db.care.shapes import Finding
from tests import postgres
from tests.database.checked import Found, connected, places

SITE = """
CREATE SCHEMA kai;
CREATE TABLE kai.prompts (
    id INT PRIMARY KEY, "Name" TEXT DEFAULT 'x', body VARCHAR(20) CHECK (body <> '')
);
CREATE TYPE kai.mood AS ENUM ('warm', 'calm');
CREATE DOMAIN kai.short AS TEXT CHECK (length(VALUE) < 9);
CREATE VIEW kai.names AS SELECT "Name" FROM kai.prompts;
CREATE SEQUENCE kai.numbers;
CREATE INDEX by_name ON kai.prompts ("Name");
CREATE FUNCTION kai.stamp() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER stamp BEFORE UPDATE ON kai.prompts FOR EACH ROW EXECUTE FUNCTION kai.stamp();
"""

DIFFERENCES: dict[str, tuple[str, Found]] = {
    "nothing": ("SELECT", set()),
    "rows": ("INSERT INTO kai.prompts VALUES (1, 'a', 'b')", set()),
    "a table": ("CREATE TABLE kai.more (id INT)", {("drift", "table", "kai.more")}),
    "a column": (
        "ALTER TABLE kai.prompts ADD more INT",
        {("drift", "column", "kai.prompts.more")},
    ),
    "a type": (
        "ALTER TABLE kai.prompts ALTER body TYPE VARCHAR(30)",
        {("drift", "type", "kai.prompts.body")},
    ),
    "NOT NULL": (
        'ALTER TABLE kai.prompts ALTER "Name" SET NOT NULL',
        {("drift", "not null", "kai.prompts.Name")},
    ),
    "a default": (
        'ALTER TABLE kai.prompts ALTER "Name" DROP DEFAULT',
        {("drift", "default", "kai.prompts.Name")},
    ),
    "an identity": (
        "ALTER TABLE kai.prompts ALTER id ADD GENERATED ALWAYS AS IDENTITY",
        {("drift", "default", "kai.prompts.id")},
    ),
    "the order of columns": (
        "ALTER TABLE kai.prompts DROP id CASCADE; ALTER TABLE kai.prompts ADD id INT PRIMARY KEY",
        {("note", "column order", "kai.prompts")},
    ),
    "a constraint": (
        "ALTER TABLE kai.prompts DROP CONSTRAINT prompts_body_check",
        {("drift", "constraint", "kai.prompts.prompts_body_check")},
    ),
    "another constraint": (
        (
            "ALTER TABLE kai.prompts DROP CONSTRAINT prompts_body_check,"
            " ADD CONSTRAINT prompts_body_check CHECK (body <> 'x')"
        ),
        {("drift", "constraint", "kai.prompts.prompts_body_check")},
    ),
    "the name of a constraint": (
        "ALTER TABLE kai.prompts RENAME CONSTRAINT prompts_body_check TO some_body",
        {
            ("drift", "constraint", "kai.prompts.prompts_body_check"),
            ("drift", "constraint", "kai.prompts.some_body"),
        },
    ),
    "an index": ("DROP INDEX kai.by_name", {("drift", "index", "kai.prompts.by_name")}),
    "another index": (
        'DROP INDEX kai.by_name; CREATE INDEX by_name ON kai.prompts ("Name" DESC)',
        {("drift", "index", "kai.prompts.by_name")},
    ),
    "a trigger": ("DROP TRIGGER stamp ON kai.prompts", {("drift", "trigger", "kai.prompts")}),
    "a function": (
        (
            "CREATE OR REPLACE FUNCTION kai.stamp() RETURNS trigger LANGUAGE plpgsql AS"
            " 'BEGIN RETURN NULL; END'"
        ),
        {("drift", "function", "kai.stamp()")},
    ),
    "a function of one side": (
        "CREATE FUNCTION kai.more(a INT) RETURNS INT LANGUAGE sql AS 'SELECT a'",
        {("drift", "function", "kai.more(a integer)")},
    ),
    "an enum": ("ALTER TYPE kai.mood ADD VALUE 'glad'", {("drift", "type", "kai.mood")}),
    "a domain": (
        "ALTER DOMAIN kai.short SET NOT NULL",
        {("drift", "domain", "kai.short")},
    ),
    "a view": (
        'CREATE OR REPLACE VIEW kai.names AS SELECT "Name" FROM kai.prompts WHERE id > 0',
        {("drift", "view", "kai.names")},
    ),
    "a sequence": (
        "ALTER SEQUENCE kai.numbers INCREMENT 2",
        {("drift", "sequence", "kai.numbers")},
    ),
    "the handbook's": (
        "ALTER TABLE public.quests DROP COLUMN difficulty",
        {("drift", "column", "public.quests.difficulty")},
    ),
    "the bot's": (
        "DROP INDEX discord.idx_audit_log_item",
        {("drift", "index", "discord.audit_log.idx_audit_log_item")},
    ),
}


async def compared(here: str, there: str) -> list[Finding]:
    async with connected(here) as one, connected(there) as other:
        return differences(await read_whole(one), await read_whole(other))


@pytest.fixture
async def other_url(server_url: str, template: str) -> AsyncGenerator[str]:
    """A second migrated database."""
    async with postgres.database(server_url, template) as url:
        yield url


@pytest.mark.parametrize("name", DIFFERENCES)
async def test_what_differs_is_found_from_both_sides(
    database_url: str, other_url: str, name: str
) -> None:
    change, wanted = DIFFERENCES[name]
    async with connected(database_url, SITE), connected(other_url, SITE, change):
        assert places(await compared(database_url, other_url)) == wanted
        assert places(await compared(other_url, database_url)) == wanted


async def test_an_extension_of_one_side(database_url: str, other_url: str) -> None:
    async with connected(other_url, "DROP EXTENSION plpgsql CASCADE"):
        found = await compared(database_url, other_url)
    assert ("drift", "extension", "plpgsql") in places(found)


async def test_the_sentences_say_which_side(database_url: str, other_url: str) -> None:
    async with connected(
        other_url,
        "ALTER TABLE public.quests DROP COLUMN difficulty",
        "ALTER TABLE public.badges ADD colour TEXT, ALTER name TYPE TEXT",
        "ALTER TABLE public.badges ALTER points_required SET DEFAULT 5",
        "ALTER TABLE public.badges ALTER points_required SET NOT NULL",
        "DROP INDEX public.idx_challenges_active",
        "CREATE INDEX idx_challenges_active ON public.challenges (name)",
    ):
        found = await compared(database_url, other_url)
    assert [f.what for f in found] == [
        "The column public.badges.colour is only there.",
        "public.badges.name is character varying(100) here, and text there.",
        "public.badges.points_required is NOT NULL only there.",
        "public.badges.points_required has no default here, and the default 5 there.",
        (
            "The index public.challenges.idx_challenges_active is here: CREATE INDEX "
            "idx_challenges_active ON public.challenges USING btree (is_active)\nAnd there: CREATE "
            "INDEX idx_challenges_active ON public.challenges USING btree (name)"
        ),
        "The column public.quests.difficulty is only here.",
    ]
