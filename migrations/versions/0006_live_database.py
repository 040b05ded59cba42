"""### 2026-12-01
- Added to the schema discord what work on the website's database needs: adoption_log (what
  `db adopt` changed), link_requests, links and link_log (accounts linked to the website's), and
  archives (files that old kai_interactions were moved to)
- Added the functions erase_audit (takes a person out of audit_log and adoption_log) and day_text
  (a challenge day's text, from the website's challenge_day_templates where there is one)
"""

from migrations.sql import run

revision = "0006"
down_revision = "0005"

UPGRADE = """
CREATE TABLE discord.adoption_log (
    id         SERIAL PRIMARY KEY,
    run        INT NOT NULL,          -- the same in all that one `db adopt --apply` did
    action     TEXT NOT NULL CHECK (action IN ('create', 'change', 'remove')),
    table_name TEXT NOT NULL,         -- with its schema
    row_id     INT,                   -- of the row that was changed or removed
    statement  TEXT,                  -- by which something was created
    undo       TEXT,                  -- by which it is dropped again
    before     JSONB,                 -- the row as it was
    after      JSONB,                 -- the row as it was left; of what was created, its kind
    written_at TIMESTAMPTZ NOT NULL,
    undone_at  TIMESTAMPTZ
);

CREATE INDEX idx_adoption_log_run ON discord.adoption_log(run);

CREATE TABLE discord.link_requests (
    id         SERIAL PRIMARY KEY,
    discord_id BIGINT NOT NULL,
    email      TEXT NOT NULL,         -- as its member typed it
    code       TEXT NOT NULL,         -- which they send from that address
    status     TEXT NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'confirmed', 'refused')),
    decided_by BIGINT,                -- Discord id; NULL: who runs the bot; -1: erased
    decided_at TIMESTAMPTZ,
    created_at TIMESTAMPTZ NOT NULL
);

CREATE UNIQUE INDEX idx_link_requests_open ON discord.link_requests(discord_id)
    WHERE status = 'open';

CREATE TABLE discord.links (
    id             SERIAL PRIMARY KEY,
    discord_id     BIGINT NOT NULL,
    user_id        INT NOT NULL REFERENCES public.userdata(id) ON DELETE CASCADE,
    placeholder_id INT REFERENCES public.userdata(id) ON DELETE SET NULL,
    linked_by      BIGINT,            -- Discord id; NULL: who runs the bot; -1: erased
    linked_at      TIMESTAMPTZ NOT NULL,
    unlinked_at    TIMESTAMPTZ
);

CREATE UNIQUE INDEX idx_links_discord_id ON discord.links(discord_id) WHERE unlinked_at IS NULL;
CREATE UNIQUE INDEX idx_links_open_user ON discord.links(user_id) WHERE unlinked_at IS NULL;
CREATE INDEX idx_links_user_id ON discord.links(user_id);
CREATE INDEX idx_links_placeholder_id ON discord.links(placeholder_id);

CREATE TABLE discord.link_log (
    id         SERIAL PRIMARY KEY,
    link_id    INT NOT NULL REFERENCES discord.links(id) ON DELETE CASCADE,
    action     TEXT NOT NULL CHECK (action IN ('move', 'change', 'remove')),
    table_name TEXT NOT NULL,         -- with its schema
    row_id     INT NOT NULL,
    before     JSONB,                 -- dropped after 30 days, as is `after`
    after      JSONB
);

CREATE INDEX idx_link_log_link_id ON discord.link_log(link_id);

CREATE TABLE discord.archives (
    id          SERIAL PRIMARY KEY,
    file        TEXT NOT NULL UNIQUE, -- its name, without the folder
    month       DATE NOT NULL,        -- the first day (UTC) of the month that its turns are of
    row_count   INT NOT NULL,
    checksum    TEXT NOT NULL,        -- SHA-256 of the CSV inside, in hexadecimal
    first_id    INT NOT NULL,
    last_id     INT NOT NULL,
    written_at  TIMESTAMPTZ NOT NULL,
    deleted_at  TIMESTAMPTZ,          -- when the last of its turns had left the table
    restored_at TIMESTAMPTZ           -- when they were brought back
);

CREATE INDEX idx_archives_month ON discord.archives(month);

-- Whoever runs the bot may only read audit_log and add to it, and only read adoption_log: this
-- takes a person out of both. -1 stands for somebody who was erased; 0 for who runs the bot.
CREATE FUNCTION discord.erase_audit(person BIGINT) RETURNS INT
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    WITH users AS (
        SELECT user_id FROM discord.accounts WHERE discord_id = person
        UNION
        SELECT user_id FROM discord.links WHERE discord_id = person
    ), adopted AS (
        UPDATE discord.adoption_log
           SET before = NULL, after = NULL
         WHERE action <> 'create'
           AND (before ->> 'user_id')::int IN (SELECT user_id FROM users)
    ), erased AS (
        UPDATE discord.audit_log
           SET actor_id = CASE WHEN actor_id = person THEN -1 ELSE actor_id END,
               subject_id = CASE WHEN subject_id = person THEN NULL ELSE subject_id END,
               reason = CASE WHEN subject_id = person THEN NULL ELSE reason END,
               details = CASE WHEN subject_id = person THEN NULL ELSE details END
         WHERE actor_id = person OR subject_id = person
        RETURNING id
    )
    SELECT count(*)::int FROM erased
$$;

REVOKE EXECUTE ON FUNCTION discord.erase_audit(BIGINT) FROM PUBLIC;

-- The website's text of a challenge day, else the bot's own, as JSON; NULL when there is neither.
-- The website may add its table at any time, give it other columns, or take it away: so it is read
-- with the owner's rights. But only a plain table of whom the challenges belong to is read: a view
-- of somebody else's would run what they like with these rights.
CREATE FUNCTION discord.day_text(challenge INT, day INT) RETURNS JSONB
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    found JSONB;
BEGIN
    IF EXISTS (SELECT FROM pg_class t
                 JOIN pg_class c ON c.oid = to_regclass('public.challenges')
                WHERE t.oid = to_regclass('public.challenge_day_templates')
                  AND t.relkind = 'r' AND NOT t.relrowsecurity AND t.relowner = c.relowner)
    THEN
        BEGIN
            EXECUTE 'SELECT to_jsonb(t) FROM public.challenge_day_templates t '
                    'WHERE t.challenge_id = $1 AND t.day_number = $2 ORDER BY t.id LIMIT 1'
               INTO found USING challenge, day;
        EXCEPTION WHEN syntax_error_or_access_rule_violation OR data_exception THEN
            found := NULL;  -- no such column, another type, no right to read it
        END;
    END IF;
    IF found IS NULL THEN
        SELECT to_jsonb(d) INTO found FROM discord.challenge_days d
         WHERE d.challenge_id = challenge AND d.day_number = day;
    END IF;
    RETURN found;
END
$$;
"""

# What was adopted could not be undone, what was archived not be brought back, who is linked not be
# told apart any more.
DOWNGRADE = """
DO $$
DECLARE
    kept TEXT;
BEGIN
    LOCK TABLE discord.adoption_log, discord.archives, discord.links IN ACCESS EXCLUSIVE MODE;
    SELECT string_agg(name, ', ') INTO kept
      FROM (SELECT 'adoption_log' WHERE EXISTS (SELECT FROM discord.adoption_log)
            UNION ALL SELECT 'archives' WHERE EXISTS (SELECT FROM discord.archives)
            UNION ALL SELECT 'links' WHERE EXISTS (SELECT FROM discord.links)) AS filled(name);
    IF kept IS NOT NULL THEN
        RAISE EXCEPTION 'Going back would lose the rows in these tables: %. Nothing was changed.',
            kept;
    END IF;
END
$$;

DROP FUNCTION discord.day_text(INT, INT);
DROP FUNCTION discord.erase_audit(BIGINT);

DROP TABLE
    discord.archives,
    discord.link_log,
    discord.links,
    discord.link_requests,
    discord.adoption_log;
"""


def upgrade() -> None:
    """Create the tables and functions."""
    run(UPGRADE)


def downgrade() -> None:
    """Drop them again; refused while what they remember is needed."""
    run(DOWNGRADE)
