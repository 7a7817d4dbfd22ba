"""/sign-in and /sign-out: plain forms that work without scripts and with password managers."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Cookie, Form, Header, Query, Request, Response
from fastapi.responses import RedirectResponse

from services.domain.errors import ResourceExhausted, Unauthenticated
from services.gateway.deps import Behind, Services, Source
from services.gateway.web.pages import PageRoute, page
from services.gateway.web.realm import own_path
from services.gateway.web.session import (
    DEVICE_COOKIE,
    SIGN_IN,
    OurForm,
    SessionToken,
    SignedInPage,
    begin_session,
    end_session,
)

router = APIRouter(route_class=PageRoute, include_in_schema=False)

Text = Annotated[str, Form(max_length=2000)]


@router.get(SIGN_IN)
async def show_sign_in(
    request: Request,
    behind: Behind,
    token: SessionToken,
    next_path: Annotated[str, Query(alias="next", max_length=2000)] = "/",
) -> Response:
    """The form; who is signed in goes on at once."""
    if await _is_open(behind, token):
        return RedirectResponse(own_path(next_path), HTTPStatus.SEE_OTHER)
    return await page(request, "sign_in.html", email="", next_path=own_path(next_path), problem="")


@router.post(SIGN_IN, dependencies=[OurForm])
async def create_session(
    request: Request,
    behind: Behind,
    source: Source,
    token: SessionToken,
    email: Text = "",
    password: Text = "",
    next_path: Annotated[str, Form(alias="next", max_length=2000)] = "/",
    device: Annotated[str, Cookie(alias=DEVICE_COOKIE)] = "",
    user_agent: Annotated[str, Header()] = "",
) -> Response:
    """Sign in, always with a new session; one that the browser had before ends."""
    try:
        issued = await behind.session_client.create_session(
            email, password, source=source, user_agent=user_agent, device=device
        )
    except (Unauthenticated, ResourceExhausted) as error:
        return await _again(request, error, email=email, next_path=own_path(next_path))
    await _end(behind, token)
    response = RedirectResponse(own_path(next_path), HTTPStatus.SEE_OTHER)
    begin_session(response, issued, behind.realm)
    return response


@router.post("/sign-out", dependencies=[SignedInPage])
async def delete_session(behind: Behind, token: SessionToken) -> Response:
    """Sign out, here and now."""
    await _end(behind, token)
    response = RedirectResponse(SIGN_IN, HTTPStatus.SEE_OTHER)
    end_session(response, behind.realm)
    # Whoever sits here next reads none of the drafts that this browser still has.
    response.headers["Clear-Site-Data"] = '"storage"'
    return response


async def _again(
    request: Request, error: Unauthenticated | ResourceExhausted, *, email: str, next_path: str
) -> Response:
    """The form with what was typed, but for the password."""
    wait = error.metadata.get("retry_after_seconds")
    status = HTTPStatus.TOO_MANY_REQUESTS if wait else HTTPStatus.UNPROCESSABLE_ENTITY
    response = await page(
        request,
        "sign_in.html",
        status=status,
        email=email,
        next_path=next_path,
        problem="wait" if wait else "wrong",
        minutes=(int(wait or 0) + 59) // 60,
    )
    if wait:
        response.headers["Retry-After"] = wait
    return response


async def _is_open(behind: Services, token: str) -> bool:
    try:
        await behind.sessions.authenticate(token)
    except Unauthenticated:
        return False
    return True


async def _end(behind: Services, token: str) -> None:
    if token:
        await behind.session_client.end_session(token)
        behind.sessions.forget(token)
