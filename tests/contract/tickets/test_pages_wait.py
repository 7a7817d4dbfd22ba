"""Pages of a cascade and of a bulk that meet on the same tickets wait for each other, and none is refused."""

import asyncio
from uuid import UUID

from services.domain.bulk import BulkAct, TicketChange
from tests.contract.tickets.desk import RELAY, Desk
from tests.contract.tickets.families import family_of, newest_cascade, statuses


async def begun_bulk(desk: Desk, change: TicketChange, ticket_ids: list[UUID]) -> UUID:
    return (await (await desk.desk_client()).change_tickets(change, ticket_ids=ticket_ids)).id


async def test_a_parents_cascade_and_a_bulk_of_the_whole_family_do_not_lock_each_other_out(desk: Desk) -> None:
    families, bulks = await desk.family(RELAY), await desk.bulk_client()
    for _ in range(4):
        parent, children = await family_of(desk, 8)
        # The one that is locked first by its place in the family is anywhere in the order of the ids.
        everybody = [parent.id, *(child.id for child in children)]
        await (await desk.client()).resolve_ticket(parent.id)
        cascade = await newest_cascade(desk, parent)
        closing = await begun_bulk(desk, TicketChange(BulkAct.CLOSE), everybody)
        tagging = await begun_bulk(desk, TicketChange(BulkAct.UPDATE, add_tags=("outage",)), everybody)
        leaving = await begun_bulk(desk, TicketChange(BulkAct.REMOVE_PARENT), everybody[1:3])
        await asyncio.gather(
            families.run_cascade_page(cascade.id), *(bulks.run_bulk_page(job) for job in (closing, tagging, leaving))
        )
        assert set(await statuses(desk, parent, *children)) == {"closed"}
