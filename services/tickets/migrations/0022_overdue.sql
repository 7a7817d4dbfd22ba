-- What is late, or soon will be: only tickets with a running clock have a limit.

CREATE INDEX tickets_limit ON tickets (limit_at) WHERE limit_at IS NOT NULL;
