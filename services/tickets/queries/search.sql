-- list_events --
-- A ticket's activity after a seq, oldest first.
SELECT ticket_id, seq, kind, actor, changes, message_id, decision_id, cause, reason, occurred_at, effective_at
FROM events
WHERE ticket_id = %(ticket_id)s AND seq > %(after_seq)s
ORDER BY seq
LIMIT %(most)s + 1;

-- list_dues --
-- What happens to a ticket by itself, soonest first.
SELECT key, kind, due_at, reason
FROM dues
WHERE ticket_id = %(ticket_id)s
ORDER BY due_at, key;

-- get_decision --
-- A stored decision of a ticket, with what it saw.
SELECT id AS decision_id, ticket_id, facts, routing, decision, decided_at
FROM decisions
WHERE ticket_id = %(ticket_id)s AND id = %(decision_id)s;
