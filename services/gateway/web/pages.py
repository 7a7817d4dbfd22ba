"""How pages are made: server-rendered, working as plain links and forms, with one stylesheet and nothing inline."""

from http import HTTPStatus
from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import FileResponse, HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined

_HERE = Path(__file__).parent
# What a page may load and do (CSP level 3): its stylesheet, its forms, frames of our own.
_POLICY = (
    "default-src 'none'; style-src 'self'; form-action 'self'; frame-src 'self'; frame-ancestors 'none';"
    " base-uri 'none'"
)

_templates = Environment(
    loader=PackageLoader("services.gateway", "web/templates"), autoescape=True, undefined=StrictUndefined
)

router = APIRouter(include_in_schema=False)


def page(name: str, *, status: HTTPStatus = HTTPStatus.OK, **values: object) -> HTMLResponse:
    """The page that the template makes of the values, every value escaped."""
    html = _templates.get_template(name).render(values)
    return HTMLResponse(html, status_code=status, headers={"Content-Security-Policy": _POLICY})


@router.get("/static/duradesk.css")
async def stylesheet() -> FileResponse:
    """The one stylesheet."""
    return FileResponse(_HERE / "static" / "duradesk.css", headers={"Cache-Control": "public, max-age=300"})
