"""A large family at once: tickets as they are after their first decision, written straight into the database."""

from collections.abc import Sequence
from typing import Any, LiteralString
from uuid import UUID, uuid4

# Named parameters: parent_id, parent_email, ids, emails; the parent is the first ticket of the database's first brand.
SEED: LiteralString = """
WITH clock AS MATERIALIZED (
    SELECT instant() AS now
), people AS (
    INSERT INTO contacts (email, name)
    SELECT DISTINCT email, 'Cleo' FROM unnest(%(emails)s::text[] || %(parent_email)s::text) AS e (email)
    ON CONFLICT (email) DO UPDATE SET name = contacts.name
    RETURNING id, email
), wanted AS (
    SELECT %(parent_id)s::uuid AS id, %(parent_email)s::text AS email, NULL::uuid AS parent_id, 0 AS place
    UNION ALL
    SELECT id, email, %(parent_id)s::uuid, place
    FROM unnest(%(ids)s::uuid[], %(emails)s::text[]) WITH ORDINALITY AS w (id, email, place)
), made AS (
    INSERT INTO tickets (id, brand_id, channel, subject, status, status_since, status_epoch, priority, type, tags,
                         custom_fields, requester_id, parent_id, version, decided_seq, created_at, updated_at)
    SELECT w.id, (SELECT id FROM brands ORDER BY created_at LIMIT 1), 'mail', 'Late', 'open', now, 1, 'normal',
           '', '{}', '{}', p.id, w.parent_id, 1, 1, now, now
    FROM clock, wanted w
    JOIN people p ON p.email = w.email
    ORDER BY w.place
    RETURNING id, number, brand_id, channel, subject, status, priority, type, tags, custom_fields, requester_id,
              parent_id
)
INSERT INTO events (ticket_id, seq, kind, actor, changes, occurred_at, effective_at)
SELECT id, 1, 'ticket_created', 'seed',
       (SELECT jsonb_agg(jsonb_build_object('field', key, 'old', NULL, 'new', value))
        FROM jsonb_each(to_jsonb(made) - 'id')),
       now, now
FROM made, clock
"""


def seeded(emails: Sequence[str], *, parent_email: str) -> dict[str, Any]:
    """The parameters of a family with a child for each of these customers."""
    ids: list[UUID] = [uuid4() for _ in emails]
    return {"parent_id": uuid4(), "parent_email": parent_email, "ids": ids, "emails": list(emails)}
