"""/settings/people: who works here, invitations, roles and teams. To those who may not manage people: no such page."""

import asyncio
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse

from services.domain.account import Invitation, InvitationState
from services.domain.errors import AlreadyExists, DuradeskError, Invalid, InvalidTransition, NotFound
from services.domain.principal import STAFF, Role
from services.domain.team import Team
from services.domain.user import Invitee, User, UserChange
from services.gateway.deps import Behind, Services
from services.gateway.web import forms
from services.gateway.web.pages import PageRoute, page
from services.gateway.web.session import needs

PEOPLE = "/settings/people"

router = APIRouter(prefix=PEOPLE, route_class=PageRoute, include_in_schema=False, dependencies=[needs("users.manage")])

Text = Annotated[str, Form(max_length=2000)]
Done = Annotated[str, Query(max_length=20)]
TeamIds = Annotated[list[UUID] | None, Form()]


@dataclass(frozen=True, slots=True)
class Person:
    """One of the staff with their teams, and the invitation that they have not accepted yet."""

    user: User
    teams: tuple[Team, ...]
    invitation: Invitation | None

    @property
    def state(self) -> str:
        """What the list says of them: active, deactivated, or how far their invitation is."""
        if self.invitation is None:
            return "active" if self.user.active else "deactivated"
        mail = self.invitation.mail_state
        if self.invitation.state is InvitationState.INVITED and mail in ("failed", "in_doubt"):
            return f"mail_{mail}"
        return self.invitation.state.value


@router.get("")
async def list_users(request: Request, behind: Behind, done: Done = "") -> Response:
    """All of the staff."""
    people, _ = await _people(behind)
    return await page(request, "desk/people.html", people=people, done=done)


@router.get("/invite")
async def show_invite(request: Request, behind: Behind) -> Response:
    """The form to invite somebody."""
    return await _invite_page(request, behind, forms.Form({"role": Role.AGENT}))


@router.post("/invite")
async def create_invitation(
    request: Request,
    behind: Behind,
    email: Text = "",
    name: Text = "",
    role: Annotated[Role, Form()] = Role.AGENT,
    team_ids: TeamIds = None,
) -> Response:
    """Invite them by mail, and put them into teams."""
    try:
        user = await behind.invitations.create_invitation(Invitee(email, name, role))
    except (Invalid, AlreadyExists) as error:
        values = {"email": email, "name": name, "role": role, "team_ids": team_ids or []}
        return await _invite_page(request, behind, forms.form_again(values, error))
    for team_id in team_ids or []:
        await behind.routing.add_team_member(team_id, user.id)
    return _to(PEOPLE, "invited")


@router.get("/{user_id}")
async def show_user(request: Request, behind: Behind, user_id: UUID, done: Done = "") -> Response:
    """One person."""
    return await _person_page(request, behind, user_id, done=done)


@router.post("/{user_id}")
async def update_user(
    request: Request,
    behind: Behind,
    user_id: UUID,
    name: Text = "",
    role: Annotated[Role, Form()] = Role.AGENT,
    team_ids: TeamIds = None,
) -> Response:
    """Another name, role, other teams."""
    wanted = set(team_ids or [])
    try:
        await behind.identity.update_user(user_id, UserChange(name=name, role=role))
    except (Invalid, InvalidTransition) as error:
        values = {"name": name, "role": role, "team_ids": wanted}
        return await _person_page(request, behind, user_id, form=forms.form_again(values, error))
    for team in await behind.routing.list_teams():
        if team.id in wanted and user_id not in team.member_ids:
            await behind.routing.add_team_member(team.id, user_id)
        if team.id not in wanted and user_id in team.member_ids:
            await behind.routing.remove_team_member(team.id, user_id)
    return _to(f"{PEOPLE}/{user_id}", "saved")


@router.post("/{user_id}/active")
async def change_active(
    request: Request, behind: Behind, user_id: UUID, active: Annotated[bool, Form()] = False
) -> Response:
    """Deactivate, which ends all their access within seconds, or let them in again."""
    try:
        await behind.identity.update_user(user_id, UserChange(active=active))
    except InvalidTransition as error:
        return await _refused(request, behind, user_id, error)
    return _to(f"{PEOPLE}/{user_id}", "activated" if active else "deactivated")


@router.post("/{user_id}/invitation")
async def renew_invitation(
    request: Request, behind: Behind, user_id: UUID, by_mail: Annotated[bool, Form()] = False
) -> Response:
    """A new link, by mail or, this once, on the page."""
    try:
        url = await behind.invitations.renew_invitation(user_id, by_mail=by_mail)
    except InvalidTransition as error:
        return await _refused(request, behind, user_id, error)
    return _to(f"{PEOPLE}/{user_id}", "invited") if by_mail else await _person_page(request, behind, user_id, url=url)


@router.post("/{user_id}/invitation/withdraw")
async def withdraw_invitation(request: Request, behind: Behind, user_id: UUID) -> Response:
    """Make the link good no more."""
    try:
        await behind.invitations.withdraw_invitation(user_id)
    except InvalidTransition as error:
        return await _refused(request, behind, user_id, error)
    return _to(f"{PEOPLE}/{user_id}", "withdrawn")


async def _people(behind: Services) -> tuple[list[Person], tuple[Team, ...]]:
    users, teams, invitations = await asyncio.gather(
        behind.identity.list_users(), behind.routing.list_teams(), behind.invitations.list_invitations()
    )
    open_ones = {each.user_id: each for each in invitations if each.state is not InvitationState.ACCEPTED}
    people = [
        Person(user, tuple(team for team in teams if user.id in team.member_ids), open_ones.get(user.id))
        for user in users
    ]
    return sorted(people, key=lambda person: (person.user.name.casefold(), person.user.email)), teams


async def _invite_page(request: Request, behind: Services, form: forms.Form) -> Response:
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.wrong or form.problem else HTTPStatus.OK
    teams = await behind.routing.list_teams()
    return await page(request, "desk/invite.html", status=status, form=form, teams=teams)


async def _refused(request: Request, behind: Services, user_id: UUID, error: DuradeskError) -> Response:
    return await _person_page(request, behind, user_id, form=forms.Form(problem=error.message))


async def _person_page(
    request: Request, behind: Services, user_id: UUID, *, form: forms.Form | None = None, done: str = "", url: str = ""
) -> Response:
    people, teams = await _people(behind)
    person = next((each for each in people if each.user.id == user_id and each.user.role in STAFF), None)
    if person is None:
        raise NotFound("There is no such person.")
    now = {"name": person.user.name, "role": person.user.role, "team_ids": [team.id for team in person.teams]}
    shown = forms.Form(now) if form is None else forms.Form({**now, **form.values}, form.wrong, form.problem)
    return await page(
        request,
        "desk/person.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if form else HTTPStatus.OK,
        person=person,
        teams=teams,
        form=shown,
        done=done,
        url=url,
    )


def _to(path: str, done: str) -> Response:
    return RedirectResponse(f"{path}?done={done}", HTTPStatus.SEE_OTHER)
