-- A rule of time counts for waits that begin from then on.

ALTER TABLE rules ADD COLUMN runs_from timestamptz NOT NULL DEFAULT clock_timestamp();
ALTER TABLE rule_versions ADD COLUMN runs_from timestamptz NOT NULL DEFAULT clock_timestamp();
