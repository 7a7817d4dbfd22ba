"""What crosses the border of a workflow: small, frozen, and free of anything a customer wrote or is known by.

A changed field must be readable from the histories of earlier releases: add with a default, never rename.
"""

from dataclasses import dataclass
from datetime import datetime

TICKETS_QUEUE = "tickets"
DELIVER_QUEUE = "deliver"

# A smaller key goes first when tasks wait for a worker.
PRIORITY_KEYS = {"urgent": 1, "high": 2, "normal": 3, "low": 4}


def workflow_id(ticket_id: object) -> str:
    """The id of a ticket's workflow."""
    return f"ticket/{ticket_id}"


def account_mail_id(mail_id: object) -> str:
    """The id of the workflow of an account's mail."""
    return f"account-mail/{mail_id}"


def bulk_workflow_id(job_id: object) -> str:
    """The id of a bulk's workflow."""
    return f"bulk/{job_id}"


@dataclass(frozen=True, slots=True)
class AccountMailInput:
    """Which mail the workflow sees to its end."""

    mail_id: str


@dataclass(frozen=True, slots=True)
class TicketInput:
    """Which ticket the workflow waits on.

    Runs that `decides_in_step` answer a look within a step of their own. Those that an earlier release began go on
    with an activity for it, as their histories say.
    """

    ticket_id: str
    decides_in_step: bool = False


@dataclass(frozen=True, slots=True)
class AdvanceResult:
    """What `advance` found or made: the plan to wait on, and labels for operators.

    `due_in_seconds` counts from the answer by the database's clock; it is None when nothing is due. `finished` means
    that nothing will follow by itself any more. The parent's workflow is told that there is news of this ticket;
    a cascade is carried out page by page.
    """

    finished: bool
    number: int = 0
    channel: str = ""
    brand: str = ""
    status: str = ""
    priority: str = ""
    team: str = ""
    next_due_at: datetime | None = None
    due_in_seconds: float | None = None
    next_due_reason: str = ""
    open_effects: tuple[str, ...] = ()
    more: bool = False
    parent_to_tell: str = ""
    cascade_id: str = ""


@dataclass(frozen=True, slots=True)
class BulkInput:
    """Which bulk the workflow conducts."""

    job_id: str


@dataclass(frozen=True, slots=True)
class BulkPageResult:
    """Of how many tickets it is known what became of them, and whether that is all."""

    finished: bool
    handled: int = 0
    total: int = 0


@dataclass(frozen=True, slots=True)
class CascadePageResult:
    """Of how many children it is known what became of them, in words too, and whether that is all."""

    finished: bool
    handled: int = 0
    total: int = 0
    progress: str = ""
