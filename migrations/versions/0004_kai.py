"""### 2026-11-25
- Added what KAI's model voice needs to the schema discord: kai_usage (turns and tokens a day),
  kai_slots (calls under way), kai_breakers (a model's latest failures) and reflection_drafts
  (reflections that KAI offers to save, until the member agrees)
"""

from migrations.sql import run

revision = "0004"
down_revision = "0003"

UPGRADE = """
CREATE TABLE discord.kai_usage (
    id         SERIAL PRIMARY KEY,
    day        DATE NOT NULL,
    scope      TEXT NOT NULL CHECK (scope IN ('member', 'guild', 'bot')),
    subject_id BIGINT NOT NULL,
    turns      INT NOT NULL DEFAULT 0,
    tokens     BIGINT NOT NULL DEFAULT 0,
    UNIQUE (day, scope, subject_id)
);

CREATE TABLE discord.kai_slots (
    id          SERIAL PRIMARY KEY,
    slot        INT NOT NULL UNIQUE,
    taken_until TIMESTAMPTZ,
    user_id     INT
);

INSERT INTO discord.kai_slots (slot) SELECT generate_series(1, 64);

CREATE TABLE discord.kai_breakers (
    id         SERIAL PRIMARY KEY,
    model      TEXT NOT NULL UNIQUE,
    failures   INT NOT NULL DEFAULT 0,
    open_until TIMESTAMPTZ
);

CREATE TABLE discord.reflection_drafts (
    id         SERIAL PRIMARY KEY,
    user_id    INT NOT NULL REFERENCES public.userdata(id) ON DELETE CASCADE,
    kind       TEXT NOT NULL CHECK (kind IN ('challenge', 'quest')),
    item_id    INT NOT NULL,
    day_number INT NOT NULL CHECK (day_number >= 1),
    reflection TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL
);

CREATE INDEX idx_reflection_drafts_user_id ON discord.reflection_drafts(user_id);
"""

DOWNGRADE = """
DROP TABLE discord.reflection_drafts;
DROP TABLE discord.kai_breakers;
DROP TABLE discord.kai_slots;
DROP TABLE discord.kai_usage;
"""


def upgrade() -> None:
    """Create the tables."""
    run(UPGRADE)


def downgrade() -> None:
    """Drop them again."""
    run(DOWNGRADE)
