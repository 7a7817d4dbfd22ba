-- insert_promise --
-- A promise by the event that made it.
INSERT INTO promises (ticket_id, seq, promised_at, id) VALUES (%(ticket_id)s, %(seq)s, %(promised_at)s, %(id)s);

-- get_promise --
-- The event that made a promise.
SELECT seq FROM promises WHERE id = %(id)s;

-- read_promise --
-- The last promise on a ticket, and when it was followed by a public word of the staff that was not taken back, or by a
-- reply to all children.
SELECT p.seq, p.promised_at,
       (SELECT min(e.effective_at)
        FROM events e
        LEFT JOIN messages m ON m.id = e.message_id
        WHERE e.ticket_id = p.ticket_id AND e.seq > p.seq
          AND (e.kind = 'children_told'
               OR (e.kind = 'message_added' AND m.visibility = 'public' AND m.author_kind = 'agent'
                   AND m.withdrawn_at IS NULL))) AS kept_at
FROM promises p
WHERE p.ticket_id = %(ticket_id)s
ORDER BY p.seq DESC
LIMIT 1;
