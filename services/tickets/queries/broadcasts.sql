-- insert_broadcast --
-- A reply to all children that a ticket has now, as a bulk.
WITH job AS (
    INSERT INTO bulk_jobs (id, user_id, role, change)
    VALUES (%(job_id)s, %(user_id)s, %(role)s, %(change)s)
    RETURNING id
), broadcast AS (
    INSERT INTO broadcasts (job_id, parent_id, body, translations, author_name)
    SELECT id, %(parent_id)s, %(body)s, %(translations)s, %(author_name)s FROM job
)
INSERT INTO bulk_items (job_id, position, ticket_id)
SELECT job.id, row_number() OVER (ORDER BY t.number), t.id
FROM job, tickets t
WHERE t.parent_id = %(parent_id)s;

-- get_broadcast --
-- What is said to all children of which ticket, in the language of a child's brand, and by whom.
SELECT parent_id, author_name,
       coalesce(translations ->> (SELECT language FROM brands WHERE id = %(brand_id)s), body) AS body
FROM broadcasts
WHERE job_id = %(job_id)s;

-- tell_once --
-- Note that a customer is told on this ticket: no row when they were on another one.
INSERT INTO broadcast_told (job_id, contact_id, ticket_id)
VALUES (%(job_id)s, %(contact_id)s, %(ticket_id)s)
ON CONFLICT DO NOTHING
RETURNING ticket_id;

-- join_broadcast --
-- Children that come later get the last reply to all, as long as their parent is at work.
WITH last AS (
    SELECT b.job_id
    FROM broadcasts b
    JOIN tickets t ON t.id = b.parent_id
    WHERE b.parent_id = %(parent_id)s AND t.status NOT IN ('resolved', 'closed')
    ORDER BY b.created_at DESC
    LIMIT 1
), resumed AS (
    UPDATE bulk_jobs
    SET state = 'running', finished_at = NULL, worked_at = NULL
    WHERE id = (SELECT job_id FROM last) AND state <> 'cancelled'
    RETURNING id
)
INSERT INTO bulk_items (job_id, position, ticket_id)
SELECT resumed.id, (SELECT coalesce(max(position), 0) FROM bulk_items i WHERE i.job_id = resumed.id) + child.place, child.id
FROM resumed, unnest(%(child_ids)s::uuid[]) WITH ORDINALITY AS child (id, place)
ON CONFLICT DO NOTHING;

-- list_broadcasts --
-- The replies to all children of a ticket, newest first, with how far each is and the first that got nothing.
SELECT b.job_id AS id, b.parent_id, b.body, b.translations, j.user_id AS author_id, b.author_name, j.state,
       b.created_at, n.total, n.done, n.skipped, n.failed,
       (SELECT coalesce(jsonb_agg(to_jsonb(p)), '[]')
        FROM (SELECT i.ticket_id, t.number, i.outcome, i.reason
              FROM bulk_items i
              JOIN tickets t ON t.id = i.ticket_id
              WHERE i.job_id = j.id AND i.outcome IN ('skipped', 'failed')
                AND (%(only_requester_id)s::uuid IS NULL
                     OR (t.requester_id = %(only_requester_id)s AND t.sender_proven))
                AND (%(only_assignee_id)s::uuid IS NULL OR t.assignee_id = %(only_assignee_id)s)
              ORDER BY i.position
              LIMIT 100) AS p) AS problems
FROM broadcasts b
JOIN bulk_jobs j ON j.id = b.job_id
CROSS JOIN LATERAL (
    SELECT count(*)::int AS total,
           count(*) FILTER (WHERE i.outcome = 'done')::int AS done,
           count(*) FILTER (WHERE i.outcome = 'skipped')::int AS skipped,
           count(*) FILTER (WHERE i.outcome = 'failed')::int AS failed
    FROM bulk_items i
    WHERE i.job_id = j.id) AS n
WHERE b.parent_id = %(parent_id)s
ORDER BY b.created_at DESC
LIMIT 20;
