"""/settings/brands: company fronts with their mail addresses, and the times after which things happen by themselves."""

from collections.abc import Mapping
from datetime import timedelta
from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse

from services.domain.errors import AlreadyExists, Conflict, DuradeskError, Invalid, NotFound
from services.domain.family.policy import DownPolicy, UpPolicy
from services.domain.ticket import Brand
from services.gateway.deps import Behind, Services
from services.gateway.models.base import LARGEST_WHOLE
from services.gateway.web import forms
from services.gateway.web.pages import PageRoute, page
from services.gateway.web.session import needs

BRANDS = "/settings/brands"

router = APIRouter(
    prefix=BRANDS, route_class=PageRoute, include_in_schema=False, dependencies=[needs("tickets.settings")]
)

_TIMES = ("idle_remind_after", "idle_resolve_after", "auto_close_after")
# How parents and children settle each other, where a parent has no policy of its own.
_POLICIES: Mapping[str, type[DownPolicy] | type[UpPolicy]] = {"family_down": DownPolicy, "family_up": UpPolicy}
_DAY = timedelta(days=1)
# More than any number of seconds that is right has, and as many as can be carried on to be refused.
_MOST_DIGITS = 9
# What a new brand is offered: a reminder after three days, an end after seven, four days to object to it.
_OFFERED: Mapping[str, object] = {
    "idle_remind_after": 3,
    "idle_resolve_after": 7,
    "auto_close_after": 4,
    "undo_seconds": 5,
    "acknowledge": True,
    "resolved_notice": True,
    "family_down": DownPolicy.CASCADE,
    "family_up": UpPolicy.SETTLE,
}

Text = Annotated[str, Form(max_length=2000)]
Done = Annotated[str, Query(max_length=20)]


@router.get("")
async def list_brands(request: Request, behind: Behind, done: Done = "") -> Response:
    """All brands."""
    return await page(request, "desk/brands.html", brands=await behind.tickets.list_brands(), done=done)


@router.get("/new")
async def show_new_brand(request: Request, behind: Behind) -> Response:
    """The form for another brand."""
    return await _brand_page(request, behind, None, forms.Form(_OFFERED))


@router.post("/new")
async def create_brand(request: Request, behind: Behind) -> Response:
    """Make a brand."""
    typed = await _typed(request)
    try:
        values = _read(typed)
        await behind.tickets.create_brand(values)
    except (Invalid, AlreadyExists) as error:
        return await _brand_page(request, behind, None, forms.form_again(typed, error))
    return RedirectResponse(f"{BRANDS}?done=made", HTTPStatus.SEE_OTHER)


@router.get("/{brand_id}")
async def show_brand(request: Request, behind: Behind, brand_id: UUID, done: Done = "") -> Response:
    """One brand."""
    brand = await _brand(behind, brand_id)
    return await _brand_page(request, behind, brand, forms.Form(_values(brand)), done=done)


@router.post("/{brand_id}")
async def update_brand(
    request: Request, behind: Behind, brand_id: UUID, version: Annotated[int, Form(ge=0, le=LARGEST_WHOLE)] = 0
) -> Response:
    """Change a brand, at once also for tickets that wait already."""
    typed = await _typed(request)
    brand = await _brand(behind, brand_id)
    try:
        values = _read(typed)
        await behind.tickets.update_brand(brand_id, values, expected_version=version)
    except (Invalid, AlreadyExists, Conflict) as error:
        return await _brand_page(request, behind, brand, forms.form_again(typed, _in_words(error)))
    return RedirectResponse(f"{BRANDS}/{brand_id}?done=saved", HTTPStatus.SEE_OTHER)


async def _brand(behind: Services, brand_id: UUID) -> Brand:
    brand = next((brand for brand in await behind.tickets.list_brands() if brand.id == brand_id), None)
    if brand is None:
        raise NotFound("There is no such brand.")
    return brand


async def _brand_page(
    request: Request, behind: Services, brand: Brand | None, form: forms.Form, *, done: str = ""
) -> Response:
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.wrong or form.problem else HTTPStatus.OK
    calendars = await behind.service_levels.list_calendars()
    return await page(request, "desk/brand.html", status=status, brand=brand, form=form, calendars=calendars, done=done)


async def _typed(request: Request) -> dict[str, object]:
    """What the form holds, as typed: a box that is not ticked is not sent."""
    sent = await request.form()
    names = ("name", "address", "undo_seconds", "calendar_id", *_TIMES, *_POLICIES)
    texts: dict[str, object] = {name: str(sent.get(name, "")) for name in names}
    return texts | {name: name in sent for name in ("acknowledge", "resolved_notice")}


def _read(typed: Mapping[str, object]) -> dict[str, Any]:
    """The brand's fields; Invalid for what is no number. An empty time is switched off."""
    wrong: dict[str, str] = {}
    values: dict[str, Any] = dict(typed)
    for name in _TIMES:
        text = str(typed[name]).strip().replace(",", ".")
        try:
            values[name] = timedelta(days=float(text)) if text else None
        except (ValueError, OverflowError):
            wrong[name] = "must be a number of days, for example 3 or 0.5, or empty"
    try:
        values["undo_seconds"] = int(str(typed["undo_seconds"]).strip()[:_MOST_DIGITS] or 0)
    except ValueError:
        wrong["undo_seconds"] = "must be a whole number of seconds"
    for name, policies in _POLICIES.items():
        try:
            values[name] = policies(str(typed[name]))
        except ValueError:
            wrong[name] = "must be one of the list"
    try:
        values["calendar_id"] = UUID(str(typed["calendar_id"])) if typed["calendar_id"] else None
    except ValueError:
        wrong["calendar_id"] = "must be one of the list"
    if wrong:
        raise Invalid("The brand is not valid.", violations=wrong)
    return values


def _values(brand: Brand) -> dict[str, object]:
    days = {name: _days(getattr(brand, name)) for name in _TIMES}
    kept = ("name", "address", "undo_seconds", "acknowledge", "resolved_notice", *_POLICIES)
    days["calendar_id"] = str(brand.calendar_id or "")
    return days | {name: getattr(brand, name) for name in kept}


def _days(wait: timedelta | None) -> str:
    return "" if wait is None else f"{wait / _DAY:g}"


def _in_words(error: DuradeskError) -> DuradeskError:
    if isinstance(error, Conflict):
        return Conflict("Somebody else changed this brand meanwhile. Your values are below; save again to keep them.")
    return error
