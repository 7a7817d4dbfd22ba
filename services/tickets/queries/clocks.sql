-- list_clocks --
-- The clocks of a ticket, oldest first.
SELECT kind, epoch, segments, carried, policy_id, policy_version, calendar_id, calendar_version, target, due_at,
       steps_from, outcome, begun_by, ended_by, reason
FROM clocks
WHERE ticket_id = %(ticket_id)s
ORDER BY epoch, kind;

-- keep_clock --
-- A clock as a decision left it.
INSERT INTO clocks (ticket_id, kind, epoch, segments, carried, policy_id, policy_version, calendar_id,
                    calendar_version, target, due_at, steps_from, outcome, begun_by, ended_by, reason)
VALUES (%(ticket_id)s, %(kind)s, %(epoch)s, %(segments)s, %(carried)s, %(policy_id)s, %(policy_version)s,
        %(calendar_id)s, %(calendar_version)s, %(target)s, %(due_at)s, %(steps_from)s, %(outcome)s, %(begun_by)s,
        %(ended_by)s, %(reason)s)
ON CONFLICT (ticket_id, kind, epoch) DO UPDATE
SET segments = excluded.segments, carried = excluded.carried, policy_id = excluded.policy_id,
    policy_version = excluded.policy_version, calendar_id = excluded.calendar_id,
    calendar_version = excluded.calendar_version, target = excluded.target, due_at = excluded.due_at,
    steps_from = excluded.steps_from, outcome = excluded.outcome, begun_by = excluded.begun_by,
    ended_by = excluded.ended_by, reason = excluded.reason;

-- keep_limits --
-- The limits of the live clocks of a ticket, for lists.
UPDATE tickets t
SET first_response_at = live.first_response_at, next_response_at = live.next_response_at,
    periodic_update_at = live.periodic_update_at, resolution_at = live.resolution_at
FROM (
    SELECT min(due_at) FILTER (WHERE kind = 'first_response') AS first_response_at,
           min(due_at) FILTER (WHERE kind = 'next_response') AS next_response_at,
           min(due_at) FILTER (WHERE kind = 'periodic_update') AS periodic_update_at,
           min(due_at) FILTER (WHERE kind = 'resolution') AS resolution_at
    FROM clocks
    WHERE ticket_id = %(ticket_id)s AND outcome IS NULL
) live
WHERE t.id = %(ticket_id)s;

-- list_moved_dues --
-- Where somebody has put dues of a ticket.
SELECT key, due_at FROM moved_dues WHERE ticket_id = %(ticket_id)s ORDER BY key;

-- get_due --
-- A planned due of a ticket, and now.
SELECT key, kind, due_at, reason, instant() AS now FROM dues WHERE ticket_id = %(ticket_id)s AND key = %(key)s;

-- move_due --
-- From here on the due is at this instant.
INSERT INTO moved_dues (ticket_id, key, due_at, moved_by)
VALUES (%(ticket_id)s, %(key)s, %(due_at)s, %(moved_by)s)
ON CONFLICT (ticket_id, key) DO UPDATE SET due_at = excluded.due_at, moved_by = excluded.moved_by;

-- skip_due --
-- A due that fires no more, as if it had.
INSERT INTO fired_dues (ticket_id, key, due_at, fired_at)
VALUES (%(ticket_id)s, %(key)s, %(due_at)s, instant())
ON CONFLICT ON CONSTRAINT fired_dues_once DO NOTHING;
