-- By when the staff promised a customer to write next; the last one of a ticket counts.

CREATE TABLE promises (
    ticket_id   uuid NOT NULL REFERENCES tickets,
    seq         bigint NOT NULL,               -- of the event that made it
    promised_at timestamptz NOT NULL,
    id          uuid NOT NULL UNIQUE,
    PRIMARY KEY (ticket_id, seq)
);
