"""Who may be whose parent: two levels, one parent, nobody their own."""

from collections.abc import Sequence

from services.domain.changes import check_not_set_aside
from services.domain.errors import Invalid, InvalidTransition
from services.domain.family.model import MOST_GROUPED
from services.domain.ticket import Ticket, TicketStatus

MOST_NAMED = 5


def check_link(child: Ticket, parent: Ticket, *, back: bool = False) -> bool:
    """Whether there is anything to do to make `child` a child of `parent`; InvalidTransition says why it cannot be.

    `back` puts it where it was before a merge, also when that parent is closed.
    """
    if child.id == parent.id:
        raise _refused("ITS_OWN_PARENT", f"#{child.number} cannot be its own parent: name another ticket.")
    if child.parent_id == parent.id:
        return False
    if child.parent_id is not None:
        raise _refused(
            "HAS_ANOTHER_PARENT", f"#{child.number} has another parent already: take it out of that family first."
        )
    if parent.parent_id is not None:
        raise _refused(
            "PARENT_IS_A_CHILD",
            f"#{parent.number} is a child itself, and families have two levels: link #{child.number} to its parent.",
        )
    if child.children.total:
        raise _refused(
            "CHILD_IS_A_PARENT",
            f"#{child.number} has children of its own, and families have two levels: link those instead.",
        )
    check_not_set_aside(child)
    check_not_set_aside(parent)
    if parent.status is TicketStatus.CLOSED and not back:
        raise _refused("PARENT_IS_CLOSED", f"#{parent.number} is closed: reopen it before it gets children.")
    return True


def check_group(count: int) -> None:
    """Invalid unless so many tickets can be grouped at once."""
    if not 2 <= count <= MOST_GROUPED:
        problem = f"must be 2 to {MOST_GROUPED} different tickets, not {count}"
        raise Invalid(f"The group is not valid: ticket_ids {problem}.", violations={"ticket_ids": problem})


def name_some(numbers: Sequence[int], *, total: int | None = None) -> str:
    """The first tickets by their numbers, and how many more there are: "#3, #4 and 12 more"."""
    named = sorted(numbers)[:MOST_NAMED]
    more = (len(numbers) if total is None else total) - len(named)
    return ", ".join(f"#{number}" for number in named) + (f" and {more:,} more" if more > 0 else "")


def _refused(reason: str, message: str) -> InvalidTransition:
    return InvalidTransition(message, reason=reason)
