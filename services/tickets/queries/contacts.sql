-- get_contact --
-- A contact by its id.
SELECT id, email, name, organisation_id
FROM contacts
WHERE id = %(contact_id)s;

-- upsert_contact --
-- The contact with this address, made if there is none; a name is only filled in, and `named` says that one was.
WITH before AS (
    SELECT name FROM contacts WHERE email = %(email)s
)
INSERT INTO contacts (email, name, words, organisation_id)
SELECT %(email)s, %(name)s, %(words)s::tsvector,
       (SELECT organisation_id FROM organisation_domains WHERE domain = substring(%(email)s FROM '[^@]*$'))
ON CONFLICT (email) DO UPDATE
SET name = CASE WHEN contacts.name = '' THEN excluded.name ELSE contacts.name END,
    words = CASE WHEN contacts.name = '' THEN excluded.words ELSE contacts.words END
RETURNING id, email, name, organisation_id, name <> '' AND EXISTS (SELECT FROM before WHERE before.name = '') AS named;
