"""`python -m bot db check`: what it says, its exit codes, and the look that comes at start."""

import asyncio
import json
import secrets
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest

from tests import postgres
from tests.database.checked import connected
from tests.process import servers
from tests.process.bots import START_SECONDS, Bot, free_port, refusal, run, running
from tests.process.test_refusals import (
    PASSWORD,
    REFUSED,
    UNREACHABLE,
    assert_no_secret,
    database_at,
)

DRIFTED = 1
MISTAKE = 3
WIDTH = 100

KEYLESS = """
ALTER TABLE public.user_badges DROP CONSTRAINT user_badges_user_id_badge_id_key;
DROP INDEX public.idx_quests_active;
ALTER TABLE public.badges ADD colours TEXT[] DEFAULT '{[red]}';
"""
# Two rows that should be one; what the bot cannot do without; a foreign key that does otherwise.
DOUBLE = """
INSERT INTO userdata (firstname, lastname, email) VALUES ('Ada', 'L', 'ada@site.example');
INSERT INTO badges (name) VALUES ('Kind');
INSERT INTO user_badges (user_id, badge_id) VALUES (1, 1), (1, 1);
"""
TRIGGERLESS = "DROP TABLE discord.pgqueuer"
RENAMED = """
ALTER TABLE public.quest_logs DROP CONSTRAINT quest_logs_quest_id_fkey,
  ADD CONSTRAINT quest_logs_quest_id_fkey FOREIGN KEY (quest_id) REFERENCES public.quests(id)
"""
KEY = "public.user_badges has no unique constraint (user_id, badge_id)."
OTHER_UNREACHABLE = (
    "The other database, of --against or CHECK_AGAINST, cannot be read: check that it is a "
    "postgresql:// address of a running server and of a database that exists there, with the right "
    "user and password."
)


async def drifted(folder: Path, *arguments: str, **settings: str) -> str:
    """Run a check that must end with 1 and no complaint: what it printed."""
    async with running(folder, "db", "check", *arguments, **settings) as bot:
        assert (await bot.ends(), bot.remarks) == (DRIFTED, []), bot.err
    return bot.out


async def altered(url: str, *statements: str) -> None:
    async with connected(url, *statements):
        pass


async def test_in_step(folder: Path, database_url: str) -> None:
    told = await run(folder / "told", "db", "check", DATABASE_URL=database_url)
    (first, last) = told.out.splitlines()
    assert first.startswith("PostgreSQL 1")
    assert first.endswith(", migrated to 0006.")
    assert last == "In step with the handbook."
    bot = await run(folder / "json", "db", "check", "--json", DATABASE_URL=database_url)
    facts = json.loads(bot.out)
    assert first == f"PostgreSQL {facts.pop('server')}, migrated to 0006."
    assert facts.pop("extensions").keys() == {"plpgsql"}
    assert facts == {"revision": "0006", "pending": [], "in_step": True, "findings": []}


async def test_what_is_found_can_be_read(folder: Path, database_url: str) -> None:
    await altered(database_url, KEYLESS)
    told = await drifted(folder / "told", DATABASE_URL=database_url, COLUMNS=str(WIDTH))
    tables, _statements = told.split("What would mend it")
    assert max(map(len, tables.splitlines())) <= WIDTH
    parts = [
        "breaking: the bot would break on these, and does not start",
        KEY,
        "drift: the bot can work with these, and the handbook has them otherwise",
        "public.quests has no index idx_quests_active (is_active).",
        "note: worth knowing; in step all the same",
        "The handbook does not have public.badges.colours.",
        "What would mend it, in this order:",
        "\n`python -m bot db adopt --apply`\n",
        "Without --apply, `python -m bot db adopt` shows what it would make of this.",
    ]
    found = [told.find(part) for part in parts]
    assert -1 not in found
    assert found == sorted(found)
    assert told.endswith(f"{parts[-1]}\n")


async def test_what_would_mend_it_does(folder: Path, database_url: str) -> None:
    """What is printed, done in its order, leaves nothing: duplicates, too, and what is for a
    person."""
    await altered(database_url, KEYLESS, DOUBLE, TRIGGERLESS, RENAMED)
    told = await drifted(folder / "told", DATABASE_URL=database_url)
    steps = told.partition("in this order:\n")[2].splitlines()
    adopting = "`python -m bot db adopt --apply --merge-duplicates`"
    place = steps.index(adopting)
    assert 0 < place < len(steps) - 2
    await altered(database_url, "\n".join(steps[:place]))
    arguments = adopting.strip("`").removeprefix("python -m bot ").split()
    await run(folder / "adopt", *arguments, DATABASE_URL=database_url)
    await altered(database_url, "\n".join(steps[place + 1 : -1]))
    last = await run(folder / "after", "db", "check", DATABASE_URL=database_url)
    assert last.out.endswith("In step with the handbook.\n")
    assert "What would mend it" not in last.out


async def test_a_mistake_of_its_own_has_a_code_of_its_own(folder: Path, database_url: str) -> None:
    """A name that the terminal cannot show is one that nobody foresaw."""
    await altered(database_url, 'ALTER TABLE public.badges ADD "größe" TEXT')
    ascii_only = {"DATABASE_URL": database_url, "PYTHONIOENCODING": "ascii"}
    async with running(folder / "bot", "db", "check", **ascii_only) as bot:
        assert await asyncio.wait_for(bot.process.wait(), START_SECONDS) == MISTAKE
    assert bot.err.endswith("The bot stopped by a mistake of its own: see the log above.\n")


async def test_what_is_found_for_programs(folder: Path, database_url: str) -> None:
    await altered(database_url, KEYLESS)
    facts = json.loads(await drifted(folder / "json", "--json", DATABASE_URL=database_url))
    assert not facts["in_step"]
    assert [finding["level"] for finding in facts["findings"]] == ["note", "breaking", "drift"]
    assert facts["findings"][1] == {
        "level": "breaking",
        "kind": "missing unique constraint",
        "where": "public.user_badges.user_badges_user_id_badge_id_key",
        "what": KEY,
        "remedy": "ALTER TABLE public.user_badges ADD CONSTRAINT user_badges_user_id_badge_id_key "
        "UNIQUE (user_id, badge_id)",
        "undo": "ALTER TABLE public.user_badges DROP CONSTRAINT user_badges_user_id_badge_id_key",
    }


async def test_migrations_are_pending(folder: Path, empty_database_url: str) -> None:
    told = await drifted(folder / "told", DATABASE_URL=empty_database_url)
    assert "migrated to nothing yet." in told
    assert told.splitlines()[-1].endswith(
        " are pending, from 0001_handbook_tables on: `python -m bot db migrate` is the way."
    )
    facts = json.loads(await drifted(folder / "json", "--json", DATABASE_URL=empty_database_url))
    assert (facts["revision"], facts["pending"][0]) == (None, "0001_handbook_tables")
    assert [finding["kind"] for finding in facts["findings"]] == ["migrations"]


async def test_a_newer_database(folder: Path, database_url: str) -> None:
    await altered(database_url, "UPDATE discord.alembic_version SET version_num = '9999'")
    told = await drifted(folder / "told", DATABASE_URL=database_url)
    assert "migrated to 9999." in told
    assert told.splitlines()[-1].startswith("The database is at revision 9999, which this version")


async def test_an_old_server(folder: Path, database_url: str) -> None:
    async with servers.old(database_url, 13) as url:
        told = await drifted(folder / "told", DATABASE_URL=url)
    assert "The server is PostgreSQL 13; the bot needs 15 or newer." in told


async def test_a_role_without_rights_sees_all(folder: Path, database_url: str) -> None:
    role = f"reader_{secrets.token_hex(6)}"
    place = urlsplit(database_url)
    url = place._replace(netloc=f"{role}:reader@{place.netloc.rpartition('@')[2]}").geturl()
    async with connected(database_url, f"CREATE ROLE {role} LOGIN PASSWORD 'reader'") as owner:
        try:
            bot = await run(folder / "in step", "db", "check", DATABASE_URL=url)
            assert "PostgreSQL does not tell which migrations it has had" in bot.out
            assert bot.out.endswith("In step with the handbook.\n")
            await owner.execute("DROP INDEX discord.idx_audit_log_item")
            assert "idx_audit_log_item" in await drifted(folder / "drifted", DATABASE_URL=url)
        finally:
            await owner.execute(f"DROP ROLE {role}")


async def test_what_cannot_be_reached(folder: Path, database_url: str) -> None:
    passwords: list[str] = []
    closed, strange = database_at(free_port()), "postgresql://kind@localhost:no/kind"
    async with servers.stern(passwords) as stern:
        refused = database_at(stern)
        cases = {
            "closed": ((), closed, ""),
            "json": (("--json",), closed, ""),
            "refused": ((), refused, ""),
            "here": (("--against", database_url), closed, ""),
            "there": (("--against", closed), database_url, ""),
            "there refused": ((), database_url, refused),
            "strange": ((), database_url, strange),
        }
        sentences = await asyncio.gather(
            *(
                refusal(
                    folder / name,
                    *("db", "check", *arguments),
                    DATABASE_URL=here,
                    **({"CHECK_AGAINST": there} if there else {}),
                )
                for name, (arguments, here, there) in cases.items()
            )
        )
    assert dict(zip(cases, sentences, strict=True)) == {
        "closed": UNREACHABLE,
        "json": UNREACHABLE,
        "refused": REFUSED,
        "here": UNREACHABLE,
        "there": OTHER_UNREACHABLE,
        "there refused": OTHER_UNREACHABLE,
        "strange": OTHER_UNREACHABLE,
    }
    assert set(passwords) == {PASSWORD}
    assert_no_secret(folder, PASSWORD)


async def test_two_databases(
    folder: Path, database_url: str, server_url: str, template: str
) -> None:
    check, here = ("db", "check"), {"DATABASE_URL": database_url}
    async with postgres.database(server_url, template) as other:
        same = await run(folder / "same", *check, "--against", other, **here)
        assert same.out == "The two databases are the same.\n"
        await altered(other, "ALTER TABLE public.badges ADD colours TEXT[]")
        told = await drifted(folder / "told", **here, CHECK_AGAINST=other)
        facts = json.loads(await drifted(folder / "json", "--json", "--against", other, **here))
    assert "The column public.badges.colours is only there." in told
    assert told.endswith("The two databases differ.\n")
    assert not facts["equal"]
    (finding,) = facts["findings"]
    assert (finding["kind"], finding["where"]) == ("column", "public.badges.colours")


BREAKING = {
    "a table": (
        "DROP TABLE public.kai_interactions",
        "The bot would break on this database: The table public.kai_interactions is missing.",
    ),
    "constraints": (
        KEYLESS + "ALTER TABLE public.quests DROP COLUMN difficulty",
        (
            "The bot would break on this database: The column public.quests.difficulty is missing. "
            "And 1 more like it."
        ),
    ),
}


@pytest.mark.parametrize("name", BREAKING)
async def test_the_bot_refuses_to_start_on_it(folder: Path, database_url: str, name: str) -> None:
    statement, sentence = BREAKING[name]
    await altered(database_url, statement)
    assert await refusal(folder / "bot", DATABASE_URL=database_url) == (
        f"{sentence} `python -m bot db check` tells all of it, and what would mend it."
    )


async def test_the_bot_starts_with_a_warning(folder: Path, database_url: str) -> None:
    await altered(
        database_url,
        "DROP INDEX public.idx_quests_active",
        "ALTER TABLE public.badges ADD colours TEXT[]",
    )
    async with running(folder / "bot", DATABASE_URL=database_url, LOG_FORMAT="json") as bot:
        await bot.says("http://127.0.0.1")
        warnings = _warnings(bot)
    assert [(line["event"], line["where"]) for line in warnings] == [
        ("schema drift", "public.quests.idx_quests_active")
    ]


def _warnings(bot: Bot) -> list[dict[str, str]]:
    lines = [json.loads(line) for line in bot.err.splitlines() if line.startswith("{")]
    return [line for line in lines if line["level"] == "warning"]


async def test_a_database_that_is_to_be_adopted(folder: Path, database_url: str) -> None:
    await altered(database_url, "DROP SCHEMA discord CASCADE")
    sentence = await refusal(folder / "bot", DATABASE_URL=database_url)
    assert "`python -m bot db adopt`" in sentence
    assert quote(urlsplit(database_url).path) not in sentence
