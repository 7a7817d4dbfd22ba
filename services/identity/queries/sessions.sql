-- create_session --
-- None when the account was deactivated or got another password since that was checked: the row lock waits for it.
INSERT INTO sessions (digest, user_id, source, user_agent)
SELECT %(digest)s, id, %(source)s, %(user_agent)s
FROM (
    SELECT id FROM users
    WHERE id = %(user_id)s AND active AND password_hash = %(password_hash)s AND role <> 'customer'
    FOR SHARE
) AS still_valid
RETURNING id;

-- delete_ended_sessions --
-- Of one user, at each sign-in: so the table stays as small as it is used.
DELETE FROM sessions
WHERE user_id = %(user_id)s
    AND (ended_at IS NOT NULL OR created_at < clock_timestamp() - %(longest)s::interval
        OR seen_at < clock_timestamp() - %(idle)s::interval);

-- find_session_user --
-- Whom a session stands for that was neither ended nor left alone nor used for too long.
SELECT users.id, users.role, users.contact_id, users.name
FROM sessions JOIN users ON users.id = sessions.user_id
WHERE sessions.digest = %(digest)s AND sessions.ended_at IS NULL AND users.active
    AND sessions.created_at > clock_timestamp() - %(longest)s::interval
    AND sessions.seen_at > clock_timestamp() - %(idle)s::interval;

-- touch_session --
-- It was used just now: written once a minute.
UPDATE sessions SET seen_at = clock_timestamp()
WHERE digest = %(digest)s AND seen_at < clock_timestamp() - interval '1 minute';

-- list_sessions --
-- Those of one user that are open.
SELECT id, source, user_agent, created_at, seen_at, digest = %(digest)s AS is_current
FROM sessions
WHERE user_id = %(user_id)s AND ended_at IS NULL
    AND created_at > clock_timestamp() - %(longest)s::interval
    AND seen_at > clock_timestamp() - %(idle)s::interval
ORDER BY seen_at DESC, id;

-- end_session --
-- One session; the first end counts.
UPDATE sessions SET ended_at = clock_timestamp() WHERE digest = %(digest)s AND ended_at IS NULL;

-- end_sessions --
-- All sessions of one user but the one to keep.
UPDATE sessions SET ended_at = clock_timestamp()
WHERE user_id = %(user_id)s AND ended_at IS NULL AND digest IS DISTINCT FROM %(keep)s::bytea;
