-- find_wait --
-- For a browser that has not signed in before: how long until fewer failures than each limit lie within the window.
SELECT greatest(
    (SELECT failed_at FROM sign_in_failures
     WHERE device IS NULL AND account = %(account)s AND source = %(source)s
     ORDER BY failed_at DESC OFFSET %(per_pair)s - 1 LIMIT 1),
    (SELECT failed_at FROM sign_in_failures WHERE device IS NULL AND account = %(account)s
     ORDER BY failed_at DESC OFFSET %(per_account)s - 1 LIMIT 1),
    (SELECT failed_at FROM sign_in_failures WHERE device IS NULL AND source = %(source)s
     ORDER BY failed_at DESC OFFSET %(per_source)s - 1 LIMIT 1)
) + %(window)s - clock_timestamp() AS wait;

-- find_device_wait --
-- For a browser that has signed in to the account before: its own failures alone.
SELECT (
    SELECT failed_at FROM sign_in_failures WHERE device = %(device)s
    ORDER BY failed_at DESC OFFSET %(per_device)s - 1 LIMIT 1
) + %(window)s - clock_timestamp() AS wait;

-- add_failure --
-- One failed sign-in.
INSERT INTO sign_in_failures (account, source, device) VALUES (%(account)s, %(source)s, %(device)s);

-- delete_old_failures --
-- What no limit looks at any more.
DELETE FROM sign_in_failures WHERE failed_at < clock_timestamp() - %(window)s::interval;

-- find_credentials --
-- What a sign-in is checked against.
SELECT id, password_hash FROM users WHERE email = %(email)s AND active AND password_hash IS NOT NULL;
