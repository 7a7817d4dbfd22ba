-- add_words --
-- A message's words, in the last part of its ticket's or in a further one: no row when nothing was read of the ticket yet.
WITH last AS (
    SELECT part, length(words) < %(most)s AS has_room
    FROM ticket_words
    WHERE ticket_id = %(ticket_id)s
    ORDER BY part DESC
    LIMIT 1
), added AS (
    UPDATE ticket_words w
    SET words = w.words || %(words)s::tsvector
    FROM last
    WHERE w.ticket_id = %(ticket_id)s AND w.part = last.part AND last.has_room
), begun AS (
    INSERT INTO ticket_words (ticket_id, part, words)
    SELECT t.id, part + 1, %(head)s::tsvector || day_words(t.created_at) || %(words)s::tsvector
    FROM last, tickets t
    WHERE NOT has_room AND t.id = %(ticket_id)s
)
SELECT part FROM last;

-- change_head --
-- Other words of the subject and the requester, other labels; those of the messages stay.
UPDATE ticket_words w
SET words = ts_filter(w.words, '{c,d}') || %(head)s::tsvector || day_words(t.created_at)
FROM tickets t
WHERE w.ticket_id = %(ticket_id)s AND t.id = w.ticket_id;

-- name_requester --
-- The words of a name that was not known before, in all tickets of the contact.
UPDATE ticket_words w
SET words = w.words || %(words)s::tsvector
FROM tickets t
WHERE t.requester_id = %(contact_id)s AND w.ticket_id = t.id;

-- delete_words --
-- Everything read of a ticket, to be read anew.
DELETE FROM ticket_words WHERE ticket_id = %(ticket_id)s;

-- insert_words --
-- The first part of a ticket's words.
INSERT INTO ticket_words (ticket_id, words)
SELECT id, %(head)s::tsvector || day_words(created_at) || %(words)s::tsvector
FROM tickets
WHERE id = %(ticket_id)s;

-- list_texts --
-- What is to be read of a ticket's messages, oldest first; a reply that was taken back is for the staff, and what came
-- with a merged ticket of another customer.
SELECT m.body,
       m.visibility = 'public' AND m.withdrawn_at IS NULL
       AND (m.origin_id IS NULL OR o.requester_id = t.requester_id) AS public
FROM messages m
JOIN tickets t ON t.id = m.ticket_id
LEFT JOIN tickets o ON o.id = m.origin_id
WHERE m.ticket_id = %(ticket_id)s
ORDER BY m.created_at, m.id;

-- take_unread --
-- Some tickets whose words are still to be read; others who ask at the same time get other ones.
DELETE FROM unread_tickets
WHERE ticket_id IN (SELECT ticket_id FROM unread_tickets LIMIT %(most)s FOR UPDATE SKIP LOCKED)
RETURNING ticket_id;

-- set_contact_words --
-- The words of a contact, for the tickets that they will write.
UPDATE contacts SET words = %(words)s::tsvector WHERE id = %(contact_id)s AND words = '';

-- find_words --
-- The tickets with these words, one more than `most` at most, as the text of an array: who asks hands it back as it is.
-- Planned as if all were read: by the index.
WITH hits AS MATERIALIZED (
    SELECT ticket_id FROM ticket_words WHERE words @@ %(query)s::tsquery
)
SELECT coalesce(array_agg(ticket_id), '{}')::text AS ids, count(*) AS found
FROM (SELECT ticket_id FROM hits LIMIT %(most)s + 1) AS some_hits;
