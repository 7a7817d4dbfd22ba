-- What people see of each other while they work: news, presence, drafts; and the same change on many tickets.

-- The transaction that wrote an event: what one snapshot does not show and a later one does is what came in between.
-- Events from before this have none and are no news.
ALTER TABLE events ADD COLUMN transaction_id xid8;
ALTER TABLE events ALTER COLUMN transaction_id SET DEFAULT pg_current_xact_id();
CREATE INDEX events_transaction ON events (transaction_id) WHERE transaction_id IS NOT NULL;

-- Gone after a crash of the database, as those are who were there. Instants are the real clock's.
CREATE UNLOGGED TABLE presence (
    ticket_id  uuid NOT NULL REFERENCES tickets,
    user_id    text NOT NULL,                 -- identity's
    tab        text NOT NULL,
    name       text NOT NULL,
    state      text NOT NULL CONSTRAINT presence_state CHECK (state IN ('viewing', 'writing')),
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (ticket_id, user_id, tab)
);
CREATE INDEX presence_expires ON presence (expires_at);

-- An empty body is a draft that was sent or discarded: its version keeps an older tab from bringing it back.
CREATE TABLE drafts (
    user_id    text NOT NULL,                 -- identity's
    ticket_id  uuid NOT NULL REFERENCES tickets,
    visibility text NOT NULL,
    body       text NOT NULL,
    version    bigint NOT NULL,
    saved_at   timestamptz NOT NULL,
    PRIMARY KEY (user_id, ticket_id, visibility)
);

CREATE TABLE bulk_jobs (
    id          uuid PRIMARY KEY,
    user_id     text NOT NULL,                -- identity's: who makes the change
    role        text NOT NULL,
    change      jsonb NOT NULL,
    undo_of     uuid REFERENCES bulk_jobs,
    state       text NOT NULL DEFAULT 'running'
        CONSTRAINT bulk_jobs_state CHECK (state IN ('running', 'done', 'cancelled')),
    created_at  timestamptz NOT NULL DEFAULT instant(),
    finished_at timestamptz,
    worked_at   timestamptz                   -- when its workflow was last started or did a page, by the real clock
);
CREATE INDEX bulk_jobs_running ON bulk_jobs (worked_at) WHERE state = 'running';

CREATE TABLE bulk_items (
    job_id    uuid NOT NULL REFERENCES bulk_jobs,
    position  int NOT NULL,
    ticket_id uuid NOT NULL,                  -- as it was asked for: there may be no such ticket
    outcome   text CONSTRAINT bulk_items_outcome CHECK (outcome IN ('done', 'skipped', 'failed')),
    reason    text NOT NULL DEFAULT '',
    seq       bigint,                         -- of the event that changed the ticket
    PRIMARY KEY (job_id, position),
    CONSTRAINT bulk_items_once UNIQUE (job_id, ticket_id)
);
CREATE INDEX bulk_items_open ON bulk_items (job_id, position) WHERE outcome IS NULL;
