-- What else the website keeps: none of it is the bot's, and none of it may change.

CREATE FUNCTION set_updated_at() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.updated_at = now();
    RETURN NEW;
END
$$;

CREATE TABLE blog_posts (
    id         SERIAL PRIMARY KEY,
    author_id  INT NOT NULL REFERENCES userdata(id),
    title      VARCHAR(255) NOT NULL,
    slug       VARCHAR(255) NOT NULL UNIQUE,
    body       TEXT,
    published  BOOLEAN DEFAULT false,
    created_at TIMESTAMPTZ DEFAULT now(),
    updated_at TIMESTAMPTZ DEFAULT now()
);
CREATE TRIGGER blog_posts_updated BEFORE UPDATE ON blog_posts
    FOR EACH ROW EXECUTE FUNCTION set_updated_at();

CREATE TABLE blog_comments (
    id         SERIAL PRIMARY KEY,
    post_id    INT NOT NULL REFERENCES blog_posts(id) ON DELETE CASCADE,
    user_id    INT REFERENCES userdata(id),
    body       TEXT NOT NULL,
    created_at TIMESTAMPTZ DEFAULT now()
);

CREATE TABLE donations (
    id           SERIAL PRIMARY KEY,
    user_id      INT NOT NULL REFERENCES userdata(id),
    amount_cents BIGINT NOT NULL CHECK (amount_cents > 0),
    currency     CHAR(3) NOT NULL DEFAULT 'CAD',
    receipt      UUID,
    given_at     TIMESTAMPTZ NOT NULL DEFAULT now()
);

CREATE TABLE "donationReceipts" (
    "donationId" INT PRIMARY KEY REFERENCES donations(id),
    "sentAt"     TIMESTAMPTZ
);

CREATE TABLE circles (
    id         SERIAL PRIMARY KEY,
    name       VARCHAR(150) NOT NULL,
    owner_id   INT REFERENCES userdata(id) ON DELETE SET NULL,
    created_at TIMESTAMPTZ DEFAULT now(),
    updated_at TIMESTAMPTZ DEFAULT now()
);
CREATE TRIGGER circles_updated BEFORE UPDATE ON circles
    FOR EACH ROW EXECUTE FUNCTION set_updated_at();

CREATE TABLE circle_members (
    circle_id INT NOT NULL REFERENCES circles(id) ON DELETE CASCADE,
    user_id   INT NOT NULL REFERENCES userdata(id) ON DELETE CASCADE,
    role      VARCHAR(20) NOT NULL DEFAULT 'member',
    PRIMARY KEY (circle_id, user_id)
);

CREATE TABLE messages (
    id           SERIAL PRIMARY KEY,
    sender_id    INT NOT NULL REFERENCES userdata(id),
    recipient_id INT NOT NULL REFERENCES userdata(id),
    body         TEXT NOT NULL,
    read_at      TIMESTAMPTZ,
    created_at   TIMESTAMPTZ DEFAULT now()
);

CREATE TABLE follows (
    follower_id INT NOT NULL REFERENCES userdata(id),
    followed_id INT NOT NULL REFERENCES userdata(id),
    PRIMARY KEY (follower_id, followed_id)
);

CREATE TABLE events (
    id         SERIAL PRIMARY KEY,
    title      VARCHAR(255) NOT NULL,
    starts_at  TIMESTAMPTZ,
    place      POINT,
    tags       TEXT[],
    updated_at TIMESTAMPTZ DEFAULT now()
);
CREATE TRIGGER events_updated BEFORE UPDATE ON events
    FOR EACH ROW EXECUTE FUNCTION set_updated_at();

CREATE TABLE event_guests (
    id       SERIAL PRIMARY KEY,
    event_id INT NOT NULL REFERENCES events(id) ON DELETE CASCADE,
    user_id  INT NOT NULL REFERENCES userdata(id)
);

CREATE TABLE notifications (
    id         BIGSERIAL PRIMARY KEY,
    user_id    INT NOT NULL REFERENCES userdata(id) ON DELETE CASCADE,
    payload    JSON,
    created_at TIMESTAMPTZ DEFAULT now()
);

CREATE TABLE challenge_sponsors (
    id           SERIAL PRIMARY KEY,
    challenge_id INT NOT NULL REFERENCES challenges(id),
    name         VARCHAR(150) NOT NULL
);

CREATE TABLE challenge_invites (
    id           SERIAL PRIMARY KEY,
    challenge_id INT NOT NULL REFERENCES challenges(id) ON DELETE CASCADE,
    inviter_id   INT NOT NULL REFERENCES userdata(id),
    email        VARCHAR(255) NOT NULL
);

CREATE TABLE newsletter_subscribers (
    email         VARCHAR(255) PRIMARY KEY,
    subscribed_at TIMESTAMPTZ DEFAULT now()
);

CREATE TABLE session (
    sid    VARCHAR NOT NULL PRIMARY KEY,
    sess   JSON NOT NULL,
    expire TIMESTAMP(6) NOT NULL
);

CREATE SCHEMA kai;

CREATE TABLE kai.conversations (
    id         UUID PRIMARY KEY,
    user_id    INT REFERENCES public.userdata(id),
    started_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE kai.prompts (
    id   SERIAL PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    body TEXT NOT NULL
);

CREATE TABLE kai.suggestions (
    id              SERIAL PRIMARY KEY,
    conversation_id UUID NOT NULL REFERENCES kai.conversations(id) ON DELETE CASCADE,
    body            TEXT
);
