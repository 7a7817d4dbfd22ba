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
SELECT r.id, r.position, r.definition, r.version, r.runs_from, c.revision
FROM rules_revision c
LEFT JOIN rules r ON true
ORDER BY r.position, r.id;

-- list_rules_at --
-- All rules as they were at a revision, in the order they had.
SELECT id, position, definition, version, runs_from
FROM (
    SELECT DISTINCT ON (id) id, position, definition, version, runs_from, deleted
    FROM rule_versions
    WHERE revision <= %(revision)s
    ORDER BY id, version DESC
) latest
WHERE NOT deleted
ORDER BY position, id;

-- insert_rule --
-- A new rule, after all others; one that was deleted goes on from its last version.
INSERT INTO rules (id, name, position, definition, version, changed_by)
SELECT %(id)s, %(name)s, coalesce(max(position), 0) + 1000, %(definition)s,
       coalesce((SELECT max(version) FROM rule_versions WHERE id = %(id)s), 0) + 1, %(changed_by)s
FROM rules
RETURNING id, position, definition, version, runs_from;

-- update_rule --
-- The next version of a rule; no row when there is none, or not at this version.
UPDATE rules
SET name = %(name)s, definition = %(definition)s, version = version + 1, changed_by = %(changed_by)s,
    changed_at = clock_timestamp(),
    runs_from = CASE WHEN %(waits_anew)s THEN clock_timestamp() ELSE runs_from END
WHERE id = %(id)s AND (%(expected_version)s::bigint = 0 OR version = %(expected_version)s::bigint)
RETURNING id, position, definition, version, runs_from;

-- move_rule --
-- Another place is a version of its own: decisions depend on the order.
UPDATE rules
SET position = %(position)s, version = version + 1, changed_by = %(changed_by)s, changed_at = clock_timestamp()
WHERE id = %(id)s AND position <> %(position)s
RETURNING id, position, definition, version, runs_from;

-- delete_rule --
-- The rule goes, its versions stay.
DELETE FROM rules WHERE id = %(id)s RETURNING id, position, definition, version + 1 AS version, runs_from;

-- keep_rule_version --
-- What a rule is from this revision on.
INSERT INTO rule_versions (id, version, revision, position, definition, deleted, changed_by, runs_from)
VALUES (%(id)s, %(version)s, %(revision)s, %(position)s, %(definition)s, %(deleted)s, %(changed_by)s, %(runs_from)s);

-- list_rule_versions --
-- What a rule was, the latest first.
SELECT id, position, definition, version, runs_from, deleted, changed_by, changed_at
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

-- list_service_levels_at --
-- All documents as they were at a revision.
SELECT id, kind, definition, version
FROM (
    SELECT DISTINCT ON (id) id, kind, definition, version, deleted
    FROM service_level_versions
    WHERE revision <= %(revision)s
    ORDER BY id, version DESC
) latest
WHERE NOT deleted
ORDER BY kind, lower(definition ->> 'name');

-- insert_service_level --
-- A new document.
WITH kept AS (
    INSERT INTO service_level_versions (id, version, revision, kind, definition, changed_by)
    SELECT %(id)s, 1, revision, %(kind)s, %(definition)s, %(changed_by)s FROM service_levels_revision
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
    INSERT INTO service_level_versions (id, version, revision, kind, definition, changed_by)
    SELECT id, version, revision, kind, definition, changed_by FROM changed, service_levels_revision
)
SELECT version FROM changed;

-- get_service_level_version --
-- The present version of a document.
SELECT version FROM service_levels WHERE id = %(id)s AND kind = %(kind)s;

-- delete_service_level --
-- The document goes, its versions stay, and one says until when it counted.
WITH gone AS (
    DELETE FROM service_levels WHERE id = %(id)s AND kind = %(kind)s RETURNING id, version, kind, definition
), kept AS (
    INSERT INTO service_level_versions (id, version, revision, kind, definition, deleted, changed_by)
    SELECT id, version + 1, revision, kind, definition, true, %(changed_by)s FROM gone, service_levels_revision
)
SELECT id FROM gone;

-- count_routing_change --
-- Teams or skills changed: who waits for somebody is looked at again.
UPDATE routing_revision SET revision = revision + 1;

-- count_arrival --
-- Somebody may be free who was not.
UPDATE routing_revision SET arrivals = arrivals + 1;

-- read_position --
-- How often anything changed that may give a ticket to somebody.
SELECT revision + arrivals AS position FROM routing_revision;

-- read_routing_revision --
-- How often teams and skills changed, and now.
SELECT revision, clock_timestamp() AS now FROM routing_revision;

-- list_team_routing --
-- How these teams give their tickets, or all of them; with what is different for single members.
SELECT * FROM team_routings
WHERE %(team_ids)s::uuid[] IS NULL OR team_id = ANY(%(team_ids)s)
ORDER BY lower(name);

-- list_team_routing_for --
-- As list_team_routing, of the teams that a ticket may go to: its own or the default one, those named, and those that
-- take what is too much for these; with the revisions of all that decides.
WITH own AS MATERIALIZED (
    SELECT id
    FROM teams
    WHERE id = %(team_id)s OR is_default
    ORDER BY id = %(team_id)s DESC NULLS LAST
    LIMIT 1
), known AS MATERIALIZED (
    SELECT id FROM own
    UNION
    SELECT unnest(%(named)s::uuid[])
)
SELECT team_routings.*, team_id = (SELECT id FROM own) AS is_own, clock_timestamp() AS now,
    (SELECT revision FROM routing_revision) AS revision,
    (SELECT revision FROM service_levels_revision) AS service_levels_revision,
    (SELECT revision FROM rules_revision) AS rules_revision
FROM team_routings
WHERE team_id IN (SELECT id FROM known)
   OR team_id IN (SELECT overflow_team_id FROM teams WHERE id IN (SELECT id FROM known))
ORDER BY lower(name);

-- update_team_routing --
-- How a team gives its tickets; no row when there is none, or not at this version.
UPDATE teams
SET strategy = %(strategy)s, last_assignee_first = %(last_assignee_first)s, needs_presence = %(needs_presence)s,
    capacity = %(capacity)s, counted_statuses = %(counted_statuses)s, calendar_id = %(calendar_id)s,
    overflow_team_id = %(overflow_team_id)s, overflow_after = %(overflow_after)s, version = version + 1
WHERE id = %(team_id)s AND (%(expected_version)s::bigint = 0 OR version = %(expected_version)s::bigint)
RETURNING version;

-- update_member_routing --
-- What is different for one member.
UPDATE team_members SET capacity = %(capacity)s, calendar_id = %(calendar_id)s
WHERE team_id = %(team_id)s AND user_id = %(user_id)s;

-- reset_member_routing --
-- All members are as the team says.
UPDATE team_members SET capacity = 0, calendar_id = NULL WHERE team_id = %(team_id)s;

-- list_skills --
-- All skills by name, each with who has it.
SELECT id, name, needs, level, version,
    (SELECT coalesce(jsonb_agg(jsonb_build_object('user_id', u.user_id, 'level', u.level) ORDER BY u.user_id), '[]')
     FROM user_skills u
     WHERE u.skill_id = skills.id) AS holders
FROM skills
ORDER BY lower(name);

-- insert_skill --
-- Index skills_name_key tells that the name is taken.
INSERT INTO skills (name, needs, level) VALUES (%(name)s, %(needs)s, %(level)s) RETURNING id;

-- update_skill --
-- The next version of a skill; no row when there is none, or not at this version.
UPDATE skills
SET name = %(name)s, needs = %(needs)s, level = %(level)s, version = version + 1
WHERE id = %(skill_id)s AND (%(expected_version)s::bigint = 0 OR version = %(expected_version)s::bigint)
RETURNING version;

-- delete_skill --
-- With who has it.
DELETE FROM skills WHERE id = %(skill_id)s RETURNING id;

-- set_skill_level --
-- Somebody has a skill.
INSERT INTO user_skills (user_id, skill_id, level)
VALUES (%(user_id)s, %(skill_id)s, %(level)s)
ON CONFLICT (user_id, skill_id) DO UPDATE SET level = excluded.level;

-- remove_skill_level --
-- Somebody has a skill no more.
DELETE FROM user_skills WHERE user_id = %(user_id)s AND skill_id = %(skill_id)s;

-- touch_availability --
-- A sign of an open desk; a row comes back when it is the first one for a minute.
WITH known AS MATERIALIZED (
    SELECT seen_at FROM heartbeats
    WHERE user_id = %(user_id)s AND seen_at >= (SELECT clock_timestamp() - interval '60 seconds')
), touched AS (
    INSERT INTO heartbeats (user_id, seen_at)
    VALUES (%(user_id)s, clock_timestamp())
    ON CONFLICT (user_id) DO UPDATE SET seen_at = excluded.seen_at
)
SELECT 1 AS arrived WHERE NOT EXISTS (SELECT FROM known);

-- set_away --
-- Somebody gets no tickets.
INSERT INTO away (user_id, until, note)
VALUES (%(user_id)s, %(until)s, %(note)s)
ON CONFLICT (user_id) DO UPDATE SET until = excluded.until, note = excluded.note, since_at = clock_timestamp();

-- end_away --
-- Somebody is back.
DELETE FROM away WHERE user_id = %(user_id)s;

-- list_seen --
-- Who was seen, and who is away.
SELECT user_id, h.seen_at, coalesce(h.seen_at >= (SELECT clock_timestamp() - interval '60 seconds'), false) AS present,
       a.user_id IS NOT NULL AS away, a.until AS away_until, coalesce(a.note, '') AS note
FROM heartbeats h
FULL JOIN away a USING (user_id)
WHERE %(user_ids)s::uuid[] IS NULL OR user_id = ANY(%(user_ids)s);
