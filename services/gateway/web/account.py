"""/account: one's own name, password, sessions and API tokens."""

import asyncio
from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Cookie, Form, Header, Query, Request, Response
from fastapi.responses import RedirectResponse

from services.domain.errors import Invalid, InvalidTransition, ResourceExhausted
from services.gateway.deps import Behind, Services, Source
from services.gateway.web import forms
from services.gateway.web.pages import PageRoute, page
from services.gateway.web.session import (
    DEVICE_COOKIE,
    SIGN_IN,
    SessionToken,
    SignedInPage,
    begin_session,
    end_session,
)

ACCOUNT = "/account"

router = APIRouter(prefix=ACCOUNT, route_class=PageRoute, include_in_schema=False, dependencies=[SignedInPage])

Text = Annotated[str, Form(max_length=2000)]


@router.get("")
async def show_account(
    request: Request, behind: Behind, token: SessionToken, done: Annotated[str, Query(max_length=20)] = ""
) -> Response:
    """All of it on one page."""
    return await _page(request, behind, token, done=done)


@router.post("/name")
async def update_account(request: Request, behind: Behind, token: SessionToken, name: Text = "") -> Response:
    """Be called something else."""
    try:
        await behind.accounts.update_account(name)
    except Invalid as error:
        return await _page(request, behind, token, name=forms.form_again({"name": name}, error))
    return _done("name")


@router.post("/password")
async def change_password(
    request: Request,
    behind: Behind,
    token: SessionToken,
    source: Source,
    current_password: Text = "",
    new_password: Text = "",
    device: Annotated[str, Cookie(alias=DEVICE_COOKIE)] = "",
    user_agent: Annotated[str, Header()] = "",
) -> Response:
    """Choose another password: this browser goes on with a new session, all others end."""
    try:
        issued = await behind.accounts.change_password(
            current_password, new_password, source=source, user_agent=user_agent, device=device
        )
    except (Invalid, ResourceExhausted) as error:
        return await _page(request, behind, token, password=forms.form_again({}, error))
    behind.sessions.forget(token)
    response = _done("password")
    begin_session(response, issued, behind.realm)
    return response


@router.post("/sessions/end")
async def end_sessions(behind: Behind, token: SessionToken, which: Annotated[str, Form()] = "others") -> Response:
    """Sign out everywhere else, or everywhere."""
    if which != "all":
        await behind.session_client.end_sessions(keep_token=token)
        return _done("sessions")
    await behind.session_client.end_sessions()
    behind.sessions.forget(token)
    response = RedirectResponse(SIGN_IN, HTTPStatus.SEE_OTHER)
    end_session(response, behind.realm)
    return response


@router.post("/tokens")
async def create_api_token(request: Request, behind: Behind, token: SessionToken, name: Text = "") -> Response:
    """An API token, said on this page and never again."""
    try:
        issued = await behind.accounts.create_api_token(name)
    except (Invalid, InvalidTransition) as error:
        return await _page(request, behind, token, api_token=forms.form_again({"name": name}, error))
    return await _page(request, behind, token, issued=issued.token)


@router.post("/tokens/{token_id}/revoke")
async def revoke_api_token(behind: Behind, token_id: UUID) -> Response:
    """End an API token."""
    await behind.accounts.revoke_api_token(token_id)
    return _done("token")


def _done(what: str) -> Response:
    return RedirectResponse(f"{ACCOUNT}?done={what}", HTTPStatus.SEE_OTHER)


async def _page(
    request: Request,
    behind: Services,
    token: str,
    *,
    done: str = "",
    issued: str = "",
    name: forms.Form | None = None,
    password: forms.Form | None = None,
    api_token: forms.Form | None = None,
) -> Response:
    user, sessions, tokens = await asyncio.gather(
        behind.accounts.get_account(),
        behind.session_client.list_sessions(token),
        behind.accounts.list_api_tokens(),
    )
    status = HTTPStatus.UNPROCESSABLE_ENTITY if name or password or api_token else HTTPStatus.OK
    return await page(
        request,
        "desk/account.html",
        status=status,
        user=user,
        sessions=sessions,
        tokens=tokens,
        done=done,
        issued=issued,
        name_form=name or forms.Form({"name": user.name}),
        password_form=password or forms.Form(),
        token_form=api_token or forms.Form(),
    )
