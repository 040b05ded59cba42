"""### 2026-11-25
- Added the bot's own tables to the schema discord: accounts (a member's Discord id and its user),
  completions, guilds, guild_members, challenge_days, catalogue_slugs, audit_log and state
"""

from migrations.sql import run

revision = "0002"
down_revision = "0001"

UPGRADE = """
CREATE TABLE discord.accounts (
    id                SERIAL PRIMARY KEY,
    discord_id        BIGINT NOT NULL UNIQUE,
    user_id           INT NOT NULL UNIQUE REFERENCES public.userdata(id) ON DELETE CASCADE,
    zone              TEXT NOT NULL,
    zone_changed_at   TIMESTAMPTZ,
    locale            TEXT,
    on_leaderboard    BOOLEAN NOT NULL DEFAULT TRUE,
    points            INT NOT NULL DEFAULT 0 CHECK (points >= 0),
    enrolment_version INT NOT NULL DEFAULT 0,
    welcomed_at       TIMESTAMPTZ,
    forgotten_until   TIMESTAMPTZ,
    created_at        TIMESTAMPTZ NOT NULL
);

CREATE TABLE discord.completions (
    id           SERIAL PRIMARY KEY,
    user_id      INT NOT NULL REFERENCES public.userdata(id) ON DELETE CASCADE,
    kind         TEXT NOT NULL CHECK (kind IN ('challenge', 'quest')),
    item_id      INT NOT NULL,
    day_number   INT NOT NULL CHECK (day_number >= 1),
    local_date   DATE NOT NULL,
    points       INT NOT NULL CHECK (points > 0),
    completed_at TIMESTAMPTZ NOT NULL,
    UNIQUE (user_id, kind, item_id, local_date),
    UNIQUE (user_id, kind, item_id, day_number)
);

CREATE INDEX idx_completions_user_date ON discord.completions(user_id, local_date);

CREATE TABLE discord.guilds (
    id        SERIAL PRIMARY KEY,
    guild_id  BIGINT NOT NULL UNIQUE,
    zone      TEXT,
    is_home   BOOLEAN NOT NULL DEFAULT FALSE,
    joined_at TIMESTAMPTZ NOT NULL
);

CREATE UNIQUE INDEX idx_guilds_one_home ON discord.guilds(is_home) WHERE is_home;

CREATE TABLE discord.guild_members (
    id           SERIAL PRIMARY KEY,
    guild_id     BIGINT NOT NULL,
    user_id      INT NOT NULL REFERENCES public.userdata(id) ON DELETE CASCADE,
    last_used_on DATE NOT NULL,
    checked_at   TIMESTAMPTZ,
    has_left     BOOLEAN NOT NULL DEFAULT FALSE,
    UNIQUE (guild_id, user_id)
);

CREATE INDEX idx_guild_members_user_id ON discord.guild_members(user_id);

CREATE TABLE discord.challenge_days (
    id             SERIAL PRIMARY KEY,
    challenge_id   INT NOT NULL REFERENCES public.challenges(id) ON DELETE CASCADE,
    day_number     INT NOT NULL CHECK (day_number >= 1),
    day_title      VARCHAR(255) NOT NULL,
    principle      TEXT,
    body           TEXT,
    suggested_acts JSONB,
    UNIQUE (challenge_id, day_number)
);

CREATE TABLE discord.catalogue_slugs (
    id      SERIAL PRIMARY KEY,
    kind    TEXT NOT NULL CHECK (kind IN ('challenge', 'quest', 'badge')),
    slug    TEXT NOT NULL,
    item_id INT NOT NULL,
    UNIQUE (kind, slug)
);

CREATE TABLE discord.audit_log (
    id         SERIAL PRIMARY KEY,
    guild_id   BIGINT,
    actor_id   BIGINT NOT NULL,       -- Discord id of who did it
    action     TEXT NOT NULL,         -- 'badge_award', 'badge_revoke', 'challenge_add', ...
    subject_id BIGINT,                -- Discord id of the member it was done to
    item_id    INT,                   -- challenge, quest or badge id
    reason     TEXT,
    details    JSONB,
    created_at TIMESTAMPTZ NOT NULL
);

CREATE INDEX idx_audit_log_item ON discord.audit_log(action, item_id);

-- What the bot remembers about itself, such as the hash of the synced command tree.
CREATE TABLE discord.state (
    id    SERIAL PRIMARY KEY,
    name  TEXT NOT NULL UNIQUE,
    value TEXT NOT NULL
);
"""

# Where 0001 made nothing, the handbook's tables are the website's, and 0001 could never run again.
DOWNGRADE = """
DO $$
DECLARE
    handbook CONSTANT TEXT[] := ARRAY[
        'challenges', 'user_challenges', 'challenge_logs', 'quests', 'user_quests', 'quest_logs',
        'badges', 'user_badges', 'kai_interactions'
    ];
    created INT := 0;
BEGIN
    IF to_regclass('discord.created_objects') IS NOT NULL THEN
        SELECT count(*) INTO created
        FROM discord.created_objects
        WHERE kind = 'table' AND name = ANY (handbook);
    END IF;
    IF created < cardinality(handbook) THEN
        RAISE EXCEPTION 'The handbook''s tables were here before the bot, so its migrations cannot '
            'go back below revision 0002. Nothing was changed.';
    END IF;
END
$$;

DROP TABLE
    discord.state,
    discord.audit_log,
    discord.catalogue_slugs,
    discord.challenge_days,
    discord.guild_members,
    discord.guilds,
    discord.completions,
    discord.accounts;
"""


def upgrade() -> None:
    """Create the bot's own tables."""
    run(UPGRADE)


def downgrade() -> None:
    """Drop them with what is in them; refused where the handbook's tables are not the bot's."""
    run(DOWNGRADE)
