-- insert_request --
-- Take a request id for the first time; waits for a twin under way, and does nothing when there was one.
INSERT INTO requests (caller, method, request_id, digest, resource_id)
VALUES (%(caller)s, %(method)s, %(request_id)s, %(digest)s, %(resource_id)s)
ON CONFLICT DO NOTHING;

-- get_request --
-- What the first call with this request id was about.
SELECT digest, resource_id
FROM requests
WHERE caller = %(caller)s AND method = %(method)s AND request_id = %(request_id)s;
