-- begin_cascade --
-- A cascade over the children that are not so far yet; nothing when there is none.
WITH due AS MATERIALIZED (
    SELECT k.id
    FROM tickets k
    WHERE k.parent_id = %(parent_id)s
      AND CASE WHEN %(act)s = 'resolve' THEN k.status NOT IN ('resolved', 'closed') ELSE k.status <> 'closed' END
), cascade AS (
    INSERT INTO cascades (id, parent_id, act, seq, actor, role, silent, was_settled)
    SELECT %(cascade_id)s, %(parent_id)s, %(act)s, %(seq)s, %(actor)s, %(role)s, %(silent)s, %(was_settled)s
    WHERE EXISTS (SELECT FROM due)
    RETURNING id
)
INSERT INTO cascade_items (cascade_id, child_id)
SELECT cascade.id, due.id FROM cascade, due;

-- join_cascades --
-- Children that are linked while their parent's cascades run.
INSERT INTO cascade_items (cascade_id, child_id)
SELECT c.id, child_id
FROM cascades c, unnest(%(child_ids)s::uuid[]) AS child_id
WHERE c.parent_id = %(parent_id)s AND c.state = 'running' AND c.act <> 'reopen'
ON CONFLICT (cascade_id, child_id) DO UPDATE SET outcome = NULL, reason = ''
WHERE cascade_items.outcome = 'skipped';

-- cancel_cascades --
-- The parent was reopened: what is not done stays as it is.
WITH cancelled AS (
    UPDATE cascades
    SET state = 'cancelled', finished_at = instant()
    WHERE parent_id = %(parent_id)s AND state = 'running' AND act <> 'reopen'
    RETURNING id
)
UPDATE cascade_items i
SET outcome = 'skipped', reason = %(reason)s
FROM cancelled
WHERE i.cascade_id = cancelled.id AND i.outcome IS NULL;

-- begin_undo --
-- A cascade over the children that another one changed.
WITH cascade AS (
    INSERT INTO cascades (id, parent_id, act, seq, actor, role, silent, was_settled, undo_of)
    VALUES (%(cascade_id)s, %(parent_id)s, 'reopen', %(seq)s, %(actor)s, %(role)s, true, false, %(undo_of)s)
    RETURNING id
)
INSERT INTO cascade_items (cascade_id, child_id)
SELECT cascade.id, i.child_id
FROM cascade, cascade_items i
WHERE i.cascade_id = %(undo_of)s AND i.outcome = 'done';

-- get_cascade --
-- A cascade with the counts of its children and the first hundred in the scope that were not changed.
SELECT c.id, c.parent_id, c.act, c.seq, c.state, c.actor, c.role, c.undo_of, c.created_at, c.finished_at,
       instant() AS now,
       EXISTS (SELECT FROM cascades u WHERE u.undo_of = c.id) AS undone,
       n.total, n.done, n.skipped, n.failed, n.hidden,
       (SELECT coalesce(jsonb_agg(to_jsonb(p)), '[]')
        FROM (SELECT t.id AS ticket_id, t.number, i.outcome, i.reason
              FROM cascade_items i
              JOIN tickets t ON t.id = i.child_id
              WHERE i.cascade_id = c.id AND i.outcome IN ('skipped', 'failed')
                AND (%(only_requester_id)s::uuid IS NULL
                     OR (t.requester_id = %(only_requester_id)s AND t.sender_proven))
                AND (%(only_assignee_id)s::uuid IS NULL OR t.assignee_id = %(only_assignee_id)s)
              ORDER BY t.number
              LIMIT 100) AS p) AS problems
FROM cascades c
CROSS JOIN LATERAL (
    SELECT count(*) AS total,
           count(*) FILTER (WHERE i.outcome = 'done') AS done,
           count(*) FILTER (WHERE i.outcome = 'skipped') AS skipped,
           count(*) FILTER (WHERE i.outcome = 'failed') AS failed,
           count(*) FILTER (WHERE i.outcome IN ('skipped', 'failed') AND NOT (
               (%(only_requester_id)s::uuid IS NULL OR (t.requester_id = %(only_requester_id)s AND t.sender_proven))
               AND (%(only_assignee_id)s::uuid IS NULL OR t.assignee_id IS NOT DISTINCT FROM %(only_assignee_id)s)))
               AS hidden
    FROM cascade_items i
    JOIN tickets t ON t.id = i.child_id
    WHERE i.cascade_id = c.id) AS n
WHERE c.id = %(cascade_id)s;

-- newest_cascade --
-- The last one that began on a parent.
SELECT id FROM cascades WHERE parent_id = %(parent_id)s ORDER BY seq DESC LIMIT 1;

-- find_cascade --
-- Whose cascade it is, if that is in the scope.
SELECT c.parent_id
FROM cascades c
JOIN tickets t ON t.id = c.parent_id
WHERE c.id = %(cascade_id)s
  AND (%(only_requester_id)s::uuid IS NULL OR (t.requester_id = %(only_requester_id)s AND t.sender_proven))
  AND (%(only_assignee_id)s::uuid IS NULL OR t.assignee_id = %(only_assignee_id)s);

-- lock_cascade --
-- A cascade at work on a page: a second one at the same page waits, and finds it done.
SELECT id, parent_id, act, seq, actor, role, silent, was_settled, undo_of, state, instant() AS now
FROM cascades
WHERE id = %(cascade_id)s
FOR UPDATE;

-- next_members --
-- The tickets of the next page: the parent, and the children that come next.
(SELECT child_id AS id
 FROM cascade_items
 WHERE cascade_id = %(cascade_id)s AND outcome IS NULL
 ORDER BY child_id
 LIMIT %(most)s)
UNION
SELECT parent_id FROM cascades WHERE id = %(cascade_id)s;

-- open_children --
-- Those of these children that the cascade has not handled; for an undo with the event to take back, else with whether
-- somebody opened one again or its customer wrote since the parent was settled, or since it was linked after that.
SELECT i.child_id, made.seq, made.changes,
       EXISTS (SELECT
               FROM events e
               LEFT JOIN messages m ON m.id = e.message_id
               WHERE e.ticket_id = i.child_id AND e.occurred_at > c.created_at
                 AND (e.kind = 'ticket_reopened' OR (m.author_kind = 'customer' AND NOT m.automatic))
                 AND NOT EXISTS (SELECT FROM events l
                                 WHERE l.ticket_id = i.child_id AND l.kind = 'parent_set' AND l.seq > e.seq)) AS wanted
FROM cascade_items i
JOIN cascades c ON c.id = i.cascade_id
LEFT JOIN cascade_items undone ON undone.cascade_id = %(undo_of)s AND undone.child_id = i.child_id
LEFT JOIN events made ON made.ticket_id = i.child_id AND made.seq = undone.seq
WHERE i.cascade_id = %(cascade_id)s AND i.outcome IS NULL AND i.child_id = ANY(%(child_ids)s)
ORDER BY i.child_id;

-- told_already --
-- Which customers of a page's children this cascade has told already.
SELECT DISTINCT told
FROM cascade_items
WHERE cascade_id = %(cascade_id)s AND told IS NOT NULL
  AND told IN (SELECT requester_id FROM tickets WHERE id = ANY(%(child_ids)s));

-- finish_children --
-- What became of the children of a page.
UPDATE cascade_items i
SET outcome = became.outcome, reason = became.reason, seq = became.seq, told = became.told
FROM unnest(%(child_ids)s::uuid[], %(outcomes)s::text[], %(reasons)s::text[], %(seqs)s::bigint[], %(told)s::uuid[])
    AS became (child_id, outcome, reason, seq, told)
WHERE i.cascade_id = %(cascade_id)s AND i.child_id = became.child_id;

-- finish_page --
-- Whether that was all, and how many children are behind the cascade.
UPDATE cascades c
SET worked_at = clock_timestamp(),
    state = CASE WHEN n.handled = n.total THEN 'done' ELSE state END,
    finished_at = CASE WHEN n.handled = n.total THEN instant() ELSE finished_at END
FROM (SELECT count(*) AS total, count(outcome) AS handled
      FROM cascade_items
      WHERE cascade_id = %(cascade_id)s) AS n
WHERE c.id = %(cascade_id)s
RETURNING n.total, n.handled, n.handled = n.total AS last;

-- count_try --
-- A page broke off at this child; after so many tries it is put aside, so that the others are not held back.
UPDATE cascade_items
SET tries = tries + 1,
    outcome = CASE WHEN tries + 1 >= %(most)s THEN 'failed' END,
    reason = CASE WHEN tries + 1 >= %(most)s THEN %(reason)s ELSE '' END
WHERE cascade_id = %(cascade_id)s AND child_id = %(child_id)s AND outcome IS NULL
RETURNING outcome IS NOT NULL AS put_aside;

-- retry_children --
-- Those that failed have their turn again.
WITH cascade AS (
    UPDATE cascades
    SET state = 'running', finished_at = NULL, worked_at = clock_timestamp()
    WHERE id = %(cascade_id)s
    RETURNING id
)
UPDATE cascade_items i
SET outcome = NULL, reason = '', tries = 0
FROM cascade
WHERE i.cascade_id = cascade.id AND i.outcome = 'failed';

-- preview_children --
-- The children of a ticket as settling it would meet them, with whether each is in the scope.
SELECT t.id, t.number, t.status, t.requester_id, c.email <> '' AS reachable, b.resolved_notice,
       (%(only_requester_id)s::uuid IS NULL OR (t.requester_id = %(only_requester_id)s AND t.sender_proven))
           AND (%(only_assignee_id)s::uuid IS NULL OR t.assignee_id IS NOT DISTINCT FROM %(only_assignee_id)s) AS seen
FROM tickets t
JOIN contacts c ON c.id = t.requester_id
JOIN brands b ON b.id = t.brand_id
WHERE t.parent_id = %(parent_id)s
ORDER BY t.id;

-- get_changes --
-- What an event changed.
SELECT changes FROM events WHERE ticket_id = %(ticket_id)s AND seq = %(seq)s;
