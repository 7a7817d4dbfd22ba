-- get_grace --
-- What decides whether a customer's word reopens the ticket or follows it up: now, and the brand's grace.
SELECT instant() AS now, auto_close_after
FROM brands
WHERE id = %(brand_id)s;

-- insert_message --
-- A word on a ticket whose row is locked, with the item it came in, if any.
WITH message AS (
    INSERT INTO messages (id, ticket_id, visibility, author_kind, author_id, author_name, body, body_hash,
                          rfc_message_id, created_at)
    VALUES (%(message_id)s, %(ticket_id)s, %(visibility)s, %(author_kind)s, %(author_id)s, %(author_name)s, %(body)s,
            %(body_hash)s, %(rfc_message_id)s, instant())
    RETURNING id, ticket_id, visibility, author_kind, author_id, author_name, body, created_at,
           withdrawn_at
), source AS (
    INSERT INTO raw_sources (message_id, content)
    SELECT id, %(raw_source)s
    FROM message
    WHERE %(raw_source)s <> ''::bytea
)
SELECT id, ticket_id, visibility, author_kind, author_id, author_name, body, created_at,
           withdrawn_at
FROM message;

-- get_message --
-- A message by its id.
SELECT id, ticket_id, visibility, author_kind, author_id, author_name, body, created_at,
           withdrawn_at
FROM messages
WHERE id = %(message_id)s;

-- list_messages --
-- A ticket's words after a position, oldest first, as many as an answer can carry, and at least one.
SELECT id, ticket_id, visibility, author_kind, author_id, author_name, body, created_at,
           withdrawn_at, found
FROM (
    SELECT id, ticket_id, visibility, author_kind, author_id, author_name, body, created_at,
           withdrawn_at,
           row_number() OVER page AS place, sum(octet_length(body)) OVER page AS bytes,
           count(*) OVER () AS found
    FROM (
        SELECT id, ticket_id, visibility, author_kind, author_id, author_name, body, created_at,
           withdrawn_at
        FROM messages
        WHERE ticket_id = %(ticket_id)s
          AND (%(internal)s OR (visibility = 'public' AND withdrawn_at IS NULL))
          AND (%(after_at)s::timestamptz IS NULL OR (created_at, id) > (%(after_at)s, %(after_id)s::uuid))
        ORDER BY created_at, id
        LIMIT %(most)s + 1
    ) AS rows
    WINDOW page AS (ORDER BY created_at, id)
) AS pages
WHERE place = 1 OR (place <= %(most)s AND bytes <= %(most_bytes)s)
ORDER BY created_at, id;

-- find_thread --
-- Tickets on which one of these Message-IDs went to this sender from us, or came from this sender.
SELECT ticket_id
FROM (
    SELECT ticket_id, rfc_message_id, created_at
    FROM effects
    WHERE rfc_message_id = ANY(%(rfc_message_ids)s) AND rfc_message_id <> '' AND lower(recipient) = %(sender_email)s
    UNION ALL
    SELECT m.ticket_id, m.rfc_message_id, m.created_at
    FROM messages m
    JOIN contacts c ON c.id::text = m.author_id
    WHERE m.rfc_message_id = ANY(%(rfc_message_ids)s) AND m.rfc_message_id <> ''
      AND m.author_kind = 'customer' AND c.email = %(sender_email)s
) AS known
ORDER BY created_at DESC
LIMIT 1;
