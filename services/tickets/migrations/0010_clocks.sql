-- Clocks of service levels with their ledger, and dues that somebody moved.

CREATE TABLE clocks (
    ticket_id        uuid NOT NULL REFERENCES tickets,
    kind             text NOT NULL,
    epoch            bigint NOT NULL,          -- the seq of the event that began it
    segments         jsonb NOT NULL,           -- [{"state", "began_at", "ended_at", "worked" in microseconds, "cause"}]
    carried          interval NOT NULL,        -- what an earlier epoch measured
    policy_id        uuid,                     -- routing's
    policy_version   bigint NOT NULL,
    calendar_id      uuid,                     -- routing's
    calendar_version bigint NOT NULL,
    target           interval,
    due_at           timestamptz,
    steps_from       timestamptz,
    outcome          text,                     -- none as long as it measures
    begun_by         uuid REFERENCES messages,
    ended_by         uuid REFERENCES messages,
    reason           text NOT NULL,
    PRIMARY KEY (ticket_id, kind, epoch)
);
CREATE INDEX clocks_policy ON clocks (policy_id, ticket_id) WHERE outcome IS NULL;

CREATE TABLE moved_dues (
    ticket_id uuid NOT NULL REFERENCES tickets,
    key       text NOT NULL,
    due_at    timestamptz NOT NULL,
    moved_by  text NOT NULL,
    PRIMARY KEY (ticket_id, key)
);
