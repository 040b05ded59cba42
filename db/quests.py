"""The member's quests: where they stand in each, in one read."""

import datetime as dt

from db.members import ME, ME_COLUMNS, TOUCHED, Caller, Me
from db.pool import Pool, fetch_some
from db.rows import Enrolment, enrolment_of

# A quest finished on the member's local today is still among the current ones, so that its last
# reflection can be given; local dates are at most a day from the UTC date.
RECENT = dt.timedelta(days=1)

# Of a quest `q` and the enrolment `e` of `me` in it, where there is one.
QUEST_COLUMNS = """
       e.id, q.id AS item_id, e.status, e.current_day, e.start_date,
       e.completed_at AS finished_on,
       q.name, q.description, q.total_days, q.random_task_seed AS prompt, q.difficulty,
       day.number AS day, log.task_generated AS words, log.reflection, log.completed AS marked,
       NULL::jsonb AS day_text,
       last.day_number AS last_day, last.task_generated AS last_words,
       last.reflection AS last_reflection,
       CASE WHEN done.day_number IS DISTINCT FROM last.day_number THEN last.completed_at END
         AS last_marked_at,
       NULL::jsonb AS last_day_text,
       done.local_date AS last_date, done.completed_at AS last_at,
       CASE WHEN log.task_generated IS NULL THEN ARRAY(
            SELECT old.task_generated FROM public.quest_logs old
             WHERE old.user_id = me.user_id AND old.quest_id = q.id
               AND old.task_generated IS NOT NULL
             ORDER BY old.day_number DESC
             LIMIT 365) ELSE '{}'::text[] END AS earlier"""

QUEST_DAYS = """
  LEFT JOIN LATERAL (
       SELECT LEAST(GREATEST(COALESCE(e.current_day, 1), 1), q.total_days) AS number) day ON true
  LEFT JOIN LATERAL (
       SELECT * FROM public.quest_logs l
        WHERE l.user_id = me.user_id AND l.quest_id = q.id AND l.day_number = day.number
        LIMIT 1) log ON true
  LEFT JOIN LATERAL (
       SELECT * FROM public.quest_logs l
        WHERE l.user_id = me.user_id AND l.quest_id = q.id AND l.completed
        ORDER BY l.completed_at DESC NULLS LAST, l.day_number DESC
        LIMIT 1) last ON true
  LEFT JOIN LATERAL (
       SELECT * FROM discord.completions x
        WHERE x.user_id = me.user_id AND x.kind = 'quest' AND x.item_id = q.id
        ORDER BY x.local_date DESC
        LIMIT 1) done ON true"""


def from_quests(also: str, since: str) -> str:
    """The caller's active quests, those finished `since` a date, and those that `also` names."""
    return f"""
  FROM me
  LEFT JOIN public.user_quests e
    ON e.user_id = me.user_id
   AND (e.status = 'active' OR {also}
        OR e.status = 'completed' AND e.completed_at >= {since})
   AND EXISTS (SELECT FROM public.quests v WHERE v.id = e.quest_id AND v.total_days >= 1)
  LEFT JOIN public.quests q ON q.id = e.quest_id
{QUEST_DAYS}"""


CURRENT_QUESTS = (
    f"{ME}{TOUCHED} SELECT {ME_COLUMNS}, {QUEST_COLUMNS} {from_quests('e.quest_id = $7', '$8')}"
    " ORDER BY e.start_date, e.id"
)


async def read_current(
    pool: Pool, caller: Caller, quest_id: int | None = None
) -> tuple[Me, list[Enrolment]]:
    """The caller and their active quests, those finished lately, and `quest_id` in any status."""
    since = caller.now.date() - RECENT
    rows = await fetch_some(pool, CURRENT_QUESTS, *caller.args, quest_id, since)
    found = (enrolment_of("quest", row) for row in rows)
    return Me.of(rows[0]), [enrolment for enrolment in found if enrolment is not None]
