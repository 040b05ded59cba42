"""`docs/backup.md` on the website's database: what is the bot's comes back, the rest stays."""

import secrets
from pathlib import Path

import asyncpg

from db.care.checking import check
from db.care.keys import NINE
from tests.database import catalog
from tests.live.adoption import adopt
from tests.live.checksums import checksums
from tests.postgres import at_database
from tests.process.backups import assert_erasing_is_closed, commands, programs, run

ROWS = """
INSERT INTO discord.accounts (discord_id, user_id, zone, created_at)
    SELECT 1000 + id, id, 'America/Toronto', '2026-05-01' FROM public.userdata ORDER BY id LIMIT 9;
INSERT INTO discord.completions
       (user_id, kind, item_id, day_number, local_date, points, completed_at)
    SELECT user_id, 'challenge', 1, 1, '2026-05-01', 10, '2026-05-01' FROM discord.accounts;
UPDATE discord.accounts SET points = 10"""


async def drifted(url: str) -> list[str]:
    """What the check says of the database there, notes aside."""
    connection = await asyncpg.connect(url)
    try:
        found = await check(connection)
    finally:
        await connection.close()
    return [finding.what for finding in found if finding.level != "note"]


async def test_the_bots_part_of_the_websites_database(
    small_live_url: str, server_url: str, tmp_path: Path
) -> None:
    url = small_live_url
    await adopt(url)
    await catalog.execute(url, ROWS)
    kept = await checksums(url, without=())
    path = await programs(url)
    await run(tmp_path, commands("Only what is the bot's"), path, DATABASE_URL=url)

    name = f"test_{secrets.token_hex(6)}"
    trial = at_database(server_url, name)
    try:
        script = commands("A trial: that backup in an empty database")
        await run(tmp_path, script, path, DATABASE_URL=url, TRIAL=name, TRIAL_URL=trial)
        back = await checksums(trial, without=())
        assert back.pop("public.userdata") != kept["public.userdata"]
        assert back == {name: kept[name] for name in back}
        assert {f"public.{name}" for name in NINE} < set(back)
        assert await drifted(trial) == []
    finally:
        await catalog.execute(server_url, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    script = commands("The schema `discord` alone, beside newer rows of the website")
    await run(tmp_path, script, path, DATABASE_URL=url)
    assert await checksums(url, without=()) == kept
    assert await drifted(url) == []
    await assert_erasing_is_closed(url)
