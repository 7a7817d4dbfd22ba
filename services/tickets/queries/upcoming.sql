-- list_ticket_times --
-- What happens next on some tickets; no key where nothing does.
SELECT t.id AS ticket_id, d.key, d.kind, d.due_at, d.reason
FROM tickets t
LEFT JOIN LATERAL (
    SELECT key, kind, due_at, reason FROM dues WHERE ticket_id = t.id ORDER BY due_at, key LIMIT 1
) d ON true
WHERE t.id = ANY(%(ticket_ids)s)
  AND (%(only_requester_id)s::uuid IS NULL OR (t.requester_id = %(only_requester_id)s AND t.sender_proven))
  AND (%(only_assignee_id)s::uuid IS NULL OR t.assignee_id = %(only_assignee_id)s);

-- list_clocks_of --
-- The clocks of some tickets, with the id of each one's.
SELECT ticket_id, kind, epoch, segments, carried, policy_id, policy_version, calendar_id, calendar_version, target,
       due_at, steps_from, outcome, begun_by, ended_by, reason
FROM clocks
WHERE ticket_id = ANY(%(ticket_ids)s) AND target IS NOT NULL;

-- list_upcoming --
-- What happens by itself until an instant, soonest first, from a place in that order on.
SELECT d.ticket_id, d.key, d.kind, d.due_at, d.reason, t.number, t.subject, t.status, t.priority, t.team_id,
       t.assignee_id
FROM dues d
JOIN tickets t ON t.id = d.ticket_id
WHERE d.due_at <= %(until)s
  AND (%(after_at)s::timestamptz IS NULL
       OR (d.due_at, d.ticket_id, d.key) > (%(after_at)s, %(after_ticket_id)s::uuid, %(after_key)s::text))
  AND (cardinality(%(team_ids)s::uuid[]) = 0 OR t.team_id = ANY(%(team_ids)s))
  AND (%(only_requester_id)s::uuid IS NULL OR (t.requester_id = %(only_requester_id)s AND t.sender_proven))
  AND (%(only_assignee_id)s::uuid IS NULL OR t.assignee_id = %(only_assignee_id)s)
ORDER BY d.due_at, d.ticket_id, d.key
LIMIT %(most)s + 1;
