-- lock_effect --
-- An effect, locked until the transaction ends; whether it is due by the business clock and leased by the real one.
SELECT id, ticket_id, decision_id, key, kind, message_id, contact_id, user_id, rfc_message_id, state, fence, doubtful,
       not_before <= instant() AS is_due, coalesce(leased_until > clock_timestamp(), false) AS is_leased
FROM effects
WHERE id = %(effect_id)s
FOR NO KEY UPDATE;

-- read_mail --
-- What a mail is made of: addresses, text, and the Message-IDs of what this person and we wrote to each other before.
SELECT e.rfc_message_id, e.not_before, e.ticket_id, b.address AS from_address, b.name AS from_name,
       person.address AS to_address, person.name AS to_name, t.requester_id, t.number, t.subject, t.status,
       t.status_epoch, t.assignee_id, b.language,
       -- A note is for the staff: whatever else goes wrong, a customer's mail has no word of it.
       CASE WHEN e.kind = 'reminder_mail'
            THEN (SELECT r.text FROM reminders r WHERE r.ticket_id = t.id AND e.key = 'reminder/' || r.seq)
            WHEN m.visibility = 'public' OR e.user_id IS NOT NULL THEN coalesce(m.body, '') ELSE '' END AS body,
       coalesce(m.author_name, '') AS author_name, e.text AS rule_text,
       EXISTS (SELECT FROM followers f
               WHERE f.ticket_id = t.id AND f.follower_id = coalesce(e.user_id, e.contact_id)) AS follows,
       (SELECT coalesce(jsonb_agg(to_jsonb(a) ORDER BY a.position), '[]') FROM attachments a
        WHERE a.message_id = m.id AND m.visibility = 'public') AS attachments,
       (SELECT d.due_at FROM dues d WHERE d.ticket_id = t.id AND d.kind = 'idle_resolve') AS resolves_at,
       ARRAY(SELECT known.rfc_message_id
             FROM (SELECT w.rfc_message_id, w.created_at AS at
                   FROM messages w
                   WHERE w.ticket_id = t.id AND w.author_kind = 'customer' AND w.author_id = person.id
                     AND w.rfc_message_id <> ''
                   UNION ALL
                   SELECT s.rfc_message_id, s.updated_at
                   FROM effects s
                   WHERE s.ticket_id = t.id AND s.state = 'done' AND s.recipient = person.address
                   ORDER BY at DESC
                   LIMIT %(most_references)s) known
             ORDER BY known.at) AS "references"
FROM effects e
JOIN tickets t ON t.id = e.ticket_id
JOIN brands b ON b.id = t.brand_id
JOIN contacts c ON c.id = coalesce(e.contact_id, t.requester_id)
LEFT JOIN messages m ON m.id = e.message_id
CROSS JOIN LATERAL (
    -- The address it was first claimed for stays through all attempts; nobody's but a colleague's for the staff's mail.
    SELECT coalesce(nullif(e.recipient, ''),
                    CASE WHEN e.user_id IS NULL THEN c.email ELSE %(colleague_email)s END) AS address,
           CASE WHEN e.user_id IS NULL THEN c.name ELSE %(colleague_name)s END AS name,
           coalesce(e.user_id, c.id)::text AS id
) person
WHERE e.id = %(effect_id)s;

-- claim_effect --
-- Lease a locked effect to the caller; the fence grows with every claim and proves whose lease is the last.
UPDATE effects
SET state = 'claimed', attempts = attempts + 1, fence = fence + 1, leased_until = clock_timestamp() + %(lease)s,
    recipient = %(recipient)s, doubtful = doubtful OR %(doubtful)s, updated_at = instant()
WHERE id = %(effect_id)s
RETURNING fence, attempts;

-- renew_effect --
-- A longer lease for the holder of the last one while it runs.
UPDATE effects
SET leased_until = clock_timestamp() + %(lease)s
WHERE id = %(effect_id)s AND fence = %(fence)s AND state IN ('claimed', 'sending')
  AND leased_until > clock_timestamp();

-- begin_effect --
-- The point of no return, for the holder of the last lease while it runs; saying it twice is no error.
UPDATE effects
SET state = 'sending', updated_at = instant()
WHERE id = %(effect_id)s AND fence = %(fence)s AND state IN ('claimed', 'sending')
  AND leased_until > clock_timestamp();

-- end_effect --
-- Record what came of a locked effect; its lease is over.
UPDATE effects
SET state = %(state)s, detail = %(detail)s, leased_until = NULL, updated_at = instant()
WHERE id = %(effect_id)s;

-- get_addressee --
-- The member of the staff whose mail an effect is, if it is one's.
SELECT user_id
FROM effects
WHERE id = %(effect_id)s;
