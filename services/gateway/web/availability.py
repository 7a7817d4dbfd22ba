"""/availability: the switch between here and away, and /here: who is here, with how much on their desk."""

import asyncio
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from services.domain.errors import Invalid
from services.domain.queue import Load, WaitingTicket
from services.domain.staffing import Availability, TeamAvailability
from services.gateway.deps import Behind, Services
from services.gateway.web import forms
from services.gateway.web.changes import instant_of
from services.gateway.web.directory import Directory, directory_of
from services.gateway.web.pages import PageRoute, page
from services.gateway.web.realm import own_path
from services.gateway.web.session import SignedInPage, needs

router = APIRouter(include_in_schema=False, route_class=PageRoute, dependencies=[SignedInPage])

Text = Annotated[str, Form(max_length=2000)]


@dataclass(frozen=True, slots=True)
class Desk:
    """Somebody of the staff: whether they are here, and what they have of what they may have in each team."""

    name: str
    availability: Availability
    teams: tuple[tuple[str, TeamAvailability, int], ...]

    @property
    def state(self) -> str:
        """What the page says first of them."""
        if self.availability.away:
            return "away"
        return "here" if self.availability.present else "not_seen"


@router.get("/availability")
async def get_availability(request: Request, behind: Behind) -> Response:
    """The caller's own."""
    return await _own_page(request, behind, forms.Form())


@router.post("/availability")
async def set_away(
    request: Request,
    behind: Behind,
    away: Annotated[bool, Form()] = False,
    until: Text = "",
    note: Text = "",
    following: Text = "/availability",
) -> Response:
    """Away, perhaps until an instant in the reader's own zone or in UTC; or back."""
    try:
        await behind.staffing.set_away(away=away, until=instant_of(until) if until and away else None, note=note)
    except Invalid as error:
        return await _own_page(request, behind, forms.form_again({"until": until, "note": note}, error))
    return RedirectResponse(own_path(following), HTTPStatus.SEE_OTHER)


@router.get("/here", dependencies=[needs("availability.read")])
async def list_availability(request: Request, behind: Behind) -> Response:
    """Everybody, and what waits for them."""
    people, loads, waiting, directory = await asyncio.gather(
        behind.staffing.list_availability(),
        behind.queue.list_loads(),
        behind.queue.list_waiting(),
        directory_of(behind),
    )
    desks = sorted((_desk(each, loads, directory) for each in people), key=lambda desk: desk.name.casefold())
    return await page(request, "desk/here.html", desks=desks, queues=_queues(waiting), directory=directory)


@router.post("/here/{user_id}", dependencies=[needs("teams.manage")])
async def set_away_of(behind: Behind, user_id: UUID, away: Annotated[bool, Form()] = False) -> Response:
    """Put somebody away who forgot to, or back."""
    await behind.staffing.set_away(user_id=user_id, away=away)
    return RedirectResponse("/here", HTTPStatus.SEE_OTHER)


async def _own_page(request: Request, behind: Services, form: forms.Form) -> Response:
    mine, directory = await asyncio.gather(behind.staffing.get_availability(), directory_of(behind))
    return await page(
        request,
        "desk/availability.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if form.wrong or form.problem else HTTPStatus.OK,
        mine=mine,
        directory=directory,
        form=form,
    )


def _desk(availability: Availability, loads: tuple[Load, ...], directory: Directory) -> Desk:
    teams = []
    for team in availability.teams:
        counted = (
            load.tickets
            for load in loads
            if load.user_id == availability.user_id and load.status in team.counted_statuses
        )
        teams.append((directory.team(team.team_id), team, sum(counted)))
    return Desk(directory.person(availability.user_id), availability, tuple(teams))


def _queues(waiting: tuple[WaitingTicket, ...]) -> dict[UUID, list[WaitingTicket]]:
    queues: dict[UUID, list[WaitingTicket]] = {}
    for ticket in waiting:
        queues.setdefault(ticket.team_id, []).append(ticket)
    return queues
