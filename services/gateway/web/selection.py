"""/tickets/bulk: the same change on many tickets, with its progress, and taken back."""

from datetime import UTC, datetime
from hashlib import sha256
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import AwareDatetime

from services.domain.bulk import BulkAct, TicketChange
from services.domain.calendars.presets import Preset
from services.domain.errors import Invalid
from services.gateway.deps import Behind, Desk
from services.gateway.web.lists import AskedFor
from services.gateway.web.pages import PageRoute, page
from services.gateway.web.session import Caller, SignedInPage
from services.gateway.web.snoozing import brand_hours

router = APIRouter(prefix="/tickets/bulk", include_in_schema=False, route_class=PageRoute, dependencies=[SignedInPage])


@router.post("")
async def change_tickets(
    asked: AskedFor,
    behind: Behind,
    caller: Caller,
    act: Annotated[BulkAct, Form()],
    ticket: Annotated[list[UUID], Form(max_length=1000)] = [],  # noqa: B006 # FastAPI copies it
    assignee: Annotated[str, Form(max_length=40)] = "",
    macro: Annotated[str, Form(max_length=40)] = "",
    preset: Annotated[Preset, Form()] = Preset.TOMORROW,
    seen_at: Annotated[AwareDatetime | None, Form()] = None,
    request_id: Annotated[str, Form(max_length=100)] = "",
) -> Response:
    """Begin the change, and go back to the list, which shows how far it is; `seen_at` is when the presets were told."""
    if not ticket:
        raise Invalid("Select the tickets first.")
    if act is BulkAct.MACRO:
        change = TicketChange(act, macro_id=_macro(macro))
    elif act is BulkAct.SNOOZE:
        change = (await brand_hours(behind)).snooze(preset, now=seen_at or datetime.now(UTC))
    else:
        assigns = act is BulkAct.ASSIGN
        assignee_id = _assignee(caller.subject if assignee == "me" else assignee) if assigns else None
        change = TicketChange(act, assignee_id=assignee_id, keep_team=assigns)
    # A page that one goes back to may ask for another change with the same id.
    wanted = sha256(repr((request_id, act, assignee, preset, macro, ticket)).encode()).hexdigest() if request_id else ""
    job = await behind.desk.change_tickets(change, ticket_ids=ticket, request_id=wanted)
    return RedirectResponse(f"{asked.address}&job={job.id}", HTTPStatus.SEE_OTHER)


@router.get("/{job_id}")
async def get_bulk_job(request: Request, job_id: UUID, asked: AskedFor, desk: Desk) -> Response:
    """How far it is, as a part of the list's page."""
    return await page(request, "desk/job.html", job=await desk.get_bulk_job(job_id), asked=asked)


@router.post("/{job_id}/undo")
async def undo_bulk_job(job_id: UUID, asked: AskedFor, desk: Desk) -> Response:
    """Take it back, as a change of its own: once, however often it is asked for."""
    job = await desk.undo_bulk_job(job_id, request_id=f"undo {job_id}")
    return RedirectResponse(f"{asked.address}&job={job.id}", HTTPStatus.SEE_OTHER)


def _macro(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Invalid("Choose a macro from the list.") from None


def _assignee(text: str) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        raise Invalid("Choose somebody from the list.") from None
