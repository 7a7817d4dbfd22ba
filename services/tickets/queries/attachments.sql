-- insert_content --
-- What a message carries besides its words.
WITH content AS (
    INSERT INTO message_contents (message_id, quoted, html)
    VALUES (%(message_id)s, %(quoted)s, %(html)s)
)
INSERT INTO attachments (message_id, position, file_name, content_type, size, content_id, digest)
SELECT %(message_id)s, position, file ->> 'file_name', file ->> 'content_type', (file ->> 'size')::bigint,
       file ->> 'content_id', file ->> 'digest'
FROM jsonb_array_elements(%(attachments)s) WITH ORDINALITY AS files (file, position);

-- get_attachment --
-- An attachment of a message within a scope; to customers it belongs to the ticket on which it was written.
SELECT a.id, a.file_name, a.content_type, a.size, a.content_id, a.digest
FROM attachments a
JOIN messages m ON m.id = a.message_id
JOIN tickets t ON t.id = CASE WHEN %(internal)s THEN m.ticket_id ELSE coalesce(m.origin_id, m.ticket_id) END
WHERE a.id = %(attachment_id)s
  AND (%(internal)s OR (m.visibility = 'public' AND m.withdrawn_at IS NULL))
  AND (%(only_requester_id)s::uuid IS NULL OR (t.requester_id = %(only_requester_id)s AND t.sender_proven))
  AND (%(only_assignee_id)s::uuid IS NULL OR t.assignee_id = %(only_assignee_id)s);
