"""Filters as they come in a request: their text read, and ids put for the names that this service knows."""

from collections.abc import Sequence
from uuid import UUID

from services.common.auth import current_principal
from services.domain.conditions.names import ME, fields_with_names, own_ids, resolve_names
from services.domain.conditions.text_form import parse_text
from services.domain.conditions.tree import Condition
from services.domain.errors import Invalid
from services.domain.words import fold
from services.tickets.store.brands import BrandStore

MOST = 20


async def read_filters(filters: Sequence[str], brands: BrandStore) -> list[Condition]:
    """The conditions of some filters; Invalid tells which is wrong, and where. Only the staff knows brands by name."""
    if not 1 <= len(filters) <= MOST:
        problem = f"write 1 to {MOST} filters, not {len(filters)}"
        raise Invalid(f"The filters are not valid: {problem}.", violations={"filters": problem})
    conditions = [parse_text(text, typing=True) for text in filters]
    ids: dict[str, dict[str, tuple[UUID, ...]]] = {}
    principal = current_principal()
    named = frozenset[str]().union(*map(fields_with_names, conditions))
    if "brand" in named and principal.may("directory.read"):
        ids |= {"brand": {fold(brand.name): (brand.id,) for brand in await brands.list_brands()}}
    if "assignee" in named:
        ids |= {"assignee": {ME: own_ids(principal)}}
    return [resolve_names(condition, ids) for condition in conditions]
