-- The people of the website, numbered from 1 to the setting site.users, and what they did there.
-- Everything follows from a person's number, so that two builds are the same.

INSERT INTO userdata (firstname, lastname, email, password, google_id, facebook_id, city, country,
                      created_at, why_friend, is_admin, is_suspended, email_verified, donor_tier)
SELECT CASE WHEN kind = 4 THEN 'Friend ' || n ELSE (ARRAY['Ann', 'Ben', 'Cléo', 'Dev', 'Zoë'])[1 + n % 5] END,
       CASE WHEN kind = 4 THEN '(placeholder)' ELSE 'Person ' || n END,
       CASE WHEN kind = 4 THEN 'friend-' || left(md5('p' || n), 12) || '@people.getkinder.invalid'
            WHEN n % 20 = 0 THEN 'Person' || (n - 1) || '@Example.org'
            ELSE 'person' || n || '@example.org' END,
       CASE WHEN kind IN (0, 1) THEN '$2b$10$' || md5('pw' || n) END,
       CASE WHEN kind = 2 THEN '1' || lpad(n::text, 20, '0') END,
       CASE WHEN kind = 3 THEN '9' || lpad(n::text, 14, '0') END,
       (ARRAY['Toronto', 'St. John''s', NULL, 'Vancouver'])[1 + n % 4],
       CASE WHEN n % 4 <> 2 THEN 'Canada' END,
       timestamptz '2025-01-06 09:00+00' + n * interval '61 minutes',
       CASE WHEN n % 9 = 0 THEN E'Because kindness counts.\nAlways.' END,
       n = 1,
       n % 17 = 5,
       n % 3 <> 0,
       (ARRAY['none', 'none', 'none', 'seed', 'sprout', 'tree'])[1 + n % 6]
  FROM (SELECT n, CASE WHEN n % 20 IN (0, 19) THEN 0 ELSE n % 5 END AS kind
          FROM generate_series(1, current_setting('site.users')::int) n) AS person
 ORDER BY n;

INSERT INTO challenges (name, description, total_days, is_active, ai_prompt_template,
                        created_at, updated_at) VALUES
    ('Seven Kind Days', 'A week of small acts.', 7, true, NULL, '2025-02-01', '2025-02-01'),
    ('Kind Words', 'Say it out loud.', 5, true, 'Day {day} of {challenge}.', '2025-02-01', '2025-03-01'),
    ('Thirty Days of Thanks', NULL, 30, NULL, NULL, '2025-02-02', '2025-02-02'),
    ('Neighbours', 'Get to know your street.', 10, true, NULL, '2025-02-03', '2025-02-03'),
    ('Winter Warmth', 'It was for the winter.', 3, false, NULL, '2024-12-01', '2025-03-20'),
    ('Ten Smiles', 'Ten days, ten smiles.', 10, true, NULL, '2025-04-01', NULL);

INSERT INTO quests (name, description, total_days, is_active, random_task_seed, created_at,
                    updated_at, difficulty) VALUES
    ('Mystery Week', 'You never know.', 7, true, 'surprises', '2025-05-01', '2025-05-01', 'Easy'),
    ('Brave Hearts', 'A little courage.', 5, true, NULL, '2025-05-01', '2025-05-01', 'HARD'),
    ('Quiet Good', 'Nobody needs to know.', 10, NULL, 'in secret', '2025-05-01', NULL, NULL);

INSERT INTO badges (name, icon, description, points_required, created_at) VALUES
    ('First Step', '🌱', 'The first day.', 10, '2025-02-01'),
    ('Steady', '/img/badges/steady.svg', 'A week of them.', 70, '2025-02-01'),
    ('Kind Soul', '💛', 'Given by the team.', NULL, '2025-02-01'),
    ('Helper', NULL, NULL, NULL, '2025-02-01');

INSERT INTO challenge_day_templates (challenge_id, day_number, day_title, principle, body,
                                     suggested_acts) VALUES
    (1, 1, 'Begin with a smile', 'Small is enough.', 'Smile at three people today.',
        '["Smile at a neighbour", "Smile at yourself"]'),
    (1, 2, 'Listen', NULL, 'Let somebody finish.', NULL),
    (1, 3, 'A kind word', 'Words stay.', NULL, '[{"text": "Thank a colleague"}, 7]'),
    (1, 4, 'Share', NULL, 'Share what you have.', '"Share your lunch"'),
    (2, 1, 'Say thank you', NULL, NULL, '[]'),
    (4, 1, 'Knock on a door', 'We live side by side.', 'Say hello next door.', '["Bring a cake"]');

-- Enrolments: some in two challenges at once, with NULL and 0 for the first day.
INSERT INTO user_challenges (user_id, challenge_id, status, current_day, start_date, completed_at)
SELECT n, c.id, status,
       CASE WHEN status = 'completed' THEN c.total_days WHEN n % 31 = 1 THEN NULL
            WHEN n % 29 = 2 THEN 0 ELSE 1 + n / 5 % c.total_days END,
       date '2025-06-01' + n % 200,
       CASE WHEN status = 'completed' THEN date '2025-06-01' + n % 200 + c.total_days END
  FROM (SELECT n, second, 1 + (n + 2 * second) % 6 AS item,
               (ARRAY['active', 'completed', 'active', 'cancelled'])[1 + (n / 5) % 4] AS status
          FROM generate_series(1, current_setting('site.users')::int) n
         CROSS JOIN generate_series(0, 1) second
         WHERE n % 5 IN (1, 2) AND (second = 0 OR n % 10 = 1)) AS taken
  JOIN challenges c ON c.id = taken.item
 ORDER BY n, second;

INSERT INTO user_quests (user_id, quest_id, status, current_day, start_date, completed_at)
SELECT n, q.id, status,
       CASE WHEN status = 'completed' THEN q.total_days ELSE 1 + n / 10 % q.total_days END,
       date '2025-07-01' + n % 150,
       CASE WHEN status = 'completed' THEN date '2025-07-01' + n % 150 + q.total_days END
  FROM (SELECT n, 1 + n % 3 AS item,
               (ARRAY['active', 'active', 'completed', 'cancelled'])[1 + (n / 10) % 4] AS status
          FROM generate_series(1, current_setting('site.users')::int) n WHERE n % 10 = 2) AS taken
  JOIN quests q ON q.id = taken.item
 ORDER BY n;

-- Day logs: the days before the current one are completed, some current ones have a reflection.
INSERT INTO challenge_logs (user_id, challenge_id, day_number, reflection, completed, completed_at)
SELECT e.user_id, e.challenge_id, day,
       CASE WHEN (e.id + day) % 3 < 2 OR day = e.current_day
            THEN 'Day ' || day || ': I helped ' || left(md5(e.id || '/' || day), 8) || '. 🌼' END,
       CASE WHEN done THEN true WHEN e.id % 2 = 0 THEN false END,
       CASE WHEN done THEN e.start_date + day + interval '18 hours 30.25 seconds' END
  FROM user_challenges e
 CROSS JOIN LATERAL (
       SELECT day, day < COALESCE(e.current_day, 1) OR e.status = 'completed' AS done
         FROM generate_series(1, GREATEST(COALESCE(e.current_day, 1), 1)) day) AS log
 WHERE (done AND day <= 5) OR (NOT done AND e.id % 4 = 0)
 ORDER BY e.id, day;

INSERT INTO quest_logs (user_id, quest_id, day_number, task_generated, reflection, completed,
                        completed_at)
SELECT e.user_id, e.quest_id, day, CASE WHEN e.id % 2 = 0 THEN 'Leave a note for ' || day END,
       CASE WHEN day % 2 = 1 THEN 'I left it ' || left(md5(e.id || '-' || day), 6) END,
       day < e.current_day,
       CASE WHEN day < e.current_day THEN e.start_date + day + interval '20 hours' END
  FROM user_quests e
 CROSS JOIN LATERAL generate_series(1, LEAST(e.current_day, 5)) day
 ORDER BY e.id, day;

INSERT INTO user_badges (user_id, badge_id, earned_at)
SELECT n, badge, timestamp '2025-08-01 10:00' + n * interval '17 minutes'
  FROM generate_series(1, current_setting('site.users')::int) n
 CROSS JOIN generate_series(1, 4) badge
 WHERE n % 5 IN (1, 2) AND (badge = 1 OR n % (7 * badge) = badge)
 ORDER BY n, badge;

INSERT INTO kai_interactions (user_id, context_type, context_id, message, created_at)
SELECT user_id, 'reflection', challenge_id, reflection,
       COALESCE(completed_at, timestamp '2025-09-01') + interval '1 minute'
  FROM challenge_logs WHERE reflection IS NOT NULL AND id % 2 = 0
 ORDER BY id;

INSERT INTO blog_posts (author_id, title, slug, body, published, created_at, updated_at)
SELECT 1 + (n * 7) % current_setting('site.users')::int, 'Post ' || n, 'post-' || n, repeat('Be kind. ', n),
       n % 2 = 0, timestamptz '2025-03-01 12:00+00' + n * interval '1 day', '2025-12-01 12:00+00'
  FROM generate_series(1, 25) n;
INSERT INTO blog_comments (post_id, user_id, body, created_at)
SELECT 1 + n % 25, CASE WHEN n % 5 > 0 THEN 1 + n % 30 END, 'Comment ' || n, '2025-10-01 12:00+00'
  FROM generate_series(1, 80) n;
INSERT INTO donations (user_id, amount_cents, receipt, given_at)
SELECT 1 + (n * 3) % 35, 500 * n, md5('d' || n)::uuid, timestamptz '2025-04-01 12:00+00' + n * interval '7 hours'
  FROM generate_series(1, 60) n;
INSERT INTO "donationReceipts" ("donationId", "sentAt")
SELECT id, given_at + interval '1 hour' FROM donations WHERE id % 2 = 0 ORDER BY id;
INSERT INTO circles (name, owner_id, created_at, updated_at)
SELECT 'Circle ' || n, n, '2025-05-05 12:00+00', '2025-05-06 12:00+00' FROM generate_series(1, 8) n;
INSERT INTO circle_members (circle_id, user_id)
SELECT 1 + n % 8, n FROM generate_series(1, 36) n;
INSERT INTO messages (sender_id, recipient_id, body, created_at)
SELECT 1 + n % 36, 1 + (n * 5) % 36, 'Hello ' || n, timestamptz '2025-06-01 12:00+00' + n * interval '1 hour'
  FROM generate_series(1, 200) n;
INSERT INTO follows (follower_id, followed_id)
SELECT a, b FROM generate_series(1, 12) a CROSS JOIN generate_series(1, 12) b WHERE (a + b) % 3 = 1;
INSERT INTO events (title, starts_at, place, tags, updated_at)
SELECT 'Event ' || n, timestamptz '2026-05-01 18:00+00' + n * interval '7 days', point(n, -n),
       ARRAY['kind', NULL, 'it''s "on"'], '2026-01-01 12:00+00' FROM generate_series(1, 6) n;
INSERT INTO event_guests (event_id, user_id) SELECT 1 + n % 6, n FROM generate_series(1, 30) n;
INSERT INTO notifications (user_id, payload, created_at)
SELECT n, json_build_object('kind', 'welcome', 'n', n), '2025-07-01 12:00+00' FROM generate_series(1, 36) n;
INSERT INTO challenge_sponsors (challenge_id, name) VALUES (1, 'The Corner Bakery'), (3, 'Thanks Inc.');
INSERT INTO challenge_invites (challenge_id, inviter_id, email)
SELECT 1 + n % 6, n, 'friend' || n || '@example.net' FROM generate_series(1, 20) n;
INSERT INTO newsletter_subscribers (email, subscribed_at)
SELECT 'reader' || n || '@example.org', '2025-01-01 12:00+00' FROM generate_series(1, 50) n;
INSERT INTO session (sid, sess, expire)
SELECT md5('s' || n), '{"cookie": {}}', '2026-12-31' FROM generate_series(1, 20) n;
INSERT INTO kai.conversations (id, user_id, started_at)
SELECT md5('k' || n)::uuid, n, '2025-11-01 12:00+00' FROM generate_series(1, 20) n;
INSERT INTO kai.prompts (name, body) VALUES ('coach', 'Be warm.'), ('crisis', 'Point to help.');
INSERT INTO kai.suggestions (conversation_id, body)
SELECT id, 'Say hello.' FROM kai.conversations ORDER BY id;
