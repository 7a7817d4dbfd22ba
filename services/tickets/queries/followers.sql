-- list_followers --
-- A ticket's followers, oldest first; `email` and `name` are a customer's.
SELECT f.follower_id AS id, f.contact_id, f.created_at, coalesce(c.email, '') AS email, coalesce(c.name, '') AS name
FROM followers f
LEFT JOIN contacts c ON c.id = f.contact_id
WHERE f.ticket_id = %(ticket_id)s
ORDER BY f.created_at, f.follower_id;

-- insert_follower --
-- From the event `since_seq` on.
INSERT INTO followers (ticket_id, follower_id, contact_id, since_seq)
VALUES (%(ticket_id)s, %(follower_id)s, %(contact_id)s, %(since_seq)s);

-- delete_follower --
-- No more.
DELETE FROM followers WHERE ticket_id = %(ticket_id)s AND follower_id = %(follower_id)s
RETURNING contact_id;
