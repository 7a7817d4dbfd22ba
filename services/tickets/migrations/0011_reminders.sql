-- What people of the staff want to be reminded of, each for themselves.

CREATE TABLE reminders (
    ticket_id uuid NOT NULL REFERENCES tickets,
    seq       bigint NOT NULL,                 -- of the event that set it
    user_id   uuid NOT NULL,                   -- identity's
    remind_at timestamptz NOT NULL,
    text      text NOT NULL,
    id        uuid NOT NULL UNIQUE,
    PRIMARY KEY (ticket_id, seq)
);
