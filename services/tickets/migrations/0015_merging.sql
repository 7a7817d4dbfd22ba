-- Tickets that are one, or none: merged ones, duplicates and spam.

ALTER TABLE tickets
    ADD COLUMN merged_into  uuid REFERENCES tickets,   -- where its conversation goes on
    ADD COLUMN duplicate_of uuid REFERENCES tickets,   -- with which it is settled
    ADD COLUMN spam         boolean NOT NULL DEFAULT false;
CREATE INDEX tickets_merged_into ON tickets (merged_into) WHERE merged_into IS NOT NULL;
CREATE INDEX tickets_duplicate_of ON tickets (duplicate_of) WHERE duplicate_of IS NOT NULL;

-- The merged ticket on which it was written; other customers than that ticket's requester do not see it.
ALTER TABLE messages ADD COLUMN origin_id uuid REFERENCES tickets;
CREATE INDEX messages_origin ON messages (origin_id) WHERE origin_id IS NOT NULL;

-- What a merge moved, as long as it stands.
CREATE TABLE merges (
    source_id  uuid PRIMARY KEY REFERENCES tickets,
    target_id  uuid NOT NULL REFERENCES tickets,
    status     text NOT NULL,                  -- the merged ticket's before
    tags       text[] NOT NULL,                -- what the survivor got of each
    followers  uuid[] NOT NULL,
    children   uuid[] NOT NULL,
    parent_id  uuid REFERENCES tickets,        -- the merged ticket's before, where it was a child
    joined     boolean NOT NULL,               -- whether the survivor became that parent's child
    opened     boolean NOT NULL,               -- whether it put the survivor back to work
    messages   int NOT NULL,
    reminders  int NOT NULL,
    merged_at  timestamptz NOT NULL
);
