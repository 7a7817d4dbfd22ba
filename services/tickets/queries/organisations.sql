-- list_organisations --
-- All by name, each with its domains.
SELECT o.id, o.name, o.version,
       ARRAY(SELECT d.domain FROM organisation_domains d WHERE d.organisation_id = o.id ORDER BY d.domain) AS domains
FROM organisations o
ORDER BY lower(o.name), o.id;

-- get_organisation --
-- One with its domains.
SELECT o.id, o.name, o.version,
       ARRAY(SELECT d.domain FROM organisation_domains d WHERE d.organisation_id = o.id ORDER BY d.domain) AS domains
FROM organisations o
WHERE o.id = %(organisation_id)s;

-- lock_organisation --
-- One that is about to change.
SELECT id FROM organisations WHERE id = %(organisation_id)s FOR UPDATE;

-- count_organisations --
-- How many there are.
SELECT count(*) AS found FROM organisations;

-- insert_organisation --
-- A new organisation.
INSERT INTO organisations (id, name) VALUES (%(id)s, %(name)s);

-- update_organisation --
-- An organisation's new name.
UPDATE organisations SET name = %(name)s, version = version + 1 WHERE id = %(id)s;

-- delete_organisation --
-- None of its people is left.
DELETE FROM organisations WHERE id = %(organisation_id)s;

-- delete_domains --
-- Its domains make room for the new ones.
DELETE FROM organisation_domains WHERE organisation_id = %(organisation_id)s;

-- insert_domains --
-- Whose they are from now on.
INSERT INTO organisation_domains (domain, organisation_id)
SELECT domain, %(organisation_id)s
FROM unnest(%(domains)s::text[]) AS domain;

-- place_contacts --
-- Give the people of one domain to whose it is now, a batch after somebody's id, and have their live tickets looked at.
WITH batch AS (
    SELECT id
    FROM contacts
    WHERE substring(email FROM '[^@]*$') = %(domain)s AND id > %(after_id)s
    ORDER BY id
    LIMIT %(most)s
), placed AS (
    UPDATE contacts c
    SET organisation_id = (SELECT organisation_id FROM organisation_domains WHERE domain = %(domain)s)
    FROM batch
    WHERE c.id = batch.id
      AND c.organisation_id IS DISTINCT FROM
          (SELECT organisation_id FROM organisation_domains WHERE domain = %(domain)s)
    RETURNING c.id
), nudged AS (
    INSERT INTO outbox (ticket_id, seq, rank, due_at)
    SELECT t.id, t.version, %(rank)s, t.next_due_at
    FROM tickets t
    JOIN placed ON placed.id = t.requester_id
    WHERE t.status <> 'closed'
    ORDER BY t.id
    ON CONFLICT (ticket_id) DO UPDATE
    SET seq = greatest(outbox.seq, excluded.seq), rank = least(outbox.rank, excluded.rank)
)
SELECT id
FROM batch
ORDER BY id;
