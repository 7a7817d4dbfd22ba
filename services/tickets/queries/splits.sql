-- get_split --
-- A message of a ticket that may be split out: who wrote it, and how many other public ones there are.
SELECT m.visibility, m.withdrawn_at, m.body, m.author_kind, c.id AS author_id, m.origin_id,
       (SELECT count(*)::int FROM messages o
        WHERE o.ticket_id = m.ticket_id AND o.id <> m.id AND o.visibility = 'public' AND o.withdrawn_at IS NULL)
           AS others
FROM messages m
LEFT JOIN contacts c ON m.author_kind = 'customer' AND c.id::text = m.author_id
WHERE m.id = %(message_id)s AND m.ticket_id = %(ticket_id)s;

-- insert_split --
-- A ticket made of a message of another one, with its first event and outbox row.
WITH clock AS MATERIALIZED (
    SELECT instant() AS now
), ticket AS (
    INSERT INTO tickets (id, brand_id, channel, subject, status, status_since, status_epoch, priority, type, tags,
                         custom_fields, category_id, requester_id, sender_proven, version, created_at, updated_at)
    SELECT %(ticket_id)s, t.brand_id, t.channel, %(subject)s, 'new', clock.now, 1, t.priority, t.type, '{}', '{}',
           t.category_id, %(requester_id)s, t.sender_proven AND t.requester_id = %(requester_id)s, 1, clock.now, clock.now
    FROM clock, tickets t
    WHERE t.id = %(source_id)s
    RETURNING id, number, brand_id, channel, subject, status, priority, type, category_id, requester_id, created_at
), event AS (
    INSERT INTO events (ticket_id, seq, kind, actor, changes, message_id, cause, reason, occurred_at, effective_at)
    SELECT id, 1, 'ticket_created', %(actor)s,
           (SELECT jsonb_agg(jsonb_build_object('field', field, 'old', NULL, 'new', value))
            FROM jsonb_each(to_jsonb(ticket) - 'id' - 'created_at'
                            || '{"tags": [], "custom_fields": {}, "follow_up_of": null}') AS fields (field, value)),
           %(message_id)s, %(cause)s, %(reason)s, created_at, created_at
    FROM ticket
)
INSERT INTO outbox (ticket_id, seq, rank, traceparent)
SELECT id, 1, %(rank)s, %(traceparent)s FROM ticket;

-- move_message --
-- The message of a ticket belongs to another one.
UPDATE messages SET ticket_id = %(target_id)s, origin_id = NULL WHERE id = %(message_id)s;

-- move_cc_proposals --
-- Whom the message names besides us is told where it is now.
UPDATE cc_proposals SET ticket_id = %(target_id)s WHERE message_id = %(message_id)s;
