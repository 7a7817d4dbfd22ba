"""How the desk itself is doing, and what it forgets."""

from services.domain.queues import DeliveryQueue, DueQueue, QuarantineQueue, Queues
from services.tickets.store.events import Connection
from services.tickets.store.outbox import PARKED_ATTEMPTS
from services.tickets.store.statements import QUERIES

# Of one call; the caller comes again.
MOST = 1000


async def get_queues(conn: Connection) -> Queues:
    """The queues at this moment."""
    row = await (await conn.execute(QUERIES["read_queues"], {"parked_attempts": PARKED_ATTEMPTS})).fetchone()
    assert row is not None
    deliveries = await (await conn.execute(QUERIES["read_delivery_queues"])).fetchall()
    dues = await (await conn.execute(QUERIES["read_due_queues"])).fetchall()
    quarantine = await (await conn.execute(QUERIES["read_quarantine_queues"])).fetchall()
    return Queues(
        **row,
        deliveries=tuple(DeliveryQueue(**each) for each in deliveries),
        dues=tuple(DueQueue(**each) for each in dues),
        quarantine=tuple(QuarantineQueue(**each) for each in quarantine),
    )


async def forget_requests(conn: Connection) -> int:
    """Forget request ids that are older than 30 days, the oldest first; how many."""
    return (await conn.execute(QUERIES["forget_requests"], {"most": MOST})).rowcount
