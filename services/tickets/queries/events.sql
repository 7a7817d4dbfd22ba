-- lock_ticket --
-- A ticket with its requester; the row stays locked until the transaction ends.
SELECT t.id, t.number, t.brand_id, t.channel, t.subject, t.status, t.status_since, t.status_epoch, t.priority, t.type,
       t.tags, t.custom_fields, t.team_id, t.assignee_id, t.requester_id, t.follow_up_of, t.version, t.decided_seq,
       t.next_due_at, t.created_at, t.updated_at, t.snoozed_until, t.snooze_reason, t.snoozed_by, t.keep_on_reply,
       t.queued_since,
       t.category_id, t.parent_id, t.resolution, CASE WHEN t.parent_id IS NULL THEN (SELECT count(*) FROM tickets k WHERE k.parent_id = t.id)
            ELSE 0 END AS children,
       CASE WHEN t.parent_id IS NULL
            THEN (SELECT count(*) FROM tickets k WHERE k.parent_id = t.id AND k.status NOT IN ('resolved', 'closed'))
            ELSE 0 END AS open_children, t.merged_into, t.duplicate_of, t.spam,
       c.email AS requester_email, c.name AS requester_name, c.organisation_id AS requester_organisation_id
FROM tickets t
JOIN contacts c ON c.id = t.requester_id
WHERE t.id = %(ticket_id)s
  AND (%(only_requester_id)s::uuid IS NULL OR (t.requester_id = %(only_requester_id)s AND t.sender_proven))
  AND (%(only_assignee_id)s::uuid IS NULL OR t.assignee_id = %(only_assignee_id)s)
FOR NO KEY UPDATE OF t;

-- append_event --
-- The next event of a locked ticket and, in the same statement, the row as it is after it.
WITH clock AS MATERIALIZED (
    SELECT instant() AS now
), changed AS (
    UPDATE tickets
    SET subject = %(subject)s,
        status = %(status)s,
        status_since = CASE WHEN %(begins_status)s THEN coalesce(%(effective_at)s::timestamptz, clock.now)
                            ELSE status_since END,
        status_epoch = CASE WHEN %(begins_status)s THEN version + 1 ELSE status_epoch END,
        priority = %(priority)s,
        type = %(type)s,
        tags = %(tags)s,
        custom_fields = %(custom_fields)s,
        team_id = %(team_id)s,
        assignee_id = %(assignee_id)s,
        snoozed_until = %(snoozed_until)s,
        snooze_reason = %(snooze_reason)s,
        snoozed_by = %(snoozed_by)s,
        keep_on_reply = %(keep_on_reply)s,
        category_id = %(category_id)s,
        parent_id = %(parent_id)s,
        resolution = %(resolution)s,
        merged_into = %(merged_into)s,
        duplicate_of = %(duplicate_of)s,
        spam = %(spam)s,
        version = version + 1,
        updated_at = clock.now
    FROM clock
    WHERE id = %(ticket_id)s AND version = %(expected_version)s
    RETURNING id, version, updated_at, status_since, status_epoch
), event AS (
    INSERT INTO events (ticket_id, seq, kind, actor, changes, message_id, decision_id, cause, reason, occurred_at,
                        effective_at)
    SELECT id, version, %(kind)s, %(actor)s, %(changes)s, %(message_id)s::uuid, %(decision_id)s::uuid, %(cause)s,
           %(reason)s, updated_at, coalesce(%(effective_at)s::timestamptz, updated_at)
    FROM changed
)
SELECT version, updated_at, status_since, status_epoch
FROM changed;

-- enqueue --
-- One outbox row per ticket: the highest seq, the most urgent rank; a row that is signalled stays so.
INSERT INTO outbox (ticket_id, seq, rank, due_at, traceparent)
VALUES (%(ticket_id)s, %(seq)s, %(rank)s, %(due_at)s, %(traceparent)s)
ON CONFLICT (ticket_id) DO UPDATE
SET seq = greatest(outbox.seq, excluded.seq),
    rank = least(outbox.rank, excluded.rank),
    due_at = excluded.due_at,
    traceparent = excluded.traceparent;
