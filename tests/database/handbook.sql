-- The handbook's own DDL (section 3, 2025-07-25), as it stands there.

CREATE TABLE challenges (
    id                SERIAL PRIMARY KEY,
    name              VARCHAR(150) NOT NULL,
    description       TEXT,
    total_days        INT NOT NULL,
    is_active         BOOLEAN DEFAULT TRUE,
    ai_prompt_template TEXT,
    created_at        TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    updated_at        TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);

CREATE INDEX idx_challenges_active ON challenges(is_active);

CREATE TABLE user_challenges (
    id            SERIAL PRIMARY KEY,
    user_id       INT NOT NULL REFERENCES userdata(id) ON DELETE CASCADE,
    challenge_id  INT NOT NULL REFERENCES challenges(id) ON DELETE CASCADE,
    status        VARCHAR(50) NOT NULL,
    current_day   INT DEFAULT 0,
    start_date    DATE,
    completed_at  DATE,
    UNIQUE (user_id, challenge_id)
);

CREATE INDEX idx_user_challenges_user_id      ON user_challenges(user_id);
CREATE INDEX idx_user_challenges_challenge_id ON user_challenges(challenge_id);
CREATE INDEX idx_user_challenges_status       ON user_challenges(status);

CREATE TABLE challenge_logs (
    id            SERIAL PRIMARY KEY,
    user_id       INT NOT NULL REFERENCES userdata(id)   ON DELETE CASCADE,
    challenge_id  INT NOT NULL REFERENCES challenges(id) ON DELETE CASCADE,
    day_number    INT NOT NULL,
    reflection    TEXT,
    completed     BOOLEAN DEFAULT FALSE,
    completed_at  TIMESTAMP,
    kai_notes     TEXT,
    UNIQUE (user_id, challenge_id, day_number)
);

CREATE INDEX idx_challenge_logs_user_challenge ON challenge_logs(user_id, challenge_id);
CREATE INDEX idx_challenge_logs_day            ON challenge_logs(challenge_id, day_number);

CREATE TABLE quests (
    id                SERIAL PRIMARY KEY,
    name              VARCHAR(150) NOT NULL,
    description       TEXT,
    total_days        INT NOT NULL,
    is_active         BOOLEAN DEFAULT TRUE,
    random_task_seed  TEXT,
    difficulty        VARCHAR(20) DEFAULT 'Medium',
    created_at        TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    updated_at        TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);

CREATE INDEX idx_quests_active ON quests(is_active);

CREATE TABLE user_quests (
    id            SERIAL PRIMARY KEY,
    user_id       INT NOT NULL REFERENCES userdata(id) ON DELETE CASCADE,
    quest_id      INT NOT NULL REFERENCES quests(id)   ON DELETE CASCADE,
    status        VARCHAR(50) NOT NULL,
    current_day   INT DEFAULT 0,
    start_date    DATE,
    completed_at  DATE,
    UNIQUE (user_id, quest_id)
);

CREATE INDEX idx_user_quests_user_id  ON user_quests(user_id);
CREATE INDEX idx_user_quests_quest_id ON user_quests(quest_id);
CREATE INDEX idx_user_quests_status   ON user_quests(status);

CREATE TABLE quest_logs (
    id             SERIAL PRIMARY KEY,
    user_id        INT NOT NULL REFERENCES userdata(id) ON DELETE CASCADE,
    quest_id       INT NOT NULL REFERENCES quests(id)   ON DELETE CASCADE,
    day_number     INT NOT NULL,
    task_generated TEXT,
    reflection     TEXT,
    completed      BOOLEAN DEFAULT FALSE,
    completed_at   TIMESTAMP,
    UNIQUE (user_id, quest_id, day_number)
);

CREATE INDEX idx_quest_logs_user_quest ON quest_logs(user_id, quest_id);
CREATE INDEX idx_quest_logs_day        ON quest_logs(quest_id, day_number);

CREATE TABLE badges (
    id              SERIAL PRIMARY KEY,
    name            VARCHAR(100) NOT NULL,
    icon            VARCHAR(255),
    description     TEXT,
    points_required INT,
    created_at      TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE user_badges (
    id         SERIAL PRIMARY KEY,
    user_id    INT NOT NULL REFERENCES userdata(id) ON DELETE CASCADE,
    badge_id   INT NOT NULL REFERENCES badges(id)   ON DELETE CASCADE,
    earned_at  TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    UNIQUE (user_id, badge_id)
);

CREATE INDEX idx_user_badges_user_id ON user_badges(user_id);
CREATE INDEX idx_user_badges_badge_id ON user_badges(badge_id);

CREATE TABLE kai_interactions (
    id                 SERIAL PRIMARY KEY,
    user_id            INT NOT NULL REFERENCES userdata(id) ON DELETE CASCADE,
    context_type       VARCHAR(50),
    context_id         INT,
    message            TEXT,
    assistant_response TEXT,
    function_called    VARCHAR(100),
    created_at         TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);

CREATE INDEX idx_kai_interactions_user_id ON kai_interactions(user_id);
CREATE INDEX idx_kai_interactions_context ON kai_interactions(context_type, context_id);
