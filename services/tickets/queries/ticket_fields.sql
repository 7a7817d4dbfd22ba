-- list_ticket_fields --
-- All fields in their order, also what is archived.
SELECT id, key, label, kind, choices, required_to_create, required_to_resolve, brand_ids, position, archived, version
FROM ticket_fields
ORDER BY archived, position, lower(label), id;

-- list_fields_of_brand --
-- The fields of one brand's tickets, in their order.
SELECT id, key, label, kind, choices, required_to_create, required_to_resolve, brand_ids, position, archived, version
FROM ticket_fields
WHERE NOT archived AND (brand_ids = '{}' OR %(brand_id)s = ANY(brand_ids))
ORDER BY position, lower(label), id;

-- list_fields_of_new --
-- The fields of a ticket that is about to be made, whose brand is found as the ticket's own is.
SELECT id, key, label, kind, choices, required_to_create, required_to_resolve, brand_ids, position, archived, version
FROM ticket_fields
WHERE NOT archived
  AND (brand_ids = '{}' OR (SELECT b.id
                            FROM brands b
                            WHERE %(brand)s = '' OR b.id::text = lower(%(brand)s) OR lower(b.name) = lower(%(brand)s)
                            ORDER BY lower(b.address) = lower(%(mailbox)s) DESC, b.created_at, b.id
                            LIMIT 1) = ANY(brand_ids))
ORDER BY position, lower(label), id;

-- lock_ticket_field --
-- A field that is about to change.
SELECT id, key, label, kind, choices, required_to_create, required_to_resolve, brand_ids, position, archived, version
FROM ticket_fields
WHERE id = %(field_id)s
FOR NO KEY UPDATE;

-- insert_ticket_field --
-- A new field.
INSERT INTO ticket_fields (id, key, label, kind, choices, required_to_create, required_to_resolve, brand_ids, position)
VALUES (%(id)s, %(key)s, %(label)s, %(kind)s, %(choices)s, %(required_to_create)s, %(required_to_resolve)s,
        %(brand_ids)s, %(position)s);

-- update_ticket_field --
-- A field's new values; key and kind stay, for tickets have values under them.
UPDATE ticket_fields
SET label = %(label)s,
    choices = %(choices)s,
    required_to_create = %(required_to_create)s,
    required_to_resolve = %(required_to_resolve)s,
    brand_ids = %(brand_ids)s,
    position = %(position)s,
    archived = %(archived)s,
    version = version + 1
WHERE id = %(id)s;
