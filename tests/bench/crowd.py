"""The plans of the dashboard's queries on a community of 2,000 members and 30 days.

`uv run python -m tests.bench.crowd` builds it in a database of its own and writes docs/explain anew
(run it when a query has changed, or an index that serves one). What each member does follows from
their number alone, so every run builds the same rows.
"""

import asyncio
import datetime as dt
from typing import Final

import asyncpg

from bot.commands.explain import FOLDER, keep
from db.care import explaining
from migrations import runner
from tests import postgres

LAST: Final = dt.date(2026, 11, 30)
NOTE: Final = (
    "made up to 2026-11-30 by tests/bench/crowd.py: 2,000 members, 20 servers, 30 days of the bot"
)

# Member n did day d when their own share of days, 20 to 80 in a hundred, says so.
DID: Final = "abs(hashint8(n * 1000 + d)) % 100 < 20 + n % 61"

FILL: Final = f"""
INSERT INTO userdata (firstname, lastname, email)
SELECT 'Member', '(Discord)', 'discord-' || n || '@members.getkinder.invalid'
  FROM generate_series(1, 2000) AS n;

INSERT INTO challenges (name, total_days) SELECT 'Challenge ' || n, 7 * n
  FROM generate_series(1, 4) AS n;
INSERT INTO quests (name, total_days) SELECT 'Quest ' || n, 5 * n FROM generate_series(1, 8) AS n;
INSERT INTO badges (name, points_required) SELECT 'Badge ' || n, NULLIF(n - 1, 0) * 50
  FROM generate_series(1, 10) AS n;

CREATE TEMPORARY TABLE acts AS
SELECT n, d, kind, row_number() OVER (PARTITION BY n, kind ORDER BY d)::int AS day_number,
       CASE kind WHEN 'challenge' THEN n % 4 ELSE n % 8 END + 1 AS item_id,
       DATE '2026-11-30' - 30 + d AS local_date,
       DATE '2026-11-30' - 30 + d + TIME '08:00' + n % 720 * INTERVAL '1 minute' AS at
  FROM generate_series(1, 2000) AS n, generate_series(1, 30) AS d,
       unnest(ARRAY['challenge', 'quest']) AS kind
 WHERE {DID} AND (kind = 'challenge' OR n % 3 = 0);
DELETE FROM acts USING challenges c
 WHERE kind = 'challenge' AND c.id = item_id AND day_number > total_days;
DELETE FROM acts USING quests q WHERE kind = 'quest' AND q.id = item_id AND day_number > total_days;

INSERT INTO user_challenges (user_id, challenge_id, status, current_day, start_date, completed_at)
SELECT n, c.id, CASE WHEN days = total_days THEN 'completed' WHEN n % 7 = 0 THEN 'cancelled'
                     ELSE 'active' END,
       LEAST(days + 1, total_days), '2026-11-01', CASE WHEN days = total_days THEN last END
  FROM (SELECT n, n % 4 + 1 AS item_id, count(day_number) AS days, max(local_date) AS last
          FROM generate_series(1, 2000) AS n
          LEFT JOIN (SELECT * FROM acts WHERE kind = 'challenge') a USING (n) GROUP BY n) m
  JOIN challenges c ON c.id = m.item_id;
INSERT INTO user_quests (user_id, quest_id, status, current_day, start_date, completed_at)
SELECT n, q.id, CASE WHEN days = total_days THEN 'completed' WHEN n % 7 = 0 THEN 'cancelled'
                     ELSE 'active' END,
       LEAST(days + 1, total_days), '2026-11-01', CASE WHEN days = total_days THEN last END
  FROM (SELECT n, item_id, count(*) AS days, max(local_date) AS last
          FROM acts WHERE kind = 'quest' GROUP BY n, item_id) m
  JOIN quests q ON q.id = m.item_id;

INSERT INTO challenge_logs (user_id, challenge_id, day_number, reflection, completed, completed_at)
SELECT n, item_id, day_number, CASE WHEN n % 5 = 0 THEN 'A kind word goes far.' END, true, at
  FROM acts WHERE kind = 'challenge';
INSERT INTO quest_logs (user_id, quest_id, day_number, task_generated, completed, completed_at)
SELECT n, item_id, day_number, 'Hold a door, day ' || day_number, true, at
  FROM acts WHERE kind = 'quest';
INSERT INTO user_badges (user_id, badge_id, earned_at)
SELECT n, b.id, '2026-11-15' FROM generate_series(1, 2000) AS n JOIN badges b ON n % 7 >= b.id;
INSERT INTO kai_interactions (user_id, context_type, context_id, message, assistant_response,
                              function_called, created_at)
SELECT n, CASE WHEN (n + d) % 3 = 0 THEN 'chat' WHEN kind = 'quest' THEN 'quest_task'
               ELSE 'challenge_day' END,
       item_id, 'What shall I do?', repeat('A kind answer of some length. ', 8),
       CASE WHEN (n + d) % 9 = 0 THEN 'complete_day' END, at
  FROM acts;

INSERT INTO discord.accounts (discord_id, user_id, zone, points, created_at)
SELECT 1000 + n, n, 'UTC', 0, '2026-11-01' FROM generate_series(1, 2000) AS n;
INSERT INTO discord.completions
       (user_id, kind, item_id, day_number, local_date, points, completed_at)
SELECT n, kind, item_id, day_number, local_date, 10, at FROM acts;
INSERT INTO discord.guilds (guild_id, zone, joined_at)
SELECT g, 'UTC', '2026-11-01' FROM generate_series(1, 20) AS g;
INSERT INTO discord.guild_members (guild_id, user_id, last_used_on)
SELECT n % 20 + 1, n, '2026-11-30' FROM generate_series(1, 2000) AS n;
INSERT INTO discord.daily_posts (guild_id, local_date, channel_id, quest_id, day_number, status,
                                 due_at, expires_at, send_at, sent_at)
SELECT g, DATE '2026-10-31' + d, g, 8, d, CASE WHEN (g + d) % 50 = 0 THEN 'missed' ELSE 'sent' END,
       DATE '2026-10-31' + d, DATE '2026-10-31' + d, DATE '2026-10-31' + d, DATE '2026-10-31' + d
  FROM generate_series(1, 20) AS g, generate_series(1, 30) AS d;
INSERT INTO discord.post_doers (post_id, user_id, done_at)
SELECT p.id, m.user_id, p.sent_at FROM discord.daily_posts p
  JOIN discord.guild_members m USING (guild_id) WHERE (m.user_id / 20 + p.day_number) % 9 = 0;
INSERT INTO discord.reminders (user_id, local_date, status, due_at, expires_at, send_at, sent_at)
SELECT n, DATE '2026-10-31' + d, CASE WHEN n % 97 = 0 THEN 'missed' ELSE 'sent' END,
       DATE '2026-10-31' + d, DATE '2026-10-31' + d, DATE '2026-10-31' + d,
       DATE '2026-10-31' + d + TIME '07:00'
  FROM generate_series(1, 2000, 3) AS n, generate_series(1, 30) AS d;
"""


async def fill(url: str) -> None:
    """Fill a migrated, empty database, and let PostgreSQL look at what is in it."""
    connection = await asyncpg.connect(url, server_settings={"timezone": "UTC"})
    try:
        await connection.execute(FILL)
        await connection.execute("VACUUM (ANALYZE)")
    finally:
        await connection.close()


async def plans(server_url: str) -> dict[str, str]:
    """The texts for docs/explain, from a database of their own."""
    async with postgres.database(server_url) as url:
        await runner.upgrade(url)
        await fill(url)
        connection = await asyncpg.connect(url, server_settings={"timezone": "UTC"})
        try:
            queries = explaining.queries(LAST)
            return await explaining.explain(connection, queries, analyze=True, note=NOTE)
        finally:
            await connection.close()


def main() -> None:
    """Build, explain, and write the files."""
    with postgres.server() as server_url:
        texts = asyncio.run(plans(server_url))
    keep(FOLDER, texts)
    for name in texts:
        print(FOLDER / f"{name}.txt")


if __name__ == "__main__":
    main()
