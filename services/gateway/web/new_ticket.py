"""/tickets/new: a request that reached somebody outside the desk, by phone or across the counter."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Annotated, Any
from uuid import uuid4

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse

from services.domain.errors import DuradeskError, Invalid
from services.domain.ticket import Channel, NewTicket, Priority
from services.domain.ticket_fields import TicketField, value_of_texts
from services.gateway.deps import Behind
from services.gateway.problems import status_of
from services.gateway.web.changes import tags_of
from services.gateway.web.directory import directory_of
from services.gateway.web.forms import texts_of
from services.gateway.web.pages import PageRoute, page
from services.gateway.web.session import Caller, SignedInPage

router = APIRouter(prefix="/tickets/new", include_in_schema=False, route_class=PageRoute, dependencies=[SignedInPage])

_FIELDS = ("brand", "email", "name", "subject", "body", "priority", "tags", "category", "parent")


@router.get("")
async def show_new_ticket(
    request: Request,
    behind: Behind,
    email: Annotated[str, Query(max_length=254)] = "",
    parent: Annotated[str, Query(max_length=18)] = "",
) -> Response:
    """The empty form, for a customer or as a child of a ticket if the address names one."""
    return await _form(request, behind, {"email": email, "parent": parent})


@router.post("")
async def create_ticket(request: Request, behind: Behind, caller: Caller) -> Response:
    """The ticket; the form with what was typed and what is wrong when it is refused."""
    form = await request.form()
    typed = {name: value for name in _FIELDS if isinstance(value := form.get(name), str)}
    request_id = form.get("request_id")
    fields = [field for field in await behind.ticket_fields.list_ticket_fields() if not field.archived]
    filled = {field.key: value_of_texts(field, texts_of(form, f"field-{field.key}")) for field in fields}
    try:
        parent = await behind.tickets.get_ticket(typed["parent"]) if typed.get("parent") else None
        new = NewTicket(
            subject=typed.get("subject", ""),
            body=typed.get("body", ""),
            requester_email=typed.get("email", ""),
            requester_name=typed.get("name", ""),
            brand=typed.get("brand", ""),
            priority=_priority(typed.get("priority", "")),
            tags=tags_of(typed.get("tags", "")),
            category=typed.get("category", ""),
            custom_fields=_of_brand(typed.get("brand", ""), fields, filled),
            channel=Channel.REST,
            parent_id=parent.id if parent else None,
            uploads=(
                *(handle for handle in form.getlist("uploads") if isinstance(handle, str) and handle),
                *await behind.uploads.keep_all(form.getlist("files"), owner=caller),
            ),
        )
        ticket = await behind.tickets.create_ticket(new, request_id=request_id if isinstance(request_id, str) else "")
    except DuradeskError as error:
        return await _form(request, behind, typed, filled=filled, error=error)
    return RedirectResponse(f"/tickets/{ticket.number}", status_code=303)


async def _form(
    request: Request,
    behind: Behind,
    typed: dict[str, str],
    *,
    filled: Mapping[str, object] | None = None,
    error: DuradeskError | None = None,
) -> Response:
    directory = await directory_of(behind)
    return await page(
        request,
        "desk/new_ticket.html",
        status=status_of(error) if error else HTTPStatus.OK,
        typed=dict.fromkeys(_FIELDS, "") | typed,
        brands=await behind.tickets.list_brands(),
        categories=list(directory.categories.values()),
        directory=directory,
        fields=[field for field in await behind.ticket_fields.list_ticket_fields() if not field.archived],
        filled=filled or {},
        request_id=uuid4().hex,
        problem=error.message if error else "",
        wrong=error.violations if isinstance(error, Invalid) else {},
    )


def _of_brand(brand: str, fields: Sequence[TicketField], filled: Mapping[str, object]) -> dict[str, Any]:
    """What was filled in, without the fields of other brands and without boxes that nobody ticked."""
    keys = {field.key for field in fields if not field.brand_ids or brand in map(str, field.brand_ids)}
    return {key: value for key, value in filled.items() if key in keys and value not in ("", []) and value is not False}


def _priority(text: str) -> Priority | None:
    try:
        return Priority(text) if text else None
    except ValueError:
        raise Invalid("Choose a priority.", violations={"priority": "is none"}) from None
