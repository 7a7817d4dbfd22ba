-- What operators watch: which change asked a ticket's workflow to look, and what is quarantined.

-- A W3C trace context: the trace goes on from the change to the workflow. Empty where nobody traces.
ALTER TABLE outbox ADD COLUMN traceparent text NOT NULL DEFAULT '';

CREATE INDEX quarantine_kept ON quarantine (created_at) WHERE state = 'kept';
