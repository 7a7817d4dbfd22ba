-- get_draft --
-- Somebody's draft on a ticket.
SELECT ticket_id, visibility, body, version, saved_at
FROM drafts
WHERE user_id = %(user_id)s AND ticket_id = %(ticket_id)s AND visibility = %(visibility)s;

-- save_draft --
-- A draft over the version that was changed into it; no row when it is not the present one.
INSERT INTO drafts (user_id, ticket_id, visibility, body, version, saved_at)
VALUES (%(user_id)s, %(ticket_id)s, %(visibility)s, %(body)s, %(expected_version)s + 1, instant())
ON CONFLICT (user_id, ticket_id, visibility) DO UPDATE
SET body = excluded.body, version = excluded.version, saved_at = excluded.saved_at
WHERE drafts.version = %(expected_version)s
RETURNING ticket_id, visibility, body, version, saved_at;

-- clear_draft --
-- What was typed has become a message.
UPDATE drafts
SET body = '', version = version + 1, saved_at = instant()
WHERE user_id = %(user_id)s AND ticket_id = %(ticket_id)s AND visibility = %(visibility)s;
