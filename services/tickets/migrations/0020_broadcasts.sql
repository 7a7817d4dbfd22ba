-- One reply to all children of a ticket: a bulk, whose page writes to each in its own thread.

CREATE TABLE broadcasts (
    job_id      uuid PRIMARY KEY REFERENCES bulk_jobs,
    parent_id   uuid NOT NULL REFERENCES tickets,
    body        text NOT NULL,
    author_name text NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT instant()
);
CREATE INDEX broadcasts_parent ON broadcasts (parent_id, created_at DESC);

-- Each customer is told once, however many children are theirs.
CREATE TABLE broadcast_told (
    job_id     uuid NOT NULL REFERENCES broadcasts,
    contact_id uuid NOT NULL REFERENCES contacts,
    ticket_id  uuid NOT NULL REFERENCES tickets,
    PRIMARY KEY (job_id, contact_id)
);
