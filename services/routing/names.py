"""What there is on the desk now that rules, policies and ladders may name."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from services.domain.conditions.names import fields_with_names, resolve_names
from services.domain.conditions.text_form import format_text, parse_text
from services.domain.errors import Invalid
from services.domain.named import KINDS, Kind, Named, Things, check_named
from services.domain.words import fold
from services.routing.staff import StaffDirectory
from services.routing.store import RoutingStore
from services.tickets.client.categories import CategoriesClient
from services.tickets.client.organisations import OrganisationsClient
from services.tickets.client.ticket_fields import TicketFieldsClient
from services.tickets.client.tickets import TicketsClient


@dataclass(frozen=True, slots=True)
class TicketThings:
    """Who is asked for what tickets have."""

    tickets: TicketsClient
    categories: CategoriesClient
    organisations: OrganisationsClient
    fields: TicketFieldsClient


class KnownNames:
    """Asks anew each time, and only for what is named: somebody or something may have come a second ago."""

    def __init__(self, store: RoutingStore, staff: StaffDirectory, things: TicketThings) -> None:
        self._store = store
        self._staff = staff
        self._things = things

    async def check(self, named: Sequence[Named], *, of: str, kept: Sequence[Named] = ()) -> None:
        """Invalid with each that is not there and the names of those that are; what was `kept` already may be gone."""
        things = await self._read({each.kind for each in named})
        check_named(named, things, of=of, kept=kept)

    async def resolve(self, conditions: str) -> str:
        """The conditions with ids for names; Invalid names those that there are. What cannot be read stays as it is."""
        try:
            condition = parse_text(conditions)
        except Invalid:
            return conditions
        fields = fields_with_names(condition) & KINDS.keys()
        if not fields:
            return conditions
        things = await self._read({KINDS[field] for field in fields})
        try:
            return format_text(resolve_names(condition, {field: _ids(things[KINDS[field]]) for field in fields}))
        except Invalid as error:
            told = "; ".join(error.violations.values())
            raise Invalid(f"The conditions are not valid: {told}.", violations={"conditions": told}) from None

    async def _read(self, kinds: Iterable[Kind]) -> Things:
        found = {kind: await self._list(kind) for kind in kinds}
        return {kind: things for kind, things in found.items() if things is not None}

    async def _list(self, kind: Kind) -> Mapping[str, str] | None:
        match kind:
            case Kind.TEAM:
                return {str(team.id): team.name for team in await self._store.list_teams()}
            case Kind.USER:
                staff = await self._staff.list_staff(anew=True)
                return {str(user.id): user.name for user in staff if user.is_active_staff}
            case Kind.BRAND:
                return {str(brand.id): brand.name for brand in await self._things.tickets.list_brands()}
            case Kind.CATEGORY:
                return {str(each.id): each.name for each in await self._things.categories.list_categories()}
            case Kind.ORGANISATION:
                return {str(each.id): each.name for each in await self._things.organisations.list_organisations()}
        return await self._fields()

    async def _fields(self) -> Mapping[str, str] | None:
        """By key; None where a brand takes whatever it is given."""
        fields = await self._things.fields.list_ticket_fields()
        brands = await self._things.tickets.list_brands()
        if not all(any(field.is_of(brand.id) for field in fields) for brand in brands):
            return None
        return {field.key: field.key for field in fields}


def _ids(things: Mapping[str, str]) -> Mapping[str, Sequence[UUID]]:
    """By folded name, which several may have."""
    found: defaultdict[str, list[UUID]] = defaultdict(list)
    for thing_id, name in things.items():
        found[fold(name)].append(UUID(thing_id))
    return found
