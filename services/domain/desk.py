"""What people at their desks see of each other and of the news. Field names are those of desk_service.proto."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from services.domain.errors import Conflict, Invalid
from services.domain.intake import BODY_LENGTH, clean_text
from services.domain.message import Visibility
from services.domain.ticket import EventKind

TAB_LENGTH = 64
# What a customer may know of: an assignment or a failed mail is the staff's affair.
_FOR_CUSTOMERS = frozenset(
    {
        EventKind.TICKET_CREATED,
        EventKind.MESSAGE_ADDED,
        EventKind.MESSAGE_WITHDRAWN,
        EventKind.TICKET_UPDATED,
        EventKind.TICKET_RESOLVED,
        EventKind.TICKET_CLOSED,
        EventKind.TICKET_REOPENED,
    }
)


class PresenceState(StrEnum):
    """What somebody does at a ticket."""

    VIEWING = "viewing"
    WRITING = "writing"
    LEFT = "left"


@dataclass(frozen=True, slots=True)
class Presence:
    """Somebody at a ticket."""

    user_id: str
    name: str
    state: PresenceState


@dataclass(frozen=True, slots=True)
class TicketPresence:
    """Who is at a ticket, without whoever asks."""

    ticket_id: UUID
    people: tuple[Presence, ...]

    def without(self, user_id: str) -> "TicketPresence":
        """The same for this user, who knows about themselves."""
        return TicketPresence(self.ticket_id, tuple(person for person in self.people if person.user_id != user_id))


@dataclass(frozen=True, slots=True)
class TicketChanged:
    """One committed event, without a word of anybody's; `version` is its seq, and its parent's page shows it, too."""

    ticket_id: UUID
    number: int
    version: int
    kind: EventKind
    actor: str
    actor_name: str
    parent_id: UUID | None


@dataclass(frozen=True, slots=True)
class News:
    """What one response of WatchEvents says; after a `reset` everything is to be read anew."""

    position: str
    changed: tuple[TicketChanged, ...] = ()
    presence: TicketPresence | None = None
    reset: bool = False


@dataclass(frozen=True, slots=True)
class Draft:
    """What somebody has typed on a ticket and not sent; version 0 never was, an empty body is none any more."""

    ticket_id: UUID
    visibility: Visibility
    body: str = ""
    version: int = 0
    saved_at: datetime | None = None


def is_for_customers(kind: EventKind, visibility: Visibility | None) -> bool:
    """Whether the ticket's customer may know that this happened; nobody else's note ever."""
    return kind in _FOR_CUSTOMERS and visibility is not Visibility.INTERNAL


def gather(people: Iterable[Presence]) -> tuple[Presence, ...]:
    """Each person once, however many tabs they have: who writes in one of them writes."""
    found: dict[str, Presence] = {}
    for person in people:
        if person.user_id not in found or person.state is PresenceState.WRITING:
            found[person.user_id] = person
    return tuple(sorted(found.values(), key=lambda person: (person.name, person.user_id)))


def check_draft(body: str) -> str:
    """The text as it is kept; Invalid when it is longer than any message."""
    if len(body) > BODY_LENGTH:
        problem = f"must have 0 to {BODY_LENGTH} characters, not {len(body)}"
        raise Invalid(f"The draft is not valid: body {problem}.", violations={"body": problem})
    return clean_text(body)


def check_tab(tab: str) -> None:
    """Invalid unless it may name a tab."""
    if len(tab) > TAB_LENGTH or "\x00" in tab:
        raise Invalid(f"The tab may have {TAB_LENGTH} characters.", violations={"tab": f"at most {TAB_LENGTH}"})


def draft_changed() -> Conflict:
    """Another tab saved, sent or discarded the draft since."""
    return Conflict("The draft was changed in another tab: look at both texts and save again.", reason="DRAFT_CHANGED")
