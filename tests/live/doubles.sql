-- The rows that a unique constraint would have kept out: every kind that there is, in turn.

CREATE TEMPORARY TABLE doubled AS
SELECT e.*, (row_number() OVER (ORDER BY id))::int AS r FROM user_challenges e
 ORDER BY id LIMIT LEAST(44, current_setting('site.users')::int / 3);

-- Enrolments: identical, cancelled beside active, completed beside active, another day, NULL and 0.
INSERT INTO user_challenges (user_id, challenge_id, status, current_day, start_date, completed_at)
SELECT d.user_id, d.challenge_id,
       CASE r % 6 WHEN 0 THEN d.status WHEN 1 THEN 'cancelled' WHEN 2 THEN 'completed' ELSE 'active' END,
       CASE r % 6 WHEN 0 THEN d.current_day WHEN 1 THEN c.total_days WHEN 2 THEN c.total_days
            WHEN 3 THEN 2 WHEN 4 THEN NULL ELSE 0 END,
       CASE r % 6 WHEN 0 THEN d.start_date WHEN 4 THEN NULL ELSE d.start_date - 3 END,
       CASE r % 6 WHEN 0 THEN d.completed_at WHEN 2 THEN date '2025-12-24' END
  FROM doubled d JOIN challenges c ON c.id = d.challenge_id
 ORDER BY r;
INSERT INTO user_challenges (user_id, challenge_id, status, current_day, start_date, completed_at)
SELECT user_id, challenge_id, 'cancelled', 1, start_date + 9, NULL FROM doubled
 WHERE r % 12 = 5 ORDER BY r;

-- Day logs: another reflection, the same one, one within the other, blanks, done beside not done.
INSERT INTO challenge_logs (user_id, challenge_id, day_number, reflection, completed, completed_at,
                            kai_notes)
SELECT l.user_id, l.challenge_id, l.day_number,
       CASE r % 7 WHEN 0 THEN l.reflection WHEN 1 THEN 'On second thoughts, it was more. ' || r
            WHEN 2 THEN 'It went well' WHEN 3 THEN l.reflection || E'\n\nAnd I slept well.  '
            WHEN 4 THEN E' \n ' WHEN 5 THEN repeat('A long story. ', 300) || r END,
       CASE r % 7 WHEN 0 THEN l.completed WHEN 6 THEN NULL ELSE r % 2 = 0 END,
       CASE r % 7 WHEN 0 THEN l.completed_at WHEN 6 THEN NULL
            ELSE CASE WHEN r % 2 = 0 THEN timestamp '2025-06-01 07:00' + r * interval '1 day' END END,
       CASE WHEN r % 5 = 0 THEN 'A note about ' || r END
  FROM (SELECT l.*, (row_number() OVER (ORDER BY l.id))::int AS r
          FROM challenge_logs l JOIN doubled USING (user_id, challenge_id)
         WHERE l.reflection IS NOT NULL ORDER BY l.id
         LIMIT current_setting('site.users')::int / 2) AS l
 WHERE r <= 90
 ORDER BY r;
INSERT INTO challenge_logs (user_id, challenge_id, day_number, reflection, completed)
SELECT user_id, challenge_id, day_number, 'A third time', false FROM challenge_logs
 WHERE reflection LIKE 'On second thoughts%' ORDER BY id;

INSERT INTO user_quests (user_id, quest_id, status, current_day, start_date, completed_at)
SELECT user_id, quest_id, CASE WHEN id % 3 = 1 THEN 'cancelled' ELSE status END,
       CASE id % 3 WHEN 1 THEN 4 WHEN 2 THEN NULL ELSE current_day END,
       start_date - (id % 3), completed_at
  FROM user_quests ORDER BY id LIMIT 11;

INSERT INTO quest_logs (user_id, quest_id, day_number, task_generated, reflection, completed,
                        completed_at)
SELECT user_id, quest_id, day_number,
       CASE id % 3 WHEN 0 THEN task_generated WHEN 1 THEN 'Another task ' || id END,
       CASE id % 3 WHEN 0 THEN reflection WHEN 1 THEN 'Another look ' || id END,
       CASE id % 3 WHEN 0 THEN completed ELSE id % 2 = 0 END,
       CASE id % 3 WHEN 0 THEN completed_at END
  FROM quest_logs ORDER BY id LIMIT 15;

INSERT INTO user_badges (user_id, badge_id, earned_at)
SELECT user_id, badge_id, CASE id % 3 WHEN 0 THEN earned_at WHEN 1 THEN earned_at - interval '3 days' END
  FROM user_badges ORDER BY id LIMIT 9;

DROP TABLE doubled;
