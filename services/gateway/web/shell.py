"""What surrounds every page of the desk: who is signed in, and the views with how many tickets they have."""

from dataclasses import dataclass

from fastapi import Request

from services.domain.principal import Principal
from services.domain.views import VIEWS


@dataclass(frozen=True, slots=True)
class ViewLink:
    """A view in the sidebar; `count` is text, empty when nobody knows it."""

    name: str
    count: str
    is_current: bool


@dataclass(frozen=True, slots=True)
class Shell:
    """`caller` is None and `csrf` empty on pages for people who have not signed in."""

    caller: Principal | None
    csrf: str
    path: str
    views: tuple[ViewLink, ...]

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
    links = tuple(ViewLink(each.name, "", each.name == view) for each in VIEWS) if caller else ()
    return Shell(caller=caller, csrf=csrf, path=request.url.path, views=links)
