-- Lists by what is due: the limits of a ticket's live clocks beside it, and what happens next of all tickets in order.

ALTER TABLE tickets
    ADD COLUMN first_response_at  timestamptz,     -- a clock's limit, also one that has passed; none while it is paused
    ADD COLUMN next_response_at   timestamptz,
    ADD COLUMN periodic_update_at timestamptz,
    ADD COLUMN resolution_at      timestamptz,
    ADD COLUMN limit_at timestamptz GENERATED ALWAYS AS (
        least(first_response_at, next_response_at, periodic_update_at, resolution_at)
    ) STORED;

UPDATE tickets t
SET first_response_at = live.first_response_at, next_response_at = live.next_response_at,
    periodic_update_at = live.periodic_update_at, resolution_at = live.resolution_at
FROM (
    SELECT ticket_id,
           min(due_at) FILTER (WHERE kind = 'first_response') AS first_response_at,
           min(due_at) FILTER (WHERE kind = 'next_response') AS next_response_at,
           min(due_at) FILTER (WHERE kind = 'periodic_update') AS periodic_update_at,
           min(due_at) FILTER (WHERE kind = 'resolution') AS resolution_at
    FROM clocks
    WHERE outcome IS NULL
    GROUP BY ticket_id
) live
WHERE live.ticket_id = t.id;

CREATE INDEX tickets_open_limit ON tickets (coalesce(limit_at, 'infinity'), id)
    WHERE status IN ('new', 'open', 'pending', 'on_hold');
CREATE INDEX dues_due_at ON dues (due_at, ticket_id, key);
