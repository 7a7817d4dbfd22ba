"""/settings/fields: what the desk wants to know of its tickets, brand by brand."""

from collections.abc import Mapping
from dataclasses import asdict
from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse

from services.domain.errors import AlreadyExists, Conflict, Invalid, NotFound
from services.domain.ticket_fields import CHOOSING, FieldKind, TicketField, TicketFieldFields
from services.gateway.deps import Behind, Services
from services.gateway.web import forms
from services.gateway.web.pages import PageRoute, page
from services.gateway.web.session import needs

FIELDS = "/settings/fields"

router = APIRouter(
    prefix=FIELDS, route_class=PageRoute, include_in_schema=False, dependencies=[needs("tickets.settings")]
)

Done = Annotated[str, Query(max_length=20)]
_CHECKS = ("required_to_create", "required_to_resolve", "archived")


@router.get("")
async def list_ticket_fields(request: Request, behind: Behind, done: Done = "") -> Response:
    """All fields."""
    fields, brands = await behind.ticket_fields.list_ticket_fields(), await behind.tickets.list_brands()
    names = {brand.id: brand.name for brand in brands}
    return await page(request, "desk/fields.html", fields=fields, names=names, done=done)


@router.get("/new")
async def show_new_ticket_field(request: Request, behind: Behind) -> Response:
    """The form for another field."""
    return await _field_page(request, behind, None, forms.Form({"kind": "text", "position": 0}))


@router.post("/new")
async def create_ticket_field(request: Request, behind: Behind) -> Response:
    """Make a field."""
    typed = await _typed(request)
    try:
        said = _read(typed) | {"key": str(typed["key"]).strip(), "kind": _kind(str(typed["kind"]))}
        await behind.ticket_fields.create_ticket_field(TicketFieldFields(**said))
    except (Invalid, AlreadyExists) as error:
        return await _field_page(request, behind, None, forms.form_again(typed, error))
    return RedirectResponse(f"{FIELDS}?done=made", HTTPStatus.SEE_OTHER)


@router.get("/{field_id}")
async def show_ticket_field(request: Request, behind: Behind, field_id: UUID, done: Done = "") -> Response:
    """One field."""
    field = await _known(behind, field_id)
    values = asdict(field) | {"choices": "\n".join(field.choices), "brand_ids": list(map(str, field.brand_ids))}
    return await _field_page(request, behind, field, forms.Form(values), done=done)


@router.post("/{field_id}")
async def update_ticket_field(request: Request, behind: Behind, field_id: UUID) -> Response:
    """Other words, choices, brands; archived or not."""
    field, typed = await _known(behind, field_id), await _typed(request)
    try:
        await behind.ticket_fields.update_ticket_field(
            field_id, _read(typed, kind=field.kind), expected_version=_whole(str(typed["version"]), "version")
        )
    except (Invalid, Conflict) as error:
        return await _field_page(request, behind, field, forms.form_again(typed, error))
    return RedirectResponse(f"{FIELDS}/{field_id}?done=saved", HTTPStatus.SEE_OTHER)


async def _field_page(
    request: Request, behind: Services, field: TicketField | None, form: forms.Form, *, done: str = ""
) -> Response:
    return await page(
        request,
        "desk/field.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if form.wrong or form.problem else HTTPStatus.OK,
        field=field,
        brands=await behind.tickets.list_brands(),
        choosing=field is None or field.kind in CHOOSING,
        form=form,
        done=done,
    )


async def _known(behind: Services, field_id: UUID) -> TicketField:
    fields = await behind.ticket_fields.list_ticket_fields()
    field = next((field for field in fields if field.id == field_id), None)
    if field is None:
        raise NotFound("There is no such field.")
    return field


async def _typed(request: Request) -> dict[str, object]:
    form = await request.form()
    names = ("key", "label", "kind", "choices", "position", "version")
    typed: dict[str, object] = {name: value if isinstance(value := form.get(name), str) else "" for name in names}
    typed |= {name: form.get(name) == "on" for name in _CHECKS}
    return typed | {"brand_ids": [value for value in form.getlist("brand_ids") if isinstance(value, str)]}


def _read(typed: Mapping[str, object], *, kind: FieldKind | None = None) -> dict[str, Any]:
    choosing = (kind or str(typed["kind"])) in CHOOSING
    lines = str(typed["choices"]).splitlines() if choosing else []
    brand_ids = typed["brand_ids"]
    assert isinstance(brand_ids, list)
    try:
        brands = tuple(map(UUID, brand_ids))
    except ValueError:
        raise Invalid("Choose from the lists.") from None
    return {
        "label": str(typed["label"]),
        "choices": tuple(line.strip() for line in lines if line.strip()),
        "brand_ids": brands,
        "position": _whole(str(typed["position"]), "position"),
        **{name: typed[name] for name in _CHECKS},
    }


def _kind(text: str) -> FieldKind:
    try:
        return FieldKind(text)
    except ValueError:
        raise Invalid("Choose a kind.", violations={"kind": "is none"}) from None


def _whole(text: str, name: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise Invalid("This is no number.", violations={name: "must be a whole number"})
    return int(text)
