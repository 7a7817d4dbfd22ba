"""/settings/categories: the tree of what tickets are about, and the team and priority that come with it."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse

from services.domain.categories import Category, CategoryFields
from services.domain.errors import AlreadyExists, Conflict, Invalid, InvalidTransition, NotFound
from services.domain.ticket import Priority
from services.gateway.deps import Behind, Services
from services.gateway.models.base import LARGEST_WHOLE
from services.gateway.web import forms
from services.gateway.web.directory import Directory, directory_of
from services.gateway.web.pages import PageRoute, page
from services.gateway.web.session import needs

CATEGORIES = "/settings/categories"

router = APIRouter(
    prefix=CATEGORIES, route_class=PageRoute, include_in_schema=False, dependencies=[needs("tickets.settings")]
)

Text = Annotated[str, Form(max_length=2000)]
Done = Annotated[str, Query(max_length=20)]


@router.get("")
async def list_categories(request: Request, behind: Behind, done: Done = "") -> Response:
    """The tree, and a form for another category."""
    return await _tree_page(request, behind, forms.Form(), done=done)


@router.post("")
async def create_category(
    request: Request, behind: Behind, name: Text = "", parent_id: Text = "", team_id: Text = "", priority: Text = ""
) -> Response:
    """Make a category."""
    typed = {"name": name, "parent_id": parent_id, "team_id": team_id, "priority": priority}
    try:
        await behind.categories.create_category(CategoryFields(**_read(typed)))
    except (Invalid, AlreadyExists) as error:
        return await _tree_page(request, behind, forms.form_again(typed, error))
    return RedirectResponse(f"{CATEGORIES}?done=made", HTTPStatus.SEE_OTHER)


@router.get("/{category_id}")
async def show_category(request: Request, behind: Behind, category_id: UUID, done: Done = "") -> Response:
    """One category."""
    directory = await directory_of(behind)
    category = _known(category_id, directory)
    return await _category_page(request, category, directory, forms.Form(_values(category)), done=done)


@router.post("/{category_id}")
async def update_category(
    request: Request,
    behind: Behind,
    category_id: UUID,
    name: Text = "",
    parent_id: Text = "",
    team_id: Text = "",
    priority: Text = "",
    version: Annotated[int, Form(ge=0, le=LARGEST_WHOLE)] = 0,
) -> Response:
    """Another name or place; what comes with it from now on."""
    typed = {"name": name, "parent_id": parent_id, "team_id": team_id, "priority": priority}
    return await _update(request, behind, category_id, typed, version=version)


@router.post("/{category_id}/archive")
async def archive_category(
    request: Request, behind: Behind, category_id: UUID, archived: Annotated[bool, Form()] = True
) -> Response:
    """Offer it no more, or again."""
    try:
        await behind.categories.update_category(category_id, {"archived": archived})
    except (InvalidTransition, AlreadyExists) as error:
        directory = await directory_of(behind)
        category = _known(category_id, directory)
        return await _category_page(request, category, directory, forms.Form(_values(category), problem=error.message))
    return RedirectResponse(f"{CATEGORIES}?done={'archived' if archived else 'restored'}", HTTPStatus.SEE_OTHER)


async def _update(
    request: Request, behind: Services, category_id: UUID, typed: Mapping[str, str], *, version: int
) -> Response:
    try:
        await behind.categories.update_category(category_id, _read(typed), expected_version=version)
    except (Invalid, AlreadyExists, Conflict) as error:
        directory = await directory_of(behind)
        form = forms.form_again(typed, error)
        return await _category_page(request, _known(category_id, directory), directory, form)
    return RedirectResponse(f"{CATEGORIES}/{category_id}?done=saved", HTTPStatus.SEE_OTHER)


async def _tree_page(request: Request, behind: Services, form: forms.Form, *, done: str = "") -> Response:
    directory = await directory_of(behind)
    return await page(
        request,
        "desk/categories.html",
        status=_status(form),
        categories=directory.categories.values(),
        directory=directory,
        parents=_parents(directory.categories.values()),
        form=form,
        done=done,
    )


async def _category_page(
    request: Request, category: Category, directory: Directory, form: forms.Form, *, done: str = ""
) -> Response:
    others = (other for other in directory.categories.values() if category.id not in other.path)
    return await page(
        request,
        "desk/category.html",
        status=_status(form),
        category=category,
        directory=directory,
        parents=_parents(others),
        form=form,
        done=done,
    )


def _parents(categories: Iterable[Category]) -> list[str]:
    return [str(category.id) for category in categories if not category.archived]


def _status(form: forms.Form) -> HTTPStatus:
    return HTTPStatus.UNPROCESSABLE_ENTITY if form.wrong or form.problem else HTTPStatus.OK


def _known(category_id: UUID, directory: Directory) -> Category:
    category = directory.categories.get(category_id)
    if category is None:
        raise NotFound("There is no such category.")
    return category


def _values(category: Category) -> dict[str, object]:
    return {name: "" if value is None else value for name, value in asdict(category).items()}


def _read(typed: Mapping[str, str]) -> dict[str, Any]:
    """The fields that a form says; what is not chosen is None."""
    try:
        return {
            "name": typed["name"],
            "parent_id": UUID(typed["parent_id"]) if typed["parent_id"] else None,
            "team_id": UUID(typed["team_id"]) if typed["team_id"] else None,
            "priority": Priority(typed["priority"]) if typed["priority"] else None,
        }
    except ValueError:
        raise Invalid("Choose from the lists.") from None
