-- read_queues --
-- How many tickets wait to be looked at and decided, and since when.
SELECT (SELECT count(*) FROM outbox) AS outbox_tickets,
       coalesce((SELECT extract(epoch FROM clock_timestamp() - min(enqueued_at)) FROM outbox), 0)::float8
           AS outbox_oldest_seconds,
       (SELECT count(*) FROM tickets WHERE version > decided_seq) AS undecided_tickets;

-- read_delivery_queues --
-- Mails that are not out, by state; those that wait for their time are a state of their own.
SELECT CASE WHEN e.state = 'ready' AND e.not_before > clock.now THEN 'waiting' ELSE e.state END AS state,
       count(*) AS mails,
       greatest(extract(epoch FROM max(clock.now - e.not_before)), 0)::float8 AS oldest_seconds
FROM effects e, (SELECT instant() AS now) clock
WHERE e.state IN ('ready', 'claimed', 'sending', 'failed', 'in_doubt')
GROUP BY 1
ORDER BY 1;

-- forget_requests --
-- Request ids that no honest sender repeats any more.
DELETE FROM requests
WHERE (caller, method, request_id) IN (
    SELECT caller, method, request_id
    FROM requests
    WHERE created_at < instant() - interval '30 days'
    ORDER BY created_at
    LIMIT %(most)s
);
