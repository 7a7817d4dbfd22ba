-- Whose mail it is: unproven senders, what machines tell about our mails, and a quarantine that can be worked on.

ALTER TABLE tickets ADD COLUMN sender_proven boolean NOT NULL DEFAULT true;  -- else no customer's account shows it
ALTER TABLE messages ADD COLUMN IF NOT EXISTS automatic boolean NOT NULL DEFAULT false;    -- no machine may answer it

CREATE TABLE mail_reports (
    id             uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    ticket_id      uuid NOT NULL REFERENCES tickets,
    effect_id      uuid NOT NULL REFERENCES effects,
    kind           text NOT NULL,
    rfc_message_id text NOT NULL,
    failed         text[] NOT NULL,
    delayed        text[] NOT NULL,
    sender         text NOT NULL,
    subject        text NOT NULL,
    body           text NOT NULL,
    raw_source     bytea NOT NULL,
    fingerprint    text NOT NULL CONSTRAINT mail_reports_once UNIQUE,
    created_at     timestamptz NOT NULL DEFAULT instant()
);
CREATE INDEX mail_reports_ticket ON mail_reports (ticket_id, created_at, id);

ALTER TABLE quarantine
    ADD COLUMN envelope_sender text NOT NULL DEFAULT '',
    ADD COLUMN recipients text[] NOT NULL DEFAULT '{}',
    ADD COLUMN state text NOT NULL DEFAULT 'kept'
        CONSTRAINT quarantine_state CHECK (state IN ('kept', 'releasing', 'retrying', 'taken', 'deleted')),
    ADD COLUMN changed_by text NOT NULL DEFAULT '',
    ADD COLUMN changed_at timestamptz,
    ADD COLUMN leased_until timestamptz,      -- by the real clock
    ADD COLUMN ticket_id uuid REFERENCES tickets;
CREATE INDEX quarantine_code ON quarantine (code, created_at DESC, id);
CREATE INDEX quarantine_wanted ON quarantine (changed_at) WHERE state IN ('releasing', 'retrying');

-- Only Message-IDs that we sent lead to a ticket.
DROP INDEX messages_rfc_message_id;

-- To whom else customers sent their mails: shown to the staff, and nothing more.
CREATE TABLE cc_proposals (
    ticket_id  uuid NOT NULL REFERENCES tickets,
    email      text NOT NULL,
    message_id uuid NOT NULL REFERENCES messages,
    created_at timestamptz NOT NULL DEFAULT instant(),
    PRIMARY KEY (ticket_id, email)
);
