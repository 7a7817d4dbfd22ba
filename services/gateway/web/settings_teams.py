"""/settings/teams: departments, who is in them, and which one gets new tickets."""

import asyncio
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse

from services.domain.errors import AlreadyExists, Invalid, NotFound
from services.gateway.deps import Behind, Services
from services.gateway.web import forms
from services.gateway.web.pages import PageRoute, page
from services.gateway.web.session import needs

TEAMS = "/settings/teams"

router = APIRouter(prefix=TEAMS, route_class=PageRoute, include_in_schema=False, dependencies=[needs("teams.manage")])

Text = Annotated[str, Form(max_length=2000)]
Done = Annotated[str, Query(max_length=20)]


@router.get("")
async def list_teams(request: Request, behind: Behind, done: Done = "") -> Response:
    """All teams with their members."""
    return await _list_page(request, behind, forms.Form(), done=done)


@router.post("")
async def create_team(request: Request, behind: Behind, name: Text = "") -> Response:
    """Make a team, and go on to its members."""
    try:
        team = await behind.routing.create_team(name)
    except (Invalid, AlreadyExists) as error:
        return await _list_page(request, behind, forms.form_again({"name": name}, error))
    return _to(f"{TEAMS}/{team.id}", "made")


@router.get("/{team_id}")
async def show_team(request: Request, behind: Behind, team_id: UUID, done: Done = "") -> Response:
    """One team."""
    return await _team_page(request, behind, team_id, done=done)


@router.post("/{team_id}")
async def update_team(
    request: Request,
    behind: Behind,
    team_id: UUID,
    name: Text = "",
    make_default: Annotated[bool, Form()] = False,
    member_ids: Annotated[list[UUID] | None, Form()] = None,
) -> Response:
    """Another name, other members; perhaps the default from now on."""
    wanted = set(member_ids or [])
    try:
        if not name.strip():
            raise Invalid("A team needs a name.", violations={"name": "must have 1 to 100 characters"})
        team = await behind.routing.update_team(team_id, name=name, make_default=make_default)
    except (Invalid, AlreadyExists) as error:
        return await _team_page(
            request, behind, team_id, form=forms.form_again({"name": name, "member_ids": wanted}, error)
        )
    for user_id in wanted - set(team.member_ids):
        await behind.routing.add_team_member(team_id, user_id)
    for user_id in set(team.member_ids) - wanted:
        await behind.routing.remove_team_member(team_id, user_id)
    return _to(f"{TEAMS}/{team_id}", "saved")


async def _list_page(request: Request, behind: Services, form: forms.Form, *, done: str = "") -> Response:
    teams, users = await asyncio.gather(behind.routing.list_teams(), behind.identity.list_users())
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.wrong or form.problem else HTTPStatus.OK
    names = {user.id: user.name for user in users}
    return await page(request, "desk/teams.html", status=status, teams=teams, names=names, form=form, done=done)


async def _team_page(
    request: Request, behind: Services, team_id: UUID, *, form: forms.Form | None = None, done: str = ""
) -> Response:
    teams, users = await asyncio.gather(behind.routing.list_teams(), behind.identity.list_users())
    team = next((team for team in teams if team.id == team_id), None)
    if team is None:
        raise NotFound("There is no such team.")
    return await page(
        request,
        "desk/team.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if form else HTTPStatus.OK,
        team=team,
        people=sorted(users, key=lambda user: user.name.casefold()),
        form=form or forms.Form({"name": team.name, "member_ids": team.member_ids}),
        done=done,
    )


def _to(path: str, done: str) -> Response:
    return RedirectResponse(f"{path}?done={done}", HTTPStatus.SEE_OTHER)
