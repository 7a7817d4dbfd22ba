-- get_grace --
-- What decides whether a customer's word reopens the ticket or follows it up: now, and the brand's grace.
SELECT instant() AS now, auto_close_after
FROM brands
WHERE id = %(brand_id)s;

-- insert_message --
-- A word on a ticket whose row is locked, with the item it came in, if any.
WITH message AS (
    INSERT INTO messages (id, ticket_id, visibility, author_kind, author_id, author_name, body, body_hash,
                          rfc_message_id, automatic, origin_id, created_at)
    VALUES (%(message_id)s, %(ticket_id)s, %(visibility)s, %(author_kind)s, %(author_id)s, %(author_name)s, %(body)s,
            %(body_hash)s, %(rfc_message_id)s, %(automatic)s, %(origin_id)s, instant())
    RETURNING id
)
INSERT INTO raw_sources (message_id, content)
SELECT id, %(raw_source)s
FROM message
WHERE %(raw_source)s <> ''::bytea;

-- get_message --
-- A message by its id.
SELECT m.id, m.ticket_id, m.visibility, m.author_kind, m.author_id, m.author_name, m.body, m.created_at, m.withdrawn_at,
       coalesce(c.quoted, '') AS quoted, coalesce(c.html, '') AS html,
       (SELECT coalesce(jsonb_agg(to_jsonb(a) ORDER BY a.position), '[]') FROM attachments a WHERE a.message_id = m.id)
           AS attachments,
       '[]'::jsonb AS delivery
FROM messages m
LEFT JOIN message_contents c ON c.message_id = m.id
WHERE m.id = %(message_id)s;

-- list_messages --
-- A ticket's words after a position, oldest first, as many as an answer can carry, and at least one. A customer sees what
-- was written on a ticket of theirs, also where a merge moved it, and nothing that came with a ticket of somebody else's.
SELECT id, ticket_id, visibility, author_kind, author_id, author_name, body, created_at, withdrawn_at, quoted, html,
       found,
       (SELECT coalesce(jsonb_agg(to_jsonb(a) ORDER BY a.position), '[]') FROM attachments a WHERE a.message_id = pages.id)
           AS attachments,
       (SELECT coalesce(jsonb_agg(mail ORDER BY mail.created_at, mail.id), '[]')
        FROM (SELECT e.id, coalesce(nullif(e.recipient, ''), c.email) AS recipient, e.state, e.detail, e.updated_at,
                     e.created_at
              FROM effects e
              JOIN tickets t ON t.id = e.ticket_id
              JOIN contacts c ON c.id = coalesce(e.contact_id, t.requester_id)
              WHERE %(internal)s AND e.message_id = pages.id AND e.kind = 'reply_mail') mail) AS delivery
FROM (
    SELECT id, ticket_id, visibility, author_kind, author_id, author_name, body, created_at, withdrawn_at, quoted, html,
           row_number() OVER page AS place,
           sum(octet_length(body) + octet_length(quoted) + octet_length(html)) OVER page AS bytes,
           count(*) OVER () AS found
    FROM (
        SELECT m.id, m.ticket_id, m.visibility, m.author_kind, m.author_id, m.author_name, m.body, m.created_at,
               m.withdrawn_at, coalesce(c.quoted, '') AS quoted, coalesce(c.html, '') AS html
        FROM messages m
        LEFT JOIN message_contents c ON c.message_id = m.id
        WHERE (m.ticket_id = %(ticket_id)s OR (NOT %(internal)s AND m.origin_id = %(ticket_id)s))
          AND (%(internal)s
               OR (m.visibility = 'public' AND m.withdrawn_at IS NULL
                   AND (m.origin_id IS NULL
                        OR EXISTS (SELECT FROM tickets t
                                   WHERE t.id = m.origin_id
                                     AND (t.requester_id = %(only_requester_id)s AND t.sender_proven)))))
          AND (%(after_at)s::timestamptz IS NULL OR (m.created_at, m.id) > (%(after_at)s, %(after_id)s::uuid))
        ORDER BY m.created_at, m.id
        LIMIT %(most)s + 1
    ) AS rows
    WINDOW page AS (ORDER BY created_at, id)
) AS pages
WHERE place = 1 OR (place <= %(most)s AND bytes <= %(most_bytes)s)
ORDER BY created_at, id;

-- find_tagged --
-- The tickets that reply addresses name by their numbers, where the sender is the requester or follows now.
SELECT t.id, t.number
FROM tickets t
JOIN contacts c ON c.id = t.requester_id
WHERE t.number = ANY(%(numbers)s)
  AND (c.email = %(sender_email)s
       OR EXISTS (SELECT FROM followers f JOIN contacts k ON k.id = f.contact_id
                  WHERE f.ticket_id = t.id AND k.email = %(sender_email)s));

-- find_thread --
-- The newest ticket on which one of these Message-IDs went from us to this sender, who has not stopped to follow it, or
-- the one to which the message was split out; or one whose mail to the staff is answered.
SELECT coalesce(m.ticket_id, e.ticket_id) AS ticket_id, e.user_id IS NOT NULL AS was_for_staff
FROM effects e
LEFT JOIN messages m ON m.id = e.message_id AND m.origin_id IS NULL
WHERE e.rfc_message_id = ANY(%(rfc_message_ids)s) AND e.rfc_message_id <> ''
  AND (e.user_id IS NOT NULL
       OR (lower(e.recipient) = %(sender_email)s
           AND (e.contact_id IS NULL
                OR EXISTS (SELECT FROM followers f WHERE f.ticket_id = e.ticket_id AND f.follower_id = e.contact_id))))
ORDER BY e.created_at DESC
LIMIT 1;

-- find_split --
-- Where the newest of these mails of ours to this sender on a ticket belongs, if its message was split out since.
SELECT m.ticket_id
FROM effects e
JOIN messages m ON m.id = e.message_id
WHERE e.ticket_id = %(ticket_id)s AND e.rfc_message_id = ANY(%(rfc_message_ids)s)
  AND lower(e.recipient) = %(sender_email)s AND m.ticket_id <> e.ticket_id AND m.origin_id IS NULL
ORDER BY e.created_at DESC
LIMIT 1;

-- prove_sender --
-- The requester has answered a mail that only they got, or used its link: from now on their account shows the ticket.
UPDATE tickets SET sender_proven = true WHERE id = %(ticket_id)s AND NOT sender_proven;
