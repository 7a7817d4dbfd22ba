-- list_later_messages --
-- The words on a locked ticket after a seq, oldest first.
SELECT m.id, m.author_kind, m.author_id, m.withdrawn_at IS NOT NULL AS withdrawn
FROM events e
JOIN messages m ON m.id = e.message_id
WHERE e.ticket_id = %(ticket_id)s AND e.seq > %(seen_seq)s AND e.kind = 'message_added'
ORDER BY e.seq
LIMIT 100;
