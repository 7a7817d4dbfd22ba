-- The system of record. Every instant is taken by instant(), so that a test may skip time in one place.

CREATE FUNCTION instant() RETURNS timestamptz LANGUAGE sql VOLATILE AS $$
    SELECT coalesce(nullif(current_setting('duradesk.now', true), '')::timestamptz, clock_timestamp())
$$;

CREATE TABLE brands (
    id                 uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    name               text NOT NULL CONSTRAINT brands_name_length CHECK (length(name) BETWEEN 1 AND 100),
    address            text NOT NULL,
    idle_remind_after  interval,
    idle_resolve_after interval,
    auto_close_after   interval,
    version            bigint NOT NULL DEFAULT 1,
    created_at         timestamptz NOT NULL DEFAULT instant()
);
CREATE UNIQUE INDEX brands_name_key ON brands (lower(name));
CREATE UNIQUE INDEX brands_address_key ON brands (lower(address));

CREATE TABLE contacts (
    id         uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    email      text NOT NULL CONSTRAINT contacts_email_key UNIQUE,  -- lower-cased by the domain
    name       text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT instant()
);

CREATE TABLE tickets (
    id            uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    number        bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT tickets_number_key UNIQUE,
    brand_id      uuid NOT NULL REFERENCES brands,
    channel       text NOT NULL,
    subject       text NOT NULL,
    status        text NOT NULL,
    status_since  timestamptz NOT NULL,
    status_epoch  bigint NOT NULL,            -- the seq that began or renewed the status; dues are keyed by it
    priority      text NOT NULL,
    type          text NOT NULL,
    tags          text[] NOT NULL,
    custom_fields jsonb NOT NULL,
    team_id       uuid,                       -- routing's
    assignee_id   uuid,                       -- identity's
    requester_id  uuid NOT NULL REFERENCES contacts,
    follow_up_of  uuid REFERENCES tickets,
    version       bigint NOT NULL,            -- the seq of the last event
    decided_seq   bigint NOT NULL DEFAULT 0,
    next_due_at   timestamptz,                -- the earliest of dues and of effects that wait for their time
    created_at    timestamptz NOT NULL,
    updated_at    timestamptz NOT NULL
);
CREATE INDEX tickets_created ON tickets (created_at DESC, id);
CREATE INDEX tickets_updated ON tickets (updated_at DESC, id);
CREATE INDEX tickets_open ON tickets (created_at DESC, id) WHERE status <> 'closed';
CREATE INDEX tickets_assignee ON tickets (assignee_id, created_at DESC) WHERE status <> 'closed';
CREATE INDEX tickets_requester ON tickets (requester_id, created_at DESC);
CREATE INDEX tickets_next_due ON tickets (next_due_at) WHERE next_due_at IS NOT NULL;
CREATE INDEX tickets_undecided ON tickets (updated_at) WHERE version > decided_seq;

CREATE TABLE messages (
    id             uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    ticket_id      uuid NOT NULL REFERENCES tickets,
    visibility     text NOT NULL,
    author_kind    text NOT NULL,
    author_id      text NOT NULL,
    author_name    text NOT NULL,
    body           text NOT NULL,
    body_hash      text NOT NULL,             -- SHA-256 of body, hex
    rfc_message_id text NOT NULL DEFAULT '',  -- the Message-ID under which it came, if it was a mail
    created_at     timestamptz NOT NULL
);
CREATE INDEX messages_ticket ON messages (ticket_id, created_at, id);
CREATE INDEX messages_rfc_message_id ON messages (rfc_message_id) WHERE rfc_message_id <> '';

CREATE TABLE raw_sources (
    message_id uuid PRIMARY KEY REFERENCES messages,
    content    bytea NOT NULL                 -- the item exactly as it came
);

CREATE TABLE decisions (
    id          uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    ticket_id   uuid NOT NULL REFERENCES tickets,
    version     bigint NOT NULL,              -- the ticket's version whose facts it saw
    decided_seq bigint NOT NULL,
    facts       jsonb NOT NULL,
    routing     jsonb NOT NULL,
    decision    jsonb NOT NULL,
    decided_at  timestamptz NOT NULL DEFAULT instant()
);
CREATE INDEX decisions_ticket ON decisions (ticket_id, decided_at);

CREATE TABLE events (
    ticket_id    uuid NOT NULL REFERENCES tickets,
    seq          bigint NOT NULL,             -- given under the ticket row's lock: order is commit order, without gaps
    kind         text NOT NULL,
    actor        text NOT NULL,
    changes      jsonb NOT NULL,              -- [{"field", "old", "new"}], values as JSON
    message_id   uuid REFERENCES messages,
    decision_id  uuid REFERENCES decisions,
    cause        text NOT NULL DEFAULT '',
    reason       text NOT NULL DEFAULT '',
    occurred_at  timestamptz NOT NULL,
    effective_at timestamptz NOT NULL,
    PRIMARY KEY (ticket_id, seq)
);

CREATE TABLE dues (
    ticket_id uuid NOT NULL REFERENCES tickets,
    key       text NOT NULL,
    kind      text NOT NULL,
    due_at    timestamptz NOT NULL,
    reason    text NOT NULL,
    PRIMARY KEY (ticket_id, key)
);

-- A due fires once per key, whoever asks and however often.
CREATE TABLE fired_dues (
    ticket_id uuid NOT NULL REFERENCES tickets,
    key       text NOT NULL,
    due_at    timestamptz NOT NULL,
    fired_at  timestamptz NOT NULL,
    CONSTRAINT fired_dues_once PRIMARY KEY (ticket_id, key)
);

CREATE TABLE effects (
    id             uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    ticket_id      uuid NOT NULL REFERENCES tickets,
    decision_id    uuid NOT NULL REFERENCES decisions,
    key            text NOT NULL,             -- what it is for, e.g. "reply/<message id>": once per ticket
    kind           text NOT NULL,
    message_id     uuid REFERENCES messages,
    rfc_message_id text NOT NULL DEFAULT '',  -- the Message-ID under which it goes out, the same at every attempt
    recipient      text NOT NULL DEFAULT '',  -- the address it was first claimed for
    not_before     timestamptz NOT NULL,
    state          text NOT NULL DEFAULT 'ready'
        CONSTRAINT effects_state CHECK (state IN ('ready', 'claimed', 'sending', 'done', 'failed', 'in_doubt')),
    attempts       int NOT NULL DEFAULT 0,
    fence          bigint NOT NULL DEFAULT 0,
    leased_until   timestamptz,               -- by the real clock, never by a test's
    doubtful       boolean NOT NULL DEFAULT false,  -- a send was once cut between the point of no return and the answer
    detail         text NOT NULL DEFAULT '',
    created_at     timestamptz NOT NULL DEFAULT instant(),
    updated_at     timestamptz NOT NULL DEFAULT instant(),
    CONSTRAINT effects_once UNIQUE (ticket_id, key)
);
CREATE INDEX effects_open ON effects (ticket_id) WHERE state IN ('ready', 'claimed', 'sending');
CREATE INDEX effects_rfc_message_id ON effects (rfc_message_id) WHERE rfc_message_id <> '';

-- One row per ticket that its workflow has to look at. All instants here are the real clock's.
CREATE TABLE outbox (
    ticket_id    uuid PRIMARY KEY REFERENCES tickets,
    seq          bigint NOT NULL,
    rank         smallint NOT NULL,           -- 0 urgent … 3 low, 4 paced batches
    due_at       timestamptz,                 -- the ticket's next due, soonest first within a rank
    enqueued_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    signalled_at timestamptz,
    attempts     int NOT NULL DEFAULT 0,
    retry_at     timestamptz                  -- a claimed row that nobody answered is sent again from here on
);
CREATE INDEX outbox_order ON outbox (rank, due_at NULLS LAST, enqueued_at);
CREATE INDEX outbox_signalled ON outbox (signalled_at) WHERE signalled_at IS NOT NULL;

CREATE TABLE assignment_cursors (
    team_id      uuid PRIMARY KEY,
    last_user_id uuid
);

-- The answer to a request that comes twice: scope is caller and method, digest is the content's SHA-256.
CREATE TABLE requests (
    caller      text NOT NULL,
    method      text NOT NULL,
    request_id  text NOT NULL,
    digest      bytea NOT NULL,
    resource_id uuid,                          -- what the first call made or changed
    created_at  timestamptz NOT NULL DEFAULT instant(),
    PRIMARY KEY (caller, method, request_id)
);

CREATE TABLE quarantine (
    id         uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    channel    text NOT NULL,
    code       text NOT NULL,
    reason     text NOT NULL,
    raw_source bytea NOT NULL,
    digest     bytea NOT NULL CONSTRAINT quarantine_once UNIQUE,
    created_at timestamptz NOT NULL DEFAULT instant()
);
CREATE INDEX quarantine_created ON quarantine (created_at DESC, id);

INSERT INTO brands (name, address, idle_remind_after, idle_resolve_after, auto_close_after)
VALUES ('Support', 'support@localhost', interval '3 days', interval '7 days', interval '4 days');
