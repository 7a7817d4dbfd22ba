"""The orders in which lists of tickets come; a minus sign turns one round."""

from dataclasses import dataclass
from enum import StrEnum

from services.domain.errors import Invalid


class OrderKey(StrEnum):
    """What a list is sorted by. `relevance` needs words to look for; the first of `due` is what is due next."""

    CREATED = "created_at"
    UPDATED = "updated_at"
    PRIORITY = "priority"
    DUE = "due"
    STATUS_SINCE = "status_since"
    RELEVANCE = "relevance"


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
