-- How teams give their tickets to people: strategies, capacity, hours, skills, and who is here.

ALTER TABLE teams
    ADD COLUMN strategy text NOT NULL DEFAULT 'round_robin'
        CONSTRAINT teams_strategy CHECK (strategy IN ('round_robin', 'least_loaded', 'skill_match')),
    ADD COLUMN last_assignee_first boolean NOT NULL DEFAULT false,
    ADD COLUMN needs_presence boolean NOT NULL DEFAULT false,
    ADD COLUMN capacity int NOT NULL DEFAULT 0,       -- of each member; 0: without limit
    ADD COLUMN counted_statuses text[] NOT NULL DEFAULT '{new,open}',
    ADD COLUMN calendar_id uuid CONSTRAINT teams_calendar REFERENCES service_levels,
    ADD COLUMN overflow_team_id uuid REFERENCES teams,
    ADD COLUMN overflow_after interval NOT NULL DEFAULT '0';

ALTER TABLE team_members
    ADD COLUMN capacity int NOT NULL DEFAULT 0,       -- 0: as the team says
    ADD COLUMN calendar_id uuid CONSTRAINT team_members_calendar REFERENCES service_levels;

CREATE TABLE skills (
    id      uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    name    text NOT NULL CONSTRAINT skills_name_length CHECK (length(name) BETWEEN 1 AND 100),
    needs   text NOT NULL,                            -- conditions in the text form: which tickets need it
    level   smallint NOT NULL,                        -- at least
    version bigint NOT NULL DEFAULT 1
);
CREATE UNIQUE INDEX skills_name_key ON skills (lower(name));

CREATE TABLE user_skills (
    user_id  uuid NOT NULL,                           -- identity's
    skill_id uuid NOT NULL REFERENCES skills ON DELETE CASCADE,
    level    smallint NOT NULL CONSTRAINT user_skills_level CHECK (level BETWEEN 1 AND 5),
    PRIMARY KEY (user_id, skill_id)
);

-- The last sign of an open desk; gone after a crash of the database, and back within seconds.
CREATE UNLOGGED TABLE heartbeats (
    user_id uuid PRIMARY KEY,
    seen_at timestamptz NOT NULL
);

CREATE TABLE away (
    user_id  uuid PRIMARY KEY,
    until    timestamptz,                             -- none: until they say that they are back
    note     text NOT NULL,
    since_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- Counts the changes of teams and skills, and how often somebody came: one row.
CREATE TABLE routing_revision (
    only_one boolean PRIMARY KEY DEFAULT true CONSTRAINT routing_one_revision CHECK (only_one),
    revision bigint NOT NULL,
    arrivals bigint NOT NULL
);
INSERT INTO routing_revision (revision, arrivals) VALUES (0, 0);
