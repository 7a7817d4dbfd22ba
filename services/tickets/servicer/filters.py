"""Filters as they come in a request: their text read, and ids put for the names that this service knows."""

from collections.abc import Collection, Sequence
from uuid import UUID

from services.common.auth import current_principal
from services.domain.categories import names_of
from services.domain.conditions.names import ME, fields_with_names, own_ids, resolve_names
from services.domain.conditions.text_form import parse_text
from services.domain.conditions.tree import Condition
from services.domain.errors import Invalid
from services.domain.words import fold
from services.tickets.store import Store

MOST = 20
TREE = frozenset({"category", "category_tree"})


async def read_filters(filters: Sequence[str], store: Store) -> list[Condition]:
    """The conditions of some filters; Invalid tells which is wrong, and where. Only the staff knows things by name."""
    if not 1 <= len(filters) <= MOST:
        problem = f"write 1 to {MOST} filters, not {len(filters)}"
        raise Invalid(f"The filters are not valid: {problem}.", violations={"filters": problem})
    conditions = [parse_text(text, typing=True) for text in filters]
    ids: dict[str, dict[str, tuple[UUID, ...]]] = {}
    principal = current_principal()
    named = frozenset[str]().union(*map(fields_with_names, conditions))
    if principal.may("directory.read"):
        ids |= await _named(named, store)
    if "assignee" in named:
        ids |= {"assignee": {ME: own_ids(principal)}}
    return [resolve_names(condition, ids) for condition in conditions]


async def _named(fields: Collection[str], store: Store) -> dict[str, dict[str, tuple[UUID, ...]]]:
    """What names in these fields stand for."""
    ids: dict[str, dict[str, tuple[UUID, ...]]] = {}
    if "brand" in fields:
        ids["brand"] = {fold(brand.name): (brand.id,) for brand in await store.brands.list_brands()}
    if TREE & set(fields):
        names = names_of(await store.categories.list_categories())
        ids |= dict.fromkeys(TREE, names)
    if "organisation" in fields:
        found = await store.organisations.list_organisations()
        ids["organisation"] = {fold(one.name): (one.id,) for one in found}
    return ids
