"""The website's hand: what it writes beside the bot, and its look at what is there."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from db.members import naive
from db.pool import Pool, fetch_one
from db.rows import Kind, twins

Item = tuple[int, Kind, int]
Day = tuple[int, Kind, int, int]


@dataclass(frozen=True)
class Enrolment:
    """An enrolment as it stands. `day` is what `current_day` reads as."""

    id: int
    user_id: int
    kind: Kind
    item_id: int
    total_days: int
    status: str
    current_day: int | None

    @property
    def active(self) -> bool:
        """Whether the member is on it now."""
        return self.status == "active"

    @property
    def day(self) -> int:
        """The day about to be done."""
        return min(max(self.current_day or 1, 1), self.total_days)


MARK = twins("""
INSERT INTO public.challenge_logs AS l (user_id, challenge_id, day_number, completed, completed_at)
VALUES ($1, $2, $3, true, $4)
ON CONFLICT (user_id, challenge_id, day_number) DO UPDATE
   SET completed = true, completed_at = EXCLUDED.completed_at
 WHERE l.completed IS NOT TRUE
RETURNING id""")

MOVE = twins("""
UPDATE public.user_challenges SET current_day = $2, status = $3, completed_at = $4 WHERE id = $1""")

BLANK = twins("UPDATE public.user_challenges SET current_day = $2 WHERE id = $1")

REFLECT = """
WITH log AS (
    INSERT INTO public.challenge_logs (user_id, challenge_id, day_number, reflection)
    VALUES ($1, $2, $3, $4)
    ON CONFLICT (user_id, challenge_id, day_number) DO UPDATE SET reflection = EXCLUDED.reflection
)
INSERT INTO public.kai_interactions (user_id, context_type, context_id, message, created_at)
VALUES ($1, 'reflection', $2, $4, $5)"""

# Everything that the members have, in one look.
READ = """
SELECT ARRAY(SELECT json_build_array(a.discord_id, 'challenge', e.challenge_id, e.id, e.user_id,
                                     c.total_days, e.status, e.current_day)
               FROM public.user_challenges e JOIN public.challenges c ON c.id = e.challenge_id
               JOIN discord.accounts a USING (user_id) ORDER BY e.id)
    || ARRAY(SELECT json_build_array(a.discord_id, 'quest', e.quest_id, e.id, e.user_id,
                                     q.total_days, e.status, e.current_day)
               FROM public.user_quests e JOIN public.quests q ON q.id = e.quest_id
               JOIN discord.accounts a USING (user_id) ORDER BY e.id) AS enrolments,
       ARRAY(SELECT json_build_array(a.discord_id, 'challenge', challenge_id, day_number,
                                     completed, reflection)
               FROM public.challenge_logs JOIN discord.accounts a USING (user_id))
    || ARRAY(SELECT json_build_array(a.discord_id, 'quest', quest_id, day_number,
                                     completed, reflection)
               FROM public.quest_logs JOIN discord.accounts a USING (user_id)) AS logs,
       ARRAY(SELECT json_build_array(a.discord_id, context_type, context_id, message,
                                     COALESCE(function_called, ''))
               FROM public.kai_interactions k JOIN discord.accounts a USING (user_id)
              WHERE context_type IN ('reflection', 'quest_reflection') ORDER BY k.id) AS turns,
       ARRAY(SELECT json_build_array(a.discord_id, kind, item_id, day_number)
               FROM discord.completions JOIN discord.accounts a USING (user_id)) AS counted,
       ARRAY(SELECT json_build_array(discord_id, points) FROM discord.accounts) AS points"""


@dataclass(frozen=True)
class Found:
    """All that the members have, by their Discord ids. `counted` days have a completion."""

    enrolments: dict[Item, Enrolment]
    reflections: dict[Day, str]
    turns: list[tuple[Any, ...]]
    completed: set[Day]
    counted: set[Day]
    points: dict[int, int]


async def mark(
    pool: Pool, enrolment: Enrolment, day: int, now: dt.datetime, *, moves: bool
) -> bool:
    """Mark a day as completed and, with `moves`, go on to the next; False if it was completed."""
    e = enrolment
    marked = await pool.fetchval(MARK[e.kind], e.user_id, e.item_id, day, naive(now))
    if marked is None:
        return False
    if moves and day < e.total_days:
        await pool.execute(MOVE[e.kind], e.id, day + 1, "active", None)
    elif moves:
        await pool.execute(MOVE[e.kind], e.id, day, "completed", now.date())
    return True


async def blank(pool: Pool, enrolment: Enrolment, day: int | None) -> None:
    """Leave NULL or 0 as the current day."""
    await pool.execute(BLANK[enrolment.kind], enrolment.id, day)


async def reflect(pool: Pool, enrolment: Enrolment, text: str, now: dt.datetime) -> None:
    """Write a reflection on the challenge day that is about to be done."""
    e = enrolment
    await pool.execute(REFLECT, e.user_id, e.item_id, e.day, text, naive(now))


async def read(pool: Pool) -> Found:
    """Everything there is."""
    row = await fetch_one(pool, READ)
    return Found(
        enrolments={
            (who, kind, item): Enrolment(id_, user_id, kind, item, days, status, current_day)
            for who, kind, item, id_, user_id, days, status, current_day in row["enrolments"]
        },
        reflections={tuple(log[:4]): log[5] for log in row["logs"] if log[5] is not None},
        turns=[tuple(turn) for turn in row["turns"]],
        completed={tuple(log[:4]) for log in row["logs"] if log[4]},
        counted={tuple(day) for day in row["counted"]},
        points=dict(row["points"]),
    )
