-- What goes out by itself, what may be taken back, and the limits of automatic mail.

ALTER TABLE brands
    ADD COLUMN acknowledge     boolean NOT NULL DEFAULT true,
    ADD COLUMN resolved_notice boolean NOT NULL DEFAULT true,
    ADD COLUMN undo_seconds    int NOT NULL DEFAULT 5
        CONSTRAINT brands_undo_seconds CHECK (undo_seconds BETWEEN 0 AND 3600);

ALTER TABLE messages ADD COLUMN withdrawn_at timestamptz;  -- taken back before it went out: for staff only since then
-- Written by a machine (RFC 3834): it is never answered by one.
ALTER TABLE messages ADD COLUMN IF NOT EXISTS automatic boolean NOT NULL DEFAULT false;

-- suppressed: a rule was against sending it; cancelled: somebody took it back in time.
ALTER TABLE effects DROP CONSTRAINT effects_state;
ALTER TABLE effects ADD CONSTRAINT effects_state CHECK (
    state IN ('ready', 'claimed', 'sending', 'done', 'failed', 'in_doubt', 'suppressed', 'cancelled')
);
CREATE INDEX effects_acknowledged ON effects (recipient, updated_at)
    WHERE kind = 'acknowledgement_mail' AND recipient <> '';
CREATE INDEX effects_message ON effects (message_id) WHERE message_id IS NOT NULL;
CREATE INDEX effects_created ON effects (created_at DESC, id DESC);
CREATE INDEX effects_state_created ON effects (state, created_at DESC, id DESC);
