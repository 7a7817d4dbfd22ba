-- read_queues --
-- How many tickets wait to be looked at, decided and given to somebody, and since when.
SELECT asked.tickets AS outbox_tickets, asked.oldest_seconds AS outbox_oldest_seconds, asked.parked AS outbox_parked,
       undecided.tickets AS undecided_tickets, undecided.oldest_seconds AS undecided_oldest_seconds,
       waiting.tickets AS waiting_tickets, waiting.oldest_seconds AS waiting_oldest_seconds,
       (SELECT count(*) FROM cascades WHERE state = 'running') AS cascades
FROM (SELECT count(*) AS tickets, count(*) FILTER (WHERE attempts >= %(parked_attempts)s) AS parked,
             coalesce(extract(epoch FROM clock_timestamp() - min(enqueued_at)), 0)::float8 AS oldest_seconds
      FROM outbox) asked,
     (SELECT count(*) AS tickets,
             greatest(coalesce(extract(epoch FROM instant() - min(updated_at)), 0), 0)::float8 AS oldest_seconds
      FROM tickets WHERE version > decided_seq) undecided,
     (SELECT count(*) AS tickets,
             greatest(coalesce(extract(epoch FROM instant() - min(waiting_since)), 0), 0)::float8 AS oldest_seconds
      FROM waiting_tickets) waiting;

-- read_due_queues --
-- Dues whose time has come and that have not fired, by kind: the next one of a ticket stands in its row.
SELECT d.kind, count(*) AS dues, extract(epoch FROM max(clock.now - d.due_at))::float8 AS oldest_seconds
FROM (SELECT instant() AS now) clock, tickets t
JOIN dues d ON d.ticket_id = t.id
WHERE t.next_due_at < (SELECT instant()) AND d.due_at < clock.now
GROUP BY d.kind
ORDER BY d.kind;

-- read_quarantine_queues --
-- Quarantined items of which nobody knows yet what becomes of them, by state.
SELECT state, count(*) AS items
FROM quarantine
WHERE state = 'kept' OR state IN ('releasing', 'retrying')
GROUP BY state
ORDER BY state;

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
