-- find_survivor --
-- Where the conversation of a merged ticket goes on, over at most so many merges: no row beyond, or when they go round.
WITH RECURSIVE chain AS (
    SELECT id, merged_into, 0 AS merges
    FROM tickets
    WHERE id = %(ticket_id)s
    UNION ALL
    SELECT t.id, t.merged_into, chain.merges + 1
    FROM chain
    JOIN tickets t ON t.id = chain.merged_into
    WHERE chain.merges < %(most)s
)
SELECT id FROM chain WHERE merged_into IS NULL;

-- move_messages --
-- All messages of a ticket to another one; each remembers where it was written.
UPDATE messages
SET ticket_id = %(target_id)s, origin_id = coalesce(origin_id, ticket_id)
WHERE ticket_id = %(source_id)s;

-- move_messages_back --
-- What was written on a ticket, or on one that was merged into it, comes back from the one that has it now.
WITH RECURSIVE below AS (
    SELECT %(source_id)s::uuid AS id
    UNION
    SELECT t.id FROM tickets t JOIN below ON t.merged_into = below.id
)
UPDATE messages
SET ticket_id = %(source_id)s, origin_id = nullif(origin_id, %(source_id)s)
WHERE ticket_id = %(holder_id)s AND origin_id IN (SELECT id FROM below)
RETURNING created_at;

-- merge_cc_proposals --
-- Whom customers named on a merged ticket is proposed on the survivor, once; its requester needs no proposal.
UPDATE cc_proposals p
SET ticket_id = %(target_id)s
FROM tickets t
JOIN contacts c ON c.id = t.requester_id
WHERE t.id = %(target_id)s AND p.ticket_id = %(source_id)s AND p.email <> c.email
  AND NOT EXISTS (SELECT FROM cc_proposals o WHERE o.ticket_id = t.id AND o.email = p.email);

-- return_cc_proposals --
-- Proposals go where the messages are that made them, when a merge is taken back.
UPDATE cc_proposals p
SET ticket_id = %(source_id)s
FROM messages m
WHERE p.ticket_id = %(holder_id)s AND m.id = p.message_id AND m.ticket_id = %(source_id)s
  AND NOT EXISTS (SELECT FROM cc_proposals o WHERE o.ticket_id = m.ticket_id AND o.email = p.email);

-- merge_drafts --
-- What people typed on a merged ticket and did not send goes on below their drafts on the survivor; a reply to another
-- customer than the survivor's does not, lest it be sent to the wrong one.
WITH taken AS (
    UPDATE drafts d
    SET body = '', version = d.version + 1, saved_at = instant()
    FROM drafts typed, tickets source, tickets target
    WHERE source.id = %(source_id)s AND target.id = %(target_id)s AND d.ticket_id = source.id AND d.body <> ''
      AND typed.user_id = d.user_id AND typed.ticket_id = d.ticket_id AND typed.visibility = d.visibility
      AND (d.visibility = 'internal' OR source.requester_id = target.requester_id)
    RETURNING d.user_id, d.visibility, typed.body
)
INSERT INTO drafts (user_id, ticket_id, visibility, body, version, saved_at)
SELECT user_id, %(target_id)s, visibility, body, 1, instant()
FROM taken
ON CONFLICT (user_id, ticket_id, visibility) DO UPDATE
SET body = concat_ws(E'\n\n', nullif(drafts.body, ''), excluded.body), version = drafts.version + 1,
    saved_at = excluded.saved_at;

-- move_reminders --
-- The reminders of a ticket that have not come, to be set anew on another one.
DELETE FROM reminders r
WHERE r.ticket_id = %(ticket_id)s
  AND NOT EXISTS (SELECT FROM fired_dues f WHERE f.ticket_id = r.ticket_id AND f.key = 'reminder/' || r.seq)
RETURNING r.user_id, r.remind_at, r.text, r.id;

-- take_over_followers --
-- Whoever follows a merged ticket follows the survivor, once: staff always, customers and the requester if they are
-- included.
INSERT INTO followers (ticket_id, follower_id, contact_id, since_seq)
SELECT t.id, person.id, person.contact_id, t.version
FROM tickets t, (
    SELECT f.follower_id AS id, f.contact_id
    FROM followers f
    WHERE f.ticket_id = %(source_id)s AND (f.contact_id IS NULL OR %(include_customers)s)
    UNION
    SELECT s.requester_id, s.requester_id FROM tickets s WHERE s.id = %(source_id)s AND %(include_customers)s
) person
WHERE t.id = %(target_id)s AND person.id <> t.requester_id
ON CONFLICT DO NOTHING
RETURNING follower_id;

-- list_merging_people --
-- Who would follow a survivor: members of the staff, and the customers who have no part in it yet.
SELECT person.id, c.email, c.name
FROM tickets t, (
    SELECT f.follower_id AS id, f.contact_id FROM followers f WHERE f.ticket_id = %(source_id)s
    UNION
    SELECT s.requester_id, s.requester_id FROM tickets s WHERE s.id = %(source_id)s
) person
LEFT JOIN contacts c ON c.id = person.contact_id
WHERE t.id = %(target_id)s AND person.id <> t.requester_id
  AND NOT EXISTS (SELECT FROM followers f WHERE f.ticket_id = t.id AND f.follower_id = person.id)
ORDER BY c.email, person.id;

-- count_messages --
-- How many messages a ticket has.
SELECT count(*)::int AS messages FROM messages WHERE ticket_id = %(ticket_id)s;

-- count_written_since --
-- How many messages were written on a ticket itself since an instant.
SELECT count(*)::int AS written
FROM messages
WHERE ticket_id = %(ticket_id)s AND origin_id IS NULL AND created_at > %(since)s;

-- drop_followers --
-- These follow no more.
DELETE FROM followers WHERE ticket_id = %(ticket_id)s AND follower_id = ANY(%(follower_ids)s);

-- insert_merge --
-- What a merge moved.
INSERT INTO merges (source_id, target_id, status, tags, followers, children, parent_id, joined, opened, messages,
                    reminders, merged_at)
VALUES (%(source_id)s, %(target_id)s, %(status)s, %(tags)s, %(followers)s, %(children)s, %(parent_id)s, %(joined)s,
        %(opened)s, %(messages)s, %(reminders)s, instant());

-- get_merge --
-- What the merge of a ticket moved.
SELECT source_id, target_id, status, tags, followers, children, parent_id, joined, opened, messages, reminders, merged_at
FROM merges
WHERE source_id = %(source_id)s;

-- delete_merge --
-- A merge that was taken back.
DELETE FROM merges WHERE source_id = %(source_id)s;

-- list_family_members --
-- These tickets with their parents, and the first children of one of them.
SELECT id FROM tickets WHERE id = ANY(%(ticket_ids)s)
UNION
SELECT parent_id FROM tickets WHERE id = ANY(%(ticket_ids)s) AND parent_id IS NOT NULL
UNION
(SELECT id FROM tickets WHERE parent_id = %(children_of)s ORDER BY id LIMIT %(most)s)
ORDER BY id;

-- list_child_ids --
-- The children of a ticket.
SELECT id FROM tickets WHERE parent_id = %(ticket_id)s ORDER BY id;
