-- create_account_mail --
-- To be sent as soon as somebody takes it.
INSERT INTO account_mails (link_id) VALUES (%(link_id)s);

-- claim_account_mails --
-- Open ones whose workflow was not started, or so long ago that it may be lost; a start too many does no harm.
UPDATE account_mails SET nudged_at = clock_timestamp()
WHERE id IN (
    SELECT id FROM account_mails
    WHERE state IN ('ready', 'claimed', 'sending')
        AND (nudged_at IS NULL OR nudged_at < clock_timestamp() - %(again_after)s::interval)
    ORDER BY created_at
    LIMIT %(limit)s
    FOR UPDATE SKIP LOCKED
)
RETURNING id;

-- lock_account_mail --
-- A mail and what it is made of; whether anybody still needs it.
SELECT m.id, m.link_id, m.state, m.fence, m.doubtful, coalesce(m.leased_until > clock_timestamp(), false) AS is_leased,
    l.kind, l.inviter, l.expires_at, u.email, u.name,
    (l.used_at IS NOT NULL OR l.ended_at IS NOT NULL OR l.expires_at <= clock_timestamp()
        OR (l.kind = 'invitation') = (u.password_hash IS NOT NULL)
        OR (l.kind = 'password_reset' AND NOT u.active)) AS is_moot
FROM account_mails m
JOIN account_links l ON l.id = m.link_id
JOIN users u ON u.id = l.user_id
WHERE m.id = %(mail_id)s
FOR NO KEY UPDATE OF m;

-- claim_account_mail --
-- Lease a locked mail to the caller; the fence grows with every claim and proves whose lease is the last.
UPDATE account_mails
SET state = 'claimed', attempts = attempts + 1, fence = fence + 1, leased_until = clock_timestamp() + %(lease)s,
    doubtful = doubtful OR %(doubtful)s, updated_at = clock_timestamp()
WHERE id = %(mail_id)s
RETURNING fence, attempts;

-- renew_account_mail --
-- A longer lease for the holder of the last one while it runs.
UPDATE account_mails SET leased_until = clock_timestamp() + %(lease)s
WHERE id = %(mail_id)s AND fence = %(fence)s AND state IN ('claimed', 'sending') AND leased_until > clock_timestamp();

-- begin_account_mail --
-- The point of no return, for the holder of the last lease while it runs; saying it twice is no error.
UPDATE account_mails SET state = 'sending', updated_at = clock_timestamp()
WHERE id = %(mail_id)s AND fence = %(fence)s AND state IN ('claimed', 'sending') AND leased_until > clock_timestamp();

-- end_account_mail --
-- Record what came of a locked mail; its lease is over.
UPDATE account_mails SET state = %(state)s, detail = %(detail)s, leased_until = NULL, updated_at = clock_timestamp()
WHERE id = %(mail_id)s;
