"""What changing or deleting a calendar, policy or ladder would do to open tickets: shown before it is done."""

from dataclasses import dataclass
from hashlib import sha256

from starlette.datastructures import FormData

from services.domain.calendars.model import Calendar
from services.domain.clocks.policy import Ladder, Policy
from services.domain.clocks.preview import LevelsPreview
from services.gateway.deps import Services

PUBLISH = "publish"


@dataclass(frozen=True, slots=True)
class ShownPreview:
    """A preview on a page; `seen` names the change that it is of, which `deletes` or changes something."""

    preview: LevelsPreview
    seen: str
    deletes: bool


async def still_to_see(
    behind: Services, thing: Calendar | Ladder | Policy, sent: FormData, *, deletes: bool = False
) -> ShownPreview | None:
    """What somebody has to see before the thing is saved so, or deleted; None when they have, or if nothing would move.

    Invalid, NotFound, Conflict.
    """
    seen = sha256(f"{deletes} {thing!r}".encode()).hexdigest()
    if sent.get(PUBLISH) == seen:
        return None
    preview = await behind.service_levels.preview_service_levels(thing.id if deletes else thing)
    return ShownPreview(preview, seen, deletes) if preview.moved or preview.steps else None
