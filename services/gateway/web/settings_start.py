"""/settings: where its first page is."""

from http import HTTPStatus

from fastapi import APIRouter, Response
from fastapi.responses import RedirectResponse

from services.gateway.web.pages import PageRoute
from services.gateway.web.session import needs
from services.gateway.web.settings_people import PEOPLE

router = APIRouter(route_class=PageRoute, include_in_schema=False)


@router.get("/settings", dependencies=[needs("users.manage")])
async def show_settings() -> Response:
    """The people."""
    return RedirectResponse(PEOPLE, HTTPStatus.SEE_OTHER)
