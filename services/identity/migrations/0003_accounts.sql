-- Invitations, password resets, the mails that bring their links, and API tokens with names.

-- Whoever was invited has no password before they accept.
ALTER TABLE users ALTER COLUMN password_hash DROP NOT NULL;
ALTER TABLE users ADD CONSTRAINT users_password CHECK (password_hash IS NOT NULL OR NOT active);

ALTER TABLE tokens
    ADD COLUMN id   uuid NOT NULL DEFAULT gen_random_uuid() UNIQUE,
    ADD COLUMN name text NOT NULL DEFAULT '';

-- A link that one person may use once. Its token is made of the id with a key that the database does not have.
CREATE TABLE account_links (
    id         uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    kind       text NOT NULL CONSTRAINT account_links_kind CHECK (kind IN ('invitation', 'password_reset')),
    user_id    uuid NOT NULL REFERENCES users,
    inviter    text NOT NULL DEFAULT '',      -- what the mail calls whoever invites
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at timestamptz NOT NULL,
    used_at    timestamptz,
    ended_at   timestamptz                    -- withdrawn, or another one took its place
);
CREATE INDEX account_links_user ON account_links (user_id, kind, created_at);

-- The mail that brings a link, under a fenced lease like every delivery.
CREATE TABLE account_mails (
    id           uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    link_id      uuid NOT NULL UNIQUE REFERENCES account_links,
    state        text NOT NULL DEFAULT 'ready'
        CONSTRAINT account_mails_state
        CHECK (state IN ('ready', 'claimed', 'sending', 'done', 'failed', 'in_doubt', 'suppressed', 'cancelled')),
    attempts     integer NOT NULL DEFAULT 0,
    fence        bigint NOT NULL DEFAULT 0,
    leased_until timestamptz,
    doubtful     boolean NOT NULL DEFAULT false,
    detail       text NOT NULL DEFAULT '',
    nudged_at    timestamptz,                 -- when its workflow was started last
    created_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    updated_at   timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX account_mails_open ON account_mails (created_at) WHERE state IN ('ready', 'claimed', 'sending');
