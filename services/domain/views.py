"""The views that everybody has: what a desk asks all day, as data."""

from dataclasses import dataclass

from services.domain.ticket import Ticket


@dataclass(frozen=True, slots=True)
class View:
    """A list with a name: `filter` in the text form of conditions, `order_by` as lists take it."""

    name: str
    title: str
    filter: str
    order_by: str


VIEWS = (
    View("mine", "Mine", "is:open snoozed:none assignee:me", "-updated_at"),
    View("unassigned", "Unassigned", "is:open snoozed:none assignee:none", "-priority"),
    View("queued", "In the queue", "is:open snoozed:none assignee:none is:queued", "-priority"),
    View("my_teams", "My teams", "is:open snoozed:none team:mine", "-priority"),
    View("all_open", "All open", "is:open snoozed:none", "-updated_at"),
    View("snoozed", "Snoozed", "is:open is:snoozed", "due"),
    View("waiting", "Waiting", "status:pending,on_hold snoozed:none", "status_since"),
    View("resolved", "Resolved", "status:resolved", "-status_since"),
)


@dataclass(frozen=True, slots=True)
class TicketPage:
    """A page of a list, and the tokens of the pages after it and before it, empty where there is none."""

    tickets: tuple[Ticket, ...]
    following: str
    previous: str


@dataclass(frozen=True, slots=True)
class Count:
    """How many tickets a filter finds; counting ends at 1,000, and `more` says that there are more."""

    count: int
    more: bool
