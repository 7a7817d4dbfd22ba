-- insert_quarantined --
-- Keep an item; nothing happens when the same content is kept already.
INSERT INTO quarantine (channel, code, reason, raw_source, envelope_sender, recipients, digest)
VALUES (%(channel)s, %(code)s, %(reason)s, %(raw_source)s, %(envelope_sender)s, %(recipients)s, %(digest)s)
ON CONFLICT (digest) DO NOTHING
RETURNING id;

-- find_quarantined --
-- The item with this content.
SELECT id
FROM quarantine
WHERE digest = %(digest)s;

-- list_quarantine --
-- Items after a position, newest first, without their sources.
SELECT id, channel, code, reason, created_at, state, changed_by, changed_at, ticket_id, envelope_sender, recipients, ''::bytea AS raw_source
FROM quarantine
WHERE (%(code)s = '' OR code = %(code)s)
  AND (%(state)s::text IS NULL OR state = %(state)s)
  AND (%(after_at)s::timestamptz IS NULL
       OR created_at < %(after_at)s OR (created_at = %(after_at)s AND id > %(after_id)s::uuid))
ORDER BY created_at DESC, id
LIMIT %(most)s + 1;

-- get_quarantined_item --
-- An item with its source.
SELECT id, channel, code, reason, created_at, state, changed_by, changed_at, ticket_id, envelope_sender, recipients, raw_source
FROM quarantine
WHERE id = %(item_id)s;

-- lock_quarantined_item --
-- An item's state, locked until the transaction ends.
SELECT state
FROM quarantine
WHERE id = %(item_id)s
FOR UPDATE;

-- want_quarantined_item --
-- Somebody wants a locked item released or retried; a lease on it ends, so that it is claimed anew.
UPDATE quarantine
SET state = %(state)s, changed_by = %(changed_by)s, changed_at = instant(), leased_until = NULL
WHERE id = %(item_id)s;

-- delete_quarantined_item --
-- Forget a locked item's source and envelope; the row says who did it and when, and its digest that it came before.
UPDATE quarantine
SET state = 'deleted', changed_by = %(changed_by)s, changed_at = instant(), leased_until = NULL, raw_source = '',
    envelope_sender = '', recipients = '{}'
WHERE id = %(item_id)s;

-- claim_quarantined_item --
-- Lease the item that was wanted first to one door.
UPDATE quarantine
SET leased_until = clock_timestamp() + %(lease)s
WHERE id = (SELECT id
            FROM quarantine
            WHERE state IN ('releasing', 'retrying') AND coalesce(leased_until <= clock_timestamp(), true)
            ORDER BY changed_at, id
            LIMIT 1
            FOR UPDATE SKIP LOCKED)
RETURNING id, channel, code, reason, created_at, state, changed_by, changed_at, ticket_id, envelope_sender, recipients, raw_source;

-- finish_quarantined_item --
-- What became of an item that a door has read again, unless somebody deleted it meanwhile.
UPDATE quarantine
SET state = CASE WHEN %(ticket_id)s::uuid IS NULL THEN 'kept' ELSE 'taken' END, ticket_id = %(ticket_id)s::uuid,
    code = coalesce(nullif(%(code)s, ''), code), reason = coalesce(nullif(%(reason)s, ''), reason), leased_until = NULL
WHERE id = %(item_id)s AND state IN ('releasing', 'retrying');
