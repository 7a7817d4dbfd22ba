"""What belongs to a ticket, as its page shows it: its family, what it was merged into, whose duplicate it is."""

from dataclasses import dataclass

from services.domain.family.model import Family
from services.domain.ticket import Ticket
from services.gateway.deps import Services
from services.gateway.together import together
from services.gateway.web.choosing import seen_ticket

_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Kin:
    """The family with its first children, tickets that may belong to it, the survivor and the original."""

    family: Family
    children: tuple[Ticket, ...]
    relatives: tuple[Ticket, ...]
    survivor: Ticket | None
    original: Ticket | None


async def kin_of(ticket: Ticket, behind: Services) -> Kin:
    """Everything of it that the reader may see."""
    async with together() as group:
        family = group.create_task(behind.families.get_family(ticket.id))
        relatives = group.create_task(behind.families.list_relatives(ticket.id))
        survivor = group.create_task(seen_ticket(ticket.merged_into, behind))
        original = group.create_task(seen_ticket(ticket.duplicate_of, behind))
    children: tuple[Ticket, ...] = ()
    if parent := family.result().parent:
        children, _ = await behind.families.list_children(parent.id, page_size=_SHOWN)
    # Whoever has a parent belongs with its other children, and not with somebody else.
    others = () if ticket.parent_id or ticket.status.is_settled else relatives.result()
    return Kin(family.result(), children, others, survivor.result(), original.result())
