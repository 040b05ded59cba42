"""The dashboard's queries, against figures counted by hand, and the plans that are kept of them."""

import datetime as dt
import inspect
import re
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from db import dashboard
from db.care.explaining import Query, explain, queries
from db.dashboard import (
    ActiveMembers,
    BadgeCount,
    Completions,
    Funnel,
    Posts,
    Reminders,
    Stop,
    Turns,
    TurnsKept,
)
from db.pool import Pool, create_pool
from tests.database.catalog import execute

KEPT = Path(__file__).parents[2] / "docs" / "explain"
SUNDAY, MONDAY, TUESDAY = (dt.date(2026, 11, day) for day in (1, 2, 3))
WEEK = (dt.date(2026, 10, 26), dt.date(2026, 11, 8))
FAR = (dt.date(2020, 1, 1), dt.date(2030, 1, 1))

# Ann, Ben and Cem use the bot; Dot does too, and is suspended; Eve was only on the website.
ROWS = """
ALTER TABLE userdata ADD is_suspended BOOLEAN;
INSERT INTO userdata (firstname, lastname, email, is_suspended) VALUES
    ('Ann', 'A', 'a@x.invalid', false), ('Ben', 'B', 'b@x.invalid', NULL),
    ('Cem', 'C', 'c@x.invalid', false), ('Dot', 'D', 'd@x.invalid', true),
    ('Eve', 'E', 'e@x.invalid', false);
INSERT INTO challenges (name, total_days) VALUES ('Smile', 3), ('Listen', 5), ('Nobody''s', 1);
INSERT INTO quests (name, total_days) VALUES ('Garden', 2);
INSERT INTO badges (name, points_required) VALUES ('First', 10), ('Given', NULL), ('Far', 500);

INSERT INTO user_challenges (user_id, challenge_id, status, current_day, start_date) VALUES
    (1, 1, 'completed', 3, '2026-10-01'), (2, 1, 'active', 2, '2026-11-01'),
    (3, 1, 'cancelled', 1, '2026-10-01'), (4, 1, 'active', 3, '2026-10-01'),
    (5, 1, 'active', NULL, NULL), (1, 2, 'active', 9, '2026-11-02'),
    (3, 2, 'cancelled', 4, '2026-10-01');
INSERT INTO challenge_logs (user_id, challenge_id, day_number, completed, completed_at) VALUES
    (1, 1, 3, true, '2026-10-20'), (2, 1, 1, true, '2026-11-02 08:00'),
    (2, 1, 2, false, NULL), (4, 1, 2, true, '2026-11-02'), (3, 2, 1, true, '2026-10-02');
INSERT INTO user_quests (user_id, quest_id, status, current_day, start_date) VALUES
    (2, 1, 'active', 2, '2026-10-01'), (3, 1, 'active', 1, '2026-10-01');
INSERT INTO quest_logs (user_id, quest_id, day_number, completed, completed_at) VALUES
    (2, 1, 1, true, '2026-10-30'), (3, 1, 1, false, NULL);
INSERT INTO user_badges (user_id, badge_id, earned_at) VALUES
    (1, 1, '2026-10-31 23:59:59'), (2, 1, '2026-11-02 23:59:59'), (4, 1, '2026-11-02'),
    (3, 2, NULL);
INSERT INTO kai_interactions (user_id, context_type, function_called, created_at) VALUES
    (1, 'chat', NULL, '2026-11-01 00:00:00'), (1, 'chat', 'complete_day', '2026-11-01 23:59:59'),
    (4, 'chat', NULL, '2026-11-01 12:00'), (2, NULL, NULL, '2026-11-02 12:00'),
    (2, 'chat', NULL, '2026-11-04 00:00:00'), (3, 'reflection', NULL, '2026-05-05 05:05');

INSERT INTO discord.completions
    (user_id, kind, item_id, day_number, local_date, points, completed_at) VALUES
    (1, 'challenge', 1, 1, '2026-10-20', 10, '2026-10-20 08:00+00'),
    (1, 'challenge', 1, 2, '2026-11-01', 10, '2026-11-01 09:00+00'),
    (1, 'quest', 1, 1, '2026-11-02', 15, '2026-11-02 06:00+00'),
    (2, 'challenge', 1, 1, '2026-11-02', 10, '2026-11-02 09:00+00'),
    (2, 'quest', 1, 1, '2026-11-02', 15, '2026-11-02 09:00+00'),
    (2, 'challenge', 1, 2, '2026-11-03', 10, '2026-11-03 08:00+00'),
    (4, 'challenge', 1, 2, '2026-11-02', 10, '2026-11-02 09:00+00');
INSERT INTO discord.daily_posts
    (guild_id, local_date, channel_id, day_number, status, due_at, expires_at, send_at) VALUES
    (1, '2026-11-02', 1, 1, 'sent', '2026-11-02', '2026-11-02', '2026-11-02'),
    (2, '2026-11-02', 1, 1, 'sent', '2026-11-02', '2026-11-02', '2026-11-02'),
    (3, '2026-11-02', 1, 1, 'missed', '2026-11-02', '2026-11-02', '2026-11-02'),
    (1, '2026-11-03', 1, 1, 'unknown', '2026-11-03', '2026-11-03', '2026-11-03'),
    (2, '2026-11-03', 1, 1, 'failed', '2026-11-03', '2026-11-03', '2026-11-03'),
    (3, '2026-11-03', 1, 1, 'planned', '2026-11-03', '2026-11-03', '2026-11-03');
INSERT INTO discord.post_doers (post_id, user_id, done_at) VALUES
    (1, 1, '2026-11-02'), (1, 2, '2026-11-02'), (1, 4, '2026-11-02'), (2, 2, '2026-11-02');
INSERT INTO discord.reminders
    (user_id, local_date, status, due_at, expires_at, send_at, sent_at) VALUES
    (1, '2026-11-02', 'sent', '2026-11-02', '2026-11-02', '2026-11-02', '2026-11-02 07:00+00'),
    (2, '2026-11-02', 'sent', '2026-11-02', '2026-11-02', '2026-11-02', '2026-11-02 07:00+00'),
    (3, '2026-11-02', 'closed', '2026-11-02', '2026-11-02', '2026-11-02', NULL),
    (4, '2026-11-02', 'sent', '2026-11-02', '2026-11-02', '2026-11-02', '2026-11-02 07:00+00'),
    (1, '2026-11-03', 'missed', '2026-11-03', '2026-11-03', '2026-11-03', NULL),
    (2, '2026-11-03', 'nothing', '2026-11-03', '2026-11-03', '2026-11-03', NULL);
"""


@pytest.fixture
async def filled(database_url: str) -> AsyncGenerator[Pool]:
    """The bot's own pool on a database with the rows above, pinned to UTC as it is."""
    await execute(database_url, ROWS)
    pool = await create_pool(database_url, idle_seconds=0)
    yield pool
    await pool.close()


async def test_active_members(filled: Pool) -> None:
    assert await dashboard.active_members(filled, *WEEK) == [
        ActiveMembers(SUNDAY, 1, 0),  # Ann, who had begun in October
        ActiveMembers(MONDAY, 2, 1),  # Ann and, for the first time, Ben; Dot is suspended
        ActiveMembers(TUESDAY, 1, 0),
    ]
    assert await dashboard.active_members(filled, *WEEK, per="week") == [
        ActiveMembers(dt.date(2026, 10, 26), 1, 0),
        ActiveMembers(MONDAY, 2, 1),
    ]


async def test_completions(filled: Pool) -> None:
    assert await dashboard.completions(filled, SUNDAY, TUESDAY) == [
        Completions(SUNDAY, "challenge", 1, 1, 10),
        Completions(MONDAY, "challenge", 1, 1, 10),
        Completions(MONDAY, "quest", 2, 2, 30),
        Completions(TUESDAY, "challenge", 1, 1, 10),
    ]


async def test_funnels(filled: Pool) -> None:
    assert await dashboard.funnel(filled, "challenge") == [
        # Ben is on day 2, and Eve's NULL is day 1.
        Funnel(1, "Smile", 3, 4, 2, active=2, completed=1, left=1, average_day=1.5),
        # Ann's day 9 of 5 is the last one.
        Funnel(2, "Listen", 5, 2, 1, active=1, completed=0, left=1, average_day=5.0),
        Funnel(3, "Nobody's", 1, 0, 0, active=0, completed=0, left=0, average_day=None),
    ]
    assert await dashboard.funnel(filled, "quest") == [
        Funnel(1, "Garden", 2, 2, 1, active=2, completed=0, left=0, average_day=1.5)
    ]


async def test_stops(filled: Pool) -> None:
    """Cem left; Eve never did a day. Ben did one since, and Ann has joined since."""
    assert await dashboard.stops(filled, "challenge", MONDAY) == [
        Stop(1, "Smile", 1, left=1, quiet=1),
        Stop(2, "Listen", 4, left=1, quiet=0),
    ]
    assert await dashboard.stops(filled, "quest", dt.date(2026, 10, 30)) == [
        Stop(1, "Garden", 1, left=0, quiet=1)
    ]
    assert await dashboard.stops(filled, "quest", dt.date(2026, 10, 31)) == [
        Stop(1, "Garden", 1, left=0, quiet=1),
        Stop(1, "Garden", 2, left=0, quiet=1),
    ]


async def test_badges(filled: Pool) -> None:
    assert await dashboard.badges(filled, SUNDAY, MONDAY) == [
        BadgeCount(1, "First", 10, held=2, awarded=1),  # Dot's is not counted
        BadgeCount(2, "Given", None, held=1, awarded=0),
        BadgeCount(3, "Far", 500, held=0, awarded=0),
    ]


async def test_turns(filled: Pool) -> None:
    """All are counted, Dot's too: they cost the same."""
    assert await dashboard.turns(filled, SUNDAY, TUESDAY) == [
        Turns(SUNDAY, "chat", 3, 2, with_tool=1),
        Turns(MONDAY, "", 1, 1, with_tool=0),
    ]


async def test_posts(filled: Pool) -> None:
    assert await dashboard.posts(filled, *WEEK) == [
        Posts(MONDAY, sent=2, missed=1, failed=0, doers=3),
        Posts(TUESDAY, sent=0, missed=0, failed=2, doers=0),
    ]


async def test_reminders(filled: Pool) -> None:
    """Ben did a day after his; Ann had done hers before it came."""
    assert await dashboard.reminders(filled, *WEEK) == [
        Reminders(MONDAY, sent=2, missed=0, failed=1, followed=1),
        Reminders(TUESDAY, sent=0, missed=1, failed=0, followed=0),
    ]


async def test_turns_kept(filled: Pool) -> None:
    noon = dt.datetime(2026, 11, 1, 12, tzinfo=dt.UTC)
    oldest = dt.datetime(2026, 5, 5, 5, 5, tzinfo=dt.UTC)
    assert await dashboard.turns_kept(filled, noon) == TurnsKept(6, 2, oldest)
    later = noon.astimezone(dt.timezone(dt.timedelta(hours=5))) + dt.timedelta(seconds=1)
    assert await dashboard.turns_kept(filled, later) == TurnsKept(6, 3, oldest)


async def test_biggest_tables(filled: Pool) -> None:
    await filled.execute(
        "CREATE TABLE public.events AS SELECT repeat('x', 50) FROM generate_series(1, 9999)"
    )
    await filled.execute("ANALYZE public.events")
    biggest, second = await dashboard.biggest_tables(filled, 2)
    assert (biggest.name, biggest.about_rows) == ("public.events", 9999)
    assert biggest.size == await filled.fetchval("SELECT pg_total_relation_size('public.events')")
    assert biggest.size > second.size > 0


async def test_an_empty_database_has_nothing_to_show(pool: Pool) -> None:
    """There is no is_suspended column in it either."""
    assert await dashboard.active_members(pool, *FAR) == []
    assert await dashboard.completions(pool, *FAR) == []
    for kind in ("challenge", "quest"):
        assert await dashboard.funnel(pool, kind) == []
        assert await dashboard.stops(pool, kind, FAR[1]) == []
    assert await dashboard.badges(pool, *FAR) == []
    assert await dashboard.turns(pool, *FAR) == []
    assert await dashboard.posts(pool, *FAR) == []
    assert await dashboard.reminders(pool, *FAR) == []
    now = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)
    assert await dashboard.turns_kept(pool, now) == TurnsKept(0, 0, None)


QUERIES = queries(dt.date(2026, 11, 30))
FUNCTIONS = {
    name: function
    for name, function in inspect.getmembers(dashboard, inspect.iscoroutinefunction)
    if function.__module__ == dashboard.__name__ and not name.startswith("_")
}


def test_every_function_is_explained() -> None:
    assert {query.function for query in QUERIES.values()} == set(FUNCTIONS)
    assert all(query.purpose for query in QUERIES.values())


@pytest.mark.parametrize("name", QUERIES)
async def test_what_is_explained_is_what_is_run(pool: Pool, name: str) -> None:
    """A function runs the very statement, with arguments like those, as one that only reads."""
    query = QUERIES[name]
    asked: list[tuple[str, Any]] = []
    arguments = list(query.arguments)
    if query.function == "turns_kept":
        arguments = [arguments[0].replace(tzinfo=dt.UTC)]
    if query.function in ("funnel", "stops"):
        arguments = [name.partition("_")[0], *arguments]
    async with pool.acquire() as connection, connection.transaction(readonly=True):
        with connection.query_logger(lambda record: asked.append((record.query, record.args))):
            await FUNCTIONS[query.function](connection, *arguments)
    assert asked == [(query.sql, query.arguments)]


@pytest.mark.parametrize("name", QUERIES)
def test_the_kept_plan_is_of_this_query(name: str) -> None:
    text = (KEPT / f"{name}.txt").read_text(encoding="utf-8")
    behind = "docs/explain is behind db/dashboard.py: run `python -m tests.bench.crowd`"
    assert f"\n\n{QUERIES[name].sql.strip()};\n\n" in text, behind
    assert text.startswith(f"-- {name}: {QUERIES[name].purpose}\n-- made up to "), behind
    assert re.search(r"^-- PostgreSQL \d\d", text, re.MULTILINE)
    took = re.search(r"^Execution Time: ([\d.]+) ms$", text, re.MULTILINE)
    assert took is not None
    assert float(took[1]) < 1000


def test_no_other_plan_is_kept() -> None:
    assert {path.stem for path in KEPT.iterdir()} == set(QUERIES)


async def test_a_plain_explain_runs_nothing(filled: Pool) -> None:
    async with filled.acquire() as connection:
        texts = await explain(connection, QUERIES, analyze=False)
    assert texts.keys() == QUERIES.keys()
    assert "actual time" not in "".join(texts.values())
    assert "-- discord.daily_posts: 6 rows\n-- discord.post_doers: 4 rows\n" in texts["posts"]
    assert "-- public.userdata: 5 rows\n-- $1 = 2026-10-31\n" in texts["posts"]


async def test_a_slow_query_ends(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It ends after the limit, says so, and the others are explained all the same."""
    monkeypatch.setattr("db.care.explaining.LIMIT_SECONDS", 1)
    query = QUERIES["completions"]
    connection = await asyncpg.connect(database_url)
    try:
        texts = await explain(
            connection,
            {"slow": Query("badges", "SELECT pg_sleep(9)"), "completions": query},
            analyze=True,
        )
    finally:
        await connection.close()
    assert "(not done within 30 seconds)" in texts["slow"]
    assert "Execution Time" in texts["completions"]


async def test_it_can_change_nothing(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    writing = Query("posts", "INSERT INTO badges (name) VALUES ('x') RETURNING id")
    try:
        with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
            await explain(connection, {"writing": writing}, analyze=True)
    finally:
        await connection.close()
