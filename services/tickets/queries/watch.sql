-- read_position --
-- The present position: what every transaction that has ended by now wrote lies before it.
SELECT pg_current_snapshot()::text AS position;

-- check_position --
-- Whether a position is of this database's past; one of another cluster or of a time that was undone is not.
SELECT pg_snapshot_xmax(%(position)s::pg_snapshot) <= pg_snapshot_xmax(pg_current_snapshot()) AS is_known;

-- read_news --
-- The present position and the events between `after` and it, or `until`, with what decides who may know of them.
-- Rows that another cluster wrote carry numbers of its own, from the future of this one: they are no news.
WITH snapshot AS MATERIALIZED (
    SELECT pg_current_snapshot() AS now
)
SELECT snapshot.now::text AS position, news.*
FROM snapshot
LEFT JOIN LATERAL (
    SELECT e.ticket_id, t.number, e.seq, e.kind, e.actor, e.occurred_at,
           CASE WHEN m.author_id = e.actor THEN m.author_name WHEN c.id::text = e.actor THEN c.name ELSE '' END
               AS actor_name,
           CASE WHEN m.origin_id IS NULL THEN m.visibility ELSE 'internal' END AS visibility, t.requester_id, t.sender_proven, t.assignee_id,
           t.parent_id
    FROM events e
    JOIN tickets t ON t.id = e.ticket_id
    JOIN contacts c ON c.id = t.requester_id
    LEFT JOIN messages m ON m.id = e.message_id
    WHERE e.transaction_id >= pg_snapshot_xmin(%(after)s::pg_snapshot)
      AND e.transaction_id < pg_snapshot_xmax(snapshot.now)
      AND NOT pg_visible_in_snapshot(e.transaction_id, %(after)s::pg_snapshot)
      AND (%(until)s::text IS NULL OR pg_visible_in_snapshot(e.transaction_id, %(until)s::pg_snapshot))
    ORDER BY e.transaction_id
    LIMIT %(most)s
) AS news ON true;
