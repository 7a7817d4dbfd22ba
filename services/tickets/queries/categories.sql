-- list_categories --
-- The whole tree, also what is archived.
SELECT id, name, parent_id, team_id, priority, archived, version, path
FROM categories;

-- list_line --
-- A category and those above it, from the top of the tree.
SELECT line.id, line.name, line.parent_id, line.team_id, line.priority, line.archived, line.version, line.path
FROM categories c
JOIN categories line ON line.id = ANY(c.path)
WHERE c.id = %(category_id)s
ORDER BY cardinality(line.path);

-- lock_categories --
-- The tree changes in one transaction at a time; readers do not wait.
SELECT pg_advisory_xact_lock(hashtextextended('categories', 0));

-- insert_category --
-- A new category.
INSERT INTO categories (id, name, parent_id, path, team_id, priority)
VALUES (%(id)s, %(name)s, %(parent_id)s, %(path)s, %(team_id)s, %(priority)s);

-- update_category --
-- A category's new values.
UPDATE categories
SET name = %(name)s,
    parent_id = %(parent_id)s,
    team_id = %(team_id)s,
    priority = %(priority)s,
    archived = %(archived)s,
    version = version + 1
WHERE id = %(id)s;

-- move_categories --
-- A category and all below it, to another place in the tree.
UPDATE categories
SET path = %(path)s::uuid[] || path[cardinality(%(old_path)s::uuid[]) + 1 :]
WHERE path[cardinality(%(old_path)s::uuid[])] = %(id)s;

-- archive_categories --
-- All below an archived category go with it.
UPDATE categories
SET archived = true, version = version + 1
WHERE %(id)s = ANY(path) AND id <> %(id)s AND NOT archived;
