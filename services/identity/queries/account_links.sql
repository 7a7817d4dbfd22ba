-- create_invited_user --
-- An account that nobody can sign in to yet; users_email_key tells that the address is taken.
INSERT INTO users (email, name, role, active, password_hash)
VALUES (%(email)s, %(name)s, %(role)s, false, NULL)
RETURNING id, email, name, role, active, contact_id, created_at;

-- lock_invited_user --
-- The account and whether its invitation was accepted, until the transaction ends.
SELECT id, email, name, role, active, contact_id, created_at, password_hash IS NOT NULL AS has_password
FROM users WHERE id = %(user_id)s
FOR NO KEY UPDATE;

-- end_account_links --
-- No link of this kind is good any more; for a new one to take their place, or because nobody needs them.
UPDATE account_links SET ended_at = clock_timestamp()
WHERE user_id = %(user_id)s AND kind = %(kind)s AND used_at IS NULL AND ended_at IS NULL;

-- create_account_link --
-- A link that is good for a while.
INSERT INTO account_links (kind, user_id, inviter, expires_at)
VALUES (%(kind)s, %(user_id)s, %(inviter)s, clock_timestamp() + %(lifetime)s)
RETURNING id;

-- create_password_reset --
-- A link for the active account with this address, if there is one and it had few of late.
INSERT INTO account_links (kind, user_id, expires_at)
SELECT 'password_reset', u.id, clock_timestamp() + %(lifetime)s
FROM users u
WHERE u.email = %(email)s AND u.active
    AND (SELECT count(*) FROM account_links l
         WHERE l.user_id = u.id AND l.kind = 'password_reset'
             AND l.created_at > clock_timestamp() - interval '1 hour') < %(per_hour)s
RETURNING id, user_id;

-- end_other_resets --
-- Only the newest link is good.
UPDATE account_links SET ended_at = clock_timestamp()
WHERE user_id = %(user_id)s AND kind = 'password_reset' AND id <> %(link_id)s AND used_at IS NULL AND ended_at IS NULL;

-- find_account_link --
-- A link that is good: an invitation not yet accepted, or the reset of an account that is active.
SELECT l.kind, u.email, u.name, l.expires_at
FROM account_links l JOIN users u ON u.id = l.user_id
WHERE l.id = %(link_id)s AND l.used_at IS NULL AND l.ended_at IS NULL AND l.expires_at > clock_timestamp()
    AND ((l.kind = 'invitation' AND u.password_hash IS NULL) OR (l.kind = 'password_reset' AND u.active));

-- use_account_link --
-- Use it up, once; locked, so that of two at the same moment one finds it used.
UPDATE account_links SET used_at = clock_timestamp()
WHERE id = %(link_id)s AND used_at IS NULL AND ended_at IS NULL AND expires_at > clock_timestamp()
RETURNING user_id, kind;

-- accept_link --
-- What its user chose: a password, perhaps a name. None when the account is not one that this kind is for.
UPDATE users
SET password_hash = %(password_hash)s, active = true, name = coalesce(%(name)s, name)
WHERE id = %(user_id)s
    AND ((%(kind)s = 'invitation' AND password_hash IS NULL) OR (%(kind)s = 'password_reset' AND active))
RETURNING id, email;

-- list_invitations --
-- The newest of each account that was invited, and the mail that brought it.
SELECT * FROM (
    SELECT DISTINCT ON (l.user_id) u.id AS user_id, u.email, u.name, u.role, l.created_at, l.expires_at,
        l.used_at IS NOT NULL AS used, l.ended_at IS NOT NULL AS ended, u.password_hash IS NOT NULL AS has_password,
        clock_timestamp() AS now, m.state AS mail_state, coalesce(m.attempts, 0) AS mail_attempts,
        coalesce(m.detail, '') AS mail_detail
    FROM account_links l
    JOIN users u ON u.id = l.user_id
    LEFT JOIN account_mails m ON m.link_id = l.id
    WHERE l.kind = 'invitation'
    ORDER BY l.user_id, l.created_at DESC
) newest
ORDER BY email;
