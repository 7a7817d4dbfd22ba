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
-- A ticket's proposals, oldest first; nobody is proposed who follows already.
SELECT p.email, p.message_id, p.created_at
FROM cc_proposals p
WHERE p.ticket_id = %(ticket_id)s
  AND NOT EXISTS (SELECT FROM followers f JOIN contacts c ON c.id = f.contact_id
                  WHERE f.ticket_id = p.ticket_id AND c.email = p.email)
ORDER BY p.created_at, p.email
LIMIT 100;
