-- Snoozed: out of the queue until an instant, with the status it had.

ALTER TABLE tickets
    ADD COLUMN snoozed_until timestamptz,
    ADD COLUMN snooze_reason text NOT NULL DEFAULT '',
    ADD COLUMN snoozed_by    text NOT NULL DEFAULT '',         -- a user's id
    ADD COLUMN keep_on_reply boolean NOT NULL DEFAULT false;   -- a customer's word does not end it
CREATE INDEX tickets_snoozed ON tickets (snoozed_until) WHERE snoozed_until IS NOT NULL;
