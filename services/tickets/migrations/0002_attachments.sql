-- What a mail carries besides its new words. Beside the messages, so that these stay small.

CREATE TABLE message_contents (
    message_id uuid PRIMARY KEY REFERENCES messages,
    quoted     text NOT NULL,                 -- what it quotes, and its signature
    html       text NOT NULL                  -- all of it, sanitised; empty for plain text
);

CREATE TABLE attachments (
    id           uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    message_id   uuid NOT NULL REFERENCES messages,
    position     int NOT NULL,
    file_name    text NOT NULL,
    content_type text NOT NULL,
    size         bigint NOT NULL,
    content_id   text NOT NULL,
    digest       text NOT NULL,               -- SHA-256 of the content, hex: its name in the object store
    CONSTRAINT attachments_position UNIQUE (message_id, position)
);
