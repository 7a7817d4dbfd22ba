-- What rules leave on tickets: which policy they set, how often they ran, and which ran in a circle.

CREATE TABLE rule_policies (
    ticket_id uuid PRIMARY KEY REFERENCES tickets,
    policy_id uuid NOT NULL,                   -- routing's
    rule_id   uuid NOT NULL                    -- routing's
);

CREATE TABLE rule_runs (
    decision_id  uuid NOT NULL REFERENCES decisions,
    number       int NOT NULL,
    ticket_id    uuid NOT NULL REFERENCES tickets,
    rule_id      uuid NOT NULL,
    rule_version bigint NOT NULL,
    ran_at       timestamptz NOT NULL DEFAULT instant(),
    PRIMARY KEY (decision_id, number)
);
CREATE INDEX rule_runs_ticket ON rule_runs (ticket_id, ran_at);
CREATE INDEX rule_runs_rule ON rule_runs (rule_id, ran_at);

-- One row and one alert for a version of a rule, on however many tickets it ran in a circle.
CREATE TABLE rule_cuts (
    rule_id      uuid NOT NULL,
    rule_version bigint NOT NULL,
    ticket_id    uuid NOT NULL REFERENCES tickets,
    decision_id  uuid NOT NULL REFERENCES decisions,
    reason       text NOT NULL,
    cut_at       timestamptz NOT NULL DEFAULT instant(),
    confirmed_at timestamptz,                  -- when routing had paused it
    PRIMARY KEY (rule_id, rule_version)
);
CREATE INDEX rule_cuts_open ON rule_cuts (cut_at) WHERE confirmed_at IS NULL;

-- What a rule says in a mail to the staff.
ALTER TABLE effects ADD COLUMN text text NOT NULL DEFAULT '';
CREATE INDEX effects_rule_replies ON effects (recipient, updated_at) WHERE kind = 'rule_reply_mail';
