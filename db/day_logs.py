"""Days of an enrolment: doing one, seeing one for the first time, reflecting on one.

As in `db.enrolments`, each statement serves both kinds, each write is one statement guarded by what
was read, and each takes the account's row first where it moves an enrolment.
"""

import datetime as dt
from dataclasses import dataclass

import asyncpg

from db.members import ME, ME_COLUMNS, TOUCHED, Caller, Me, naive
from db.pool import Pool, fetch_one
from db.rows import Badge, Kind, twins

COMPLETE_DAY = twins("""
WITH owner AS (
    SELECT user_id, forgotten_until FROM discord.accounts WHERE user_id = $1 FOR UPDATE
), advanced AS (
    UPDATE public.user_challenges e
       SET current_day = $5, status = $6::text,
           completed_at = CASE WHEN $6::text = 'completed' THEN $7::date ELSE e.completed_at END
      FROM owner o
     WHERE e.id = $2 AND e.user_id = o.user_id
       AND e.status = $15 AND e.current_day IS NOT DISTINCT FROM $3::int
    RETURNING e.user_id, e.challenge_id, $15::text <> 'active' AS is_new
), begun AS (
    INSERT INTO public.user_challenges
           (user_id, challenge_id, status, current_day, start_date, completed_at)
    SELECT user_id, $16::int, $6, $5, $7,
           CASE WHEN $6::text = 'completed' THEN $7::date END
      FROM owner
     WHERE $16::int IS NOT NULL
    ON CONFLICT (user_id, challenge_id) DO NOTHING
    RETURNING user_id, challenge_id, true AS is_new
), enrolment AS (
    SELECT * FROM advanced UNION ALL SELECT * FROM begun
), log AS (
    INSERT INTO public.challenge_logs AS l
           (user_id, challenge_id, day_number, kai_notes, reflection, completed, completed_at)
    SELECT user_id, challenge_id, $4, $17, $11, true, $9 FROM enrolment
    ON CONFLICT (user_id, challenge_id, day_number) DO UPDATE
       SET completed = true, completed_at = EXCLUDED.completed_at,
           kai_notes = COALESCE(l.kai_notes, EXCLUDED.kai_notes),
           reflection = COALESCE(EXCLUDED.reflection, l.reflection)
     WHERE l.completed IS NOT TRUE
    RETURNING user_id, challenge_id
), marked_by_the_website AS (
    UPDATE public.challenge_logs l SET reflection = $11
      FROM enrolment e
     WHERE $11::text IS NOT NULL AND l.completed
       AND l.user_id = e.user_id AND l.challenge_id = e.challenge_id AND l.day_number = $4
), completion AS (
    INSERT INTO discord.completions
           (user_id, kind, item_id, day_number, local_date, points, completed_at)
    SELECT user_id, 'challenge', challenge_id, $4, $7, $10, $8 FROM log
    ON CONFLICT (user_id, kind, item_id, day_number) DO NOTHING
    RETURNING points
), account AS (
    UPDATE discord.accounts a
       SET points = a.points + COALESCE(c.points, 0),
           enrolment_version = a.enrolment_version + e.is_new::int
      FROM enrolment e LEFT JOIN completion c ON true
     WHERE a.user_id = e.user_id AND (e.is_new OR c.points IS NOT NULL)
    RETURNING a.user_id, a.points, c.points IS NOT NULL AS has_gained
), earned AS (
    INSERT INTO public.user_badges (user_id, badge_id, earned_at)
    SELECT a.user_id, b.id, $9
      FROM account a
      JOIN public.badges b ON b.points_required > 0 AND b.points_required <= a.points
     WHERE a.has_gained
    ON CONFLICT (user_id, badge_id) DO NOTHING
    RETURNING badge_id
), turn AS (
    INSERT INTO public.kai_interactions
           (user_id, context_type, context_id, message, assistant_response, function_called,
            created_at)
    SELECT user_id, $12, challenge_id, $11, $13, $14, $9
      FROM enrolment JOIN owner o USING (user_id)
     WHERE $11::text IS NOT NULL AND (o.forgotten_until IS NULL OR o.forgotten_until < $8)
), doer AS (
    INSERT INTO discord.post_doers (post_id, user_id, done_at)
    SELECT p.id, e.user_id, $8 FROM enrolment e JOIN discord.daily_posts p ON p.id = $18
    ON CONFLICT (post_id, user_id) DO NOTHING
)
SELECT CASE WHEN account.has_gained THEN account.points END AS total,
       b.id, b.name, b.icon, b.description, b.points_required
  FROM enrolment
  LEFT JOIN account ON true
  LEFT JOIN earned ON true
  LEFT JOIN public.badges b ON b.id = earned.badge_id
 ORDER BY b.points_required""")

FIRST_SIGHT = twins("""
WITH owner AS (
    SELECT user_id, forgotten_until FROM discord.accounts WHERE user_id = $1 FOR SHARE
), log AS (
    INSERT INTO public.challenge_logs AS l
           (user_id, challenge_id, day_number, kai_notes, completed)
    SELECT owner.user_id, sight.item_id, sight.day, sight.words, false
      FROM owner, unnest($2::int[], $3::int[], $4::text[]) AS sight (item_id, day, words)
    ON CONFLICT (user_id, challenge_id, day_number) DO UPDATE SET kai_notes = EXCLUDED.kai_notes
     WHERE l.kai_notes IS NULL
    RETURNING challenge_id, kai_notes
), turn AS (
    INSERT INTO public.kai_interactions
           (user_id, context_type, context_id, message, assistant_response, function_called,
            created_at)
    SELECT owner.user_id, $6, log.challenge_id, asked.message, log.kai_notes, $7, $8
      FROM log
      JOIN owner ON owner.forgotten_until IS NULL OR owner.forgotten_until::timestamp < $8
      JOIN unnest($2::int[], $5::text[]) AS asked (item_id, message)
        ON asked.item_id = log.challenge_id
)
SELECT challenge_id AS item_id FROM log""")

READ_DAY = twins(f"""{ME}{TOUCHED}
SELECT {ME_COLUMNS},
       c.name, c.total_days, log.reflection, done.local_date,
       CASE WHEN log.completed THEN log.completed_at END AS marked_at
  FROM me
  LEFT JOIN public.challenges c ON c.id = $7
  LEFT JOIN public.challenge_logs log
    ON log.user_id = me.user_id AND log.challenge_id = c.id AND log.day_number = $8
  LEFT JOIN discord.completions done
    ON done.user_id = me.user_id AND done.kind = 'challenge'
   AND done.item_id = c.id AND done.day_number = $8""")

# A draft that was agreed to is used up by it, and is agreed to once.
REFLECT = twins("""
WITH owner AS (
    SELECT user_id, forgotten_until FROM discord.accounts WHERE user_id = $1 FOR SHARE
), draft AS (
    DELETE FROM discord.reflection_drafts d USING owner o
     WHERE d.id = $8 AND d.user_id = o.user_id
    RETURNING d.id
), log AS (
    UPDATE public.challenge_logs l SET reflection = $4
      FROM owner o
     WHERE l.user_id = o.user_id AND l.challenge_id = $2 AND l.day_number = $3 AND l.completed
       AND ($8::int IS NULL OR EXISTS (SELECT FROM draft))
    RETURNING l.user_id, l.challenge_id
), turn AS (
    INSERT INTO public.kai_interactions
           (user_id, context_type, context_id, message, assistant_response, function_called,
            created_at)
    SELECT o.user_id, $5, log.challenge_id, $4, $6, 'save_reflection', $7
      FROM log JOIN owner o USING (user_id)
     WHERE o.forgotten_until IS NULL OR o.forgotten_until::timestamp < $7
)
SELECT count(*) FROM log""")


@dataclass(frozen=True, slots=True)
class Completion:
    """One completed day to be written. `expected_day` is the raw `current_day` that was read.

    `reflection` and what belongs to its turn are None for a bare "done". A daily post's button
    also takes up an enrolment: one that was left, read with its `expected_status`, or a first one
    in `new_item_id`. Then `words` are kept where the day has none, and its member is among those
    whose day the post `post_id` has seen done.
    """

    enrolment_id: int
    expected_day: int | None
    day: int
    next_day: int
    status: str
    local_date: dt.date
    points: int
    reflection: str | None
    context_type: str | None
    response: str | None
    function_called: str | None
    expected_status: str = "active"
    new_item_id: int | None = None
    words: str | None = None
    post_id: int | None = None


@dataclass(frozen=True, slots=True)
class Completed:
    """What a completed day brought: the running total (None when it gave no points) and badges."""

    total: int | None
    badges: tuple[Badge, ...]


async def complete_day(
    pool: Pool, me: Me, kind: Kind, completion: Completion, now: dt.datetime
) -> Completed | None:
    """Write the log, the advance, the completion, the points, the badges and the turn, all at once.

    Gives None, with nothing written, when somebody was faster.
    """
    c = completion
    try:
        rows = await pool.fetch(
            COMPLETE_DAY[kind],
            *(me.user_id, c.enrolment_id, c.expected_day, c.day, c.next_day, c.status),
            *(c.local_date, now, naive(now), c.points),
            *(c.reflection, c.context_type, c.response, c.function_called),
            *(c.expected_status, c.new_item_id, c.words, c.post_id),
        )
    except asyncpg.UniqueViolationError:  # this local date has its completion
        return None
    if not rows:
        return None
    badges = tuple(Badge.of(row) for row in rows if row["id"] is not None)
    return Completed(rows[0]["total"], badges)


@dataclass(frozen=True, slots=True)
class Sight:
    """KAI's words for a day that the member sees for the first time, and what KAI was asked."""

    item_id: int
    day: int
    words: str
    message: str | None


async def write_first_sights(
    pool: Pool,
    me: Me,
    kind: Kind,
    sights: list[Sight],
    *,
    context_type: str,
    function_called: str | None,
    now: dt.datetime,
) -> set[int]:
    """Keep the words of several days, each with its turn; words that are there already stay.

    Gives the item ids whose words were written: the others were seen by somebody faster.
    """
    rows = await pool.fetch(
        FIRST_SIGHT[kind],
        *(me.user_id, [s.item_id for s in sights], [s.day for s in sights]),
        *([s.words for s in sights], [s.message for s in sights]),
        *(context_type, function_called, naive(now)),
    )
    return {row["item_id"] for row in rows}


@dataclass(frozen=True, slots=True)
class CompletedDay:
    """A day for a reflection. `local_date` is None unless it was completed here.

    `marked_at` (aware UTC) is when its log was completed, here or on the website.
    """

    name: str
    total_days: int
    reflection: str | None
    local_date: dt.date | None
    marked_at: dt.datetime | None


async def read_day(
    pool: Pool, caller: Caller, kind: Kind, item_id: int, day: int
) -> tuple[Me, CompletedDay | None]:
    """The caller's log of one day; None when there is no such item."""
    row = await fetch_one(pool, READ_DAY[kind], *caller.args, item_id, day)
    if row["name"] is None:
        return Me.of(row), None
    marked: dt.datetime | None = row["marked_at"]
    return Me.of(row), CompletedDay(
        row["name"],
        row["total_days"],
        row["reflection"],
        row["local_date"],
        marked and marked.replace(tzinfo=dt.UTC),
    )


async def reflect(
    pool: Pool,
    me: Me,
    kind: Kind,
    item_id: int,
    day: int,
    *,
    reflection: str,
    context_type: str,
    response: str,
    now: dt.datetime,
    draft_id: int | None = None,
) -> bool:
    """Add or replace the reflection of a completed day, with its turn; False if it is not there.

    With `draft_id` it is one that KAI offered to save; False, too, when that was saved before.
    """
    written: int = await pool.fetchval(
        REFLECT[kind],
        *(me.user_id, item_id, day, reflection, context_type, response, naive(now), draft_id),
    )
    return written > 0
