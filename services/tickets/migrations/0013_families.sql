-- Families: a parent and its children, two levels; what settling the parent does to them, and what they tell it.

ALTER TABLE tickets
    ADD COLUMN parent_id uuid REFERENCES tickets
        CONSTRAINT tickets_not_own_parent CHECK (parent_id <> id),
    ADD COLUMN resolution text NOT NULL DEFAULT '';  -- what solved it
CREATE INDEX tickets_children ON tickets (parent_id, number) WHERE parent_id IS NOT NULL;
CREATE INDEX tickets_open_children ON tickets (parent_id)
    WHERE parent_id IS NOT NULL AND status NOT IN ('resolved', 'closed');
-- For the offer to group what belongs to one order.
CREATE INDEX tickets_order ON tickets ((custom_fields ->> 'order'))
    WHERE custom_fields ? 'order' AND status NOT IN ('resolved', 'closed');

ALTER TABLE brands
    ADD COLUMN family_down text NOT NULL DEFAULT 'cascade'
        CONSTRAINT brands_family_down CHECK (family_down IN ('cascade', 'block', 'independent')),
    ADD COLUMN family_up text NOT NULL DEFAULT 'settle'
        CONSTRAINT brands_family_up CHECK (family_up IN ('settle', 'notify'));

-- What a parent has of its own; null is as the brand has it.
CREATE TABLE family_policies (
    ticket_id uuid PRIMARY KEY REFERENCES tickets,
    down      text CONSTRAINT family_policies_down CHECK (down IN ('cascade', 'block', 'independent')),
    up        text CONSTRAINT family_policies_up CHECK (up IN ('settle', 'notify'))
);

-- What children have to tell their parent. Nobody locks the parent to write here; its decision takes the rows out.
CREATE TABLE family_inbox (
    id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    parent_id  uuid NOT NULL REFERENCES tickets,
    child_id   uuid NOT NULL REFERENCES tickets,
    news       text NOT NULL CONSTRAINT family_inbox_news CHECK (news IN ('settled', 'reopened')),
    created_at timestamptz NOT NULL DEFAULT instant()
);
CREATE INDEX family_inbox_parent ON family_inbox (parent_id, id);
CREATE INDEX family_inbox_child ON family_inbox (child_id);
CREATE INDEX family_inbox_created ON family_inbox (created_at);

CREATE TABLE cascades (
    id           uuid PRIMARY KEY,
    parent_id    uuid NOT NULL REFERENCES tickets,
    act          text NOT NULL CONSTRAINT cascades_act CHECK (act IN ('resolve', 'close', 'reopen')),
    seq          bigint NOT NULL,               -- of the parent's event that began it
    actor        text NOT NULL,
    role         text NOT NULL,                 -- of the actor: it reaches no child that they may not see
    silent       boolean NOT NULL,              -- no customer is told
    was_settled  boolean NOT NULL,              -- the parent was settled before: no open child is settled by this
    undo_of      uuid CONSTRAINT cascades_undone_once UNIQUE REFERENCES cascades,
    state        text NOT NULL DEFAULT 'running'
        CONSTRAINT cascades_state CHECK (state IN ('running', 'done', 'cancelled')),
    created_at   timestamptz NOT NULL DEFAULT instant(),
    finished_at  timestamptz,
    worked_at    timestamptz NOT NULL DEFAULT clock_timestamp()  -- of the last page, by the real clock
);
CREATE INDEX cascades_parent ON cascades (parent_id, created_at);
CREATE INDEX cascades_running ON cascades (worked_at) WHERE state = 'running';

CREATE TABLE cascade_items (
    cascade_id uuid NOT NULL REFERENCES cascades,
    child_id   uuid NOT NULL REFERENCES tickets,
    outcome    text CONSTRAINT cascade_items_outcome CHECK (outcome IN ('done', 'skipped', 'failed')),
    reason     text NOT NULL DEFAULT '',
    seq        bigint,                          -- of the event that changed the child
    told       uuid REFERENCES contacts,        -- the customer whom this child's own thread tells
    PRIMARY KEY (cascade_id, child_id)
);
CREATE INDEX cascade_items_open ON cascade_items (cascade_id, child_id) WHERE outcome IS NULL;
CREATE INDEX cascade_items_event ON cascade_items (child_id, seq) WHERE seq IS NOT NULL;
CREATE INDEX cascade_items_told ON cascade_items (cascade_id, told) WHERE told IS NOT NULL;
