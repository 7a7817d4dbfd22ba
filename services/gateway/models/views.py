"""What the REST API gives of views and counts."""

from services.gateway.models.base import Out


class ViewOut(Out):
    """A list with a name: its `filter` and `sort` are those of GET /tickets."""

    name: str
    title: str
    filter: str
    sort: str


class CountOut(Out):
    """How many tickets a filter finds; counting ends at 1,000, and `more` says that there are more."""

    filter: str
    count: int
    more: bool
