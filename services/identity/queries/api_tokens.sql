-- create_api_token --
-- For the caller's own use; none beyond the most that one person may have.
INSERT INTO tokens (digest, user_id, name, expires_at)
SELECT %(digest)s, u.id, %(name)s, clock_timestamp() + %(lifetime)s
FROM users u
WHERE u.id = %(user_id)s AND u.active
    AND (SELECT count(*) FROM tokens t
         WHERE t.user_id = u.id AND t.revoked_at IS NULL AND t.expires_at > clock_timestamp()) < %(most)s
RETURNING expires_at;

-- list_api_tokens --
-- Those of one user that are good.
SELECT id, name, created_at, expires_at
FROM tokens
WHERE user_id = %(user_id)s AND revoked_at IS NULL AND expires_at > clock_timestamp()
ORDER BY created_at DESC, id;

-- revoke_api_token --
-- One of the user's own.
UPDATE tokens SET revoked_at = clock_timestamp()
WHERE id = %(token_id)s AND user_id = %(user_id)s AND revoked_at IS NULL;
