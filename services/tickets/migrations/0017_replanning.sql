-- Of which service levels the plan of a ticket is: after a change those of earlier ones are looked at again.

ALTER TABLE tickets ADD COLUMN planned_revision bigint NOT NULL DEFAULT 0;  -- routing's
CREATE INDEX tickets_planned ON tickets (planned_revision) WHERE status NOT IN ('resolved', 'closed');
