"""/settings/organisations: the companies that customers write from."""

from http import HTTPStatus
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse

from services.domain.errors import AlreadyExists, Conflict, Invalid
from services.domain.organisations import Organisation, OrganisationFields
from services.gateway.deps import Behind
from services.gateway.models.base import LARGEST_WHOLE
from services.gateway.web import forms
from services.gateway.web.pages import PageRoute, page
from services.gateway.web.session import needs

ORGANISATIONS = "/settings/organisations"

router = APIRouter(
    prefix=ORGANISATIONS, route_class=PageRoute, include_in_schema=False, dependencies=[needs("tickets.settings")]
)

Text = Annotated[str, Form(max_length=20_000)]
Done = Annotated[str, Query(max_length=20)]


@router.get("")
async def list_organisations(request: Request, behind: Behind, done: Done = "") -> Response:
    """All of them."""
    found = await behind.organisations.list_organisations()
    return await page(request, "desk/organisations.html", organisations=found, done=done)


@router.get("/new")
async def show_new_organisation(request: Request) -> Response:
    """The form for another one."""
    return await _organisation_page(request, None, forms.Form())


@router.post("/new")
async def create_organisation(request: Request, behind: Behind, name: Text = "", domains: Text = "") -> Response:
    """Make an organisation."""
    try:
        await behind.organisations.create_organisation(OrganisationFields(name, tuple(domains.split())))
    except (Invalid, AlreadyExists) as error:
        return await _organisation_page(request, None, forms.form_again({"name": name, "domains": domains}, error))
    return RedirectResponse(f"{ORGANISATIONS}?done=made", HTTPStatus.SEE_OTHER)


@router.get("/{organisation_id}")
async def show_organisation(request: Request, behind: Behind, organisation_id: UUID, done: Done = "") -> Response:
    """One of them."""
    found = await behind.organisations.get_organisation(organisation_id)
    form = forms.Form({"name": found.name, "domains": "\n".join(found.domains)})
    return await _organisation_page(request, found, form, done=done)


@router.post("/{organisation_id}")
async def update_organisation(
    request: Request,
    behind: Behind,
    organisation_id: UUID,
    name: Text = "",
    domains: Text = "",
    version: Annotated[int, Form(ge=0, le=LARGEST_WHOLE)] = 0,
) -> Response:
    """Another name, other domains."""
    found = await behind.organisations.get_organisation(organisation_id)
    changes = {"name": name, "domains": tuple(domains.split())}
    try:
        await behind.organisations.update_organisation(organisation_id, changes, expected_version=version)
    except (Invalid, AlreadyExists, Conflict) as error:
        return await _organisation_page(request, found, forms.form_again({"name": name, "domains": domains}, error))
    return RedirectResponse(f"{ORGANISATIONS}/{organisation_id}?done=saved", HTTPStatus.SEE_OTHER)


@router.post("/{organisation_id}/delete")
async def delete_organisation(behind: Behind, organisation_id: UUID) -> Response:
    """No more."""
    await behind.organisations.delete_organisation(organisation_id)
    return RedirectResponse(f"{ORGANISATIONS}?done=deleted", HTTPStatus.SEE_OTHER)


async def _organisation_page(
    request: Request, organisation: Organisation | None, form: forms.Form, *, done: str = ""
) -> Response:
    return await page(
        request,
        "desk/organisation.html",
        status=HTTPStatus.UNPROCESSABLE_ENTITY if form.wrong or form.problem else HTTPStatus.OK,
        organisation=organisation,
        form=form,
        done=done,
    )
