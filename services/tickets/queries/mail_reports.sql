-- find_reported --
-- The newest of the mails with these Message-IDs that we sent, or tried to.
SELECT id AS effect_id, ticket_id, message_id, decision_id, key, rfc_message_id
FROM effects
WHERE rfc_message_id = ANY(%(rfc_message_ids)s) AND rfc_message_id <> ''
ORDER BY created_at DESC, id
LIMIT 1;

-- insert_mail_report --
-- Keep a report beside the mail it is about; no row comes back when it is kept already.
INSERT INTO mail_reports (ticket_id, effect_id, kind, rfc_message_id, failed, delayed, sender, subject, body, raw_source,
                          fingerprint)
VALUES (%(ticket_id)s, %(effect_id)s, %(kind)s, %(rfc_message_id)s, %(failed)s, %(delayed)s, %(sender)s, %(subject)s,
        %(text)s, %(raw_source)s, %(fingerprint)s)
ON CONFLICT ON CONSTRAINT mail_reports_once DO NOTHING
RETURNING id;

-- list_mail_reports --
-- A ticket's reports, oldest first.
SELECT id, ticket_id, kind, rfc_message_id, failed, delayed, sender, subject, body AS text, created_at
FROM mail_reports
WHERE ticket_id = %(ticket_id)s
ORDER BY created_at, id
LIMIT %(most)s;
