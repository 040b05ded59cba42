"""What the tests of linking share: a member, somebody of the website's, and what both have."""

import datetime as dt
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from bot.actions import linking, unlinking
from bot.actions.linking import Linked
from bot.actions.unlinking import Parting
from db.link_tables import MOVING
from db.links import Deed
from db.members import Caller, read_me
from db.pool import Pool, create_pool

NOW = dt.datetime(2026, 4, 1, 12, tzinfo=dt.UTC)
MEMBER = 710_000_000_000_000_001
ADDRESS = "Robin@Example.org"

ADD_PERSON = """
INSERT INTO public.userdata (firstname, lastname, email, password)
VALUES ('Robin', 'Person', $1, 'x') RETURNING id"""

# Both are in challenge 1, the member further; the website alone in 2; the member alone in 3.
BOTH = """
INSERT INTO public.user_challenges
       (user_id, challenge_id, status, current_day, start_date, completed_at) VALUES
    ({web}, 1, 'active', 2, '2026-03-01', NULL), ({own}, 1, 'active', 4, '2026-03-10', NULL),
    ({web}, 2, 'completed', 5, '2026-02-01', '2026-02-06'),
    ({own}, 3, 'cancelled', 2, '2026-03-20', NULL);
INSERT INTO public.challenge_logs
       (user_id, challenge_id, day_number, reflection, completed, completed_at, kai_notes) VALUES
    ({web}, 1, 1, 'On the website, I smiled.', false, NULL, NULL),
    ({own}, 1, 1, 'In Discord, they smiled back.', true, '2026-03-10 09:00:00.123456', 'Day one.'),
    ({web}, 1, 2, NULL, NULL, NULL, NULL),
    ({own}, 1, 2, NULL, true, '2026-03-11 09:00', 'Day two.'),
    ({own}, 1, 3, 'A third day.', true, '2026-03-12 09:00', NULL),
    ({web}, 2, 5, 'The last one.', true, '2026-02-06 10:00', NULL),
    ({own}, 3, 1, 'Thanks.', true, '2026-03-20 09:00', NULL);
INSERT INTO public.user_quests (user_id, quest_id, status, current_day, start_date) VALUES
    ({web}, 1, 'cancelled', 3, '2026-03-01'), ({own}, 1, 'active', 2, '2026-03-15'),
    ({own}, 2, 'active', 1, '2026-03-16');
INSERT INTO public.quest_logs
       (user_id, quest_id, day_number, task_generated, reflection, completed, completed_at) VALUES
    ({web}, 1, 1, 'Leave a note.', 'Left it.', true, '2026-03-02 09:00'),
    ({own}, 1, 1, 'Bake a cake.', 'Baked it.', true, '2026-03-15 09:00');
INSERT INTO public.user_badges (user_id, badge_id, earned_at) VALUES
    ({web}, 1, '2026-03-05'), ({own}, 1, '2026-03-10'), ({own}, 3, '2026-03-11');
INSERT INTO public.kai_interactions
       (user_id, context_type, context_id, message, assistant_response, created_at) VALUES
    ({web}, 'reflection', 1, 'On the website, I smiled.', NULL, '2026-03-01'),
    ({own}, 'chat', NULL, 'Hello', 'Hello!', '2026-03-10'),
    ({own}, 'reflection', 1, 'In Discord, they smiled back.', 'How kind.', '2026-03-10');
INSERT INTO discord.completions
       (user_id, kind, item_id, day_number, local_date, points, completed_at) VALUES
    ({own}, 'challenge', 1, 1, '2026-03-10', 10, '2026-03-10 09:00+00'),
    ({own}, 'challenge', 1, 2, '2026-03-11', 10, '2026-03-11 09:00+00'),
    ({own}, 'challenge', 1, 3, '2026-03-12', 10, '2026-03-12 09:00+00'),
    ({own}, 'challenge', 3, 1, '2026-03-20', 10, '2026-03-20 09:00+00'),
    ({own}, 'quest', 1, 1, '2026-03-15', 10, '2026-03-15 09:00+00');
INSERT INTO discord.guild_members (guild_id, user_id, last_used_on) VALUES (7, {own}, '2026-03-20');
INSERT INTO discord.reflection_drafts
       (user_id, kind, item_id, day_number, reflection, created_at) VALUES
    ({own}, 'quest', 1, 1, 'A draft.', '2026-03-15');
INSERT INTO discord.reminders (user_id, local_date, status, due_at, expires_at, send_at) VALUES
    ({own}, '2026-03-20', 'sent', '2026-03-20', '2026-03-21', '2026-03-20');
INSERT INTO discord.daily_posts
       (guild_id, local_date, channel_id, day_number, status, due_at, expires_at, send_at) VALUES
    (7, '2026-03-15', 8, 1, 'sent', '2026-03-15', '2026-03-16', '2026-03-15');
INSERT INTO discord.post_doers (post_id, user_id, done_at)
SELECT max(id), {own}, '2026-03-15' FROM discord.daily_posts;
UPDATE discord.accounts SET points = 50 WHERE user_id = {own};
"""

SNAPSHOT = "SELECT to_jsonb(t) FROM {table} t ORDER BY id"
"""All rows of a table."""

TEXTS = """
SELECT array_agg(text) FROM (
    SELECT reflection AS text FROM public.challenge_logs
     UNION ALL SELECT kai_notes FROM public.challenge_logs
     UNION ALL SELECT reflection FROM public.quest_logs
     UNION ALL SELECT task_generated FROM public.quest_logs) AS t
 WHERE text IS NOT NULL"""

UNEVEN = """
SELECT a.discord_id, a.points, sum(c.points)
  FROM discord.accounts a LEFT JOIN discord.completions c USING (user_id)
 GROUP BY 1, 2 HAVING a.points <> COALESCE(sum(c.points), 0)"""

STRAY = """
SELECT * FROM discord.completions c
 WHERE NOT EXISTS (
    SELECT FROM public.challenge_logs l
     WHERE c.kind = 'challenge' AND l.completed
       AND (l.user_id, l.challenge_id, l.day_number) = (c.user_id, c.item_id, c.day_number)
     UNION ALL
    SELECT FROM public.quest_logs l
     WHERE c.kind = 'quest' AND l.completed
       AND (l.user_id, l.quest_id, l.day_number) = (c.user_id, c.item_id, c.day_number))"""
"""Days that count for somebody who has them no more."""


@dataclass(frozen=True)
class Pair:
    """A member's own row and the website's account of the same person, by their user ids."""

    pool: Pool
    own: int
    web: int

    async def link(self, now: dt.datetime = NOW) -> Linked:
        """Link the two, as the person who runs the bot does."""
        return await linking.link(self.pool, MEMBER, ADDRESS, Deed(None, None, now))

    async def unlink(self, now: dt.datetime = NOW) -> Parting:
        """Part the two again."""
        return await unlinking.part(self.pool, MEMBER, Deed(None, None, now), "Robin")

    async def rows(self, *, of: int) -> dict[str, int]:
        """How many rows a user has in each table, those with none left out."""
        counts = {
            table.name: await self.pool.fetchval(
                f"SELECT count(*) FROM {table.name} WHERE user_id = $1", of
            )
            for table in MOVING
        }
        return {table: count for table, count in counts.items() if count}

    async def snapshot(self) -> dict[str, list[Any]]:
        """All rows of the tables that linking touches, and the accounts but for their version.

        A day that the website had marked stays counted with its account, and is left out.
        """
        found = {
            table.name: await self.pool.fetch(SNAPSHOT.format(table=table.name)) for table in MOVING
        }
        accounts = "SELECT discord_id, user_id, points FROM discord.accounts ORDER BY id"
        shown: dict[str, list[Any]] = {name: [row[0] for row in r] for name, r in found.items()}
        marked = {"user_id": self.web, "kind": "challenge", "item_id": 2}
        completions = shown["discord.completions"]
        shown["discord.completions"] = [
            row for row in completions if not marked.items() <= row.items()
        ]
        return shown | {"accounts": [tuple(row) for row in await self.pool.fetch(accounts)]}

    async def texts(self) -> str:
        """All texts of all day logs, in one."""
        return "\n".join(await self.pool.fetchval(TEXTS) or ())

    async def value(self, sql: str, *args: Any) -> Any:
        """One value of the database."""
        return await self.pool.fetchval(sql, *args)


@asynccontextmanager
async def opened_pair(url: str, *, filled: bool = True) -> AsyncGenerator[Pair]:
    """A member and somebody of the website's, with what both have."""
    pool = await create_pool(url, size=8, idle_seconds=0)
    try:
        me = await read_me(pool, Caller(MEMBER, "Robin", 7 if filled else None, "en-GB", NOW))
        web: int = await pool.fetchval(ADD_PERSON, ADDRESS)
        if filled:
            await pool.execute("DELETE FROM discord.guild_members")
            await pool.execute(BOTH.format(web=web, own=me.user_id))
        yield Pair(pool, me.user_id, web)
    finally:
        await pool.close()
