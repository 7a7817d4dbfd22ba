-- Finding tickets: their words, and an index for each way in which lists are asked for.

-- The words of a ticket, folded and cut by the service alone, so that no setting of the database changes what is found.
-- A: subject, B: requester, C: public messages, D: internal ones; without a place: "tag:vip", "type:question", "field…".
-- A long conversation goes on in a further part, each with the words of subject and requester.
CREATE TABLE ticket_words (
    ticket_id uuid NOT NULL REFERENCES tickets,
    part      int NOT NULL DEFAULT 0,
    words     tsvector NOT NULL,
    PRIMARY KEY (ticket_id, part)
);
CREATE INDEX ticket_words_words ON ticket_words USING gin (words);
ALTER TABLE contacts ADD COLUMN words tsvector NOT NULL DEFAULT '';

-- Tickets whose words are still to be read: those that were there before, and what is brought in in bulk.
CREATE TABLE unread_tickets (
    ticket_id uuid PRIMARY KEY REFERENCES tickets
);
INSERT INTO unread_tickets SELECT id FROM tickets;

-- Most urgent first.
ALTER TABLE tickets ADD COLUMN urgency smallint NOT NULL GENERATED ALWAYS AS (
    CASE priority WHEN 'urgent' THEN 0 WHEN 'high' THEN 1 WHEN 'normal' THEN 2 ELSE 3 END
) STORED;

-- Nearly all tickets of an old desk are closed: what is asked all day has indexes without them.
DROP INDEX tickets_created, tickets_updated, tickets_open, tickets_assignee;
CREATE INDEX tickets_created ON tickets (created_at, id);
CREATE INDEX tickets_updated ON tickets (updated_at, id);
CREATE INDEX tickets_open_created ON tickets (created_at, id) WHERE status IN ('new', 'open', 'pending', 'on_hold');
CREATE INDEX tickets_open_updated ON tickets (updated_at, id) WHERE status IN ('new', 'open', 'pending', 'on_hold');
CREATE INDEX tickets_open_urgency ON tickets (urgency, created_at, id)
    WHERE status IN ('new', 'open', 'pending', 'on_hold');
CREATE INDEX tickets_open_since ON tickets (status_since, id) WHERE status IN ('new', 'open', 'pending', 'on_hold');
CREATE INDEX tickets_open_due ON tickets (coalesce(next_due_at, 'infinity'), id)
    WHERE status IN ('new', 'open', 'pending', 'on_hold');
CREATE INDEX tickets_resolved ON tickets (status_since, id) WHERE status = 'resolved';
CREATE INDEX tickets_assignee ON tickets (assignee_id, status, created_at);
CREATE INDEX tickets_team ON tickets (team_id, status, created_at);
