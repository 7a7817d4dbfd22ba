"""/settings/teams/{id}/routing: how a team gives its tickets to its members."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse
from starlette.datastructures import FormData

from services.domain.calendars.model import Calendar
from services.domain.errors import Conflict, Invalid, NotFound
from services.domain.routing_facts import AssignmentStrategy
from services.domain.staffing import MemberRouting, TeamRouting
from services.domain.team import Team
from services.domain.ticket import TicketStatus
from services.domain.user import User
from services.gateway.deps import Behind, Services
from services.gateway.web import forms
from services.gateway.web.level_forms import at_fields, duration_text, read_duration
from services.gateway.web.pages import PageRoute, page
from services.gateway.web.session import needs
from services.gateway.web.settings_teams import TEAMS

router = APIRouter(
    prefix=f"{TEAMS}/{{team_id}}/routing",
    route_class=PageRoute,
    include_in_schema=False,
    dependencies=[needs("teams.manage")],
)

STRATEGIES = (
    AssignmentStrategy.ROUND_ROBIN,
    AssignmentStrategy.LEAST_LOADED,
    AssignmentStrategy.SKILL_MATCH,
)
COUNTED = tuple(status for status in TicketStatus if not status.is_settled)


@dataclass(frozen=True, slots=True)
class Around:
    """The team, and what its routing may name."""

    team: Team
    others: Sequence[Team]
    members: Sequence[User]
    calendars: Sequence[Calendar]


@router.get("")
async def get_team_routing(
    request: Request, behind: Behind, team_id: UUID, done: Annotated[str, Query(max_length=20)] = ""
) -> Response:
    """The form, as it is now."""
    around, routing = await asyncio.gather(_around(behind, team_id), behind.staffing.get_team_routing(team_id))
    return await _page(request, around, forms.Form(_values(routing)), done=done)


@router.post("")
async def update_team_routing(request: Request, behind: Behind, team_id: UUID) -> Response:
    """Another way from now on."""
    sent = await request.form()
    around = await _around(behind, team_id)
    typed: dict[str, object] = {name: str(value) for name, value in sent.items()}
    typed["counted_statuses"] = {str(status) for status in sent.getlist("counted_statuses")}
    try:
        await behind.staffing.update_team_routing(_read(sent, around))
    except (Invalid, Conflict) as error:
        return await _page(request, around, forms.form_again(typed, at_fields(error, _fields(around), what="team")))
    return RedirectResponse(f"{TEAMS}/{team_id}/routing?done=saved", HTTPStatus.SEE_OTHER)


def _read(sent: FormData, around: Around) -> TeamRouting:
    wrong: dict[str, str] = {}
    overflow_after = read_duration("0")
    if text := str(sent.get("overflow_after", "")).strip():
        try:
            overflow_after = read_duration(text)
        except ValueError as error:
            wrong["overflow_after"] = str(error)
    numbers = {"capacity": 0} | {f"capacity-{member.id}": 0 for member in around.members}
    for name in numbers:
        text = str(sent.get(name, "")).strip() or "0"
        if text.isascii() and text.isdigit() and len(text) <= 6:
            numbers[name] = int(text)
        else:
            wrong[name] = "must be a whole number, or empty"
    if wrong:
        raise Invalid("The form is not valid.", violations=wrong)
    return TeamRouting(
        team_id=around.team.id,
        strategy=_strategy(str(sent.get("strategy", ""))),
        last_assignee_first="last_assignee_first" in sent,
        needs_presence="needs_presence" in sent,
        capacity=numbers["capacity"],
        counted_statuses=tuple(status for status in COUNTED if status.value in sent.getlist("counted_statuses")),
        calendar_id=_id(sent.get("calendar")),
        overflow_team_id=_id(sent.get("overflow_team")),
        overflow_after=overflow_after,
        members=tuple(
            MemberRouting(member.id, numbers[f"capacity-{member.id}"], _id(sent.get(f"calendar-{member.id}")))
            for member in around.members
        ),
        version=int(str(sent.get("version", ""))) if str(sent.get("version", "")).isdecimal() else 0,
    )


def _fields(around: Around) -> dict[str, str]:
    """The form's fields by what the service calls them."""
    members = {f"members[{index}]": f"capacity-{member.id}" for index, member in enumerate(around.members)}
    return members | {"calendar_id": "calendar", "overflow_team_id": "overflow_team"}


def _strategy(text: str) -> AssignmentStrategy:
    try:
        return AssignmentStrategy(text)
    except ValueError:
        raise Invalid("Choose a strategy.", violations={"strategy": "must be one of the list"}) from None


def _id(text: object) -> UUID | None:
    try:
        return UUID(str(text)) if text else None
    except ValueError:
        raise Invalid("Choose something from the list.") from None


async def _around(behind: Services, team_id: UUID) -> Around:
    teams, users, calendars = await asyncio.gather(
        behind.routing.list_teams(), behind.identity.list_users(), behind.service_levels.list_calendars()
    )
    team = next((team for team in teams if team.id == team_id), None)
    if team is None:
        raise NotFound("There is no such team.")
    members = sorted((user for user in users if user.id in team.member_ids), key=lambda user: user.name.casefold())
    return Around(team, [other for other in teams if other.id != team_id], members, calendars)


async def _page(request: Request, around: Around, form: forms.Form, *, done: str = "") -> Response:
    return await page(
        request,
        "desk/team_routing.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if form.wrong or form.problem else HTTPStatus.OK,
        around=around,
        team=around.team,
        form=form,
        done=done,
        strategies=[strategy.value for strategy in STRATEGIES],
        statuses=[status.value for status in COUNTED],
    )


def _values(routing: TeamRouting) -> Mapping[str, object]:
    values: dict[str, object] = {
        "strategy": routing.strategy.value,
        "last_assignee_first": routing.last_assignee_first,
        "needs_presence": routing.needs_presence,
        "capacity": routing.capacity or "",
        "counted_statuses": {status.value for status in routing.counted_statuses},
        "calendar": str(routing.calendar_id or ""),
        "overflow_team": str(routing.overflow_team_id or ""),
        "overflow_after": duration_text(routing.overflow_after) if routing.overflow_after else "",
        "version": routing.version,
    }
    for member in routing.members:
        values[f"capacity-{member.user_id}"] = member.capacity or ""
        values[f"calendar-{member.user_id}"] = str(member.calendar_id or "")
    return values
