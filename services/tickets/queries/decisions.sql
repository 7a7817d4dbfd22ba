-- get_for_decision --
-- What each decision looks at, in one statement and so of one moment; one event more than it may take says "more". What
-- few tickets have is only told to be there.
SELECT instant() AS now, t.id, t.number, t.channel, t.status, t.status_since, t.status_epoch, t.priority, t.team_id,
       t.assignee_id, c.email <> '' AS requester_reachable, t.sender_proven, t.version, t.snoozed_until,
       t.requester_id, t.created_at, r.policy_id, r.rule_id AS policy_rule_id,
       t.type, t.tags, t.planned_revision, t.parent_id, t.category_id, c.organisation_id, t.custom_fields,
       coalesce((SELECT path FROM categories WHERE id = t.category_id), '{}') AS category_path,
       CASE WHEN t.snoozed_until IS NULL THEN 0
            ELSE (SELECT max(seq) FROM events WHERE ticket_id = t.id AND kind = 'ticket_snoozed')
       END AS snooze_epoch,
       b.id AS brand_id, b.name AS brand_name, b.address AS brand_address, b.idle_remind_after, b.idle_resolve_after,
       b.auto_close_after, b.acknowledge, b.resolved_notice, b.undo_seconds, b.staff_notices, b.language,
       b.family_down, b.family_up,
       b.version AS brand_version,
       (SELECT coalesce(jsonb_agg(found ORDER BY found.seq), '[]')
        FROM (SELECT e.seq, e.kind, e.effective_at, e.message_id, m.body_hash AS message_hash, m.visibility,
                     m.author_kind, e.actor = t.requester_id::text AS by_requester,
                     coalesce(m.automatic, false) AS automatic, m.withdrawn_at IS NOT NULL AS withdrawn, e.actor,
                     e.decision_id IS NOT NULL AS decided,
                     CASE WHEN e.kind = 'rule_requested' THEN split_part(e.cause, ' ', 2) END AS rule_id,
                     CASE WHEN e.cause LIKE 'ticket %%'
                          THEN e.kind = 'ticket_created'
                               OR EXISTS (SELECT FROM tickets o
                                          WHERE o.id = substr(e.cause, 8)::uuid AND o.requester_id = t.requester_id)
                          ELSE false END AS quiet,
                     (SELECT c ->> 'new' FROM jsonb_array_elements(e.changes) c
                      WHERE c ->> 'field' = 'assignee_id' AND e.kind = 'ticket_assigned') AS assignee_id,
                     i.cascade_id IS NOT NULL AS in_cascade, i.told IS NOT NULL AS tells,
                     (SELECT coalesce(jsonb_agg(c), '[]')
                      FROM jsonb_array_elements(e.changes) c
                      WHERE c ->> 'field' = ANY(%(fields)s)) AS changes,
                     EXISTS (SELECT FROM jsonb_array_elements(e.changes) c
                             WHERE c ->> 'field' = 'custom_fields') AS changes_custom_fields
              FROM events e
              LEFT JOIN messages m ON m.id = e.message_id
              LEFT JOIN cascade_items i ON i.child_id = e.ticket_id AND i.seq = e.seq
              WHERE e.ticket_id = t.id AND e.seq > t.decided_seq
              ORDER BY e.seq
              LIMIT %(events)s + 1) found) AS events,
       (SELECT coalesce(jsonb_agg(d ORDER BY d.due_at, d.key), '[]') FROM dues d WHERE d.ticket_id = t.id) AS planned,
       (SELECT coalesce(jsonb_agg(f ORDER BY f.fired_at, f.key), '[]')
        FROM fired_dues f WHERE f.ticket_id = t.id) AS fired,
       (SELECT coalesce(jsonb_agg(w ORDER BY w.since_seq), '[]')
        FROM followers w WHERE w.ticket_id = t.id AND w.follower_id <> t.requester_id) AS followers,
       EXISTS (SELECT FROM clocks WHERE ticket_id = t.id) AS has_clocks,
       EXISTS (SELECT FROM moved_dues WHERE ticket_id = t.id) AS has_moved_dues,
       EXISTS (SELECT FROM reminders WHERE ticket_id = t.id) AS has_reminders,
       EXISTS (SELECT FROM promises WHERE ticket_id = t.id) AS has_promises,
       EXISTS (SELECT FROM rule_runs WHERE ticket_id = t.id) AS has_runs,
       EXISTS (SELECT FROM rule_cuts WHERE confirmed_at IS NULL) AS has_cuts,
       EXISTS (SELECT FROM tickets WHERE parent_id = t.id)
       OR EXISTS (SELECT FROM family_inbox WHERE parent_id = t.id) AS has_family,
       w.waiting_since, w.epoch AS waiting_epoch,
       CASE WHEN t.assignee_id IS NULL THEN coalesce(
           (SELECT (c ->> 'old')::uuid FROM events e, jsonb_array_elements(e.changes) c
            WHERE e.ticket_id = t.id AND c ->> 'field' = 'assignee_id' AND c ->> 'old' IS NOT NULL
            ORDER BY e.seq DESC LIMIT 1),
           (SELECT o.assignee_id FROM tickets o
            WHERE o.requester_id = t.requester_id AND o.id <> t.id AND o.assignee_id IS NOT NULL
            ORDER BY o.created_at DESC LIMIT 1))
       END AS last_assignee_id
FROM tickets t
JOIN contacts c ON c.id = t.requester_id
JOIN brands b ON b.id = t.brand_id
LEFT JOIN rule_policies r ON r.ticket_id = t.id
LEFT JOIN waiting_tickets w ON w.ticket_id = t.id
WHERE t.id = %(ticket_id)s;

-- read_family_facts --
-- What a parent's decision may look at of its family, of one moment.
SELECT coalesce(p.down, b.family_down) AS down, coalesce(p.up, b.family_up) AS up,
       k.children, k.open_children, k.resolved_children,
       (SELECT coalesce(jsonb_agg(n ORDER BY n.id), '[]')
        FROM (SELECT i.id, i.child_id, k.number, i.news, i.created_at AS at
              FROM family_inbox i
              JOIN tickets k ON k.id = i.child_id
              WHERE i.parent_id = t.id
              ORDER BY i.news = 'settled', i.id
              LIMIT %(news)s) n) AS inbox
FROM tickets t
JOIN brands b ON b.id = t.brand_id
LEFT JOIN family_policies p ON p.ticket_id = t.id
CROSS JOIN LATERAL (SELECT count(*) AS children, count(*) FILTER (WHERE status = 'resolved') AS resolved_children,
                           count(*) FILTER (WHERE status NOT IN ('resolved', 'closed')) AS open_children
                    FROM tickets WHERE parent_id = t.id) k
WHERE t.id = %(ticket_id)s;

-- store_decision --
-- A decision with the facts it saw, for "why" and for replay.
INSERT INTO decisions (ticket_id, version, decided_seq, facts, routing, decision)
VALUES (%(ticket_id)s, %(version)s, %(decided_seq)s, %(facts)s, %(routing)s, %(decision)s)
RETURNING id;

-- fire_due --
-- Once per key: no row comes back when it fired before.
INSERT INTO fired_dues (ticket_id, key, due_at, fired_at)
VALUES (%(ticket_id)s, %(key)s, %(due_at)s, %(fired_at)s)
ON CONFLICT ON CONSTRAINT fired_dues_once DO NOTHING
RETURNING key;

-- plan_effects --
-- Effects with the Message-IDs that they keep through all attempts; the same key a second time is nothing new.
INSERT INTO effects (id, ticket_id, decision_id, key, kind, message_id, contact_id, user_id, rfc_message_id, not_before,
                     text)
SELECT new.id, t.id, %(decision_id)s, new.key, new.kind, new.message_id, new.contact_id, new.user_id,
       '<' || new.id || '@' || split_part(b.address, '@', -1) || '>', new.not_before, new.text
FROM jsonb_to_recordset(%(effects)s) AS new (id uuid, key text, kind text, message_id uuid, contact_id uuid,
                                             user_id uuid, not_before timestamptz, text text),
     tickets t
JOIN brands b ON b.id = t.brand_id
WHERE t.id = %(ticket_id)s
ON CONFLICT ON CONSTRAINT effects_once DO NOTHING;

-- read_planned_dues --
-- The stored plan, to see whether the new one differs.
SELECT key, kind, due_at, reason FROM dues WHERE ticket_id = %(ticket_id)s;

-- replan --
-- The new plan in place of the stored one.
WITH gone AS (
    DELETE FROM dues WHERE ticket_id = %(ticket_id)s AND key <> ALL(%(keys)s)
)
INSERT INTO dues (ticket_id, key, kind, due_at, reason)
SELECT %(ticket_id)s, key, kind, due_at, reason
FROM jsonb_to_recordset(%(dues)s) AS new (key text, kind text, due_at timestamptz, reason text)
ON CONFLICT (ticket_id, key) DO UPDATE
SET kind = excluded.kind, due_at = excluded.due_at, reason = excluded.reason;

-- mark_decided --
-- How far the ticket is decided, under which service levels, and when it has to be looked at next; an unchanged row is
-- not written. The decision covers all that the outbox row asked for, if it did not ask for more. Comes back: what the
-- ticket's workflow needs to know to wait. One instant for all of it: no delivery is between what waits and what is due.
WITH clock AS MATERIALIZED (
    SELECT instant() AS now
), next AS MATERIALIZED (
    SELECT clock.now, least(
        (SELECT min(due_at) FROM dues WHERE ticket_id = %(ticket_id)s),
        (SELECT min(not_before) FROM effects
         WHERE ticket_id = %(ticket_id)s AND state = 'ready' AND not_before > clock.now)
    ) AS due_at
    FROM clock
), marked AS (
    UPDATE tickets
    SET decided_seq = %(decided_seq)s, next_due_at = next.due_at, planned_revision = %(planned_revision)s
    FROM next
    WHERE id = %(ticket_id)s
      AND (decided_seq, next_due_at, planned_revision)
          IS DISTINCT FROM (%(decided_seq)s, next.due_at, %(planned_revision)s::bigint)
), answered AS (
    DELETE FROM outbox WHERE ticket_id = %(ticket_id)s AND seq <= %(decided_seq)s RETURNING ticket_id
)
SELECT EXISTS (SELECT FROM answered) AS answered,
       t.id AS ticket_id, t.number, t.status, t.priority, t.channel, b.name AS brand_name, next.due_at AS next_due_at,
       coalesce(greatest(extract(epoch FROM next.due_at - next.now), 0), 0)::float8 AS due_in_seconds,
       CASE WHEN next.due_at IS NULL THEN ''
            ELSE coalesce((SELECT d.reason FROM dues d
                           WHERE d.ticket_id = t.id AND d.due_at = next.due_at
                           ORDER BY d.key LIMIT 1), 'a delivery waits for its time') END AS next_due_reason,
       ARRAY(SELECT e.id FROM effects e
             WHERE e.ticket_id = t.id
               AND (e.state IN ('claimed', 'sending') OR (e.state = 'ready' AND e.not_before <= next.now))
             ORDER BY e.created_at, e.id) AS open_effects,
       EXISTS (SELECT FROM family_inbox i WHERE i.parent_id = t.id) AS has_news,
       (SELECT i.parent_id FROM family_inbox i WHERE i.child_id = t.id ORDER BY i.id DESC LIMIT 1) AS parent_to_tell,
       (SELECT c.id FROM cascades c
        WHERE c.parent_id = t.id AND c.state = 'running'
        ORDER BY c.seq LIMIT 1) AS cascade_id
FROM next, tickets t
JOIN brands b ON b.id = t.brand_id
WHERE t.id = %(ticket_id)s;
