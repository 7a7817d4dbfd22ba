-- Teams and who is in them.

CREATE TABLE teams (
    id         uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    name       text NOT NULL CONSTRAINT teams_name_length CHECK (length(name) BETWEEN 1 AND 100),
    is_default boolean NOT NULL DEFAULT false,
    version    bigint NOT NULL DEFAULT 1,     -- counts the changes of the team and its members
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE UNIQUE INDEX teams_name_key ON teams (lower(name));
CREATE UNIQUE INDEX teams_one_default ON teams (is_default) WHERE is_default;

CREATE TABLE team_members (
    team_id  uuid NOT NULL REFERENCES teams,
    user_id  uuid NOT NULL,                   -- identity's
    added_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (team_id, user_id)
);

INSERT INTO teams (name, is_default) VALUES ('Support', true);
