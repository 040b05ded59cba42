"""The member's current challenge: where they stand, in one read."""

from db.members import ME, ME_COLUMNS, TOUCHED, Caller, Me
from db.pool import Pool, fetch_one
from db.rows import Enrolment, enrolment_of

CHALLENGE_COLUMNS = """
       e.id, e.challenge_id AS item_id, e.status, e.current_day, e.start_date,
       e.completed_at AS finished_on,
       c.name, c.description, c.total_days, c.ai_prompt_template AS prompt,
       NULL AS difficulty,
       day.number AS day, log.kai_notes AS words, log.reflection, log.completed AS marked,
       discord.day_text(e.challenge_id, day.number) AS day_text,
       last.day_number AS last_day, last.kai_notes AS last_words,
       last.reflection AS last_reflection,
       CASE WHEN done.day_number IS DISTINCT FROM last.day_number THEN last.completed_at END
         AS last_marked_at,
       CASE WHEN last.day_number IS NOT NULL
            THEN discord.day_text(e.challenge_id, last.day_number) END AS last_day_text,
       done.local_date AS last_date, done.completed_at AS last_at,
       '{}'::text[] AS earlier"""

FROM_CHALLENGE = """
  FROM me
  LEFT JOIN LATERAL (
       SELECT * FROM public.user_challenges u
        WHERE user_id = me.user_id AND status IN ('active', 'completed')
          AND EXISTS (SELECT FROM public.challenges v
                       WHERE v.id = u.challenge_id AND v.total_days >= 1)
        ORDER BY status = 'active' DESC, completed_at DESC NULLS LAST,
                 start_date DESC NULLS LAST, id DESC
        LIMIT 1) e ON true
  LEFT JOIN public.challenges c ON c.id = e.challenge_id
  LEFT JOIN LATERAL (
       SELECT LEAST(GREATEST(COALESCE(e.current_day, 1), 1), c.total_days) AS number) day ON true
  LEFT JOIN public.challenge_logs log
    ON log.user_id = e.user_id AND log.challenge_id = e.challenge_id
   AND log.day_number = day.number
  LEFT JOIN LATERAL (
       SELECT * FROM public.challenge_logs l
        WHERE l.user_id = e.user_id AND l.challenge_id = e.challenge_id AND l.completed
        ORDER BY l.completed_at DESC NULLS LAST, l.day_number DESC
        LIMIT 1) last ON true
  LEFT JOIN LATERAL (
       SELECT * FROM discord.completions x
        WHERE x.user_id = e.user_id AND x.kind = 'challenge' AND x.item_id = e.challenge_id
        ORDER BY x.local_date DESC
        LIMIT 1) done ON true"""

CURRENT_CHALLENGE = f"{ME}{TOUCHED} SELECT {ME_COLUMNS}, {CHALLENGE_COLUMNS} {FROM_CHALLENGE}"


async def read_current(pool: Pool, caller: Caller) -> tuple[Me, Enrolment | None]:
    """The caller and their active challenge; without one, the one they finished last."""
    row = await fetch_one(pool, CURRENT_CHALLENGE, *caller.args)
    return Me.of(row), enrolment_of("challenge", row)
