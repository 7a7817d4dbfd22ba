-- Whether others go before a ticket is asked by each decision that finds somebody free: the queue is kept in its order,
-- so that the answer costs the same however many wait.

ALTER TABLE waiting_tickets ADD COLUMN rank smallint;      -- the ticket's priority as a number, as in the outbox
UPDATE waiting_tickets w
SET rank = array_position(ARRAY['urgent', 'high', 'normal', 'low'], t.priority) - 1
FROM tickets t
WHERE t.id = w.ticket_id;
ALTER TABLE waiting_tickets ALTER COLUMN rank SET NOT NULL;

DROP INDEX waiting_tickets_team;
CREATE INDEX waiting_tickets_team ON waiting_tickets (team_id, rank, waiting_since, ticket_id);
CREATE INDEX waiting_tickets_order ON waiting_tickets (rank, waiting_since, ticket_id);
CREATE INDEX waiting_tickets_told ON waiting_tickets (nudged_at) WHERE nudged_at IS NOT NULL;
