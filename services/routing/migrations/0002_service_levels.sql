-- Calendars, escalation ladders and policies: each is one document, with all its versions.

CREATE TABLE service_levels (
    id         uuid PRIMARY KEY,
    kind       text NOT NULL
        CONSTRAINT service_levels_kind CHECK (kind IN ('calendar', 'escalation_ladder', 'sla_policy')),
    name       text NOT NULL,
    definition jsonb NOT NULL,                -- protobuf's JSON form
    version    bigint NOT NULL,
    changed_by text NOT NULL,
    changed_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE UNIQUE INDEX service_levels_name_key ON service_levels (kind, lower(name));

-- What each version was, also of what is deleted: decisions and clocks name it.
CREATE TABLE service_level_versions (
    id         uuid NOT NULL,
    version    bigint NOT NULL,
    kind       text NOT NULL,
    definition jsonb NOT NULL,
    changed_by text NOT NULL,
    changed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (id, version)
);

-- Counts the changes of all of them: one row, which every writer locks first.
CREATE TABLE service_levels_revision (
    only_one boolean PRIMARY KEY DEFAULT true CONSTRAINT service_levels_one_revision CHECK (only_one),
    revision bigint NOT NULL
);
INSERT INTO service_levels_revision (revision) VALUES (0);
