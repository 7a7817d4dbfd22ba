-- list_measured --
-- A page of open tickets, by id.
SELECT t.id
FROM tickets t
WHERE t.status NOT IN ('resolved', 'closed') AND t.id > %(after_id)s
  AND EXISTS (SELECT FROM clocks c WHERE c.ticket_id = t.id AND c.outcome IS NULL)
ORDER BY t.id
LIMIT %(most)s;

-- list_outdated --
-- Open tickets whose plan is of earlier service levels and that no decision is on its way to; as many as may be added
-- to those that wait to be planned.
SELECT t.id
FROM tickets t
WHERE t.status NOT IN ('resolved', 'closed') AND t.planned_revision < %(revision)s AND t.version = t.decided_seq
  AND NOT EXISTS (SELECT FROM outbox o WHERE o.ticket_id = t.id)
ORDER BY t.next_due_at NULLS LAST, t.id
LIMIT least(%(page)s, greatest(%(most)s - (SELECT count(*) FROM outbox WHERE rank = %(rank)s), 0));

-- get_measured --
-- Tickets with what their clocks are reckoned from, in the order given.
SELECT t.id, t.number, t.channel, t.status, t.status_since, t.status_epoch, t.priority, t.team_id, t.assignee_id,
       c.email <> '' AS requester_reachable, t.sender_proven, t.version, t.snoozed_until, 0 AS snooze_epoch, t.type,
       t.tags, t.planned_revision, t.requester_id, t.created_at, r.policy_id, r.rule_id AS policy_rule_id, t.brand_id,
       t.category_id, c.organisation_id, t.custom_fields,
       coalesce((SELECT path FROM categories WHERE id = t.category_id), '{}') AS category_path,
       ARRAY(SELECT f.key FROM fired_dues f WHERE f.ticket_id = t.id) AS fired,
       (SELECT coalesce(jsonb_agg(d), '[]')
        FROM dues d
        WHERE d.ticket_id = t.id AND d.kind IN ('clock_limit', 'ladder_step')) AS planned
FROM unnest(%(ticket_ids)s::uuid[]) WITH ORDINALITY AS wanted (id, place)
JOIN tickets t ON t.id = wanted.id
JOIN contacts c ON c.id = t.requester_id
LEFT JOIN rule_policies r ON r.ticket_id = t.id
ORDER BY wanted.place;

-- list_clocks_of_tickets --
-- The clocks of tickets, each ticket's oldest first.
SELECT ticket_id, kind, epoch, segments, carried, policy_id, policy_version, calendar_id, calendar_version, target,
       due_at, steps_from, outcome, begun_by, ended_by, reason
FROM clocks
WHERE ticket_id = ANY(%(ticket_ids)s)
ORDER BY ticket_id, epoch, kind;

-- keep_planned_revision --
-- The plans of these tickets are those of the revision too; what changed since is looked at again.
UPDATE tickets t
SET planned_revision = %(revision)s
FROM unnest(%(ticket_ids)s::uuid[], %(versions)s::bigint[]) AS same (id, version)
WHERE t.id = same.id AND t.version = same.version AND t.planned_revision < %(revision)s;

-- nudge_replanned --
-- Tickets to be planned anew, after all that people and instants ask for, soonest due first.
INSERT INTO outbox (ticket_id, seq, rank, due_at)
SELECT t.id, t.version, %(rank)s, least(moved.due_at, t.next_due_at)
FROM unnest(%(ticket_ids)s::uuid[], %(versions)s::bigint[], %(due_ats)s::timestamptz[]) AS moved (id, version, due_at)
JOIN tickets t ON t.id = moved.id AND t.version = moved.version
ORDER BY t.id
ON CONFLICT (ticket_id) DO NOTHING;
