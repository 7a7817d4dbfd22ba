-- find_team_for --
-- The ticket's team; the default one when it has none, or one that is gone.
SELECT id, name, is_default, version,
    ARRAY(SELECT user_id FROM team_members WHERE team_id = teams.id ORDER BY user_id) AS member_ids
FROM teams
WHERE id = %(team_id)s OR is_default
ORDER BY id = %(team_id)s DESC NULLS LAST
LIMIT 1;

-- list_teams --
-- All teams by name.
SELECT id, name, is_default, version,
    ARRAY(SELECT user_id FROM team_members WHERE team_id = teams.id ORDER BY user_id) AS member_ids
FROM teams
ORDER BY lower(name);

-- create_team --
-- Index teams_name_key tells that the name is taken.
INSERT INTO teams (name) VALUES (%(name)s) RETURNING id, name, is_default, version, '{}'::uuid[] AS member_ids;

-- update_team --
-- Another name; index teams_name_key tells that it is taken.
UPDATE teams SET name = %(name)s, version = version + 1 WHERE id = %(team_id)s AND name <> %(name)s;

-- end_default_team --
-- The default team up to now; its row is locked first, so that two changes at once come one after the other.
UPDATE teams SET is_default = false, version = version + 1 WHERE is_default AND id <> %(team_id)s;

-- begin_default_team --
-- The default team from now on.
UPDATE teams SET is_default = true, version = version + 1 WHERE id = %(team_id)s AND NOT is_default;

-- lock_teams --
-- All of them in one order, before the default moves from one to another.
SELECT id FROM teams ORDER BY id FOR UPDATE;

-- lock_team --
-- The team's row first, so that its members and its version change together.
SELECT id FROM teams WHERE id = %(team_id)s FOR UPDATE;

-- add_team_member --
-- No row when the user is a member already.
INSERT INTO team_members (team_id, user_id) VALUES (%(team_id)s, %(user_id)s)
ON CONFLICT DO NOTHING
RETURNING user_id;

-- remove_team_member --
-- No row when the user is no member.
DELETE FROM team_members WHERE team_id = %(team_id)s AND user_id = %(user_id)s RETURNING user_id;

-- count_change --
-- The members changed.
UPDATE teams SET version = version + 1 WHERE id = %(team_id)s;

-- read_rules_revision --
-- How often rules have changed.
SELECT revision FROM rules_revision;

-- count_rule_change --
-- Locks all rules against other writers until the transaction ends.
UPDATE rules_revision SET revision = revision + 1 RETURNING revision;

-- list_rules --
-- All rules in their order, with the revision that they are of.
SELECT r.id, r.position, r.definition, r.version, c.revision
FROM rules_revision c
LEFT JOIN rules r ON true
ORDER BY r.position, r.id;

-- list_rules_at --
-- All rules as they were at a revision, in the order they had.
SELECT id, position, definition, version
FROM (
    SELECT DISTINCT ON (id) id, position, definition, version, deleted
    FROM rule_versions
    WHERE revision <= %(revision)s
    ORDER BY id, version DESC
) latest
WHERE NOT deleted
ORDER BY position, id;

-- insert_rule --
-- A new rule, after all others.
INSERT INTO rules (id, name, position, definition, version, changed_by)
SELECT %(id)s, %(name)s, coalesce(max(position), 0) + 1000, %(definition)s, 1, %(changed_by)s FROM rules
RETURNING id, position, definition, version;

-- update_rule --
-- The next version of a rule; no row when there is none, or not at this version.
UPDATE rules
SET name = %(name)s, definition = %(definition)s, version = version + 1, changed_by = %(changed_by)s,
    changed_at = clock_timestamp()
WHERE id = %(id)s AND (%(expected_version)s::bigint = 0 OR version = %(expected_version)s::bigint)
RETURNING id, position, definition, version;

-- move_rule --
-- Another place is a version of its own: decisions depend on the order.
UPDATE rules
SET position = %(position)s, version = version + 1, changed_by = %(changed_by)s, changed_at = clock_timestamp()
WHERE id = %(id)s AND position <> %(position)s
RETURNING id, position, definition, version;

-- delete_rule --
-- The rule goes, its versions stay.
DELETE FROM rules WHERE id = %(id)s RETURNING id, position, definition, version + 1 AS version;

-- keep_rule_version --
-- What a rule is from this revision on.
INSERT INTO rule_versions (id, version, revision, position, definition, deleted, changed_by)
VALUES (%(id)s, %(version)s, %(revision)s, %(position)s, %(definition)s, %(deleted)s, %(changed_by)s);

-- list_rule_versions --
-- What a rule was, the latest first.
SELECT id, position, definition, version, deleted, changed_by, changed_at
FROM rule_versions
WHERE id = %(id)s
ORDER BY version DESC;

-- read_revision --
-- How often service levels have changed.
SELECT revision FROM service_levels_revision;

-- count_service_level_change --
-- Locks all service levels against other writers until the transaction ends.
UPDATE service_levels_revision SET revision = revision + 1 RETURNING revision;

-- list_service_levels --
-- All documents, with the revision that they are of.
SELECT s.id, s.kind, s.name, s.definition, s.version, r.revision
FROM service_levels_revision r
LEFT JOIN service_levels s ON true
ORDER BY s.kind, lower(s.name);

-- insert_service_level --
-- A new document.
WITH kept AS (
    INSERT INTO service_level_versions (id, version, kind, definition, changed_by)
    VALUES (%(id)s, 1, %(kind)s, %(definition)s, %(changed_by)s)
)
INSERT INTO service_levels (id, kind, name, definition, version, changed_by)
VALUES (%(id)s, %(kind)s, %(name)s, %(definition)s, 1, %(changed_by)s)
RETURNING version;

-- update_service_level --
-- The next version of a document; no row when there is none, or not at this version.
WITH changed AS (
    UPDATE service_levels
    SET name = %(name)s, definition = %(definition)s, version = version + 1, changed_by = %(changed_by)s,
        changed_at = clock_timestamp()
    WHERE id = %(id)s AND kind = %(kind)s AND (%(expected_version)s::bigint = 0 OR version = %(expected_version)s::bigint)
    RETURNING id, version, kind, definition, changed_by
), kept AS (
    INSERT INTO service_level_versions (id, version, kind, definition, changed_by)
    SELECT id, version, kind, definition, changed_by FROM changed
)
SELECT version FROM changed;

-- get_service_level_version --
-- The present version of a document.
SELECT version FROM service_levels WHERE id = %(id)s AND kind = %(kind)s;

-- delete_service_level --
-- The document goes, its versions stay.
DELETE FROM service_levels WHERE id = %(id)s AND kind = %(kind)s RETURNING id;
