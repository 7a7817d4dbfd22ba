-- Sessions on the pages, apart from API tokens: one of these opens no door of the other.

CREATE TABLE sessions (
    id         uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    digest     bytea NOT NULL UNIQUE,         -- SHA-256; the token itself is kept nowhere
    user_id    uuid NOT NULL REFERENCES users,
    source     text NOT NULL,
    user_agent text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    seen_at    timestamptz NOT NULL DEFAULT clock_timestamp(),  -- to the minute
    ended_at   timestamptz
);
CREATE INDEX sessions_user ON sessions (user_id);

-- A failure in a browser that has signed in to the account before counts against that browser alone (SHA-256).
ALTER TABLE sign_in_failures ADD COLUMN device bytea;
CREATE INDEX sign_in_failures_device ON sign_in_failures (device, failed_at) WHERE device IS NOT NULL;
