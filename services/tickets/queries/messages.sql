-- get_grace --
-- What decides whether a customer's word reopens the ticket or follows it up: now, and the brand's grace.
SELECT instant() AS now, auto_close_after
FROM brands
WHERE id = %(brand_id)s;

-- insert_message --
-- A word on a ticket whose row is locked, with the item it came in, if any.
WITH message AS (
    INSERT INTO messages (id, ticket_id, visibility, author_kind, author_id, author_name, body, body_hash,
                          rfc_message_id, automatic, created_at)
    VALUES (%(message_id)s, %(ticket_id)s, %(visibility)s, %(author_kind)s, %(author_id)s, %(author_name)s, %(body)s,
            %(body_hash)s, %(rfc_message_id)s, %(automatic)s, instant())
    RETURNING id
)
INSERT INTO raw_sources (message_id, content)
SELECT id, %(raw_source)s
FROM message
WHERE %(raw_source)s <> ''::bytea;

-- get_message --
-- A message by its id.
SELECT m.id, m.ticket_id, m.visibility, m.author_kind, m.author_id, m.author_name, m.body, m.created_at,
       coalesce(c.quoted, '') AS quoted, coalesce(c.html, '') AS html,
       (SELECT coalesce(jsonb_agg(to_jsonb(a) ORDER BY a.position), '[]') FROM attachments a WHERE a.message_id = m.id)
           AS attachments
FROM messages m
LEFT JOIN message_contents c ON c.message_id = m.id
WHERE m.id = %(message_id)s;

-- list_messages --
-- A ticket's words after a position, oldest first, as many as an answer can carry, and at least one.
SELECT id, ticket_id, visibility, author_kind, author_id, author_name, body, created_at, quoted, html, found,
       (SELECT coalesce(jsonb_agg(to_jsonb(a) ORDER BY a.position), '[]') FROM attachments a WHERE a.message_id = pages.id)
           AS attachments
FROM (
    SELECT id, ticket_id, visibility, author_kind, author_id, author_name, body, created_at, quoted, html,
           row_number() OVER page AS place,
           sum(octet_length(body) + octet_length(quoted) + octet_length(html)) OVER page AS bytes,
           count(*) OVER () AS found
    FROM (
        SELECT m.id, m.ticket_id, m.visibility, m.author_kind, m.author_id, m.author_name, m.body, m.created_at,
               coalesce(c.quoted, '') AS quoted, coalesce(c.html, '') AS html
        FROM messages m
        LEFT JOIN message_contents c ON c.message_id = m.id
        WHERE m.ticket_id = %(ticket_id)s
          AND (%(internal)s OR m.visibility = 'public')
          AND (%(after_at)s::timestamptz IS NULL OR (m.created_at, m.id) > (%(after_at)s, %(after_id)s::uuid))
        ORDER BY m.created_at, m.id
        LIMIT %(most)s + 1
    ) AS rows
    WINDOW page AS (ORDER BY created_at, id)
) AS pages
WHERE place = 1 OR (place <= %(most)s AND bytes <= %(most_bytes)s)
ORDER BY created_at, id;

-- find_tagged --
-- The tickets that reply addresses name by their numbers.
SELECT id, number
FROM tickets
WHERE number = ANY(%(numbers)s);

-- find_thread --
-- The newest ticket on which one of these Message-IDs went from us to this sender.
SELECT ticket_id
FROM effects
WHERE rfc_message_id = ANY(%(rfc_message_ids)s) AND rfc_message_id <> '' AND lower(recipient) = %(sender_email)s
ORDER BY created_at DESC
LIMIT 1;

-- prove_sender --
-- The requester has answered a mail that only they got: from now on their account shows the ticket.
UPDATE tickets SET sender_proven = true WHERE id = %(ticket_id)s AND NOT sender_proven;
