"""/tickets/bulk: the same change on many tickets, with its progress, and taken back."""

from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from services.domain.bulk import BulkAct, TicketChange
from services.domain.errors import Invalid
from services.gateway.assignments import check_assignment
from services.gateway.deps import Desk, Identity, Routing
from services.gateway.web.lists import AskedFor
from services.gateway.web.pages import PageRoute, page
from services.gateway.web.session import Caller, SignedInPage

router = APIRouter(prefix="/tickets/bulk", include_in_schema=False, route_class=PageRoute, dependencies=[SignedInPage])


@router.post("")
async def change_tickets(
    asked: AskedFor,
    desk: Desk,
    identity: Identity,
    routing: Routing,
    caller: Caller,
    act: Annotated[BulkAct, Form()],
    ticket: Annotated[list[UUID], Form(max_length=1000)] = [],  # noqa: B006 # FastAPI copies it
    assignee: Annotated[str, Form(max_length=40)] = "",
    hours: Annotated[int, Form(ge=1, le=24 * 366)] = 24,
) -> Response:
    """Begin the change, and go back to the list, which shows how far it is."""
    if not ticket:
        raise Invalid("Select the tickets first.")
    change = TicketChange(
        act,
        assignee_id=_assignee(caller.subject if assignee == "me" else assignee) if act is BulkAct.ASSIGN else None,
        keep_team=act is BulkAct.ASSIGN,
        snooze_until=datetime.now(UTC) + timedelta(hours=hours) if act is BulkAct.SNOOZE else None,
    )
    await check_assignment(change.assignee_id, change.team_id, identity=identity, routing=routing)
    job = await desk.change_tickets(change, ticket_ids=ticket)
    return RedirectResponse(f"{asked.address}&job={job.id}", HTTPStatus.SEE_OTHER)


@router.get("/{job_id}")
async def get_bulk_job(request: Request, job_id: UUID, asked: AskedFor, desk: Desk) -> Response:
    """How far it is, as a part of the list's page."""
    return await page(request, "desk/job.html", job=await desk.get_bulk_job(job_id), asked=asked)


@router.post("/{job_id}/undo")
async def undo_bulk_job(job_id: UUID, asked: AskedFor, desk: Desk) -> Response:
    """Take it back, as a change of its own."""
    job = await desk.undo_bulk_job(job_id)
    return RedirectResponse(f"{asked.address}&job={job.id}", HTTPStatus.SEE_OTHER)


def _assignee(text: str) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        raise Invalid("Choose somebody from the list.") from None
