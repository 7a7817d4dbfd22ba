"""What a change of calendars, policies and ladders would do to open tickets: shown before it is published."""

from dataclasses import dataclass
from hashlib import sha256
from uuid import UUID

from starlette.datastructures import FormData

from services.domain.calendars.model import Calendar
from services.domain.clocks.policy import Ladder, Policy
from services.domain.clocks.preview import LevelsPreview
from services.gateway.deps import Services

PUBLISH = "publish"


@dataclass(frozen=True, slots=True)
class ShownPreview:
    """A preview on a page; `seen` names the change that it is of."""

    preview: LevelsPreview
    seen: str


async def still_to_see(
    behind: Services, change: Calendar | Ladder | Policy | UUID, sent: FormData
) -> ShownPreview | None:
    """What somebody has to see before the change is made; None when they have, or when nothing would move.

    Invalid, NotFound, Conflict.
    """
    seen = sha256(repr(change).encode()).hexdigest()
    if sent.get(PUBLISH) == seen:
        return None
    preview = await behind.service_levels.preview_service_levels(change)
    return ShownPreview(preview, seen) if preview.moved or preview.steps else None
