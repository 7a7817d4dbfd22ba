-- list_macros --
-- Those of everybody, of all teams, and somebody's own.
SELECT id, name, user_id, team_id, reply, visibility, actions, version
FROM macros
WHERE user_id IS NULL OR user_id = %(user_id)s
ORDER BY user_id IS NULL, team_id IS NULL, lower(name), id;

-- get_macro --
-- A macro by its id.
SELECT id, name, user_id, team_id, reply, visibility, actions, version
FROM macros
WHERE id = %(macro_id)s;

-- lock_macro --
-- A macro that is about to change.
SELECT id, name, user_id, team_id, reply, visibility, actions, version
FROM macros
WHERE id = %(macro_id)s
FOR UPDATE;

-- count_macros --
-- How many there are.
SELECT count(*) AS found FROM macros;

-- insert_macro --
-- A new macro.
INSERT INTO macros (id, name, user_id, team_id, reply, visibility, actions)
VALUES (%(id)s, %(name)s, %(user_id)s, %(team_id)s, %(reply)s, %(visibility)s, %(actions)s);

-- update_macro --
-- A macro's new values.
UPDATE macros
SET name = %(name)s,
    user_id = %(user_id)s,
    team_id = %(team_id)s,
    reply = %(reply)s,
    visibility = %(visibility)s,
    actions = %(actions)s,
    version = version + 1
WHERE id = %(id)s;

-- delete_macro --
-- Events that it caused keep its name and version.
DELETE FROM macros WHERE id = %(macro_id)s;
