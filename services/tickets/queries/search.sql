-- list_tickets --
-- Tickets with their requesters; the conditions of a filter, a position and an order are added.
SELECT t.id, t.number, t.brand_id, t.channel, t.subject, t.status, t.status_since, t.priority, t.type, t.tags,
       t.custom_fields, t.team_id, t.assignee_id, t.requester_id, t.follow_up_of, t.version, t.next_due_at,
       t.created_at, t.updated_at, t.snoozed_until, t.snooze_reason, t.snoozed_by, t.keep_on_reply,
       c.email AS requester_email, c.name AS requester_name
FROM tickets t
JOIN contacts c ON c.id = t.requester_id;

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
