-- Service levels as they were at a revision are the latest version of each up to it: decisions replay by those of then.
-- What was changed before this was noted is taken for what it has been ever since.

ALTER TABLE service_level_versions
    ADD COLUMN revision bigint NOT NULL DEFAULT 0,
    ADD COLUMN deleted boolean NOT NULL DEFAULT false;

INSERT INTO service_level_versions (id, version, kind, definition, changed_by, deleted)
SELECT DISTINCT ON (id) id, version + 1, kind, definition, changed_by, true
FROM service_level_versions
WHERE id NOT IN (SELECT id FROM service_levels)
ORDER BY id, version DESC;

ALTER TABLE service_level_versions ALTER COLUMN revision DROP DEFAULT;
CREATE INDEX service_level_versions_revision ON service_level_versions (revision);
