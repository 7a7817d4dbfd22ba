-- lock_turns --
-- The cursors of these teams, in one order, locked until the transaction ends and made if there are none yet.
INSERT INTO assignment_cursors AS cursor (team_id)
SELECT team_id FROM unnest(%(team_ids)s::uuid[]) AS team_id ORDER BY team_id
ON CONFLICT (team_id) DO UPDATE SET last_user_id = cursor.last_user_id
RETURNING team_id, last_user_id;

-- lock_desks --
-- What is on these people's desks stays as it is counted until the transaction ends, whichever team gives them tickets.
SELECT pg_advisory_xact_lock(hashtextextended('duradesk.desk.' || user_id, 0))
FROM (SELECT user_id FROM unnest(%(user_ids)s::uuid[]) AS user_id ORDER BY user_id) AS people;

-- count_loads --
-- How many tickets these people have in these statuses that are not asleep.
SELECT assignee_id, count(*) AS load
FROM tickets
WHERE assignee_id = ANY(%(user_ids)s) AND status IN ('new', 'open', 'pending', 'on_hold')
  AND status = ANY(%(statuses)s) AND snoozed_until IS NULL
GROUP BY assignee_id;

-- keep_turn --
-- Whose turn it was.
UPDATE assignment_cursors SET last_user_id = %(user_id)s WHERE team_id = %(team_id)s;

-- count_waiting_ahead --
-- How many more urgent or older tickets of the team's queue wait for one of these people, at most as many as are asked
-- for, so that it costs the same however many wait. One that was told a minute ago that somebody is free, and has not
-- come, holds up nobody. A ticket is looked up for its row of the queue, and never the other way round.
SELECT count(*) AS ahead
FROM (SELECT
      FROM waiting_tickets w
      WHERE w.team_id = %(team_id)s AND w.fits && %(user_ids)s::uuid[]
        AND (w.rank, w.waiting_since, w.ticket_id)
          < (%(rank)s::smallint, %(since)s::timestamptz, %(ticket_id)s::uuid)
        AND (w.nudged_at IS NULL OR w.nudged_at > (SELECT clock_timestamp() - interval '1 minute'))
        AND (SELECT t.assignee_id IS NULL AND t.status IN ('new', 'open', 'pending', 'on_hold')
                    AND t.snoozed_until IS NULL
             FROM tickets t
             WHERE t.id = w.ticket_id)
      LIMIT %(most)s) AS found;

-- keep_waiting --
-- The ticket waits, or goes on waiting, with what a decision has just seen.
INSERT INTO waiting_tickets (ticket_id, team_id, rank, waiting_since, epoch, reason, fits, revision)
VALUES (%(ticket_id)s, %(team_id)s, %(rank)s, %(since)s, %(epoch)s, %(reason)s, %(fits)s, %(revision)s)
ON CONFLICT (ticket_id) DO UPDATE
SET team_id = excluded.team_id, rank = excluded.rank, reason = excluded.reason, fits = excluded.fits,
    revision = excluded.revision, nudged_at = NULL;

-- rank_waiting --
-- Its priority is another one: so is its place.
UPDATE waiting_tickets SET rank = %(rank)s WHERE ticket_id = %(ticket_id)s;

-- end_waiting --
-- It waits no more.
DELETE FROM waiting_tickets WHERE ticket_id = %(ticket_id)s;

-- show_queued --
-- Lists and pages tell it too; an unchanged row is not written.
UPDATE tickets SET queued_since = %(since)s
WHERE id = %(ticket_id)s AND queued_since IS DISTINCT FROM %(since)s::timestamptz;

-- free_place --
-- Somebody has one ticket less and somebody waits for them: for the next claim of the outbox.
INSERT INTO freed_places (user_id)
SELECT %(user_id)s::uuid WHERE EXISTS (SELECT FROM waiting_tickets WHERE %(user_id)s::uuid = ANY(fits));

-- take_freed_places --
-- Who has how many tickets less.
WITH taken AS (
    DELETE FROM freed_places RETURNING user_id
)
SELECT user_id, count(*) AS places FROM taken GROUP BY user_id ORDER BY user_id;

-- nudge_queued --
-- The most urgent and oldest tickets that wait for this person, as many as there are places, less those that were
-- told of them already.
WITH told AS MATERIALIZED (
    SELECT count(*) AS tickets
    FROM waiting_tickets w
    WHERE w.nudged_at > (SELECT clock_timestamp() - interval '30 seconds') AND %(user_id)s::uuid = ANY(w.fits)
      AND (SELECT t.assignee_id IS NULL AND t.status IN ('new', 'open', 'pending', 'on_hold')
                  AND t.snoozed_until IS NULL
           FROM tickets t
           WHERE t.id = w.ticket_id)
), chosen AS MATERIALIZED (
    SELECT w.ticket_id, w.rank, w.waiting_since
    FROM waiting_tickets w
    WHERE %(user_id)s::uuid = ANY(w.fits)
      AND (w.nudged_at IS NULL OR w.nudged_at <= (SELECT clock_timestamp() - interval '30 seconds'))
      AND (SELECT t.assignee_id IS NULL AND t.status IN ('new', 'open', 'pending', 'on_hold')
                  AND t.snoozed_until IS NULL
           FROM tickets t
           WHERE t.id = w.ticket_id)
    ORDER BY w.rank, w.waiting_since, w.ticket_id
    LIMIT greatest(%(places)s - (SELECT tickets FROM told), 0)
    -- One that is decided on at this moment looks for itself.
    FOR NO KEY UPDATE OF w SKIP LOCKED
), marked AS (
    UPDATE waiting_tickets SET nudged_at = clock_timestamp() FROM chosen WHERE chosen.ticket_id = waiting_tickets.ticket_id
)
INSERT INTO outbox (ticket_id, seq, rank, due_at, enqueued_at)
SELECT t.id, t.version, chosen.rank, t.next_due_at,
       clock_timestamp()
       + row_number() OVER (ORDER BY chosen.rank, chosen.waiting_since, t.id) * interval '1 microsecond'
FROM chosen
JOIN tickets t ON t.id = chosen.ticket_id
ORDER BY t.id
ON CONFLICT (ticket_id) DO UPDATE
SET seq = greatest(outbox.seq, excluded.seq), rank = least(outbox.rank, excluded.rank), due_at = excluded.due_at;

-- nudge_outdated_queue --
-- Tickets that wait by teams, skills and staff as they are no more, in the order of the queues.
WITH chosen AS MATERIALIZED (
    SELECT w.ticket_id, w.rank, w.waiting_since
    FROM waiting_tickets w
    WHERE w.revision <> %(revision)s
      AND (w.nudged_at IS NULL OR w.nudged_at < (SELECT clock_timestamp() - interval '30 seconds'))
      AND (SELECT t.snoozed_until IS NULL FROM tickets t WHERE t.id = w.ticket_id)
    ORDER BY w.rank, w.waiting_since, w.ticket_id
    LIMIT %(most)s
    FOR NO KEY UPDATE OF w SKIP LOCKED
), marked AS (
    UPDATE waiting_tickets SET nudged_at = clock_timestamp() FROM chosen WHERE chosen.ticket_id = waiting_tickets.ticket_id
)
INSERT INTO outbox (ticket_id, seq, rank, due_at, enqueued_at)
SELECT t.id, t.version, chosen.rank, t.next_due_at,
       clock_timestamp()
       + row_number() OVER (ORDER BY chosen.rank, chosen.waiting_since, t.id) * interval '1 microsecond'
FROM chosen
JOIN tickets t ON t.id = chosen.ticket_id
ORDER BY t.id
ON CONFLICT (ticket_id) DO UPDATE
SET seq = greatest(outbox.seq, excluded.seq), rank = least(outbox.rank, excluded.rank), due_at = excluded.due_at;

-- read_is_waiting --
-- Whether any ticket waits.
SELECT EXISTS (SELECT FROM waiting_tickets) AS is_waiting;

-- list_waited_for --
-- Whom tickets wait for.
SELECT DISTINCT unnest(fits) AS user_id FROM waiting_tickets ORDER BY user_id;

-- list_assignees --
-- Who has tickets that are not settled.
SELECT DISTINCT assignee_id
FROM tickets
WHERE assignee_id IS NOT NULL AND status IN ('new', 'open', 'pending', 'on_hold')
ORDER BY assignee_id;

-- nudge_assigned --
-- Unsettled tickets of people who left, the oldest first, unless they are asleep or asked for already.
INSERT INTO outbox (ticket_id, seq, rank, due_at)
SELECT id, version, array_position(ARRAY['urgent', 'high', 'normal', 'low'], priority) - 1, next_due_at
FROM (
    SELECT t.id, t.version, t.priority, t.next_due_at
    FROM tickets t
    WHERE t.assignee_id = ANY(%(user_ids)s) AND t.status IN ('new', 'open', 'pending', 'on_hold')
      AND t.snoozed_until IS NULL AND NOT EXISTS (SELECT FROM outbox o WHERE o.ticket_id = t.id)
    ORDER BY t.created_at
    LIMIT %(most)s
) AS oldest
ORDER BY id
ON CONFLICT (ticket_id) DO NOTHING;

-- list_waiting --
-- The queue of a team in its order, from `after` on; of all teams without one.
SELECT w.ticket_id, t.number, w.team_id, w.waiting_since, w.reason, t.priority,
       row_number() OVER (PARTITION BY w.team_id ORDER BY w.rank, w.waiting_since, w.ticket_id) AS position
FROM waiting_tickets w
JOIN tickets t ON t.id = w.ticket_id
WHERE t.assignee_id IS NULL AND t.status IN ('new', 'open', 'pending', 'on_hold') AND t.snoozed_until IS NULL
  AND (%(team_id)s::uuid IS NULL OR w.team_id = %(team_id)s)
ORDER BY w.team_id, position
LIMIT %(most)s;

-- get_queue_place --
-- Where a ticket is in its team's queue; no row when it is in none.
WITH own AS (
    SELECT w.ticket_id, w.team_id, w.rank, w.waiting_since, w.reason
    FROM waiting_tickets w
    JOIN tickets t ON t.id = w.ticket_id
    WHERE w.ticket_id = %(ticket_id)s AND t.assignee_id IS NULL AND t.status IN ('new', 'open', 'pending', 'on_hold')
)
SELECT own.team_id, own.waiting_since, own.reason,
       (SELECT d.due_at FROM dues d WHERE d.ticket_id = own.ticket_id AND d.kind = 'overflow' LIMIT 1) AS overflow_at,
       1 + (SELECT count(*)
            FROM waiting_tickets w
            JOIN tickets t ON t.id = w.ticket_id
            WHERE w.team_id = own.team_id AND t.assignee_id IS NULL AND t.snoozed_until IS NULL
              AND t.status IN ('new', 'open', 'pending', 'on_hold')
              AND (w.rank, w.waiting_since, w.ticket_id) < (own.rank, own.waiting_since, own.ticket_id)) AS position
FROM own;

-- list_loads --
-- What is on everybody's desk, by status.
SELECT assignee_id AS user_id, status, count(*) AS tickets
FROM tickets
WHERE assignee_id IS NOT NULL AND status IN ('new', 'open', 'pending', 'on_hold') AND snoozed_until IS NULL
GROUP BY assignee_id, status
ORDER BY assignee_id, status;
