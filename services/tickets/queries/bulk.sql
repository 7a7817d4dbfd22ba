-- insert_bulk_job --
-- A bulk and its tickets, in the order given.
WITH job AS (
    INSERT INTO bulk_jobs (id, user_id, user_name, role, change, undo_of)
    VALUES (%(job_id)s, %(user_id)s, %(user_name)s, %(role)s, %(change)s, %(undo_of)s)
    RETURNING id
)
INSERT INTO bulk_items (job_id, position, ticket_id)
SELECT job.id, position, ticket_id
FROM job, unnest(%(ticket_ids)s::uuid[]) WITH ORDINALITY AS wanted (ticket_id, position);

-- get_bulk_job --
-- A bulk with the counts of its tickets and the first hundred that were not changed; those outside the scope have no
-- number.
SELECT j.id, j.user_id, j.change, j.undo_of, j.state, j.created_at, j.finished_at, instant() AS now,
       (SELECT count(*) FROM bulk_items i WHERE i.job_id = j.id) AS total,
       (SELECT count(*) FROM bulk_items i WHERE i.job_id = j.id AND i.outcome = 'done') AS done,
       (SELECT count(*) FROM bulk_items i WHERE i.job_id = j.id AND i.outcome = 'skipped') AS skipped,
       (SELECT count(*) FROM bulk_items i WHERE i.job_id = j.id AND i.outcome = 'failed') AS failed,
       (SELECT coalesce(jsonb_agg(to_jsonb(p)), '[]')
        FROM (SELECT i.ticket_id, coalesce(t.number, 0) AS number, i.outcome, i.reason
              FROM bulk_items i
              LEFT JOIN tickets t
                  ON t.id = i.ticket_id
                  AND (%(only_requester_id)s::uuid IS NULL
                       OR (t.requester_id = %(only_requester_id)s AND t.sender_proven))
                  AND (%(only_assignee_id)s::uuid IS NULL OR t.assignee_id = %(only_assignee_id)s)
              WHERE i.job_id = j.id AND i.outcome IN ('skipped', 'failed')
              ORDER BY i.position
              LIMIT 100) AS p) AS problems
FROM bulk_jobs j
WHERE j.id = %(job_id)s;

-- cancel_bulk_job --
-- No further page.
UPDATE bulk_jobs SET state = 'cancelled', finished_at = instant() WHERE id = %(job_id)s AND state = 'running';

-- list_bulk_done --
-- The tickets that a bulk changed.
SELECT ticket_id FROM bulk_items WHERE job_id = %(job_id)s AND outcome = 'done' ORDER BY position;

-- claim_bulk_jobs --
-- Bulks that nobody works on: new ones, and those whose workflow has been silent for 30 s.
UPDATE bulk_jobs
SET worked_at = clock_timestamp()
WHERE id IN (SELECT id
             FROM bulk_jobs
             WHERE state = 'running' AND (worked_at IS NULL OR worked_at < clock_timestamp() - interval '30 seconds')
             ORDER BY created_at
             LIMIT 20
             FOR UPDATE SKIP LOCKED)
RETURNING id;

-- get_bulk_maker --
-- Whose bulk it is.
SELECT user_id FROM bulk_jobs WHERE id = %(job_id)s;

-- lock_bulk_job --
-- A bulk at work on a page: a second one at the same page waits, and finds it done.
SELECT id, user_id, user_name, role, change, undo_of, state, instant() AS now,
       (SELECT count(*) FROM bulk_items i WHERE i.job_id = j.id) AS total
FROM bulk_jobs j
WHERE id = %(job_id)s
FOR UPDATE;

-- next_bulk_items --
-- The next page, with the change that is to be made.
SELECT i.position, i.ticket_id, j.change
FROM bulk_items i
JOIN bulk_jobs j ON j.id = i.job_id
WHERE i.job_id = %(job_id)s AND i.outcome IS NULL
ORDER BY i.position
LIMIT %(most)s;

-- open_bulk_items --
-- Those of a page that were not handled meanwhile; for an undo with the event to take back.
SELECT i.position, i.ticket_id, made.seq, made.changes
FROM bulk_items i
LEFT JOIN bulk_items undone ON undone.job_id = %(undo_of)s AND undone.ticket_id = i.ticket_id
LEFT JOIN events made ON made.ticket_id = i.ticket_id AND made.seq = undone.seq
WHERE i.job_id = %(job_id)s AND i.outcome IS NULL AND i.position = ANY(%(positions)s::int[])
ORDER BY i.ticket_id;

-- finish_bulk_items --
-- What became of the tickets of a page.
UPDATE bulk_items i
SET outcome = became.outcome, reason = became.reason, seq = became.seq
FROM unnest(%(positions)s::int[], %(outcomes)s::text[], %(reasons)s::text[], %(seqs)s::bigint[])
    AS became (position, outcome, reason, seq)
WHERE i.job_id = %(job_id)s AND i.position = became.position;

-- finish_bulk_page --
-- Whether that was all, and how many tickets are behind the bulk.
UPDATE bulk_jobs j
SET worked_at = clock_timestamp(),
    state = CASE WHEN n.handled = n.total THEN 'done' ELSE state END,
    finished_at = CASE WHEN n.handled = n.total THEN instant() END
FROM (SELECT count(*) AS total, count(outcome) AS handled
      FROM bulk_items
      WHERE job_id = %(job_id)s) AS n
WHERE j.id = %(job_id)s
RETURNING n.total, n.handled, n.handled = n.total AS last;
