-- insert_quarantined --
-- Keep an item; nothing happens when the same content is kept already.
INSERT INTO quarantine (channel, code, reason, raw_source, digest)
VALUES (%(channel)s, %(code)s, %(reason)s, %(raw_source)s, %(digest)s)
ON CONFLICT (digest) DO NOTHING
RETURNING id;

-- find_quarantined --
-- The item with this content.
SELECT id
FROM quarantine
WHERE digest = %(digest)s;

-- list_quarantine --
-- Items after a position, newest first, as many as an answer can carry, and at least one.
SELECT id, channel, code, reason, raw_source, created_at, found
FROM (
    SELECT id, channel, code, reason, raw_source, created_at,
           row_number() OVER page AS place, sum(octet_length(raw_source)) OVER page AS bytes,
           count(*) OVER () AS found
    FROM (
        SELECT id, channel, code, reason, raw_source, created_at
        FROM quarantine
        WHERE %(after_at)s::timestamptz IS NULL
           OR created_at < %(after_at)s OR (created_at = %(after_at)s AND id > %(after_id)s::uuid)
        ORDER BY created_at DESC, id
        LIMIT %(most)s + 1
    ) AS rows
    WINDOW page AS (ORDER BY created_at DESC, id)
) AS pages
WHERE place = 1 OR (place <= %(most)s AND bytes <= %(most_bytes)s)
ORDER BY created_at DESC, id;
