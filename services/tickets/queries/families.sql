-- lock_in_order --
-- These tickets, locked in the order in which everybody locks several.
SELECT id FROM tickets WHERE id = ANY(%(ticket_ids)s) ORDER BY id FOR NO KEY UPDATE;

-- read_family --
-- What applies to a parent and what its children are at this moment; the first open ones by number.
SELECT coalesce(p.down, b.family_down) AS down, coalesce(p.up, b.family_up) AS up, p.down AS own_down, p.up AS own_up,
       (SELECT count(*) FROM tickets k WHERE k.parent_id = t.id) AS total,
       (SELECT count(*) FROM tickets k WHERE k.parent_id = t.id AND k.status NOT IN ('resolved', 'closed')) AS open,
       ARRAY(SELECT k.number FROM tickets k
             WHERE k.parent_id = t.id AND k.status NOT IN ('resolved', 'closed')
             ORDER BY k.number LIMIT 5) AS open_numbers
FROM tickets t
JOIN brands b ON b.id = t.brand_id
LEFT JOIN family_policies p ON p.ticket_id = t.id
WHERE t.id = %(ticket_id)s;

-- count_children --
-- How many children there are in the scope.
SELECT count(*) AS seen
FROM tickets t
WHERE t.parent_id = %(parent_id)s
  AND (%(only_requester_id)s::uuid IS NULL OR (t.requester_id = %(only_requester_id)s AND t.sender_proven))
  AND (%(only_assignee_id)s::uuid IS NULL OR t.assignee_id = %(only_assignee_id)s);

-- set_family_policy --
-- A parent's own policy.
INSERT INTO family_policies (ticket_id, down, up)
VALUES (%(ticket_id)s, %(down)s, %(up)s)
ON CONFLICT (ticket_id) DO UPDATE SET down = excluded.down, up = excluded.up;

-- list_children --
-- The ids of a page of children in the scope, one more than the page has.
SELECT t.id, t.number
FROM tickets t
WHERE t.parent_id = %(parent_id)s AND t.number > %(after)s
  AND (%(only_requester_id)s::uuid IS NULL OR (t.requester_id = %(only_requester_id)s AND t.sender_proven))
  AND (%(only_assignee_id)s::uuid IS NULL OR t.assignee_id = %(only_assignee_id)s)
ORDER BY t.number
LIMIT %(most)s + 1;

-- list_relatives --
-- Open tickets in no family: of the same requester, or of the same order at the same brand.
WITH same AS (
    SELECT k.id, k.number
    FROM tickets k, tickets t
    WHERE t.id = %(ticket_id)s AND k.requester_id = t.requester_id
    UNION
    SELECT k.id, k.number
    FROM tickets k, tickets t
    WHERE t.id = %(ticket_id)s AND t.custom_fields ? 'order' AND k.custom_fields ? 'order'
      AND k.custom_fields ->> 'order' = t.custom_fields ->> 'order' AND k.brand_id = t.brand_id
      AND k.status NOT IN ('resolved', 'closed')
)
SELECT t.id
FROM tickets t
JOIN same ON same.id = t.id
WHERE t.id <> %(ticket_id)s AND t.status NOT IN ('resolved', 'closed') AND t.parent_id IS NULL
  AND NOT EXISTS (SELECT FROM tickets k WHERE k.parent_id = t.id)
  AND (%(only_requester_id)s::uuid IS NULL OR (t.requester_id = %(only_requester_id)s AND t.sender_proven))
  AND (%(only_assignee_id)s::uuid IS NULL OR t.assignee_id = %(only_assignee_id)s)
ORDER BY t.number DESC
LIMIT 20;

-- insert_news --
-- What a child has to tell its parent.
INSERT INTO family_inbox (parent_id, child_id, news) VALUES (%(parent_id)s, %(child_id)s, %(news)s);

-- forget_news --
-- Who leaves a family has nothing to tell any more.
DELETE FROM family_inbox WHERE child_id = ANY(%(child_ids)s);

-- take_news --
-- A decision took these in.
DELETE FROM family_inbox WHERE parent_id = %(parent_id)s AND id = ANY(%(ids)s);

-- was_reopened --
-- Whether a child was reopened that the decision did not see.
SELECT EXISTS (SELECT
               FROM family_inbox
               WHERE parent_id = %(parent_id)s AND news = 'reopened' AND id <> ALL(%(ids)s)) AS found;

-- find_parents --
-- Of which tickets these are children.
SELECT DISTINCT parent_id FROM tickets WHERE id = ANY(%(ticket_ids)s) AND parent_id IS NOT NULL;
