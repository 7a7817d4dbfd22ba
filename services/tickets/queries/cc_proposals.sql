-- insert_cc_proposals --
-- Whom a customer's mail names besides us, once for each ticket; the requester needs no proposal.
INSERT INTO cc_proposals (ticket_id, email, message_id)
SELECT t.id, named.email, %(message_id)s
FROM tickets t
JOIN contacts c ON c.id = t.requester_id
CROSS JOIN unnest(%(emails)s::text[]) AS named (email)
WHERE t.id = %(ticket_id)s AND named.email <> c.email
ON CONFLICT (ticket_id, email) DO NOTHING;

-- list_cc_proposals --
-- A ticket's proposals, oldest first.
SELECT email, message_id, created_at
FROM cc_proposals
WHERE ticket_id = %(ticket_id)s
ORDER BY created_at, email
LIMIT 100;
