"""The orders in which lists of tickets come; a minus sign turns one round."""

from dataclasses import dataclass
from enum import StrEnum

from services.domain.errors import Invalid


class OrderKey(StrEnum):
    """What a list is sorted by. `relevance` needs words to look for; the first of `due` is what happens next by itself,
    the first of `limit` the one whose clock runs out, or has run out, before the others; then by one kind of clock.
    """

    CREATED = "created_at"
    UPDATED = "updated_at"
    PRIORITY = "priority"
    DUE = "due"
    LIMIT = "limit"
    FIRST_RESPONSE = "first_response"
    NEXT_RESPONSE = "next_response"
    PERIODIC_UPDATE = "periodic_update"
    RESOLUTION = "resolution"
    STATUS_SINCE = "status_since"
    RELEVANCE = "relevance"


# When something happens or is to have happened is told to nobody but the staff.
FOR_STAFF = frozenset(
    {
        OrderKey.DUE,
        OrderKey.LIMIT,
        OrderKey.FIRST_RESPONSE,
        OrderKey.NEXT_RESPONSE,
        OrderKey.PERIODIC_UPDATE,
        OrderKey.RESOLUTION,
    }
)


@dataclass(frozen=True, slots=True)
class Order:
    """`descends` puts the latest, the most urgent, the last due first."""

    key: OrderKey
    descends: bool


ORDERS = (
    *(f"{sign}{key}" for key in OrderKey if key is not OrderKey.RELEVANCE for sign in ("-", "")),
    f"-{OrderKey.RELEVANCE}",
)


def parse_order(text: str) -> Order:
    """The order that a text names; "" is newest first. Raises Invalid naming the orders there are."""
    if (name := text or ORDERS[0]) not in ORDERS:
        problem = f"{text!r} is no order: use one of {', '.join(ORDERS)}"
        raise Invalid(f"The order_by is not valid: {problem}.", violations={"order_by": problem})
    return Order(OrderKey(name.removeprefix("-")), name.startswith("-"))
