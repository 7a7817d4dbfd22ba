-- nudge_overdue --
-- Tickets whose due or undecided event has waited too long and that no outbox row asks for as urgently as they are.
WITH late AS MATERIALIZED (
    SELECT instant() - %(older_than)s::interval AS before
), overdue AS (
    SELECT t.id, t.version, t.next_due_at, array_position(ARRAY['urgent', 'high', 'normal', 'low'], t.priority) - 1 AS rank
    FROM tickets t
    WHERE t.next_due_at < (SELECT before FROM late)
      AND NOT EXISTS (SELECT FROM outbox o
                      WHERE o.ticket_id = t.id AND o.seq >= t.version
                        AND o.rank < array_position(ARRAY['urgent', 'high', 'normal', 'low'], t.priority))
    ORDER BY t.next_due_at
    LIMIT %(most)s
), undecided AS (
    SELECT t.id, t.version, t.next_due_at, array_position(ARRAY['urgent', 'high', 'normal', 'low'], t.priority) - 1 AS rank
    FROM tickets t
    WHERE t.version > t.decided_seq AND t.updated_at < (SELECT before FROM late)
      AND NOT EXISTS (SELECT FROM outbox o WHERE o.ticket_id = t.id AND o.seq >= t.version)
    ORDER BY t.updated_at
    LIMIT %(most)s
), families AS (
    -- Parents with news that nobody took in, or with a cascade that nobody works on.
    SELECT t.id, t.version, t.next_due_at, array_position(ARRAY['urgent', 'high', 'normal', 'low'], t.priority) - 1 AS rank
    FROM tickets t
    WHERE t.id IN (SELECT parent_id FROM family_inbox WHERE created_at < (SELECT before FROM late)
                   UNION
                   SELECT parent_id FROM cascades
                   WHERE state = 'running' AND worked_at < clock_timestamp() - %(older_than)s::interval)
      AND NOT EXISTS (SELECT FROM outbox o WHERE o.ticket_id = t.id AND o.seq >= t.version)
    LIMIT %(most)s
), chosen AS (
    SELECT * FROM overdue UNION SELECT * FROM undecided UNION SELECT * FROM families ORDER BY next_due_at NULLS LAST LIMIT %(most)s
)
INSERT INTO outbox (ticket_id, seq, rank, due_at)
SELECT id, version, rank, next_due_at FROM chosen ORDER BY id
ON CONFLICT (ticket_id) DO UPDATE
SET seq = greatest(outbox.seq, excluded.seq), rank = least(outbox.rank, excluded.rank), due_at = excluded.due_at;

-- nudge_tickets --
-- The live ones of these tickets, in the batch rank; a row that was signalled in vain does not wait for its next try.
INSERT INTO outbox (ticket_id, seq, rank, due_at)
SELECT t.id, t.version, %(rank)s, t.next_due_at
FROM tickets t
WHERE t.id = ANY(%(ticket_ids)s)
  AND (t.status <> 'closed' OR t.version > t.decided_seq
       OR EXISTS (SELECT FROM cascades c WHERE c.parent_id = t.id AND c.state = 'running')
       OR EXISTS (SELECT FROM family_inbox i WHERE i.parent_id = t.id)
       OR EXISTS (SELECT FROM effects e WHERE e.ticket_id = t.id AND e.state IN ('ready', 'claimed', 'sending')))
ORDER BY t.id
ON CONFLICT (ticket_id) DO UPDATE
SET seq = greatest(outbox.seq, excluded.seq),
    rank = least(outbox.rank, excluded.rank),
    due_at = excluded.due_at,
    retry_at = CASE WHEN outbox.signalled_at < clock_timestamp() - interval '30 seconds' THEN clock_timestamp()
                    ELSE outbox.retry_at END;

-- list_live_tickets --
-- Tickets whose workflow should run, soonest due first.
WITH live AS (
    SELECT id FROM tickets WHERE status <> 'closed'
    UNION
    SELECT id FROM tickets WHERE version > decided_seq
    UNION
    SELECT ticket_id FROM effects WHERE state IN ('ready', 'claimed', 'sending')
    UNION
    SELECT parent_id FROM cascades WHERE state = 'running'
    UNION
    SELECT parent_id FROM family_inbox
)
SELECT t.id, t.next_due_at
FROM tickets t
JOIN live ON live.id = t.id
WHERE (coalesce(t.next_due_at, 'infinity'), t.id) > (%(after_due)s::timestamptz, %(after_id)s::uuid)
ORDER BY coalesce(t.next_due_at, 'infinity'), t.id
LIMIT %(most)s;
