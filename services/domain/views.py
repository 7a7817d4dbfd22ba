"""The views that everybody has: a name and the filter that finds its tickets."""

from dataclasses import dataclass

_WORKED_ON = "status:new,open,pending,on_hold"


@dataclass(frozen=True, slots=True)
class View:
    """A list of tickets by name."""

    name: str
    filter: str


VIEWS = (
    View("mine", f"{_WORKED_ON} assignee:me"),
    View("unassigned", f"{_WORKED_ON} assignee:none"),
    View("all_open", _WORKED_ON),
    View("waiting", "status:pending,on_hold"),
    View("resolved", "status:resolved,closed"),
)
