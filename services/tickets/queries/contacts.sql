-- get_contact --
-- A contact by its id.
SELECT id, email, name
FROM contacts
WHERE id = %(contact_id)s;

-- upsert_contact --
-- The contact with this address, made if there is none; a name is only filled in.
INSERT INTO contacts (email, name)
VALUES (%(email)s, %(name)s)
ON CONFLICT (email) DO UPDATE
SET name = CASE WHEN contacts.name = '' THEN excluded.name ELSE contacts.name END
RETURNING id, email, name;
