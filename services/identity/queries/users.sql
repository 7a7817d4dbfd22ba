-- create_user --
-- Constraint users_email_key tells that the address is taken.
INSERT INTO users (email, name, role, contact_id, password_hash)
VALUES (%(email)s, %(name)s, %(role)s, %(contact_id)s, %(password_hash)s)
RETURNING id, email, name, role, active, contact_id, created_at;

-- lock_bootstrap --
-- Two first starts at once: the second waits here and then finds the owner.
SELECT pg_advisory_xact_lock(hashtextextended('duradesk.identity.owner', 0));

-- has_owner --
-- Whether the desk has an owner who can sign in.
SELECT EXISTS (SELECT FROM users WHERE role = 'owner' AND active) AS has_owner;

-- find_user --
-- One account by id.
SELECT id, email, name, role, active, contact_id, created_at FROM users WHERE id = %(user_id)s;

-- list_users --
-- A page by e-mail, from after the last one of the page before.
SELECT id, email, name, role, active, contact_id, created_at
FROM users
WHERE email > %(after)s AND (role <> 'customer' OR %(include_customers)s)
ORDER BY email
LIMIT %(limit)s;

-- lock_user --
-- The account and all active owners, locked in one order, so that two owners cannot remove each other at once.
SELECT id, email, name, role, active, contact_id, created_at
FROM users
WHERE id = %(user_id)s OR (role = 'owner' AND active)
ORDER BY id
FOR UPDATE;

-- update_user --
-- Everything that may change; without a new password the old hash stays.
UPDATE users
SET name = %(name)s, role = %(role)s, active = %(active)s,
    password_hash = coalesce(%(password_hash)s, password_hash)
WHERE id = %(user_id)s;

-- update_name --
-- What somebody calls themselves.
UPDATE users SET name = %(name)s WHERE id = %(user_id)s AND active
RETURNING id, email, name, role, active, contact_id, created_at;

-- update_password --
-- Chosen by somebody who is signed in.
UPDATE users SET password_hash = %(password_hash)s WHERE id = %(user_id)s AND active;

-- create_token --
-- None when the account was deactivated or got another password since that was checked: the row lock waits for it.
INSERT INTO tokens (digest, user_id, expires_at)
SELECT %(digest)s, id, clock_timestamp() + %(lifetime)s
FROM (
    SELECT id FROM users WHERE id = %(user_id)s AND active AND password_hash = %(password_hash)s FOR SHARE
) AS still_valid
RETURNING expires_at;

-- delete_expired_tokens --
-- Of one user, at each sign-in: so the table stays as small as it is used.
DELETE FROM tokens WHERE user_id = %(user_id)s AND expires_at < clock_timestamp();

-- find_token_user --
-- Whom a valid token stands for.
SELECT users.id, users.role, users.contact_id, users.name
FROM tokens JOIN users ON users.id = tokens.user_id
WHERE tokens.digest = %(digest)s AND tokens.revoked_at IS NULL AND tokens.expires_at > clock_timestamp()
    AND users.active;

-- revoke_token --
-- One token; the first revocation counts.
UPDATE tokens SET revoked_at = clock_timestamp() WHERE digest = %(digest)s AND revoked_at IS NULL;

-- revoke_all_tokens --
-- All tokens of one user.
UPDATE tokens SET revoked_at = clock_timestamp() WHERE user_id = %(user_id)s AND revoked_at IS NULL;
