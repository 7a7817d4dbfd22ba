"""/organisations: the companies that customers write from."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Body

from services.domain.organisations import OrganisationFields
from services.gateway.api import CHANGED, FOUND, MADE, PREFIX
from services.gateway.deps import Organisations, RequestId, SignedIn, require_something
from services.gateway.models.base import Items
from services.gateway.models.organisations import OrganisationIn, OrganisationOut, OrganisationPatch

router = APIRouter(prefix=f"{PREFIX}/organisations", tags=["organisations"], dependencies=[SignedIn])


@router.get("")
async def list_organisations(organisations: Organisations) -> Items[OrganisationOut]:
    """All by name."""
    return Items(items=[OrganisationOut.model_validate(one) for one in await organisations.list_organisations()])


@router.get("/{organisation_id}", responses=FOUND)
async def get_organisation(organisation_id: UUID, organisations: Organisations) -> OrganisationOut:
    """One of them."""
    return OrganisationOut.model_validate(await organisations.get_organisation(organisation_id))


@router.post("", status_code=201, responses=MADE)
async def create_organisation(
    new: OrganisationIn, organisations: Organisations, request_id: RequestId
) -> OrganisationOut:
    """Make an organisation; whoever has written from its domains before is of it too."""
    said = OrganisationFields(new.name, new.domains)
    return OrganisationOut.model_validate(await organisations.create_organisation(said, request_id=request_id))


@router.patch("/{organisation_id}", responses=CHANGED)
async def update_organisation(
    organisation_id: UUID, patch: Annotated[OrganisationPatch, Body()], organisations: Organisations
) -> OrganisationOut:
    """Another name, other domains."""
    changes: dict[str, Any] = dict(patch)
    expected_version = changes.pop("version", 0)
    require_something(changes)
    changed = await organisations.update_organisation(organisation_id, changes, expected_version=expected_version)
    return OrganisationOut.model_validate(changed)


@router.delete("/{organisation_id}", status_code=204, responses=FOUND)
async def delete_organisation(organisation_id: UUID, organisations: Organisations) -> None:
    """Delete an organisation; its people are of none then."""
    await organisations.delete_organisation(organisation_id)
