"""How pages are made: server-rendered, working as plain links and forms, with one stylesheet and nothing inline."""

import gzip
from collections.abc import Callable, Coroutine
from http import HTTPStatus
from typing import Any

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse
from fastapi.routing import APIRoute
from jinja2 import Environment, PackageLoader, StrictUndefined

from services.domain.errors import DuradeskError, Invalid
from services.gateway.problems import status_of
from services.gateway.web.assets import STYLESHEET, accepts_gzip, assets
from services.gateway.web.lists import Asked
from services.gateway.web.shapes import FILTERS
from services.gateway.web.shell import shell_of

# What a page may load and do (CSP level 3): our stylesheet, forms, frames; in the desk scripts and pictures too, these
# also as part of a mail's own HTML.
_POLICY = (
    "default-src 'none'; style-src 'self'; form-action 'self'; frame-src 'self'; frame-ancestors 'none';"
    " base-uri 'none'"
)
_PUBLIC_POLICY = _POLICY + "; img-src 'self'"
_DESK_POLICY = _POLICY + "; script-src 'self'; connect-src 'self'; img-src 'self' data:"
_DESK = "desk/"

_templates = Environment(
    loader=PackageLoader("services.gateway", "web/templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    extensions=["jinja2.ext.i18n"],
)
# English is the source of all languages, and the only one yet: locale/messages.pot holds every text.
_templates.install_null_translations(newstyle=True)  # type: ignore[attr-defined] # of the extension
_templates.filters |= FILTERS
_templates.globals |= {"asset": lambda name: assets().url(name), "stylesheet": STYLESHEET}


async def page(request: Request, name: str, *, status: HTTPStatus = HTTPStatus.OK, **values: object) -> HTMLResponse:
    """The page that the template makes of the values, every value escaped; one in desk/ with what surrounds it.

    A value `asked` says which list of tickets the page is about.
    """
    policy = _PUBLIC_POLICY
    if name.startswith(_DESK):
        policy = _DESK_POLICY
        asked = values.get("asked")
        view = asked.view if isinstance(asked, Asked) and asked.named else ""
        values["shell"] = await shell_of(request, view=view)
    html = _templates.get_template(name).render(values).encode()
    headers = {"Content-Security-Policy": policy, "Vary": "Accept-Encoding"}
    if accepts_gzip(request):
        # Secrets on a page are masked anew each time, so its length tells nothing about them (BREACH).
        html = gzip.compress(html, 5)
        headers["Content-Encoding"] = "gzip"
    return HTMLResponse(html, status_code=status, headers=headers)


class PageRoute(APIRoute):
    """A route whose errors are pages too."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler, with its errors caught."""
        handle = super().get_route_handler()

        async def handled(request: Request) -> Response:
            try:
                return await handle(request)
            except RequestValidationError:
                return await error_page(request, Invalid("This address or form is not valid: go back and try again."))
            except DuradeskError as error:
                return await error_page(request, error)
            finally:
                # The files of a form.
                await request.close()

        return handled


async def error_page(request: Request, error: DuradeskError) -> HTMLResponse:
    """What went wrong, in words."""
    return await page(request, "desk/error.html", status=status_of(error), error=error)
