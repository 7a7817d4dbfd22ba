"""A family as people see it, cascades through it, and what a decision knows of it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from services.domain.family.policy import Children, DownPolicy, FamilyPolicy, UpPolicy
from services.domain.principal import Role
from services.domain.ticket import Ticket

# Children changed in one transaction.
PAGE = 100
UNDO_WINDOW = timedelta(hours=1)
MOST_GROUPED = 100


class CascadeAct(StrEnum):
    """What a cascade does to the children; to reopen takes another one back."""

    RESOLVE = "resolve"
    CLOSE = "close"
    REOPEN = "reopen"


class CascadeState(StrEnum):
    """How far a cascade is; cancelled when the parent was reopened meanwhile."""

    RUNNING = "running"
    DONE = "done"
    CANCELLED = "cancelled"


class ChildOutcome(StrEnum):
    """What became of one child."""

    DONE = "done"
    SKIPPED = "skipped"
    FAILED = "failed"


class ChildNews(StrEnum):
    """What a child tells its parent."""

    SETTLED = "settled"
    REOPENED = "reopened"


@dataclass(frozen=True, slots=True)
class Settling:
    """How a change settles or reopens a ticket: with whose rights its children follow, and whether customers are told.

    What a cascade does to a child is no news for the parent that it came from.
    """

    role: Role = Role.SERVICE
    silent: bool = False
    in_cascade: bool = False


BY_ITSELF = Settling()


@dataclass(frozen=True, slots=True)
class FamilyNews:
    """Something that a child has to tell its parent; `id` is the row's."""

    id: int
    child_id: UUID
    number: int
    news: ChildNews
    at: datetime


@dataclass(frozen=True, slots=True)
class FamilyFacts:
    """A parent's family as a decision sees it: `resolved` children are not closed."""

    down: DownPolicy
    up: UpPolicy
    total: int
    open: int
    resolved: int
    inbox: tuple[FamilyNews, ...] = ()


@dataclass(frozen=True, slots=True)
class ChildProblem:
    """A child that was not changed, and why."""

    ticket_id: UUID
    number: int
    outcome: ChildOutcome
    reason: str


@dataclass(frozen=True, slots=True)
class Cascade:
    """A cascade and how far it is; `problems` are the first 100 that the reader may see, `hidden` counts the others.

    It can be taken back until `undo_until`, and after that as long as the parent is open.
    """

    id: UUID
    parent_id: UUID
    act: CascadeAct
    state: CascadeState
    actor: str
    undo_of: UUID | None
    total: int
    done: int
    skipped: int
    failed: int
    problems: tuple[ChildProblem, ...]
    hidden: int
    created_at: datetime
    finished_at: datetime | None
    undo_until: datetime | None


@dataclass(frozen=True, slots=True)
class CascadeProgress:
    """Of how many children it is known what became of them."""

    finished: bool
    act: CascadeAct
    handled: int
    total: int


@dataclass(frozen=True, slots=True)
class Family:
    """The family of a ticket: without a parent it has none, or none that the reader may see.

    `hidden` children are those the reader may not see; `reopened` ones are open although the parent is settled.
    """

    parent: Ticket | None
    down: DownPolicy | None
    up: UpPolicy | None
    own: FamilyPolicy
    children: Children
    hidden: int
    reopened: int
    cascade: Cascade | None


@dataclass(frozen=True, slots=True)
class PreviewedChild:
    """What settling the parent would do to one child; without a `reason` nothing keeps it."""

    ticket_id: UUID
    number: int
    settles: bool
    tells: bool
    reason: str


@dataclass(frozen=True, slots=True)
class SettlePreview:
    """What settling a ticket would do to its children; `children` are the first 100 that the reader may see."""

    down: DownPolicy
    act: CascadeAct
    blocked: bool
    settles: int
    skips: int
    tells: int
    hidden: int
    children: tuple[PreviewedChild, ...]
