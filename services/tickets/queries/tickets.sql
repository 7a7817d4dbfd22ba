-- insert_ticket --
-- A ticket, its requester's contact, its description, the words to find it by, its first event and its outbox row; the
-- requester's other tickets are found by a name that was not known before. No row without a brand, or when the request
-- came before, if it has an id: a twin under way is waited for. Nor, unless that is checked, where the requester's
-- address may be a brand's own or there are custom fields.
WITH brand AS (
    SELECT id
    FROM brands
    WHERE (%(brand)s = '' OR id::text = lower(%(brand)s) OR lower(name) = lower(%(brand)s))
      AND (%(is_checked)s OR NOT EXISTS (SELECT FROM ticket_fields) AND NOT EXISTS (
               SELECT FROM brands WHERE lower(address) IN (%(requester_email)s, %(untagged_email)s)))
    ORDER BY lower(address) = lower(%(mailbox)s) DESC, created_at, id
    LIMIT 1
), taken AS (
    INSERT INTO requests (caller, method, request_id, digest, resource_id)
    SELECT %(caller)s, %(method)s, %(request_id)s, %(digest)s, %(resource_id)s
    FROM brand
    WHERE %(request_id)s <> ''
    ON CONFLICT DO NOTHING
    RETURNING resource_id
), start AS MATERIALIZED (
    SELECT id AS brand_id, instant() AS now
    FROM brand
    WHERE %(request_id)s = '' OR EXISTS (SELECT FROM taken)
), known AS (
    SELECT id, email, name, words, organisation_id, false AS named
    FROM contacts
    WHERE email = %(requester_email)s AND (name <> '' OR %(requester_name)s = '')
), made AS (
    -- Only when needed: an upsert would lock a busy requester's row for every ticket of theirs.
    INSERT INTO contacts (email, name, words, organisation_id)
    SELECT %(requester_email)s, %(requester_name)s, %(requester_words)s::tsvector,
           (SELECT organisation_id FROM organisation_domains
            WHERE domain = substring(%(requester_email)s FROM '[^@]*$'))
    FROM start
    WHERE NOT EXISTS (SELECT FROM known)
    ON CONFLICT (email) DO UPDATE
    SET name = CASE WHEN contacts.name = '' THEN excluded.name ELSE contacts.name END,
        words = CASE WHEN contacts.name = '' THEN excluded.words ELSE contacts.words END
    RETURNING id, email, name, words, organisation_id, xmax <> 0 AS named
), contact AS (
    TABLE known UNION ALL TABLE made
), ticket AS (
    INSERT INTO tickets (id, brand_id, channel, subject, status, status_since, status_epoch, priority, type, tags,
                         custom_fields, requester_id, follow_up_of, sender_proven, version, created_at, updated_at,
                         category_id, team_id)
    SELECT %(ticket_id)s, brand_id, %(channel)s, %(subject)s, %(status)s, now, 1, %(priority)s, %(type)s, %(tags)s,
           %(custom_fields)s, contact.id, %(follow_up_of)s, NOT %(sender_unproven)s, 1, now, now, %(category_id)s,
           %(team_id)s
    FROM start, contact
    RETURNING id, number, brand_id, channel, subject, status, status_since, priority, type, tags, custom_fields,
              team_id, assignee_id, requester_id, follow_up_of, version, next_due_at, created_at, updated_at,
              snoozed_until, snooze_reason, snoozed_by, keep_on_reply, queued_since, category_id, parent_id,
              resolution, merged_into, duplicate_of, spam
), message AS (
    INSERT INTO messages (id, ticket_id, visibility, author_kind, author_id, author_name, body, body_hash,
                          rfc_message_id, automatic, created_at)
    SELECT %(message_id)s, ticket.id, 'public', 'customer', contact.id::text, contact.name, %(body)s, %(body_hash)s,
           %(rfc_message_id)s, %(automatic)s, created_at
    FROM ticket, contact
), words AS (
    INSERT INTO ticket_words (ticket_id, words)
    SELECT ticket.id,
           %(subject_words)s::tsvector || words || %(body_words)s::tsvector
           || (number || ':11C')::tsvector || day_words(created_at)
    FROM ticket, contact
), named AS (
    UPDATE ticket_words w
    SET words = w.words || %(name_words)s::tsvector
    FROM contact c
    JOIN tickets t ON t.requester_id = c.id
    WHERE c.named AND c.name = %(requester_name)s AND w.ticket_id = t.id
), source AS (
    INSERT INTO raw_sources (message_id, content)
    SELECT %(message_id)s, %(raw_source)s
    FROM ticket
    WHERE %(raw_source)s <> ''::bytea
), event AS (
    INSERT INTO events (ticket_id, seq, kind, actor, changes, message_id, reason, occurred_at, effective_at)
    SELECT id, 1, %(kind)s, coalesce(%(actor)s, requester_id::text),
           %(changes)s || jsonb_build_array(
               jsonb_build_object('field', 'number', 'old', NULL, 'new', number),
               jsonb_build_object('field', 'brand_id', 'old', NULL, 'new', brand_id),
               jsonb_build_object('field', 'requester_id', 'old', NULL, 'new', requester_id)),
           %(message_id)s, %(reason)s, created_at, created_at
    FROM ticket
), nudge AS (
    INSERT INTO outbox (ticket_id, seq, rank, traceparent)
    SELECT id, 1, %(rank)s, %(traceparent)s
    FROM ticket
)
SELECT ticket.*, 0 AS children, 0 AS open_children, contact.email AS requester_email, contact.name AS requester_name,
       contact.organisation_id AS requester_organisation_id
FROM ticket, contact;

-- get_ticket --
-- A ticket by its id or its number.
SELECT t.id, t.number, t.brand_id, t.channel, t.subject, t.status, t.status_since, t.priority, t.type, t.tags,
       t.custom_fields, t.team_id, t.assignee_id, t.requester_id, t.follow_up_of, t.version, t.next_due_at,
       t.created_at, t.updated_at, t.snoozed_until, t.snooze_reason, t.snoozed_by, t.keep_on_reply,
       t.queued_since,
       t.category_id, t.parent_id, t.resolution, CASE WHEN t.parent_id IS NULL THEN (SELECT count(*) FROM tickets k WHERE k.parent_id = t.id)
            ELSE 0 END AS children,
       CASE WHEN t.parent_id IS NULL
            THEN (SELECT count(*) FROM tickets k WHERE k.parent_id = t.id AND k.status NOT IN ('resolved', 'closed'))
            ELSE 0 END AS open_children, t.merged_into, t.duplicate_of, t.spam,
       c.email AS requester_email, c.name AS requester_name, c.organisation_id AS requester_organisation_id
FROM tickets t
JOIN contacts c ON c.id = t.requester_id
WHERE (t.id = %(ticket_id)s OR t.number = %(number)s)
  AND (%(only_requester_id)s::uuid IS NULL OR (t.requester_id = %(only_requester_id)s AND t.sender_proven))
  AND (%(only_assignee_id)s::uuid IS NULL OR t.assignee_id = %(only_assignee_id)s);
