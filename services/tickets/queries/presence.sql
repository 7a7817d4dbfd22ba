-- touch_presence --
-- Somebody is at a ticket; on the way, those go who have been silent for long.
WITH silent AS (
    DELETE FROM presence
    WHERE expires_at < clock_timestamp() AND (ticket_id, user_id, tab) <> (%(ticket_id)s, %(user_id)s, %(tab)s)
)
INSERT INTO presence (ticket_id, user_id, tab, name, state, expires_at)
VALUES (%(ticket_id)s, %(user_id)s, %(tab)s, %(name)s, %(state)s, clock_timestamp() + interval '50 seconds')
ON CONFLICT (ticket_id, user_id, tab) DO UPDATE
SET name = excluded.name, state = excluded.state, expires_at = excluded.expires_at;

-- leave_presence --
-- Somebody is not there any more.
DELETE FROM presence WHERE ticket_id = %(ticket_id)s AND user_id = %(user_id)s AND tab = %(tab)s;

-- read_presence --
-- Who is at these tickets, with what decides who may know of it.
SELECT p.ticket_id, p.user_id, p.name, p.state, t.requester_id, t.sender_proven, t.assignee_id
FROM presence p
JOIN tickets t ON t.id = p.ticket_id
WHERE p.ticket_id = ANY(%(ticket_ids)s) AND p.expires_at >= clock_timestamp();
