"""/ticket-fields: what a desk wants to know of its tickets."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Body

from services.domain.ticket_fields import TicketFieldFields
from services.gateway.api import CHANGED, MADE, PREFIX
from services.gateway.deps import RequestId, SignedIn, TicketFields, require_something
from services.gateway.models.base import Items
from services.gateway.models.ticket_fields import TicketFieldIn, TicketFieldOut, TicketFieldPatch

router = APIRouter(prefix=f"{PREFIX}/ticket-fields", tags=["ticket fields"], dependencies=[SignedIn])


@router.get("")
async def list_ticket_fields(fields: TicketFields) -> Items[TicketFieldOut]:
    """All fields in their order, also what is archived."""
    return Items(items=[TicketFieldOut.model_validate(field) for field in await fields.list_ticket_fields()])


@router.post("", status_code=201, responses=MADE)
async def create_ticket_field(new: TicketFieldIn, fields: TicketFields, request_id: RequestId) -> TicketFieldOut:
    """Make a field."""
    field = await fields.create_ticket_field(TicketFieldFields(**dict(new)), request_id=request_id)
    return TicketFieldOut.model_validate(field)


@router.patch("/{field_id}", responses=CHANGED)
async def update_ticket_field(
    field_id: UUID, patch: Annotated[TicketFieldPatch, Body()], fields: TicketFields
) -> TicketFieldOut:
    """Change, archive or restore a field; what tickets have of it stays."""
    changes: dict[str, Any] = dict(patch)
    expected_version = changes.pop("version", 0)
    require_something(changes)
    field = await fields.update_ticket_field(field_id, changes, expected_version=expected_version)
    return TicketFieldOut.model_validate(field)
