-- Who follows a ticket: customers, who get its public replies, and staff, who are told what happens on it.

CREATE TABLE followers (
    ticket_id   uuid NOT NULL REFERENCES tickets,
    follower_id uuid NOT NULL,                 -- a contact's id, or identity's of a member of the staff
    contact_id  uuid REFERENCES contacts,      -- the same id when it is a customer's
    since_seq   bigint NOT NULL,               -- the event that made them one: nothing from before it is sent to them
    created_at  timestamptz NOT NULL DEFAULT instant(),
    PRIMARY KEY (ticket_id, follower_id),
    CONSTRAINT followers_contact CHECK (contact_id IS NULL OR contact_id = follower_id)
);

ALTER TABLE effects
    ADD COLUMN contact_id uuid REFERENCES contacts,  -- the follower whose mail it is; without either, the requester's
    ADD COLUMN user_id    uuid;                      -- the member of the staff whose mail it is

ALTER TABLE brands
    ADD COLUMN staff_notices boolean NOT NULL DEFAULT true,  -- whether the staff are told by mail
    ADD COLUMN language text NOT NULL DEFAULT 'en'
        CONSTRAINT brands_language CHECK (language IN ('en', 'cs', 'it', 'fi'));
