"""The schema handbook's section 4: queries to look into a database with, ready for psql.

They read pg_catalog, which shows every table whatever the role may touch.
"""

DEBUG_QUERIES: dict[str, str] = {
    "List all tables": """
SELECT n.nspname AS schema_name, c.relname AS table_name
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p')
  AND n.nspname IN ('public', 'discord')
ORDER BY 1, 2;""",
    "Check foreign keys (which column, which table it refers to, what ON DELETE does)": """
SELECT rn.nspname || '.' || r.relname AS referencing_table,
       string_agg(a.attname, ', ' ORDER BY key.place) AS referencing_column,
       tn.nspname || '.' || t.relname AS referenced_table,
       CASE k.confdeltype
           WHEN 'a' THEN 'NO ACTION'
           WHEN 'r' THEN 'RESTRICT'
           WHEN 'c' THEN 'CASCADE'
           WHEN 'n' THEN 'SET NULL'
           WHEN 'd' THEN 'SET DEFAULT'
       END AS on_delete
FROM pg_catalog.pg_constraint k
JOIN pg_catalog.pg_class r ON r.oid = k.conrelid
JOIN pg_catalog.pg_namespace rn ON rn.oid = r.relnamespace
JOIN pg_catalog.pg_class t ON t.oid = k.confrelid
JOIN pg_catalog.pg_namespace tn ON tn.oid = t.relnamespace
CROSS JOIN LATERAL unnest(k.conkey) WITH ORDINALITY AS key (attnum, place)
JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = key.attnum
WHERE k.contype = 'f'
GROUP BY k.oid, 1, 3, 4
ORDER BY 1, 2;""",
    "Foreign keys without an index (there should be none)": """
SELECT k.conrelid::regclass AS referencing_table, k.conname AS foreign_key
FROM pg_catalog.pg_constraint k
JOIN pg_catalog.pg_namespace n ON n.oid = k.connamespace
WHERE k.contype = 'f'
  AND n.nspname IN ('public', 'discord')
  AND NOT EXISTS (
      SELECT FROM pg_catalog.pg_index i
      WHERE i.indrelid = k.conrelid AND i.indisvalid AND i.indpred IS NULL
        AND (i.indkey::int2[])[0:cardinality(k.conkey) - 1] @> k.conkey
  )
ORDER BY 1, 2;""",
    "Rows that a missing unique constraint let in twice (there should be none)": """
SELECT 'user_challenges' AS table_name, user_id, challenge_id AS item_id,
       NULL::int AS day_number, count(*) AS row_count
FROM public.user_challenges GROUP BY 2, 3 HAVING count(*) > 1
UNION ALL
SELECT 'challenge_logs', user_id, challenge_id, day_number, count(*)
FROM public.challenge_logs GROUP BY 2, 3, 4 HAVING count(*) > 1
UNION ALL
SELECT 'user_quests', user_id, quest_id, NULL, count(*)
FROM public.user_quests GROUP BY 2, 3 HAVING count(*) > 1
UNION ALL
SELECT 'quest_logs', user_id, quest_id, day_number, count(*)
FROM public.quest_logs GROUP BY 2, 3, 4 HAVING count(*) > 1
UNION ALL
SELECT 'user_badges', user_id, badge_id, NULL, count(*)
FROM public.user_badges GROUP BY 2, 3 HAVING count(*) > 1
ORDER BY 1, 2, 3, 4;""",
    "How a member stands (put their Discord id in the place of 0)": """
SELECT 'challenge' AS kind, c.name, e.status, e.current_day, c.total_days,
       e.start_date, e.completed_at
FROM discord.accounts a
JOIN public.user_challenges e ON e.user_id = a.user_id
JOIN public.challenges c ON c.id = e.challenge_id
WHERE a.discord_id = 0
UNION ALL
SELECT 'quest', q.name, e.status, e.current_day, q.total_days, e.start_date, e.completed_at
FROM discord.accounts a
JOIN public.user_quests e ON e.user_id = a.user_id
JOIN public.quests q ON q.id = e.quest_id
WHERE a.discord_id = 0
ORDER BY 1, 2;""",
    "The biggest tables, with their indexes": """
SELECT c.oid::regclass AS table_name,
       greatest(c.reltuples, 0)::bigint AS about_rows,
       pg_size_pretty(pg_total_relation_size(c.oid)) AS size
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r'
  AND n.nspname IN ('public', 'discord')
ORDER BY pg_total_relation_size(c.oid) DESC, 1
LIMIT 10;""",
    "Who waits for whom": """
SELECT pid, pg_blocking_pids(pid) AS waits_for, state, left(query, 80) AS query
FROM pg_catalog.pg_stat_activity
WHERE datname = current_database()
  AND cardinality(pg_blocking_pids(pid)) > 0
ORDER BY 1;""",
    "Which migration the database has had last": """
SELECT version_num
FROM discord.alembic_version;""",
}
"""The queries by what they show, in the document's order."""
