-- Tickets that wait in their team's queue for somebody who is free.

ALTER TABLE tickets ADD COLUMN queued_since timestamptz;   -- set and cleared by decisions, as next_due_at is
CREATE INDEX tickets_queued ON tickets (queued_since) WHERE queued_since IS NOT NULL;
-- What is on somebody's desk.
CREATE INDEX tickets_load ON tickets (assignee_id) WHERE status IN ('new', 'open', 'pending', 'on_hold');

CREATE TABLE waiting_tickets (
    ticket_id     uuid PRIMARY KEY REFERENCES tickets,
    team_id       uuid NOT NULL,              -- routing's
    waiting_since timestamptz NOT NULL,
    epoch         bigint NOT NULL,            -- the ticket's version at which it began
    reason        text NOT NULL,
    fits          uuid[] NOT NULL,            -- who can take it as soon as they are free
    revision      bigint NOT NULL,            -- of teams, skills and staff as they were looked at
    nudged_at     timestamptz                 -- by the real clock: somebody was free, and it has not been decided yet
);
CREATE INDEX waiting_tickets_team ON waiting_tickets (team_id, waiting_since);

-- Somebody has a ticket less: one row for each, until the next claim of the outbox looks who waits for them.
CREATE TABLE freed_places (
    id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id uuid NOT NULL
);
