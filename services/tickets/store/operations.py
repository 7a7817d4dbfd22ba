"""How the desk itself is doing, and what it forgets."""

from services.domain.queues import DeliveryQueue, Queues
from services.tickets.store.events import Connection
from services.tickets.store.statements import QUERIES

# Of one call; the caller comes again.
MOST = 1000


async def get_queues(conn: Connection) -> Queues:
    """The queues at this moment."""
    row = await (await conn.execute(QUERIES["read_queues"])).fetchone()
    assert row is not None
    rows = await (await conn.execute(QUERIES["read_delivery_queues"])).fetchall()
    return Queues(**row, deliveries=tuple(DeliveryQueue(**each) for each in rows))


async def forget_requests(conn: Connection) -> int:
    """Forget request ids that are older than 30 days, the oldest first; how many."""
    return (await conn.execute(QUERIES["forget_requests"], {"most": MOST})).rowcount
