-- read_ticket_words --
-- What people wrote, as a decision at this version may look at it.
SELECT coalesce((SELECT c ->> 'old'
                 FROM events e, jsonb_array_elements(e.changes) c
                 WHERE e.ticket_id = t.id AND e.seq > %(version)s AND c ->> 'field' = 'subject'
                 ORDER BY e.seq LIMIT 1), t.subject) AS subject,
       coalesce((SELECT c -> 'old'
                 FROM events e, jsonb_array_elements(e.changes) c
                 WHERE e.ticket_id = t.id AND e.seq > %(version)s AND c ->> 'field' = 'custom_fields'
                 ORDER BY e.seq LIMIT 1), t.custom_fields) AS custom_fields,
       c.name AS requester_name, c.email AS requester_email,
       (SELECT coalesce(jsonb_agg(jsonb_build_object('message_id', m.id, 'text', left(m.body, %(longest)s))), '[]')
        FROM messages m
        WHERE m.id = ANY(%(message_ids)s)) AS messages
FROM tickets t
JOIN contacts c ON c.id = t.requester_id
WHERE t.id = %(ticket_id)s;

-- read_history --
-- What had happened before the undecided events; the desk's own words count for nothing.
WITH told AS MATERIALIZED (
    SELECT e.seq, e.effective_at AS at, e.kind, e.actor, e.changes, coalesce(m.automatic, false) AS automatic,
           e.kind IN ('ticket_created', 'message_added') AND e.actor <> 'duradesk'
               AND m.author_kind = 'customer' AS by_customer,
           e.kind = 'message_added' AND e.actor <> 'duradesk' AND m.author_kind = 'agent'
               AND m.visibility = 'public' AS by_agent
    FROM tickets t
    JOIN events e ON e.ticket_id = t.id AND e.seq <= coalesce(%(until_seq)s::bigint, t.decided_seq)
    LEFT JOIN messages m ON m.id = e.message_id AND m.withdrawn_at IS NULL
    WHERE t.id = %(ticket_id)s
)
SELECT count(*) FILTER (WHERE by_customer) AS customer_messages,
       count(*) FILTER (WHERE by_agent) AS agent_messages,
       count(*) FILTER (WHERE changes @@ '$[*] ? (@.field == "status").old == "resolved"
                                       || $[*] ? (@.field == "status").old == "closed"'
                          AND NOT changes @@ '$[*] ? (@.field == "status").new == "resolved"
                                           || $[*] ? (@.field == "status").new == "closed"') AS reopened,
       (SELECT jsonb_build_object('seq', seq, 'at', at) FROM told WHERE by_customer ORDER BY seq DESC LIMIT 1)
           AS customer_wrote,
       coalesce((SELECT automatic FROM told WHERE by_customer ORDER BY seq DESC LIMIT 1), false) AS customer_automatic,
       (SELECT jsonb_build_object('seq', seq, 'at', at) FROM told WHERE by_agent ORDER BY seq DESC LIMIT 1)
           AS agent_wrote,
       (SELECT jsonb_build_object('seq', seq, 'at', at) FROM told
        WHERE by_customer AND seq > coalesce((SELECT max(seq) FROM told WHERE by_agent), 0)
        ORDER BY seq LIMIT 1) AS unanswered,
       (SELECT jsonb_build_object('seq', seq, 'at', at) FROM told
        WHERE changes @@ '$[*] ? (@.field == "status").new == "resolved"'
        ORDER BY seq DESC LIMIT 1) AS resolved,
       (SELECT jsonb_build_object('seq', seq, 'at', at) FROM told
        WHERE actor <> 'duradesk' AND NOT kind = ANY(%(not_acts)s)
        ORDER BY seq DESC LIMIT 1) AS last_act
FROM told;

-- read_recent_runs --
-- How often rules have run on a ticket within the last hour.
SELECT rule_id, count(*) AS runs
FROM rule_runs
WHERE ticket_id = %(ticket_id)s AND ran_at > instant() - interval '1 hour'
GROUP BY rule_id
ORDER BY rule_id;

-- list_rule_runs --
-- When each of these rules did something last, and how often within the last 7 days: two looks into an index for each.
-- The clock is read once: read for each row, it could not be looked for in the index.
WITH recent AS MATERIALIZED (SELECT instant() - interval '7 days' AS since)
SELECT asked.rule_id,
       (SELECT max(r.ran_at) FROM rule_runs r WHERE r.rule_id = asked.rule_id) AS last_ran_at,
       (SELECT count(*) FROM rule_runs r
        WHERE r.rule_id = asked.rule_id AND r.ran_at > (SELECT since FROM recent)) AS recent_runs
FROM unnest(%(rule_ids)s::uuid[]) WITH ORDINALITY AS asked (rule_id, place)
ORDER BY asked.place;

-- read_open_cuts --
-- Rules that ran in a circle and that routing may not have paused yet.
SELECT rule_id, rule_version, reason FROM rule_cuts WHERE confirmed_at IS NULL ORDER BY rule_id, rule_version;

-- insert_rule_run --
-- That a rule ran and did something.
INSERT INTO rule_runs (decision_id, number, ticket_id, rule_id, rule_version)
VALUES (%(decision_id)s, %(number)s, %(ticket_id)s, %(rule_id)s, %(rule_version)s);

-- insert_rule_cut --
-- No row when this version was cut before: its keepers are told once.
INSERT INTO rule_cuts (rule_id, rule_version, ticket_id, decision_id, reason)
VALUES (%(rule_id)s, %(rule_version)s, %(ticket_id)s, %(decision_id)s, %(reason)s)
ON CONFLICT DO NOTHING
RETURNING rule_id;

-- confirm_cut --
-- Routing has paused the rule.
UPDATE rule_cuts
SET confirmed_at = instant()
WHERE rule_id = %(rule_id)s AND rule_version = %(rule_version)s AND confirmed_at IS NULL;

-- set_rule_policy --
-- The policy that a rule wants for a ticket.
INSERT INTO rule_policies (ticket_id, policy_id, rule_id)
VALUES (%(ticket_id)s, %(policy_id)s, %(rule_id)s)
ON CONFLICT (ticket_id) DO UPDATE SET policy_id = excluded.policy_id, rule_id = excluded.rule_id;

-- end_rule_policy --
-- What the rule set it for is so no more.
DELETE FROM rule_policies WHERE ticket_id = %(ticket_id)s;

-- was_answered_enough --
-- Whether rules have written to this address as often as they may, on this ticket or on all.
SELECT EXISTS (
    SELECT
    FROM unnest(%(minutes)s::int[], %(of_ticket)s::int[], %(of_all)s::int[]) AS most (minutes, of_ticket, of_all)
    WHERE (SELECT count(*) FILTER (WHERE e.ticket_id = %(ticket_id)s) >= most.of_ticket OR count(*) >= most.of_all
           FROM effects e
           WHERE e.kind = 'rule_reply_mail' AND e.recipient = %(recipient)s AND e.id <> %(effect_id)s
             AND e.state IN ('claimed', 'sending', 'done', 'in_doubt')
             AND e.updated_at > instant() - make_interval(mins => most.minutes))
) AS enough;

-- list_latest_decisions --
-- The latest decisions on tickets that the caller may see, and in which something had happened.
SELECT d.id AS decision_id, d.ticket_id, d.facts, d.routing
FROM decisions d
JOIN tickets t ON t.id = d.ticket_id
WHERE d.facts ? 'events'
  AND (%(only_requester_id)s::uuid IS NULL OR (t.requester_id = %(only_requester_id)s AND t.sender_proven))
  AND (%(only_assignee_id)s::uuid IS NULL OR t.assignee_id = %(only_assignee_id)s)
ORDER BY d.decided_at DESC, d.id
LIMIT %(most)s;
