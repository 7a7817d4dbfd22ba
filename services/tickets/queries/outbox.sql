-- is_outbox_due --
-- Whether there are tickets to signal, or people who have a ticket less.
SELECT EXISTS (SELECT FROM outbox WHERE signalled_at IS NULL OR retry_at <= (SELECT clock_timestamp()))
    OR EXISTS (SELECT FROM freed_places) AS is_due;

-- lock_outbox_claims --
-- One claimer at a time: two that count the busy places at the same moment would both fill the last one.
SELECT pg_advisory_xact_lock(hashtextextended('duradesk.outbox', 0));

-- claim_outbox --
-- The next tickets to signal: as many as the window has places, of which the reserved ones are for urgent tickets.
-- One that nobody answers holds its place for 10 s only: a few that cannot be decided leave places to the others.
-- Until the relay says that a signal went out, the claim is short: a relay that dies loses seconds, not half a minute.
WITH busy AS MATERIALIZED (
    SELECT count(*) AS places
    FROM outbox
    WHERE signalled_at > (SELECT clock_timestamp() - interval '10 seconds')
      AND retry_at > (SELECT clock_timestamp())
), free AS MATERIALIZED (
    SELECT ticket_id, rank, due_at, enqueued_at
    FROM outbox
    WHERE signalled_at IS NULL OR retry_at <= (SELECT clock_timestamp())
    ORDER BY rank, due_at NULLS LAST, enqueued_at
    LIMIT greatest(%(window)s - (SELECT places FROM busy), 0)
    FOR NO KEY UPDATE SKIP LOCKED
), placed AS (
    SELECT ticket_id, rank, row_number() OVER (ORDER BY rank, due_at NULLS LAST, enqueued_at) AS place FROM free
), claimed AS (
    UPDATE outbox
    SET signalled_at = clock_timestamp(),
        attempts = attempts + 1,
        -- 6 s, longer than a signal may take, then 12 s, ... 10 min: attempts is still the number before this one.
        retry_at = clock_timestamp() + least(interval '10 minutes', interval '6 seconds' * power(2, least(attempts, 7)))
    FROM placed, busy
    WHERE outbox.ticket_id = placed.ticket_id
      AND placed.place + busy.places <= %(window)s - CASE WHEN placed.rank = 0 THEN 0 ELSE %(urgent_places)s END
    RETURNING outbox.ticket_id, outbox.attempts, outbox.traceparent, placed.place
)
SELECT t.id AS ticket_id, t.number, t.channel, b.name AS brand_name, t.status, t.priority, t.next_due_at,
       claimed.attempts, claimed.traceparent
FROM claimed
JOIN tickets t ON t.id = claimed.ticket_id
JOIN brands b ON b.id = t.brand_id
ORDER BY claimed.place;

-- confirm_outbox --
-- Claimed rows whose signal went out have time to be decided: 30 s, 30 s, 60 s, ... 10 min.
UPDATE outbox
SET retry_at = signalled_at
        + least(interval '10 minutes', interval '30 seconds' * power(2, least(greatest(attempts - 2, 0), 10)))
WHERE ticket_id = ANY(%(ticket_ids)s) AND signalled_at IS NOT NULL;

-- release_outbox --
-- Claimed rows as they were before, for somebody who can signal them.
UPDATE outbox
SET signalled_at = NULL, retry_at = NULL, attempts = attempts - 1
WHERE ticket_id = ANY(%(ticket_ids)s) AND signalled_at IS NOT NULL;

-- free_outbox --
-- More came than the decision covers: to be signalled anew.
UPDATE outbox SET signalled_at = NULL, retry_at = NULL, attempts = 0 WHERE ticket_id = %(ticket_id)s;
