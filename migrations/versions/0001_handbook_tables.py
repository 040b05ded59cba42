"""### 2026-11-25
- Added the nine tables of the handbook of 2025-07-25, with their indexes and unique constraints
- Added userdata where there was none, with the columns of the website's that the bot needs
- Added created_objects to the schema discord: what this revision made, and so may drop again
"""

from migrations.sql import run

revision = "0001"
down_revision = None

UPGRADE = """
DO $$
DECLARE
    found TEXT;
BEGIN
    SELECT string_agg(name, ', ') INTO found
    FROM unnest(ARRAY[
        'challenges', 'user_challenges', 'challenge_logs', 'quests', 'user_quests', 'quest_logs',
        'badges', 'user_badges', 'kai_interactions'
    ]) AS handbook(name)
    WHERE to_regclass('public.' || name) IS NOT NULL;

    IF found IS NOT NULL THEN
        RAISE EXCEPTION 'This database already has tables of the handbook (%). The way to take it '
            'over is `python -m bot db adopt`. '
            'Nothing was changed.', found;
    END IF;
END
$$;

CREATE TABLE discord.created_objects (
    id   SERIAL PRIMARY KEY,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    UNIQUE (kind, name)
);

DO $$
BEGIN
    IF to_regclass('public.userdata') IS NULL THEN
        CREATE TABLE public.userdata (
            id         SERIAL PRIMARY KEY,
            firstname  VARCHAR(255) NOT NULL,
            lastname   VARCHAR(255) NOT NULL,
            email      VARCHAR(255) NOT NULL UNIQUE,
            password   VARCHAR(255),
            created_at TIMESTAMPTZ DEFAULT now()
        );
        INSERT INTO discord.created_objects (kind, name) VALUES ('table', 'userdata');
    END IF;
END
$$;

CREATE TABLE public.challenges (
    id                SERIAL PRIMARY KEY,
    name              VARCHAR(150) NOT NULL,
    description       TEXT,
    total_days        INT NOT NULL,
    is_active         BOOLEAN DEFAULT TRUE,
    ai_prompt_template TEXT,
    created_at        TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    updated_at        TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);

CREATE INDEX idx_challenges_active ON public.challenges(is_active);

CREATE TABLE public.user_challenges (
    id            SERIAL PRIMARY KEY,
    user_id       INT NOT NULL REFERENCES public.userdata(id) ON DELETE CASCADE,
    challenge_id  INT NOT NULL REFERENCES public.challenges(id) ON DELETE CASCADE,
    status        VARCHAR(50) NOT NULL,
    current_day   INT DEFAULT 0,
    start_date    DATE,
    completed_at  DATE,
    UNIQUE (user_id, challenge_id)
);

CREATE INDEX idx_user_challenges_user_id      ON public.user_challenges(user_id);
CREATE INDEX idx_user_challenges_challenge_id ON public.user_challenges(challenge_id);
CREATE INDEX idx_user_challenges_status       ON public.user_challenges(status);

CREATE TABLE public.challenge_logs (
    id            SERIAL PRIMARY KEY,
    user_id       INT NOT NULL REFERENCES public.userdata(id)   ON DELETE CASCADE,
    challenge_id  INT NOT NULL REFERENCES public.challenges(id) ON DELETE CASCADE,
    day_number    INT NOT NULL,
    reflection    TEXT,
    completed     BOOLEAN DEFAULT FALSE,
    completed_at  TIMESTAMP,
    kai_notes     TEXT,
    UNIQUE (user_id, challenge_id, day_number)
);

CREATE INDEX idx_challenge_logs_user_challenge ON public.challenge_logs(user_id, challenge_id);
CREATE INDEX idx_challenge_logs_day            ON public.challenge_logs(challenge_id, day_number);

CREATE TABLE public.quests (
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

CREATE INDEX idx_quests_active ON public.quests(is_active);

CREATE TABLE public.user_quests (
    id            SERIAL PRIMARY KEY,
    user_id       INT NOT NULL REFERENCES public.userdata(id) ON DELETE CASCADE,
    quest_id      INT NOT NULL REFERENCES public.quests(id)   ON DELETE CASCADE,
    status        VARCHAR(50) NOT NULL,
    current_day   INT DEFAULT 0,
    start_date    DATE,
    completed_at  DATE,
    UNIQUE (user_id, quest_id)
);

CREATE INDEX idx_user_quests_user_id  ON public.user_quests(user_id);
CREATE INDEX idx_user_quests_quest_id ON public.user_quests(quest_id);
CREATE INDEX idx_user_quests_status   ON public.user_quests(status);

CREATE TABLE public.quest_logs (
    id             SERIAL PRIMARY KEY,
    user_id        INT NOT NULL REFERENCES public.userdata(id) ON DELETE CASCADE,
    quest_id       INT NOT NULL REFERENCES public.quests(id)   ON DELETE CASCADE,
    day_number     INT NOT NULL,
    task_generated TEXT,
    reflection     TEXT,
    completed      BOOLEAN DEFAULT FALSE,
    completed_at   TIMESTAMP,
    UNIQUE (user_id, quest_id, day_number)
);

CREATE INDEX idx_quest_logs_user_quest ON public.quest_logs(user_id, quest_id);
CREATE INDEX idx_quest_logs_day        ON public.quest_logs(quest_id, day_number);

CREATE TABLE public.badges (
    id              SERIAL PRIMARY KEY,
    name            VARCHAR(100) NOT NULL,
    icon            VARCHAR(255),
    description     TEXT,
    points_required INT,
    created_at      TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);

CREATE TABLE public.user_badges (
    id         SERIAL PRIMARY KEY,
    user_id    INT NOT NULL REFERENCES public.userdata(id) ON DELETE CASCADE,
    badge_id   INT NOT NULL REFERENCES public.badges(id)   ON DELETE CASCADE,
    earned_at  TIMESTAMP DEFAULT CURRENT_TIMESTAMP,
    UNIQUE (user_id, badge_id)
);

CREATE INDEX idx_user_badges_user_id ON public.user_badges(user_id);
CREATE INDEX idx_user_badges_badge_id ON public.user_badges(badge_id);

CREATE TABLE public.kai_interactions (
    id                 SERIAL PRIMARY KEY,
    user_id            INT NOT NULL REFERENCES public.userdata(id) ON DELETE CASCADE,
    context_type       VARCHAR(50),
    context_id         INT,
    message            TEXT,
    assistant_response TEXT,
    function_called    VARCHAR(100),
    created_at         TIMESTAMP DEFAULT CURRENT_TIMESTAMP
);

CREATE INDEX idx_kai_interactions_user_id ON public.kai_interactions(user_id);
CREATE INDEX idx_kai_interactions_context ON public.kai_interactions(context_type, context_id);

INSERT INTO discord.created_objects (kind, name) VALUES
    ('table', 'challenges'),
    ('table', 'user_challenges'),
    ('table', 'challenge_logs'),
    ('table', 'quests'),
    ('table', 'user_quests'),
    ('table', 'quest_logs'),
    ('table', 'badges'),
    ('table', 'user_badges'),
    ('table', 'kai_interactions');
"""

# The tables are locked before they are looked into: nobody can add a row between look and drop.
DOWNGRADE = """
DO $$
DECLARE
    created TEXT[];
    item    TEXT;
    filled  BOOLEAN;
    kept    TEXT[] := '{}';
BEGIN
    SELECT coalesce(array_agg(name ORDER BY id DESC), '{}') INTO created
    FROM discord.created_objects
    WHERE kind = 'table';

    FOREACH item IN ARRAY created LOOP
        EXECUTE format('LOCK TABLE public.%I IN ACCESS EXCLUSIVE MODE', item);
        EXECUTE format('SELECT EXISTS (SELECT FROM public.%I)', item) INTO filled;
        IF filled THEN
            kept := item || kept;
        END IF;
    END LOOP;

    IF kept <> '{}' THEN
        RAISE EXCEPTION 'Going back would lose the rows in these tables: %. Nothing was changed.',
            array_to_string(kept, ', ');
    END IF;

    FOREACH item IN ARRAY created LOOP
        EXECUTE format('DROP TABLE public.%I', item);
    END LOOP;
END
$$;

DROP TABLE discord.created_objects;
"""


def upgrade() -> None:
    """Create the handbook's tables; refused where any of them is there already."""
    run(UPGRADE)


def downgrade() -> None:
    """Drop what `upgrade` created; refused while any of it holds rows."""
    run(DOWNGRADE)
