-- The website's database as it is known to be: userdata, the nine tables without
-- their unique constraints and two of their indexes, and the website's own texts of the days.

CREATE TABLE userdata (
    id                     SERIAL PRIMARY KEY,
    firstname              VARCHAR(255) NOT NULL,
    lastname               VARCHAR(255) NOT NULL,
    email                  VARCHAR(255) NOT NULL,
    password               VARCHAR(255),
    phone                  VARCHAR(50),
    address1               VARCHAR(255),
    kindness_style         VARCHAR(100),
    city                   VARCHAR(100),
    state                  VARCHAR(100),
    country                VARCHAR(100),
    interest1              VARCHAR(100),
    interest2              VARCHAR(100),
    interest3              VARCHAR(100),
    sdg1                   VARCHAR(100),
    sdg2                   VARCHAR(100),
    sdg3                   VARCHAR(100),
    google_id              VARCHAR(255),
    facebook_id            VARCHAR(255),
    picture                TEXT,
    created_at             TIMESTAMPTZ DEFAULT now(),
    why_friend             TEXT,
    known_connection       TEXT,
    desired_outcome        TEXT,
    hours_per_week         INT,
    age_bracket            VARCHAR(20),
    reset_password_token   VARCHAR(255),
    reset_password_expires TIMESTAMPTZ,
    org_rep                BOOLEAN NOT NULL DEFAULT false,
    travel_radius_km       INT NOT NULL DEFAULT 10,
    travel_mode            VARCHAR(20) NOT NULL DEFAULT 'any',
    is_admin               BOOLEAN NOT NULL DEFAULT false,
    is_suspended           BOOLEAN NOT NULL DEFAULT false,
    email_verified         BOOLEAN NOT NULL DEFAULT false,
    donor_tier             VARCHAR(20) NOT NULL DEFAULT 'none'
        CHECK (donor_tier IN ('none', 'seed', 'sprout', 'tree')),
    account_status         VARCHAR(20) NOT NULL DEFAULT 'active',
    UNIQUE (email)
);

CREATE TABLE challenges (
    id                 SERIAL PRIMARY KEY,
    name               VARCHAR(150) NOT NULL,
    description        TEXT,
    total_days         INT NOT NULL,
    is_active          BOOLEAN DEFAULT TRUE,
    ai_prompt_template TEXT,
    created_at         TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    updated_at         TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE user_challenges (
    id           SERIAL PRIMARY KEY,
    user_id      INT NOT NULL REFERENCES userdata(id) ON DELETE CASCADE,
    challenge_id INT NOT NULL REFERENCES challenges(id) ON DELETE CASCADE,
    status       VARCHAR(50) NOT NULL,
    current_day  INT DEFAULT 0,
    start_date   DATE,
    completed_at DATE
);

CREATE INDEX idx_user_challenges_user_id ON user_challenges(user_id);
CREATE INDEX idx_user_challenges_challenge_id ON user_challenges(challenge_id);
CREATE INDEX idx_user_challenges_status ON user_challenges(status);

CREATE TABLE challenge_logs (
    id           SERIAL PRIMARY KEY,
    user_id      INT NOT NULL REFERENCES userdata(id) ON DELETE CASCADE,
    challenge_id INT NOT NULL REFERENCES challenges(id) ON DELETE CASCADE,
    day_number   INT NOT NULL,
    reflection   TEXT,
    completed    BOOLEAN DEFAULT FALSE,
    completed_at TIMESTAMP,
    kai_notes    TEXT
);

CREATE INDEX idx_challenge_logs_user_challenge ON challenge_logs(user_id, challenge_id);
CREATE INDEX idx_challenge_logs_day ON challenge_logs(challenge_id, day_number);

CREATE TABLE quests (
    id               SERIAL PRIMARY KEY,
    name             VARCHAR(150) NOT NULL,
    description      TEXT,
    total_days       INT NOT NULL,
    is_active        BOOLEAN DEFAULT TRUE,
    random_task_seed TEXT,
    created_at       TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    updated_at       TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    difficulty       VARCHAR(20) DEFAULT 'Medium'
);

CREATE INDEX idx_quests_active ON quests(is_active);

CREATE TABLE user_quests (
    id           SERIAL PRIMARY KEY,
    user_id      INT NOT NULL REFERENCES userdata(id) ON DELETE CASCADE,
    quest_id     INT NOT NULL REFERENCES quests(id) ON DELETE CASCADE,
    status       VARCHAR(50) NOT NULL,
    current_day  INT DEFAULT 0,
    start_date   DATE,
    completed_at DATE
);

CREATE INDEX idx_user_quests_user_id ON user_quests(user_id);
CREATE INDEX idx_user_quests_quest_id ON user_quests(quest_id);
CREATE INDEX idx_user_quests_status ON user_quests(status);

CREATE TABLE quest_logs (
    id             SERIAL PRIMARY KEY,
    user_id        INT NOT NULL REFERENCES userdata(id) ON DELETE CASCADE,
    quest_id       INT NOT NULL REFERENCES quests(id) ON DELETE CASCADE,
    day_number     INT NOT NULL,
    task_generated TEXT,
    reflection     TEXT,
    completed      BOOLEAN DEFAULT FALSE,
    completed_at   TIMESTAMP
);

CREATE INDEX idx_quest_logs_user_quest ON quest_logs(user_id, quest_id);
CREATE INDEX idx_quest_logs_day ON quest_logs(quest_id, day_number);

CREATE TABLE badges (
    id              SERIAL PRIMARY KEY,
    name            VARCHAR(100) NOT NULL,
    icon            VARCHAR(255),
    description     TEXT,
    points_required INT,
    created_at      TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE user_badges (
    id        SERIAL PRIMARY KEY,
    user_id   INT NOT NULL REFERENCES userdata(id) ON DELETE CASCADE,
    badge_id  INT NOT NULL REFERENCES badges(id) ON DELETE CASCADE,
    earned_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
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

CREATE TABLE challenge_day_templates (
    id             SERIAL PRIMARY KEY,
    challenge_id   INT NOT NULL REFERENCES challenges(id) ON DELETE CASCADE,
    day_number     INT NOT NULL,
    day_title      VARCHAR(255) NOT NULL,
    principle      TEXT,
    body           TEXT,
    suggested_acts JSONB,
    UNIQUE (challenge_id, day_number)
);
