"""/categories: the tree of what tickets are about."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Body

from services.domain.categories import CategoryFields
from services.gateway.api import CHANGED, MADE, PREFIX
from services.gateway.assignments import check_team
from services.gateway.deps import Categories, RequestId, Routing, SignedIn, require_something
from services.gateway.models.base import Items
from services.gateway.models.categories import CategoryIn, CategoryOut, CategoryPatch

router = APIRouter(prefix=f"{PREFIX}/categories", tags=["categories"], dependencies=[SignedIn])


@router.get("")
async def list_categories(categories: Categories) -> Items[CategoryOut]:
    """The whole tree from its top, also what is archived."""
    return Items(items=[CategoryOut.model_validate(item) for item in await categories.list_categories()])


@router.post("", status_code=201, responses=MADE)
async def create_category(
    new: CategoryIn, categories: Categories, routing: Routing, request_id: RequestId
) -> CategoryOut:
    """Make a category."""
    await check_team(new.team_id, routing)
    fields = CategoryFields(new.name, new.parent_id, new.team_id, new.priority)
    return CategoryOut.model_validate(await categories.create_category(fields, request_id=request_id))


@router.patch("/{category_id}", responses=CHANGED)
async def update_category(
    category_id: UUID,
    patch: Annotated[CategoryPatch, Body()],
    categories: Categories,
    routing: Routing,
) -> CategoryOut:
    """Change, move, archive or restore a category; tickets keep theirs."""
    changes: dict[str, Any] = dict(patch)
    expected_version = changes.pop("version", 0)
    require_something(changes)
    await check_team(changes.get("team_id"), routing)
    category = await categories.update_category(category_id, changes, expected_version=expected_version)
    return CategoryOut.model_validate(category)
