"""`python -m bot db adopt`: what it says, and its exit codes."""

import asyncio
from pathlib import Path

import asyncpg
import pytest

from tests.postgres import at_database
from tests.process import servers
from tests.process.bots import refusal, run, running
from tests.process.test_refusals import UNREACHABLE

REFUSED = 1
STRANGE = "postgresql://kind@localhost/kind?sslmode=strange"

# The website's database in small: without the bot's schema, a constraint and an index.
WEBSITE = """
DROP SCHEMA discord CASCADE;
ALTER TABLE challenge_logs DROP CONSTRAINT challenge_logs_user_id_challenge_id_day_number_key;
DROP INDEX idx_kai_interactions_context;
INSERT INTO userdata (firstname, lastname, email) VALUES ('Ada', 'L', 'ada@site.example');
INSERT INTO challenges (name, total_days) VALUES ('Smile', 7);
INSERT INTO challenge_logs (user_id, challenge_id, day_number, reflection, completed) VALUES
    (1, 1, 1, 'I smiled [at] a "stranger".', false), (1, 1, 1, 'They smiled, too.', true);
"""


@pytest.fixture
async def website_url(database_url: str) -> str:
    """A database of the website's, with two rows for one day."""
    connection = await asyncpg.connect(database_url)
    await connection.execute(WEBSITE)
    await connection.close()
    return database_url


async def refused(folder: Path, *arguments: str, url: str) -> tuple[str, list[str]]:
    """Run a command that must end with 1: what it printed, and its sentences."""
    async with running(folder, "db", "adopt", *arguments, DATABASE_URL=url) as bot:
        assert await bot.ends() == REFUSED, bot.err
    return bot.out, bot.remarks


async def test_from_a_dry_run_to_undone(folder: Path, website_url: str) -> None:
    url = website_url
    (told, sentences), (listed, same), dry = await asyncio.gather(
        refused(folder / "dry", url=url),
        refused(folder / "no flag", "--apply", url=url),
        run(folder / "merging", "db", "adopt", "--merge-duplicates", DATABASE_URL=url),
    )
    assert "apply  0002_discord_tables" in told
    assert "user_id 1, challenge_id 1, day_number 1: rows 1, 2: keep 2 with " in told
    assert "CREATE INDEX idx_kai_interactions_context" in told
    assert "“mark done” after a reflection was saved" in told
    assert len(sentences) == 1
    assert "--merge-duplicates" in sentences[0]
    assert same == sentences
    assert listed.startswith("Duplicates in public.challenge_logs: 1 ")
    assert dry.out == told + "Nothing was changed: with --apply all this is done.\n"

    command = ("db", "adopt", "--apply", "--merge-duplicates")
    done = await run(folder / "apply", *command, DATABASE_URL=url)
    assert done.out.startswith(f"{told}Done.\nIt is run 1 ")
    assert "`python -m bot db adopt --undo --apply` takes it back." in done.out

    undo = ("db", "adopt", "--undo")
    told = await run(folder / "undo told", *undo, DATABASE_URL=url)
    plan, _, last = told.out.rpartition("Nothing was changed: ")
    assert last == "with --undo --apply all this is done.\n"
    assert "  DROP INDEX public.idx_kai_interactions_context\n" in plan
    assert plan.endswith("given back as they were\n         2  public.challenge_logs\n")
    connection = await asyncpg.connect(url, server_settings={"application_name": "get-kinder-bot"})
    for name, arguments in {"told under a bot": (), "under a bot": ("--apply",)}.items():
        printed, (sentence,) = await refused(folder / name, *undo[2:], *arguments, url=url)
        assert printed == ("" if arguments else plan)
        assert f"process {connection.get_server_pid()} on the server" in sentence
    await connection.close()
    undone = await run(folder / "undo", *undo, "--apply", DATABASE_URL=url)
    assert undone.out == f"{plan}Done: it was undone. The schema discord stays.\n"
    _, (nothing,) = await refused(folder / "again", *undo[2:], url=url)
    assert nothing.startswith("There is nothing to undo")


async def test_what_cannot_be_adopted_is_a_sentence(
    folder: Path, empty_database_url: str, server_url: str
) -> None:
    missing = at_database(server_url, "no_such_database")
    (told, (sentence,)), unreachable, strange = await asyncio.gather(
        refused(folder / "empty", url=empty_database_url),
        refusal(folder / "missing", "db", "adopt", DATABASE_URL=missing),
        refusal(folder / "strange", "db", "adopt", DATABASE_URL=STRANGE),
    )
    assert told == ""
    assert "`python -m bot db migrate` is the way" in sentence
    assert unreachable == strange == UNREACHABLE


async def test_an_old_server(folder: Path, website_url: str) -> None:
    async with servers.old(website_url, 13) as url:
        _, sentences = await refused(folder / "bot", url=url)
    assert sentences[0].startswith("The server is PostgreSQL 13; the bot needs 15 or newer.")
