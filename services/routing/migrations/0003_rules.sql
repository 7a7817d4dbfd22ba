-- Rules, with all their versions: decisions name them.

CREATE TABLE rules (
    id         uuid PRIMARY KEY,
    name       text NOT NULL,
    position   bigint NOT NULL,               -- rules run in this order; there are gaps
    definition jsonb NOT NULL,                -- protobuf's JSON form, without id, position and version
    version    bigint NOT NULL,
    changed_by text NOT NULL,
    changed_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE UNIQUE INDEX rules_name_key ON rules (lower(name));

-- What each version was, also of what is deleted. `revision` is that of all rules together: the rules as they were at a
-- revision are the latest version of each up to it.
CREATE TABLE rule_versions (
    id         uuid NOT NULL,
    version    bigint NOT NULL,
    revision   bigint NOT NULL,
    position   bigint NOT NULL,
    definition jsonb NOT NULL,
    deleted    boolean NOT NULL DEFAULT false,
    changed_by text NOT NULL,
    changed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (id, version)
);
CREATE INDEX rule_versions_revision ON rule_versions (revision);

-- Counts the changes of all of them: one row, which every writer locks first.
CREATE TABLE rules_revision (
    only_one boolean PRIMARY KEY DEFAULT true CONSTRAINT rules_one_revision CHECK (only_one),
    revision bigint NOT NULL
);
INSERT INTO rules_revision (revision) VALUES (0);
