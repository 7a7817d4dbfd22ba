"""REST, a module per resource; each function is named as the rpc it calls."""

from http import HTTPStatus

from services.gateway.problems import documented

PREFIX = "/api/v1"

# The problems that OpenAPI names: of every call that needs a token, of one resource, of a new one, of a change.
COMMON = documented(
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNPROCESSABLE_ENTITY,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.INTERNAL_SERVER_ERROR,
    HTTPStatus.SERVICE_UNAVAILABLE,
)
FOUND = documented(HTTPStatus.NOT_FOUND)
MADE = documented(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT)
CHANGED = documented(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT, HTTPStatus.PRECONDITION_FAILED)
