"""`docs/backup.md`: its commands, run as they stand there, bring everything back."""

import re
import secrets
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest

from bot.embedded import EmbeddedServer
from db.care.keys import NINE
from db.pool import Pool, create_pool
from migrations import runner
from tests.database import catalog
from tests.postgres import at_database
from tests.process.backups import (
    ANN,
    BEN,
    BOTH,
    all_tables,
    assert_erasing_is_closed,
    assert_ids_go_on,
    checksums,
    commands,
    fill,
    join,
    live,
    programs,
    run,
    story_goes_on,
)

CEM = 103

# The website's own: more columns, tables that refer to its users, a trigger on one of the nine.
WEBSITE = """
ALTER TABLE public.userdata ADD is_suspended BOOLEAN NOT NULL DEFAULT FALSE;
INSERT INTO public.userdata (firstname, lastname, email, password)
    SELECT 'Only', 'here', 'site-' || n || '@example.invalid', 'secret'
      FROM generate_series(1, 50) AS n;
CREATE TABLE public.events (id SERIAL PRIMARY KEY, host INT REFERENCES public.userdata);
INSERT INTO public.events (host) SELECT max(id) FROM public.userdata;
CREATE SCHEMA kai;
CREATE TABLE kai.memories (id SERIAL PRIMARY KEY);
CREATE FUNCTION public.set_updated_at() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN NEW.updated_at := '2026-05-05'; RETURN NEW; END $$;
CREATE TRIGGER challenges_updated BEFORE UPDATE ON public.challenges
    FOR EACH ROW EXECUTE FUNCTION public.set_updated_at();"""

NEWCOMER = """
WITH u AS (INSERT INTO userdata (firstname, lastname, email)
           VALUES ('New', 'comer', 'discord-{n}@members.getkinder.invalid') RETURNING id)
INSERT INTO user_quests (user_id, quest_id, status) SELECT id, 5, 'active' FROM u"""

FOREIGN_KEYS = """
SELECT conrelid::regclass::text AS name, confrelid::regclass::text AS parent,
       confdeltype::text AS on_delete,
       (SELECT attname FROM pg_attribute WHERE attrelid = conrelid AND attnum = conkey[1]) AS column
  FROM pg_constraint WHERE contype = 'f'"""


@pytest.fixture
async def trial(server_url: str) -> AsyncGenerator[dict[str, str]]:
    """The variables of a database that the page's commands create; dropped afterwards."""
    name = f"test_{secrets.token_hex(6)}"
    yield {"TRIAL": name, "TRIAL_URL": at_database(server_url, name)}
    await catalog.execute(server_url, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@pytest.fixture
async def filled(database_url: str) -> AsyncGenerator[Pool]:
    """The bot's pool on the database that is backed up."""
    pool = await create_pool(database_url, idle_seconds=0)
    await fill(pool)
    yield pool
    await pool.close()


async def test_the_whole_database(
    filled: Pool, database_url: str, trial: dict[str, str], tmp_path: Path
) -> None:
    await filled.execute(WEBSITE)
    path = await programs(database_url)
    await run(tmp_path, commands("The whole database"), path, DATABASE_URL=database_url, **trial)

    url = trial["TRIAL_URL"]
    everything = await all_tables(database_url, *BOTH, "kai")
    assert await all_tables(url, *BOTH, "kai") == everything
    assert await checksums(url, everything) == await checksums(database_url, everything)
    assert await catalog.shapes(url, *BOTH) == await catalog.shapes(database_url, *BOTH)
    assert await catalog.pending(url) == []
    await assert_erasing_is_closed(url)
    await story_goes_on(url, 2, ANN, BEN)
    await assert_ids_go_on(url)


async def test_only_what_is_the_bots(
    filled: Pool, database_url: str, trial: dict[str, str], tmp_path: Path
) -> None:
    made = await catalog.shapes(database_url, *BOTH)  # without the website's own
    await filled.execute(WEBSITE)
    path = await programs(database_url)
    script = commands("Only what is the bot's")
    await run(tmp_path, script, path, DATABASE_URL=database_url)
    script = commands("A trial: that backup in an empty database")
    await run(tmp_path, script, path, DATABASE_URL=database_url, **trial)

    url = trial["TRIAL_URL"]
    assert await catalog.shapes(url, *BOTH) == made
    ours = [name for name in made if name != "public.userdata"]
    assert await checksums(url, ours) == await checksums(database_url, ours)
    assert await catalog.pending(url) == []
    assert "secret" not in (tmp_path / "userdata.csv").read_text()
    assert await catalog.value(url, "SELECT array_agg(firstname ORDER BY id) FROM userdata") == [
        "Member 101",
        "Member 102",
    ]
    await assert_erasing_is_closed(url)
    await story_goes_on(url, 2, ANN, BEN)
    await assert_ids_go_on(url)


async def test_a_backup_is_of_one_instant(
    filled: Pool, database_url: str, trial: dict[str, str], tmp_path: Path
) -> None:
    """Members who come while it is made are in none of its parts, or it could not be restored."""
    path = await programs(database_url)
    script = commands("Only what is the bot's")
    comes = NEWCOMER.replace("\n", " ").strip()
    newcomers = [
        f'\\! psql --no-psqlrc --quiet "$DATABASE_URL" --command="{comes.format(n=n)}"\n'
        for n in range(3)
    ]
    before, first, second, copy = re.split(r"(?m)^(?=\\! pg_dump|COPY)", script)
    script = "".join([before, newcomers[0], first, newcomers[1], second, newcomers[2], copy])
    await run(tmp_path, script, path, DATABASE_URL=database_url)
    assert await filled.fetchval("SELECT count(*) FROM userdata") == 5
    script = commands("A trial: that backup in an empty database")
    await run(tmp_path, script, path, DATABASE_URL=database_url, **trial)
    url = trial["TRIAL_URL"]
    assert await catalog.value(url, "SELECT count(*) FROM userdata") == 2
    assert await catalog.value(url, "SELECT count(*) FROM user_quests") == 2


async def test_the_schema_alone_beside_newer_rows(
    filled: Pool, database_url: str, tmp_path: Path
) -> None:
    await filled.execute(WEBSITE)
    path = await programs(database_url)
    made = await catalog.shapes(database_url, *BOTH)
    await run(tmp_path, commands("Only what is the bot's"), path, DATABASE_URL=database_url)

    # Since then Ann did two days, Cem came, Ben's user and a quest were deleted on the website.
    await join(filled, 2, CEM)
    for day in (2, 3):
        for who in (ANN, CEM):
            assert await live(filled, day, who) == ["DayDone", "DayDone"]
    await filled.execute("DELETE FROM userdata WHERE firstname = 'Member 102'")
    await filled.execute("DELETE FROM quests WHERE id IN (1, 4)")
    await filled.execute("DELETE FROM challenges WHERE id = 1")
    kept = await story_so_far(filled)
    public = await checksums(database_url, await all_tables(database_url, "public"))
    await filled.execute("DELETE FROM discord.completions; DELETE FROM discord.guilds;")

    script = commands("The schema `discord` alone, beside newer rows of the website")
    await filled.close()
    await run(tmp_path, script, path, DATABASE_URL=database_url)

    assert await catalog.shapes(database_url, *BOTH) == made
    assert await checksums(database_url, list(public)) == public
    await assert_erasing_is_closed(database_url)
    pool = await create_pool(database_url, idle_seconds=0)
    try:
        assert await story_so_far(pool) == kept
        assert await leftovers(pool) == [(1, None), (2, None), [(901, None)], 1, 0]
    finally:
        await pool.close()
    await story_goes_on(database_url, 4, ANN, CEM)
    await assert_ids_go_on(database_url)


async def story_so_far(pool: Pool) -> list[tuple[Any, ...]]:
    """What everybody has done, and their points: what a member would miss."""
    rows = await pool.fetch(
        "SELECT a.discord_id, a.points, c.kind, c.item_id, c.day_number, c.local_date, c.points,"
        "       c.completed_at"
        "  FROM discord.accounts a JOIN discord.completions c USING (user_id)"
        " ORDER BY 1, c.kind, c.day_number"
    )
    assert len(rows) == 12
    return [tuple(row) for row in rows]


async def leftovers(pool: Pool) -> list[Any]:
    """What became of the rows that referred to what is gone: emptied, or gone with it."""
    posts = await pool.fetch("SELECT id, quest_id FROM discord.daily_posts ORDER BY id")
    links = await pool.fetch("SELECT discord_id, placeholder_id FROM discord.links")
    return [
        *(tuple(row) for row in posts),
        [tuple(row) for row in links],
        await pool.fetchval("SELECT count(*) FROM discord.link_log"),
        await pool.fetchval("SELECT count(*) FROM discord.challenge_days"),
    ]


async def test_the_page_knows_every_foreign_key(pool: Pool) -> None:
    needed = commands("Only what is the bot's")
    mended = commands("The schema `discord` alone, beside newer rows of the website")
    for name, parent, on_delete, column in await pool.fetch(FOREIGN_KEYS):
        if parent == "userdata":
            full = name if name.startswith("discord.") else f"public.{name}"
            assert f"SELECT {column} FROM {full}" in needed
        if name.startswith("discord.") and not parent.startswith("discord."):
            changed = {"c": f"DELETE FROM {name} t ", "n": f"UPDATE {name} t SET {column} = NULL "}
            assert re.search(
                rf"^{re.escape(changed[on_delete])}WHERE NOT EXISTS \(SELECT FROM public\.{parent} "
                rf"(\w) WHERE \1\.id = t\.{column}\);$",
                mended,
                re.MULTILINE,
            ), (name, column)
    assert all(f"-t public.{name} " in needed for name in NINE)


async def test_the_playgrounds_database(folder: Path) -> None:
    """Dumped while it runs, packed while it is stopped, and brought back from both."""
    data = folder / ".data" / "postgres"
    data.parent.mkdir()
    data.parent.chmod(0o755)
    async with EmbeddedServer(data, settings={"fsync": "off"}) as server:
        await runner.upgrade(server.url)
        pool = await create_pool(server.url, idle_seconds=0)
        await fill(pool)
        await pool.close()
        tables = await all_tables(server.url, *BOTH)
        kept = await checksums(server.url, tables)
        at_first = commands("The playground's database")
        await run(folder, at_first + commands("While it runs"))
        await bring_back(folder, server.url, at_first)
        copy = at_database(server.url, "copy")
        assert await checksums(copy, tables) == kept
        await story_goes_on(copy, 2, ANN)

    await run(folder, commands("While it is stopped"))
    async with EmbeddedServer(data) as server:
        await catalog.execute(
            server.url, "DROP SCHEMA discord CASCADE; DROP TABLE userdata CASCADE"
        )
    await run(folder, commands("Bringing it back"))
    async with EmbeddedServer(data) as server:
        assert await checksums(server.url, tables) == kept
        await story_goes_on(server.url, 2, ANN, BEN)


async def bring_back(folder: Path, url: str, at_first: str) -> None:
    """Restore the playground's dump into another database, as the page says: like a whole one."""
    script = commands("The whole database").partition("createdb")[2]
    script = f"{at_first}createdb{script.replace('whole.dump', 'playground.dump')}"
    variables = {"DATABASE_URL": url, "TRIAL": "copy", "TRIAL_URL": at_database(url, "copy")}
    await run(folder, script, None, **variables)
