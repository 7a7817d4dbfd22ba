-- get_now --
-- The instant from which time spans in filters count.
SELECT instant() AS now;

-- get_bounds --
-- The days, in UTC, of the first ticket and of the last.
SELECT (min(created_at) AT TIME ZONE 'UTC')::date AS oldest, (max(created_at) AT TIME ZONE 'UTC')::date AS newest
FROM tickets;

-- list_tickets --
-- These tickets with their requesters, in this order.
SELECT t.id, t.number, t.brand_id, t.channel, t.subject, t.status, t.status_since, t.priority, t.type, t.tags,
       t.custom_fields, t.team_id, t.assignee_id, t.requester_id, t.follow_up_of, t.version, t.next_due_at,
       t.created_at, t.updated_at, t.snoozed_until, t.snooze_reason, t.snoozed_by, t.keep_on_reply,
       t.queued_since,
       t.category_id, t.parent_id, t.resolution, CASE WHEN t.parent_id IS NULL THEN (SELECT count(*) FROM tickets k WHERE k.parent_id = t.id)
            ELSE 0 END AS children,
       CASE WHEN t.parent_id IS NULL
            THEN (SELECT count(*) FROM tickets k WHERE k.parent_id = t.id AND k.status NOT IN ('resolved', 'closed'))
            ELSE 0 END AS open_children, t.merged_into, t.duplicate_of, t.spam,
       c.email AS requester_email, c.name AS requester_name, c.organisation_id AS requester_organisation_id
FROM tickets t
JOIN contacts c ON c.id = t.requester_id
WHERE t.id = ANY(%(ids)s)
ORDER BY array_position(%(ids)s, t.id);
