-- list_originals --
-- The tickets with which a ticket is settled, however far away: each once, so that a circle ends.
WITH RECURSIVE above AS (
    SELECT duplicate_of AS id FROM tickets WHERE id = %(ticket_id)s
    UNION
    SELECT t.duplicate_of FROM above JOIN tickets t ON t.id = above.id
)
SELECT id FROM above WHERE id IS NOT NULL;

-- list_duplicates --
-- The duplicates of a ticket, and of those merged into it, that are not as far as it is.
WITH RECURSIVE below AS (
    SELECT %(ticket_id)s::uuid AS id
    UNION
    SELECT t.id FROM tickets t JOIN below ON t.merged_into = below.id
)
SELECT id
FROM tickets
WHERE duplicate_of IN (SELECT id FROM below) AND id <> %(ticket_id)s AND merged_into IS NULL AND NOT spam
  AND (status NOT IN ('resolved', 'closed') OR (%(status)s::text = 'closed' AND status = 'resolved'))
ORDER BY id;

-- read_spam_status --
-- The status that a ticket had before it was marked as spam.
SELECT (SELECT c ->> 'old' FROM jsonb_array_elements(e.changes) c WHERE c ->> 'field' = 'status') AS status
FROM events e
WHERE e.ticket_id = %(ticket_id)s AND e.kind = 'spam_marked'
ORDER BY e.seq DESC
LIMIT 1;

-- try_lock_ticket --
-- The ticket if nobody holds it.
SELECT id FROM tickets WHERE id = %(ticket_id)s FOR NO KEY UPDATE SKIP LOCKED;
