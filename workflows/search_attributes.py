"""The search attributes by which operators find tickets in Temporal: their registration, and their values at start."""

from typing import Any

from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest, ListSearchAttributesRequest
from temporalio.client import Client
from temporalio.common import SearchAttributeKey, SearchAttributePair, TypedSearchAttributes

from services.domain.decision import Nudge
from services.domain.errors import Invalid
from workflows.ticket import NEXT_DUE_AT, TICKET_BRAND, TICKET_PRIORITY, TICKET_STATUS, TICKET_TEAM

KEYS: tuple[SearchAttributeKey[Any], ...] = (TICKET_STATUS, TICKET_PRIORITY, TICKET_TEAM, TICKET_BRAND, NEXT_DUE_AT)


async def register_search_attributes(client: Client) -> None:
    """Make the search attributes known to the namespace; as often as one likes.

    Raises Invalid when a name is taken with another type, which the server itself would accept in silence, and RPCError
    when Temporal does not answer.
    """
    operator = client.operator_service
    answer = await operator.list_search_attributes(ListSearchAttributesRequest(namespace=client.namespace), retry=True)
    wanted = {key.name: int(key.indexed_value_type) for key in KEYS}
    for name in wanted.keys() & answer.custom_attributes.keys():
        if answer.custom_attributes[name] != wanted[name]:
            raise Invalid(
                f"Temporal's namespace {client.namespace} has a search attribute {name} of another type:"
                " remove it there, or give Duradesk a namespace of its own."
            )
    missing: Any = {name: kind for name, kind in wanted.items() if name not in answer.custom_attributes}
    if missing:
        request = AddSearchAttributesRequest(namespace=client.namespace, search_attributes=missing)
        await operator.add_search_attributes(request, retry=True)


def attributes_of(nudge: Nudge) -> TypedSearchAttributes:
    """What a workflow is started with; the team is known after its first step."""
    pairs: list[SearchAttributePair[Any]] = [
        SearchAttributePair(TICKET_STATUS, nudge.status.value),
        SearchAttributePair(TICKET_PRIORITY, nudge.priority.value),
        SearchAttributePair(TICKET_BRAND, nudge.brand_name),
    ]
    if nudge.next_due_at is not None:
        pairs.append(SearchAttributePair(NEXT_DUE_AT, nudge.next_due_at))
    return TypedSearchAttributes(pairs)
