-- list_deliveries --
-- Mails of one ticket or of all that the caller may see, newest first.
SELECT e.id, e.ticket_id, e.kind, e.message_id, e.recipient, e.state, e.attempts,
       e.not_before, e.detail, e.rfc_message_id, e.doubtful, e.created_at, e.updated_at
FROM effects e
JOIN tickets t ON t.id = e.ticket_id
WHERE (%(ticket_id)s::uuid IS NULL OR e.ticket_id = %(ticket_id)s)
  AND (%(state)s::text IS NULL OR e.state = %(state)s)
  AND (%(after_at)s::timestamptz IS NULL OR (e.created_at, e.id) < (%(after_at)s, %(after_id)s::uuid))
  AND (%(only_requester_id)s::uuid IS NULL OR (t.requester_id = %(only_requester_id)s AND t.sender_proven))
  AND (%(only_assignee_id)s::uuid IS NULL OR t.assignee_id = %(only_assignee_id)s)
ORDER BY e.created_at DESC, e.id DESC
LIMIT %(most)s;

-- repeat_effect --
-- A locked effect is ready once more; one that never arrived may go to an address that was corrected since.
UPDATE effects
SET recipient = CASE WHEN state = 'failed' AND NOT doubtful THEN '' ELSE recipient END,
    state = 'ready', not_before = instant(), leased_until = NULL, updated_at = instant()
WHERE id = %(effect_id)s
RETURNING id, ticket_id, kind, message_id, recipient, state, attempts, not_before, detail, rfc_message_id, doubtful,
          created_at, updated_at;

-- suppress_effect --
-- A rule is against sending a locked effect.
UPDATE effects
SET state = 'suppressed', recipient = %(recipient)s, detail = %(detail)s, leased_until = NULL, updated_at = instant()
WHERE id = %(effect_id)s;

-- lock_recipient --
-- One acknowledgement at a time is judged for an address, until the transaction ends.
SELECT pg_advisory_xact_lock(hashtextextended('acknowledge ' || %(recipient)s, 0));

-- is_acknowledged --
-- Whether as many other acknowledgements as there may be went, or may have gone, to this address a short while ago.
SELECT count(*) >= %(most)s AS acknowledged
FROM (
    SELECT
    FROM effects
    WHERE kind = 'acknowledgement_mail' AND recipient = %(recipient)s AND recipient <> '' AND id <> %(effect_id)s
      AND state IN ('claimed', 'sending', 'done', 'in_doubt') AND updated_at > instant() - %(within)s::interval
    LIMIT %(most)s
) others;

-- cancel_reply --
-- Stop a reply's mail that waits for its time.
UPDATE effects
SET state = 'cancelled', detail = 'taken back before it went out', updated_at = instant()
WHERE ticket_id = %(ticket_id)s AND message_id = %(message_id)s AND kind = 'reply_mail'
  AND state = 'ready' AND attempts = 0 AND not_before > instant();

-- get_undo --
-- A message of a locked ticket, the event that added it with the status before, and how far its mail is.
SELECT m.visibility, m.author_kind, m.withdrawn_at, v.seq,
       (SELECT c ->> 'old' FROM jsonb_array_elements(v.changes) c WHERE c ->> 'field' = 'status') AS old_status,
       m.created_at + b.undo_seconds * interval '1 second' <= instant() AS is_late,
       EXISTS (SELECT FROM effects e WHERE e.message_id = m.id AND e.kind = 'reply_mail'
                 AND (e.state NOT IN ('ready', 'cancelled') OR (e.state = 'ready' AND e.not_before <= instant())))
           AS has_left,
       EXISTS (SELECT FROM effects e WHERE e.message_id = m.id AND e.kind = 'reply_mail' AND e.state = 'ready')
           AS is_planned
FROM messages m
JOIN tickets t ON t.id = m.ticket_id
JOIN brands b ON b.id = t.brand_id
JOIN events v ON v.ticket_id = m.ticket_id AND v.message_id = m.id AND v.kind IN ('ticket_created', 'message_added')
WHERE m.id = %(message_id)s AND m.ticket_id = %(ticket_id)s;

-- withdraw_message --
-- From now on the message is for staff only.
UPDATE messages
SET withdrawn_at = instant()
WHERE id = %(message_id)s AND ticket_id = %(ticket_id)s;

-- get_answer --
-- What decides on a customer's answer: whether the ticket went back to work since the mail, now, and the brand's grace.
SELECT EXISTS (
           SELECT
           FROM events e, jsonb_array_elements(e.changes) c
           WHERE e.ticket_id = %(ticket_id)s AND e.seq > %(status_epoch)s AND c ->> 'field' = 'status'
             AND c ->> 'new' NOT IN ('resolved', 'closed') AND e.kind <> 'ticket_woken'
       ) AS went_back,
       instant() AS now, b.auto_close_after
FROM brands b
WHERE b.id = %(brand_id)s;
