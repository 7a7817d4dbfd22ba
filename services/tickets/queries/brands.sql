-- list_brands --
-- All brands by name.
SELECT id, name, address, idle_remind_after, idle_resolve_after, auto_close_after, acknowledge,
       resolved_notice, undo_seconds, staff_notices, language, family_down, family_up, calendar_id,
       version
FROM brands
ORDER BY lower(name), id;

-- is_brand_address --
-- A brand with this address, with its tag or without.
SELECT id FROM brands WHERE lower(address) IN (%(requester_email)s, %(untagged_email)s) LIMIT 1;

-- get_brand --
-- A brand by its id.
SELECT id, name, address, idle_remind_after, idle_resolve_after, auto_close_after, acknowledge,
       resolved_notice, undo_seconds, staff_notices, language, family_down, family_up, calendar_id,
       version
FROM brands
WHERE id = %(brand_id)s;

-- lock_brand --
-- A brand that is about to change.
SELECT id, name, address, idle_remind_after, idle_resolve_after, auto_close_after, acknowledge,
       resolved_notice, undo_seconds, staff_notices, language, family_down, family_up, calendar_id,
       version
FROM brands
WHERE id = %(brand_id)s
FOR NO KEY UPDATE;

-- insert_brand --
-- A new brand.
INSERT INTO brands (id, name, address, idle_remind_after, idle_resolve_after, auto_close_after, acknowledge,
                    resolved_notice, undo_seconds, staff_notices, language, family_down, family_up,
                    calendar_id)
VALUES (%(id)s, %(name)s, %(address)s, %(idle_remind_after)s, %(idle_resolve_after)s, %(auto_close_after)s,
        %(acknowledge)s, %(resolved_notice)s, %(undo_seconds)s, %(staff_notices)s, %(language)s,
        %(family_down)s, %(family_up)s, %(calendar_id)s);

-- update_brand --
-- A brand's new values, guarded by its version.
UPDATE brands
SET name = %(name)s,
    address = %(address)s,
    idle_remind_after = %(idle_remind_after)s,
    idle_resolve_after = %(idle_resolve_after)s,
    auto_close_after = %(auto_close_after)s,
    acknowledge = %(acknowledge)s,
    resolved_notice = %(resolved_notice)s,
    undo_seconds = %(undo_seconds)s,
    staff_notices = %(staff_notices)s,
    language = %(language)s,
    family_down = %(family_down)s,
    family_up = %(family_up)s,
    calendar_id = %(calendar_id)s,
    version = version + 1
WHERE id = %(id)s AND version = %(version)s;

-- nudge_waiting --
-- Ask for a new plan of a brand's tickets whose dues hang on its times, one batch after a ticket's id.
WITH batch AS (
    SELECT id, version, next_due_at
    FROM tickets
    WHERE brand_id = %(brand_id)s AND status IN ('pending', 'resolved') AND id > %(after_id)s
    ORDER BY id
    LIMIT %(most)s
), nudged AS (
    INSERT INTO outbox (ticket_id, seq, rank, due_at)
    SELECT id, version, %(rank)s, next_due_at
    FROM batch
    ORDER BY id
    ON CONFLICT (ticket_id) DO UPDATE
    SET seq = greatest(outbox.seq, excluded.seq), rank = least(outbox.rank, excluded.rank)
)
SELECT id
FROM batch
ORDER BY id;
