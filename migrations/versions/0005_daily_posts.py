"""### 2026-11-30
- Added daily posts and reminders to the schema discord: daily_posts and reminders (the ledgers),
  daily_acts (KAI's act for a day of a quest), post_doers (whose day a post has seen done) and
  pace (the turns in which all workers send)
- Added to discord.guilds when and where its daily post goes and what its administrators are to be
  told, to discord.accounts when the member is reminded
"""

from migrations.sql import run

revision = "0005"
down_revision = "0004"

UPGRADE = """
ALTER TABLE discord.guilds
    ADD COLUMN post_channel_id BIGINT,
    ADD COLUMN post_time       TIME,
    ADD COLUMN post_quest_id   INT,          -- NULL: the standing quest; perhaps gone
    ADD COLUMN post_day        INT NOT NULL DEFAULT 1 CHECK (post_day >= 1),
    ADD COLUMN post_set_by     BIGINT,       -- Discord id of who set it up
    ADD COLUMN next_post_on    DATE,
    ADD COLUMN next_post_at    TIMESTAMPTZ,  -- NULL while there is none to come
    ADD COLUMN paused_at       TIMESTAMPTZ,
    ADD COLUMN pause_reason    TEXT
        CHECK (pause_reason IN ('asked', 'channel_gone', 'no_permission', 'left')),
    ADD COLUMN to_tell         JSONB,        -- what its administrators have not been told yet
    ADD COLUMN tell_at         TIMESTAMPTZ,
    ADD COLUMN greeted_at      TIMESTAMPTZ;

CREATE INDEX idx_guilds_next_post_at ON discord.guilds(next_post_at)
    WHERE next_post_at IS NOT NULL;

CREATE INDEX idx_guilds_tell_at ON discord.guilds(tell_at) WHERE to_tell IS NOT NULL;

CREATE INDEX idx_guilds_post_quest_id ON discord.guilds(post_quest_id)
    WHERE post_quest_id IS NOT NULL;

ALTER TABLE discord.accounts
    ADD COLUMN reminder_time    TIME,
    ADD COLUMN next_reminder_on DATE,
    ADD COLUMN next_reminder_at TIMESTAMPTZ,
    ADD COLUMN dm_channel_id    BIGINT,
    ADD COLUMN dms_closed_at    TIMESTAMPTZ;  -- reminders ended by it, until the member was told

CREATE INDEX idx_accounts_next_reminder_at ON discord.accounts(next_reminder_at)
    WHERE next_reminder_at IS NOT NULL;

CREATE TABLE discord.daily_posts (
    id          SERIAL PRIMARY KEY,
    guild_id    BIGINT NOT NULL,
    local_date  DATE NOT NULL,
    channel_id  BIGINT NOT NULL,
    quest_id    INT REFERENCES public.quests(id) ON DELETE SET NULL,
    day_number  INT NOT NULL CHECK (day_number >= 1),
    act         TEXT,
    status      TEXT NOT NULL CHECK (status IN
                ('planned', 'sending', 'sent', 'failed', 'missed', 'skipped', 'unknown')),
    due_at      TIMESTAMPTZ NOT NULL,
    expires_at  TIMESTAMPTZ NOT NULL,
    send_at     TIMESTAMPTZ NOT NULL,  -- its turn among all that is sent
    sending_at  TIMESTAMPTZ,
    attempts    INT NOT NULL DEFAULT 0,
    message_id  BIGINT,
    sent_at     TIMESTAMPTZ,
    trouble     TEXT,
    shown_count INT NOT NULL DEFAULT 0,
    edited_at   TIMESTAMPTZ,
    UNIQUE (guild_id, local_date)
);

CREATE INDEX idx_daily_posts_quest_id ON discord.daily_posts(quest_id);

CREATE INDEX idx_daily_posts_send_at ON discord.daily_posts(send_at)
    WHERE status IN ('planned', 'sending');

CREATE INDEX idx_daily_posts_sent_at ON discord.daily_posts(sent_at) WHERE status = 'sent';

CREATE TABLE discord.reminders (
    id          SERIAL PRIMARY KEY,
    user_id     INT NOT NULL REFERENCES public.userdata(id) ON DELETE CASCADE,
    local_date  DATE NOT NULL,
    snoozes     INT NOT NULL DEFAULT 0,
    status      TEXT NOT NULL CHECK (status IN
                ('planned', 'sending', 'sent', 'failed', 'missed', 'nothing', 'closed', 'unknown')),
    due_at      TIMESTAMPTZ NOT NULL,
    expires_at  TIMESTAMPTZ NOT NULL,
    send_at     TIMESTAMPTZ NOT NULL,
    sending_at  TIMESTAMPTZ,
    attempts    INT NOT NULL DEFAULT 0,
    message_id  BIGINT,
    sent_at     TIMESTAMPTZ,
    trouble     TEXT,
    UNIQUE (user_id, local_date)
);

CREATE INDEX idx_reminders_send_at ON discord.reminders(send_at)
    WHERE status IN ('planned', 'sending');

CREATE TABLE discord.daily_acts (
    id         SERIAL PRIMARY KEY,
    quest_id   INT NOT NULL REFERENCES public.quests(id) ON DELETE CASCADE,
    day_number INT NOT NULL CHECK (day_number >= 1),
    act        TEXT NOT NULL,
    written_at TIMESTAMPTZ NOT NULL,
    UNIQUE (quest_id, day_number)
);

CREATE TABLE discord.post_doers (
    id      SERIAL PRIMARY KEY,
    post_id INT NOT NULL REFERENCES discord.daily_posts(id) ON DELETE CASCADE,
    user_id INT NOT NULL REFERENCES public.userdata(id) ON DELETE CASCADE,
    done_at TIMESTAMPTZ NOT NULL,
    UNIQUE (post_id, user_id)
);

CREATE INDEX idx_post_doers_user_id ON discord.post_doers(user_id);

-- One row: the next free turn of all workers together, and until when nothing may be sent.
CREATE TABLE discord.pace (
    id         SERIAL PRIMARY KEY,
    next_at    TIMESTAMPTZ NOT NULL,
    held_until TIMESTAMPTZ NOT NULL
);

INSERT INTO discord.pace (next_at, held_until) VALUES ('epoch', 'epoch');
"""

DOWNGRADE = """
DROP TABLE
    discord.pace,
    discord.post_doers,
    discord.daily_acts,
    discord.reminders,
    discord.daily_posts;

ALTER TABLE discord.accounts
    DROP COLUMN reminder_time,
    DROP COLUMN next_reminder_on,
    DROP COLUMN next_reminder_at,
    DROP COLUMN dm_channel_id,
    DROP COLUMN dms_closed_at;

ALTER TABLE discord.guilds
    DROP COLUMN post_channel_id,
    DROP COLUMN post_time,
    DROP COLUMN post_quest_id,
    DROP COLUMN post_day,
    DROP COLUMN post_set_by,
    DROP COLUMN next_post_on,
    DROP COLUMN next_post_at,
    DROP COLUMN paused_at,
    DROP COLUMN pause_reason,
    DROP COLUMN to_tell,
    DROP COLUMN tell_at,
    DROP COLUMN greeted_at;
"""


def upgrade() -> None:
    """Create the tables and columns."""
    run(UPGRADE)


def downgrade() -> None:
    """Drop them, with the schedules, ledgers and reminders in them."""
    run(DOWNGRADE)
