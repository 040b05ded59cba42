"""`python -m bot db …`: what it says, what it does, and that doing it again does no harm."""

import asyncio
import signal
from pathlib import Path

import asyncpg

from bot.actions.seeding import read_catalogue
from tests.postgres import at_database
from tests.process.bots import refusal, run, running
from tests.process.embedded import appears, is_stopped
from tests.process.stage import row_counts

CATALOGUE = read_catalogue()
COUNTS = (len(CATALOGUE.challenge), len(CATALOGUE.quest), len(CATALOGUE.badge))
SEEDED = "{} challenge(s) added, {} quest(s) added, {} badge(s) added.\n"


async def test_from_nothing_to_a_catalogue_and_back(folder: Path, empty_database_url: str) -> None:
    url = empty_database_url
    refused = await refusal(folder / "too early", "db", "seed", DATABASE_URL=url)
    assert "`python -m bot db migrate`" in refused
    migrated = await run(folder / "migrate", "db", "migrate", DATABASE_URL=url)
    *applied, end = migrated.out.splitlines()
    assert applied[0] == "applied 0001_handbook_tables"
    assert len(applied) >= 3
    assert end == "The database is up to date."

    back = await run(folder / "downgrade", "db", "downgrade", "base", DATABASE_URL=url)
    assert back.out == "The database is at base.\n"
    again = await run(folder / "forth", "db", "migrate", DATABASE_URL=url)
    assert again.out == migrated.out

    seeds = [await run(folder / f"seed{n}", "db", "seed", DATABASE_URL=url) for n in range(2)]
    assert [seed.out for seed in seeds] == [SEEDED.format(*COUNTS), SEEDED.format(0, 0, 0)]
    assert await row_counts(url) == COUNTS
    nothing, refused, unknown = await asyncio.gather(
        run(folder / "migrated", "db", "migrate", DATABASE_URL=url),
        refusal(folder / "full", "db", "downgrade", "base", DATABASE_URL=url),
        refusal(folder / "unknown", "db", "downgrade", "0000", DATABASE_URL=url),
    )
    assert nothing.out == "The database is up to date.\n"
    assert "challenges" in refused
    assert "0000" in unknown
    assert await row_counts(url) == COUNTS


async def test_a_command_that_is_interrupted_leaves_no_server(folder: Path) -> None:
    """It may be done before the signal comes, on a machine that is busy: then once more."""
    code = 0
    for attempt in range(5):
        data = folder / f"data{attempt}"
        async with running(folder / f"bot{attempt}", "db", "migrate", DATA_DIR=str(data)) as bot:
            await appears(data / "postgres" / "data" / "postmaster.pid")
            bot.send(signal.SIGTERM)
            code = await bot.ends(within=10)
        assert bot.remarks in ([], ["Aborted!"], ["Aborted."])
        assert is_stopped(data)
        if code != 0:
            break
    assert code == 130


async def test_a_server_that_has_no_such_database(folder: Path, server_url: str) -> None:
    url = at_database(server_url, "no_such_database")
    commands = ("migrate", "seed")
    sentences = await asyncio.gather(
        *(refusal(folder / name, "db", name, DATABASE_URL=url) for name in commands)
    )
    assert all(sentence.startswith("The database cannot be reached:") for sentence in sentences)


async def test_the_bot_fills_a_catalogue_only_when_it_is_empty(
    folder: Path, database_url: str
) -> None:
    connection = await asyncpg.connect(database_url)
    await connection.execute("INSERT INTO badges (name, icon) VALUES ('Ours alone', '🌻')")
    await connection.close()
    here = {"DATABASE_URL": database_url, "DISCORD_TOKEN": "x", "DISCORD_API_URL": "http://[::1]:9"}
    await refusal(folder / "bot", **here)
    assert await row_counts(database_url) == (0, 1, 1)  # the standing quest comes by itself
