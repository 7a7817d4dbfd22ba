"""/brands: company fronts, their addresses and times."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Body

from services.gateway.api import CHANGED, MADE, PREFIX
from services.gateway.deps import RequestId, SignedIn, Tickets, require_something
from services.gateway.models.base import Items
from services.gateway.models.brands import BrandIn, BrandOut, BrandPatch

router = APIRouter(prefix=f"{PREFIX}/brands", tags=["brands"], dependencies=[SignedIn])


@router.get("")
async def list_brands(tickets: Tickets) -> Items[BrandOut]:
    """All brands."""
    return Items(items=[BrandOut.model_validate(brand) for brand in await tickets.list_brands()])


@router.post("", status_code=201, responses=MADE)
async def create_brand(new: BrandIn, tickets: Tickets, request_id: RequestId) -> BrandOut:
    """Make a brand."""
    return BrandOut.model_validate(await tickets.create_brand(dict(new), request_id=request_id))


@router.patch("/{brand_id}", responses=CHANGED)
async def update_brand(brand_id: UUID, patch: Annotated[BrandPatch, Body()], tickets: Tickets) -> BrandOut:
    """Change a brand, at once also for tickets that wait already."""
    changes: dict[str, Any] = dict(patch)
    expected_version = changes.pop("version", 0)
    require_something(changes)
    return BrandOut.model_validate(await tickets.update_brand(brand_id, changes, expected_version=expected_version))
