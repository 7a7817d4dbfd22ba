"""/tickets/{id}/parent, /children, /family and /cascades: tickets that belong together, and settle each other."""

from uuid import UUID

from fastapi import APIRouter, Response

from services.domain.family.model import CascadeAct
from services.domain.ticket import Ticket
from services.gateway.api import CHANGED, FOUND, MADE, PREFIX
from services.gateway.deps import Cursor, Families, Limit, RequestId, SignedIn, TicketId
from services.gateway.models.base import Items, Page
from services.gateway.models.families import (
    CascadeOut,
    FamilyOut,
    FamilyPolicyIn,
    GroupIn,
    ParentIn,
    SettlePreviewOut,
    SettlingAct,
)
from services.gateway.models.tickets import TicketOut

router = APIRouter(prefix=PREFIX, tags=["families"], dependencies=[SignedIn])


@router.put("/tickets/{ticket_id}/parent", responses=CHANGED)
async def set_parent(
    ticket_id: TicketId, new: ParentIn, families: Families, request_id: RequestId, response: Response
) -> TicketOut:
    """Make a ticket the child of another, which settles and reopens neither."""
    return _told(await families.set_parent(ticket_id, new.parent_id, request_id=request_id), response)


@router.delete("/tickets/{ticket_id}/parent", responses=CHANGED)
async def remove_parent(
    ticket_id: TicketId, families: Families, request_id: RequestId, response: Response
) -> TicketOut:
    """Take a ticket out of its family, which settles and reopens neither."""
    return _told(await families.remove_parent(ticket_id, request_id=request_id), response)


@router.post("/families", status_code=201, responses=MADE)
async def group_tickets(new: GroupIn, families: Families, request_id: RequestId, response: Response) -> TicketOut:
    """Make a parent for tickets that belong together, e.g. to one order."""
    ticket = await families.group_tickets(new.ticket_ids, subject=new.subject, request_id=request_id)
    response.headers["Location"] = f"{PREFIX}/tickets/{ticket.id}"
    return _told(ticket, response)


@router.get("/tickets/{ticket_id}/children", responses=FOUND)
async def list_children(
    ticket_id: TicketId, families: Families, cursor: Cursor = "", limit: Limit = 50
) -> Page[TicketOut]:
    """The children of a ticket that you may see, by number."""
    children, following = await families.list_children(ticket_id, page_size=limit, page_token=cursor)
    return Page(items=[TicketOut.model_validate(child) for child in children], next_cursor=following or None)


@router.get("/tickets/{ticket_id}/relatives", responses=FOUND)
async def list_relatives(ticket_id: TicketId, families: Families) -> Items[TicketOut]:
    """Open tickets in no family that may belong with this one: of the same requester, or the same custom `order`."""
    found = await families.list_relatives(ticket_id)
    return Items(items=[TicketOut.model_validate(ticket) for ticket in found])


@router.get("/tickets/{ticket_id}/family", responses=FOUND)
async def get_family(ticket_id: TicketId, families: Families) -> FamilyOut:
    """The family of a ticket, be it the parent or a child, with how far the newest cascade is."""
    return FamilyOut.model_validate(await families.get_family(ticket_id))


@router.put("/tickets/{ticket_id}/family-policy", responses=CHANGED)
async def set_family_policy(ticket_id: TicketId, policy: FamilyPolicyIn, families: Families) -> FamilyOut:
    """Set how this ticket and its children settle each other, unlike others of its brand."""
    return FamilyOut.model_validate(await families.set_family_policy(ticket_id, policy.as_policy()))


@router.get("/tickets/{ticket_id}/settle-preview", responses=FOUND)
async def preview_settle(ticket_id: TicketId, families: Families, act: SettlingAct = "close") -> SettlePreviewOut:
    """What resolving or closing a ticket would do to its children, and how many customers it would tell."""
    return SettlePreviewOut.model_validate(await families.preview_settle(ticket_id, CascadeAct(act)))


@router.get("/cascades/{cascade_id}", responses=FOUND)
async def get_cascade(cascade_id: UUID, families: Families) -> CascadeOut:
    """How far it is, and which children were not changed."""
    return CascadeOut.model_validate(await families.get_cascade(cascade_id))


@router.post("/cascades/{cascade_id}/undo", status_code=202, responses=CHANGED)
async def undo_cascade(cascade_id: UUID, families: Families, response: Response) -> CascadeOut:
    """Reopen the children that nobody has changed since, and the parent if it is still settled by the same act."""
    undo = await families.undo_cascade(cascade_id)
    response.headers["Location"] = f"{PREFIX}/cascades/{undo.id}"
    return CascadeOut.model_validate(undo)


@router.post("/cascades/{cascade_id}/retry", status_code=202, responses=CHANGED)
async def retry_cascade(cascade_id: UUID, families: Families) -> CascadeOut:
    """Have the children that failed tried again."""
    return CascadeOut.model_validate(await families.retry_cascade(cascade_id))


def _told(ticket: Ticket, response: Response) -> TicketOut:
    response.headers["ETag"] = f'"{ticket.version}"'
    return TicketOut.model_validate(ticket)
