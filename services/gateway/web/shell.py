"""What surrounds every page of the desk: who is signed in, and the views with how many tickets they have."""

import asyncio
from dataclasses import dataclass
from uuid import UUID

from fastapi import Request

from services.domain.errors import DuradeskError
from services.domain.principal import Principal
from services.domain.views import VIEWS, Count
from services.gateway.deps import Services, services
from services.gateway.filter_names import NameDirectory

# Nobody works through what is done: how much that is, is not told.
_COUNTED = tuple(view for view in VIEWS if view.name != "resolved")


@dataclass(frozen=True, slots=True)
class ViewLink:
    """A view in the sidebar; `count` is text, empty when there is none or nobody knows it."""

    name: str
    count: str
    is_current: bool


@dataclass(frozen=True, slots=True)
class Sent:
    """A reply on the ticket before, which can be taken back for some seconds."""

    number: int
    message_id: UUID


@dataclass(frozen=True, slots=True)
class Shell:
    """`caller` is None and `csrf` empty on pages for people who have not signed in."""

    caller: Principal | None
    csrf: str
    path: str
    views: tuple[ViewLink, ...]
    sent: Sent | None
    is_away: bool = False

    def may(self, permission: str) -> bool:
        """Whether to show what needs this permission; the services check it anyway."""
        return self.caller is not None and self.caller.may(permission)

    def is_at(self, path: str) -> bool:
        """Whether this page is the one at the path, or below it."""
        return self.path == path or self.path.startswith(f"{path}/")


async def shell_of(request: Request, *, view: str) -> Shell:
    """The shell for the one who asks for this page, which belongs to the view."""
    caller: Principal | None = getattr(request.state, "caller", None)
    csrf: str = getattr(request.state, "csrf", "")
    links: tuple[ViewLink, ...] = ()
    is_away = False
    if caller is not None:
        behind = services(request)
        counts, is_away = await asyncio.gather(_counts(behind, caller), _is_away(behind))
        links = tuple(ViewLink(each.name, counts.get(each.name, ""), each.name == view) for each in VIEWS)
    return Shell(caller=caller, csrf=csrf, path=request.url.path, views=links, sent=_sent(request), is_away=is_away)


def _sent(request: Request) -> Sent | None:
    try:
        return Sent(int(request.query_params["sent"]), UUID(request.query_params["message"]))
    except (KeyError, ValueError):
        return None


async def _is_away(behind: Services) -> bool:
    """Whether the caller said that they are away; no when that cannot be told now."""
    try:
        return (await behind.staffing.get_availability()).away
    except DuradeskError:
        return False


async def _counts(behind: Services, caller: Principal) -> dict[str, str]:
    """How many tickets each view has; nothing when that cannot be told now, for a page is more than its numbers."""
    names = NameDirectory(caller, behind.routing, behind.staff_names)
    try:
        filters = await asyncio.gather(*(names.resolve_filter(view.filter) for view in _COUNTED))
        counts = await behind.tickets.count_tickets(filters)
    except DuradeskError:
        return {}
    return {view.name: _told(count) for view, count in zip(_COUNTED, counts, strict=True)}


def _told(count: Count) -> str:
    return f"{count.count:,}+" if count.more else f"{count.count or ''}"
