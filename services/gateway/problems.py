"""Errors as problem details (RFC 9457): one table from class to status, and nothing told that is not for callers."""

import errno
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict
from starlette.exceptions import HTTPException
from starlette.routing import compile_path

from services.domain.errors import (
    AlreadyExists,
    Conflict,
    DuradeskError,
    Forbidden,
    Invalid,
    InvalidTransition,
    NotFound,
    ResourceExhausted,
    Unauthenticated,
    Unavailable,
)

log = structlog.get_logger()

MEDIA_TYPE = "application/problem+json"

STATUSES: dict[type[DuradeskError], HTTPStatus] = {
    NotFound: HTTPStatus.NOT_FOUND,
    Invalid: HTTPStatus.UNPROCESSABLE_ENTITY,
    InvalidTransition: HTTPStatus.CONFLICT,
    AlreadyExists: HTTPStatus.CONFLICT,
    Conflict: HTTPStatus.CONFLICT,
    Unauthenticated: HTTPStatus.UNAUTHORIZED,
    Forbidden: HTTPStatus.FORBIDDEN,
    ResourceExhausted: HTTPStatus.TOO_MANY_REQUESTS,
    Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
    DuradeskError: HTTPStatus.INTERNAL_SERVER_ERROR,
}
# An idempotency key that comes with another body is the request's own mistake, not the resource's state.
_REASONS = {"REQUEST_ID_USED": HTTPStatus.UNPROCESSABLE_ENTITY}
# The header fields that a status must or should bring (RFC 9110, 11.6.1 and 10.2.3).
_HEADERS: dict[HTTPStatus, dict[str, str]] = {
    HTTPStatus.UNAUTHORIZED: {"WWW-Authenticate": 'Bearer realm="Duradesk"'},
    HTTPStatus.TOO_MANY_REQUESTS: {"Retry-After": "60"},
    HTTPStatus.SERVICE_UNAVAILABLE: {"Retry-After": "2"},
}
_FULL = frozenset({errno.ENOSPC, errno.EFBIG, errno.EDQUOT})
# What callers of this API name differently than the services do.
_FIELDS = {
    "order_by": "sort",
    "page_size": "limit",
    "page_token": "cursor",
    "request_id": "Idempotency-Key",
    "expected_version": "version",
}


class Violation(BaseModel):
    """One field that breaks a rule, and what would be right there."""

    field: str
    message: str


class Problem(BaseModel):
    """Why a request was not served. `reason` is a stable code for machines, `detail` is for people."""

    model_config = ConfigDict(extra="forbid")

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    reason: str
    violations: list[Violation] = []
    request_id: str = ""


def problem_response(
    status: HTTPStatus,
    detail: str,
    *,
    reason: str,
    violations: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """The answer that tells of a problem."""
    problem = Problem(
        title=status.phrase,
        status=status,
        detail=detail,
        reason=reason,
        violations=[Violation(field=field, message=message) for field, message in (violations or {}).items()],
        request_id=structlog.contextvars.get_contextvars().get("request_id", ""),
    )
    return JSONResponse(
        problem.model_dump(), status, headers={**_HEADERS.get(status, {}), **(headers or {})}, media_type=MEDIA_TYPE
    )


def status_of(error: DuradeskError) -> HTTPStatus:
    """The HTTP status of the error's class, or of its reason where that says more."""
    return _REASONS.get(error.reason) or next(STATUSES[kind] for kind in type(error).__mro__ if kind in STATUSES)


def documented(*statuses: HTTPStatus) -> dict[int | str, dict[str, Any]]:
    """For OpenAPI: these statuses bring a problem."""
    return {int(status): {"model": Problem, "description": status.phrase} for status in statuses}


def install(app: FastAPI) -> None:
    """Make the application answer every foreseen error with a problem."""
    app.add_exception_handler(DuradeskError, _domain_error)
    app.add_exception_handler(RequestValidationError, _invalid_request)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(OSError, _no_room)


async def _no_room(request: Request, error: Exception) -> JSONResponse:
    """A file on its way in is spooled to the disk; what else may fail in the system is nothing that we foresee."""
    if not isinstance(error, OSError) or error.errno not in _FULL:
        raise error
    log.error("http.no_room", error=errno.errorcode[error.errno])
    return await _domain_error(request, Unavailable("There is no room for the file just now: try again later."))


async def _domain_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, DuradeskError)
    status = status_of(error)
    if isinstance(error, Conflict) and "if-match" in request.headers:
        status = HTTPStatus.PRECONDITION_FAILED
    violations = error.violations if isinstance(error, Invalid) else {}
    named = {_FIELDS.get(field, field): message for field, message in violations.items()}
    detail = error.message
    for field in violations.keys() & _FIELDS.keys():
        detail = detail.replace(field, _FIELDS[field])
    wait = error.metadata.get("retry_after_seconds")
    headers = {"Retry-After": wait} if wait else None
    return problem_response(status, detail, reason=error.reason, violations=named, headers=headers)


async def _invalid_request(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    violations: dict[str, str] = {}
    for problem in error.errors():
        violations.setdefault(_path(problem["loc"]), problem["msg"].removeprefix("Value error, "))
    told = "; ".join(f"{field}: {message}" for field, message in violations.items())
    return problem_response(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        f"The request is not valid: {told}.",
        reason=Invalid.reason,
        violations=violations,
    )


async def _http_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    status = HTTPStatus(error.status_code)
    headers = dict(error.headers or {})
    if status is HTTPStatus.METHOD_NOT_ALLOWED:
        # The router names the methods of the first route it tried only.
        headers["Allow"] = ", ".join(_methods_of(request))
    return problem_response(status, str(error.detail), reason=status.name, headers=headers)


def _methods_of(request: Request) -> list[str]:
    paths = request.app.openapi()["paths"]
    found = (item for template, item in paths.items() if compile_path(template)[0].match(request.url.path))
    return sorted({method.upper() for item in found for method in item})


def _path(location: Sequence[int | str]) -> str:
    """`requester.email` for ("body", "requester", "email"); `body` when the body itself is at fault."""
    source, *rest = location
    if source == "body" and rest and isinstance(rest[0], int):
        return "body"
    return ".".join(str(part) for part in rest) or str(source)
