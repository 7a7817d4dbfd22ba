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
