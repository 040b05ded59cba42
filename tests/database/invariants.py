"""What must hold in the database at any time, as queries that give the rows that break it."""

from db.pool import Pool
from db.rows import twins

# Read once for challenges and once for quests.
_OF_BOTH_KINDS = {
    "one log a day number": """
        SELECT user_id, challenge_id, day_number FROM public.challenge_logs
         GROUP BY 1, 2, 3 HAVING count(*) > 1""",
    "a current day that there is": """
        SELECT e.user_id, e.challenge_id, e.current_day
          FROM public.user_challenges e JOIN public.challenges c ON c.id = e.challenge_id
         WHERE e.current_day NOT BETWEEN 0 AND c.total_days""",
    "one of three statuses": """
        SELECT user_id, challenge_id, status FROM public.user_challenges
         WHERE status NOT IN ('active', 'completed', 'cancelled')""",
    "finished means all days and a date": """
        SELECT e.user_id, e.challenge_id, e.status, e.current_day, e.completed_at
          FROM public.user_challenges e JOIN public.challenges c ON c.id = e.challenge_id
         WHERE (e.status = 'completed') <> (e.completed_at IS NOT NULL)
            OR e.status = 'completed' AND e.current_day IS DISTINCT FROM c.total_days""",
    "a completion has its completed log": """
        SELECT done.user_id, done.item_id, done.day_number FROM discord.completions done
         WHERE done.kind = 'challenge' AND NOT EXISTS (
               SELECT FROM public.challenge_logs l
                WHERE l.user_id = done.user_id AND l.challenge_id = done.item_id
                  AND l.day_number = done.day_number AND l.completed
                  AND l.completed_at >= done.completed_at AT TIME ZONE 'UTC')""",
    "completed logs have an instant": """
        SELECT user_id, challenge_id, day_number FROM public.challenge_logs
         WHERE completed AND completed_at IS NULL""",
    "KAI's words are there, each with one turn": """
        (SELECT user_id, challenge_id, kai_notes FROM public.challenge_logs l
          WHERE kai_notes IS NOT NULL
            AND NOT EXISTS (SELECT FROM discord.daily_posts p -- its act was a turn when posted
                             WHERE 'challenge' = 'quest' AND p.quest_id = l.challenge_id
                               AND p.act = l.kai_notes)
         EXCEPT ALL
         SELECT user_id, context_id, assistant_response FROM public.kai_interactions
          WHERE context_type IN ('challenge_day', 'challenge_task'))
        UNION ALL
        (SELECT user_id, context_id, assistant_response FROM public.kai_interactions
          WHERE context_type IN ('challenge_day', 'challenge_task')
         EXCEPT ALL
         SELECT user_id, challenge_id, kai_notes FROM public.challenge_logs
          WHERE kai_notes IS NOT NULL)""",
}

_OTHERS = {
    "one completion an item and local date": """
        SELECT user_id, kind, item_id, local_date FROM discord.completions
         GROUP BY 1, 2, 3, 4 HAVING count(*) > 1""",
    "later days have later dates": """
        SELECT * FROM (
            SELECT user_id, kind, item_id, day_number, local_date, completed_at,
                   lag(local_date) OVER days AS date_before,
                   lag(completed_at) OVER days AS instant_before
              FROM discord.completions
            WINDOW days AS (PARTITION BY user_id, kind, item_id ORDER BY day_number)) d
         WHERE local_date <= date_before OR completed_at <= instant_before""",
    "what a day is worth": """
        SELECT done.* FROM discord.completions done
          LEFT JOIN public.quests q ON done.kind = 'quest' AND q.id = done.item_id
         WHERE done.points <> CASE WHEN done.kind = 'challenge' THEN 10
                                   WHEN lower(q.difficulty) = 'easy' THEN 10
                                   WHEN lower(q.difficulty) = 'hard' THEN 20 ELSE 15 END""",
    "points are the sum of the completions": """
        SELECT a.user_id, a.points, sum(done.points)
          FROM discord.accounts a LEFT JOIN discord.completions done USING (user_id)
         GROUP BY 1, 2 HAVING a.points <> COALESCE(sum(done.points), 0)""",
    "earned badges are those reached": """
        SELECT a.user_id, b.id, a.points, b.points_required
          FROM discord.accounts a CROSS JOIN public.badges b
          LEFT JOIN public.user_badges held ON held.user_id = a.user_id AND held.badge_id = b.id
         WHERE b.points_required IS NOT NULL
           AND (held.id IS NOT NULL) <> (b.points_required BETWEEN 1 AND a.points)""",
    "each badge once": """
        SELECT user_id, badge_id FROM public.user_badges GROUP BY 1, 2 HAVING count(*) > 1""",
    "one active challenge": """
        SELECT user_id, count(*) FROM public.user_challenges WHERE status = 'active'
         GROUP BY 1 HAVING count(*) > 1""",
    "three active quests": """
        SELECT user_id, count(*) FROM public.user_quests e WHERE status = 'active'
           AND NOT EXISTS (SELECT FROM discord.daily_posts p WHERE p.quest_id = e.quest_id)
         GROUP BY 1 HAVING count(*) > 3""",
    "no task twice in a quest": """
        SELECT user_id, quest_id, task_generated FROM public.quest_logs
         WHERE task_generated IS NOT NULL GROUP BY 1, 2, 3 HAVING count(*) > 1""",
    "an account for every user": """
        SELECT u.id, a.id FROM public.userdata u
          FULL JOIN discord.accounts a ON a.user_id = u.id WHERE u.id IS NULL OR a.id IS NULL""",
}


def _statement() -> str:
    named = [
        (f"{name} ({kind})", sql)
        for name, challenge_sql in _OF_BOTH_KINDS.items()
        for kind, sql in twins(challenge_sql).items()
    ]
    named += _OTHERS.items()
    parts = (
        f"SELECT '{name.replace(chr(39), '’')}' AS rule, broken::text FROM ({sql}) broken"
        for name, sql in named
    )
    return "\nUNION ALL\n".join(parts)


_BROKEN = _statement()


async def broken(pool: Pool) -> list[str]:
    """The rows that break a rule, each with the rule's name; none when all is well."""
    return [f"{row['rule']}: {row['broken']}" for row in await pool.fetch(_BROKEN)]
