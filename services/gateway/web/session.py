"""Who uses the pages: the session in a cookie, and the proof that a change comes from a form of ours.

An unsafe request counts only with both: an Origin that is the configured one, and the text that only this session's
pages hold, in the field `csrf` or the header X-CSRF-Token.
"""

from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import Depends, FastAPI, Request, Response
from fastapi.responses import RedirectResponse

from services.common.channel import calling_as
from services.domain.errors import Forbidden, NotFound, Unauthenticated
from services.domain.principal import STAFF, Principal
from services.domain.session import LONGEST_LIFETIME, IssuedSession
from services.gateway.deps import services
from services.gateway.web.realm import Realm, own_path, path_in

SESSION_COOKIE = "duradesk_session"
DEVICE_COOKIE = "duradesk_device"
SIGN_IN = "/sign-in"
_SAFE = frozenset({"GET", "HEAD"})
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
_DEVICE_SECONDS = 365 * 24 * 3600


class SignInNeededError(Exception):
    """The request brings no session that is open."""


def install(app: FastAPI) -> None:
    """Send whoever has no session to where they get one."""
    app.add_exception_handler(SignInNeededError, _to_sign_in)


async def _to_sign_in(request: Request, _error: Exception) -> Response:
    target = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    if request.method not in _SAFE or "HX-Request" in request.headers:
        # What was asked for is no page to come back to: the one that asked is.
        target = path_in(request.headers.get("HX-Current-URL") or request.headers.get("Referer", ""))
    address = f"{SIGN_IN}?next={quote(own_path(target))}"
    if "HX-Request" in request.headers:
        return Response(status_code=HTTPStatus.UNAUTHORIZED, headers={"HX-Redirect": address})
    return RedirectResponse(address, HTTPStatus.SEE_OTHER)


async def check_origin(request: Request) -> None:
    """Forbidden unless the request comes from a page of ours: every browser tells, and a foreign page cannot lie."""
    origins = services(request).realm.origins
    if request.headers.get("Origin", "").lower() not in origins:
        addresses = " or ".join(sorted(origins))
        raise Forbidden(f"This form was not sent from a page of this desk. It is reached at {addresses}.")


async def session_token(request: Request) -> str:
    """The session's secret as the browser brought it; it may be of no session."""
    return request.cookies.get(SESSION_COOKIE, "")


OurForm = Depends(check_origin)
SessionToken = Annotated[str, Depends(session_token)]


async def _caller(request: Request, token: SessionToken) -> AsyncIterator[Principal]:
    behind = services(request)
    try:
        principal = await behind.sessions.authenticate(token)
    except Unauthenticated:
        raise SignInNeededError from None
    if principal.role not in STAFF:
        raise NotFound("There is no such page.")
    if request.method not in _SAFE:
        await check_origin(request)
        if not behind.realm.is_csrf(await _csrf_of(request), session_token=token):
            raise Forbidden("This form is of an older session: go back, load the page again and send it once more.")
    request.state.caller = principal
    request.state.csrf = behind.realm.csrf(token)
    with calling_as(behind.signer.sign(principal)):
        yield principal


Caller = Annotated[Principal, Depends(_caller)]
SignedInPage = Depends(_caller)


def needs(permission: str) -> Any:
    """For the pages of those whose role grants this permission; to others there is no such page."""

    async def check(caller: Caller) -> None:
        if not caller.may(permission):
            raise NotFound("There is no such page.")

    return Depends(check)


async def _csrf_of(request: Request) -> str:
    header = request.headers.get("X-CSRF-Token")
    if header is not None or not request.headers.get("Content-Type", "").startswith(_FORMS):
        return header or ""
    field = (await request.form()).get("csrf")
    return field if isinstance(field, str) else ""


def begin_session(response: Response, issued: IssuedSession, realm: Realm) -> None:
    """Give the browser its session, and the mark that it has signed in."""
    _set(response, SESSION_COOKIE, issued.token, realm, seconds=int(LONGEST_LIFETIME.total_seconds()))
    _set(response, DEVICE_COOKIE, issued.device, realm, seconds=_DEVICE_SECONDS)


def end_session(response: Response, realm: Realm) -> None:
    """Take the session from the browser; the mark stays."""
    _set(response, SESSION_COOKIE, "", realm, seconds=0)


def _set(response: Response, name: str, value: str, realm: Realm, *, seconds: int) -> None:
    response.set_cookie(name, value, max_age=seconds, path="/", secure=realm.is_secure, httponly=True, samesite="lax")
