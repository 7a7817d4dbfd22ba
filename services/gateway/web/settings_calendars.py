"""/settings/calendars: when teams work."""

from collections.abc import Mapping
from dataclasses import replace
from http import HTTPStatus
from typing import Annotated
from uuid import UUID
from zoneinfo import available_timezones

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse
from starlette.datastructures import UploadFile

from services.domain.calendars.model import WEEKDAYS, Calendar, WorkingHours
from services.domain.errors import AlreadyExists, Conflict, Invalid, NotFound
from services.gateway.deps import Behind, Services
from services.gateway.web import forms
from services.gateway.web.level_forms import (
    at_fields,
    closed_days_text,
    hours_text,
    read_closed_days,
    read_hours,
    weekly_hours,
    weeks,
)
from services.gateway.web.level_preview import ShownPreview, still_to_see
from services.gateway.web.pages import PageRoute, page
from services.gateway.web.session import needs

CALENDARS = "/settings/calendars"

router = APIRouter(
    prefix=CALENDARS, route_class=PageRoute, include_in_schema=False, dependencies=[needs("service_levels.manage")]
)

_NEW = UUID(int=0)
_OFFERED: Mapping[str, object] = {"name": "Office hours", "time_zone": "UTC"} | {
    day.value: "09:00-17:00" for day in WEEKDAYS[:5]
}
Done = Annotated[str, Query(max_length=20)]
Version = Annotated[int, Form(ge=0)]


@router.get("")
async def list_calendars(request: Request, behind: Behind, done: Done = "") -> Response:
    """All calendars, each in a sentence."""
    calendars = await behind.service_levels.list_calendars()
    return await page(
        request, "desk/calendars.html", calendars=calendars, done=done, weeks=weeks, weekly_hours=weekly_hours
    )


@router.get("/new")
async def show_new_calendar(request: Request) -> Response:
    """The usual office hours, to be changed."""
    return await _calendar_page(request, None, forms.Form(_OFFERED))


@router.post("/new")
async def create_calendar(request: Request, behind: Behind) -> Response:
    """Make a calendar, or only read a file into the form."""
    return await _save(request, behind, None, version=0)


@router.get("/{calendar_id}")
async def show_calendar(request: Request, behind: Behind, calendar_id: UUID, done: Done = "") -> Response:
    """One calendar."""
    calendar = await _calendar(behind, calendar_id)
    return await _calendar_page(request, calendar, forms.Form(_values(calendar)), done=done)


@router.post("/{calendar_id}")
async def update_calendar(request: Request, behind: Behind, calendar_id: UUID, version: Version = 0) -> Response:
    """Change a calendar; clocks that ended stay."""
    return await _save(request, behind, await _calendar(behind, calendar_id), version=version)


@router.post("/{calendar_id}/delete")
async def delete_calendar(request: Request, behind: Behind, calendar_id: UUID) -> Response:
    """Delete a calendar that nothing needs, once one has seen what that moves."""
    calendar = await _calendar(behind, calendar_id)
    try:
        if shown := await still_to_see(behind, calendar, await request.form(), deletes=True):
            return await _calendar_page(request, calendar, forms.Form(_values(calendar)), shown=shown)
        await behind.service_levels.delete_calendar(calendar_id)
    except Invalid as error:
        return await _calendar_page(request, calendar, forms.Form(_values(calendar), problem=error.message))
    return RedirectResponse(f"{CALENDARS}?done=deleted", HTTPStatus.SEE_OTHER)


async def _save(request: Request, behind: Services, calendar: Calendar | None, *, version: int) -> Response:
    sent = await request.form()
    names = ("name", "time_zone", "countries", "closed_days", *WEEKDAYS)
    typed: dict[str, object] = {name: str(sent.get(name, "")) for name in names}
    levels = behind.service_levels
    try:
        if sent.get("do") == "import":
            typed["closed_days"] = await _imported(behind, sent.get("file"), str(typed["closed_days"]))
            return await _calendar_page(request, calendar, forms.Form(typed), done="read")
        told = replace(_read(typed, calendar.id if calendar else _NEW), version=version)
        if shown := await still_to_see(behind, told, sent):
            return await _calendar_page(request, calendar, forms.Form(typed), shown=shown)
        kept = await (levels.update_calendar(told) if calendar else levels.create_calendar(told))
    except (Invalid, AlreadyExists, Conflict) as error:
        again = forms.form_again(typed, at_fields(error, _fields(typed), what="calendar"))
        return await _calendar_page(request, calendar, again)
    return RedirectResponse(f"{CALENDARS}/{kept.id}?done=saved", HTTPStatus.SEE_OTHER)


async def _imported(behind: Services, file: object, typed: str) -> str:
    content = await file.read() if isinstance(file, UploadFile) else b""
    found = await behind.service_levels.import_closed_days(content)
    before = read_closed_days(typed)
    known = {(day.day, day.yearly) for day in before}
    return closed_days_text((*before, *(day for day in found if (day.day, day.yearly) not in known)))


def _read(typed: Mapping[str, object], calendar_id: UUID) -> Calendar:
    wrong: dict[str, str] = {}
    hours: list[WorkingHours] = []
    for day in WEEKDAYS:
        try:
            hours += read_hours(day, str(typed[day]))
        except ValueError as error:
            wrong[day.value] = str(error)
    if wrong:
        raise Invalid("The calendar is not valid.", violations=wrong)
    return Calendar(
        id=calendar_id,
        name=str(typed["name"]).strip(),
        time_zone=str(typed["time_zone"]).strip(),
        hours=tuple(hours),
        countries=tuple(str(typed["countries"]).replace(",", " ").upper().split()),
        closed_days=read_closed_days(str(typed["closed_days"])),
    )


def _fields(typed: Mapping[str, object]) -> dict[str, str]:
    """The form's fields by what the service calls them; an interval belongs to its day."""
    fields = {"hours": "monday", "countries": "countries", "closed_days": "closed_days"}
    index = 0
    for day in WEEKDAYS:
        for _ in [part for part in str(typed[day]).replace(";", ",").split(",") if part.strip()]:
            fields[f"hours[{index}]"] = day.value
            index += 1
    return fields


async def _calendar(behind: Services, calendar_id: UUID) -> Calendar:
    found = await behind.service_levels.list_calendars()
    calendar = next((calendar for calendar in found if calendar.id == calendar_id), None)
    if calendar is None:
        raise NotFound("There is no such calendar.")
    return calendar


async def _calendar_page(
    request: Request,
    calendar: Calendar | None,
    form: forms.Form,
    *,
    done: str = "",
    shown: ShownPreview | None = None,
) -> Response:
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.wrong or form.problem else HTTPStatus.OK
    return await page(
        request,
        "desk/calendar.html",
        status=status,
        calendar=calendar,
        form=form,
        done=done,
        shown=shown,
        days=WEEKDAYS,
        zones=sorted(available_timezones()),
        weeks=weeks,
        weekly_hours=weekly_hours,
    )


def _values(calendar: Calendar) -> dict[str, object]:
    texts: dict[str, object] = {day.value: hours_text(calendar, day) for day in WEEKDAYS}
    return texts | {
        "name": calendar.name,
        "time_zone": calendar.time_zone,
        "countries": ", ".join(calendar.countries),
        "closed_days": closed_days_text(calendar.closed_days),
    }
