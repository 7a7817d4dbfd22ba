-- Credentials. Every instant is the real clock's: no test that skips time lets a token or a limit pass.

CREATE TABLE users (
    id            uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    email         text NOT NULL CONSTRAINT users_email_key UNIQUE,  -- lower-cased by the domain
    name          text NOT NULL,
    role          text NOT NULL
        CONSTRAINT users_role CHECK (role IN ('owner', 'admin', 'agent', 'light_agent', 'customer')),
    active        boolean NOT NULL DEFAULT true,
    contact_id    uuid,                       -- tickets'
    password_hash text NOT NULL,              -- Argon2id, in its own text form
    created_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    CONSTRAINT users_contact CHECK ((role = 'customer') = (contact_id IS NOT NULL))
);
CREATE INDEX users_owners ON users (id) WHERE role = 'owner' AND active;

CREATE TABLE tokens (
    digest     bytea PRIMARY KEY,             -- SHA-256; the token itself is kept nowhere
    user_id    uuid NOT NULL REFERENCES users,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz
);
CREATE INDEX tokens_user ON tokens (user_id);

-- Account and source are SHA-256: what people mistype is nobody's business.
CREATE TABLE sign_in_failures (
    account   bytea NOT NULL,
    source    bytea NOT NULL,
    failed_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX sign_in_failures_account ON sign_in_failures (account, failed_at);
CREATE INDEX sign_in_failures_source ON sign_in_failures (source, failed_at);
CREATE INDEX sign_in_failures_failed ON sign_in_failures (failed_at);
