"""One reply to all children of a ticket, each in its own thread: what goes to whom. Pure."""

import re
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.domain.bulk import BulkState
from services.domain.errors import Invalid, InvalidTransition
from services.domain.family.model import ChildProblem
from services.domain.intake import BODY_LENGTH, clean_text
from services.domain.ticket import Ticket, TicketStatus

PLACEHOLDERS = ("name", "number", "subject")
TOLD_ELSEWHERE = "its customer has it on another ticket of the family"
_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")


@dataclass(frozen=True, slots=True)
class Broadcast:
    """A reply to all children and how far it is; `problems` are the first 100 that got nothing."""

    id: UUID
    parent_id: UUID
    body: str
    author_id: str
    author_name: str
    state: BulkState
    total: int
    done: int
    skipped: int
    failed: int
    problems: tuple[ChildProblem, ...]
    created_at: datetime


def check_body(body: str) -> str:
    """The text, cleaned; Invalid for an empty or too long one, and for a placeholder that is none."""
    text = clean_text(body)
    unknown = sorted(set(_PLACEHOLDER.findall(text)) - set(PLACEHOLDERS))
    if not 1 <= len(text.strip()) <= BODY_LENGTH:
        problem = f"must have 1 to {BODY_LENGTH} characters"
    elif unknown:
        problem = f"has {{{unknown[0]}}}, which means nothing: use {', '.join(f'{{{name}}}' for name in PLACEHOLDERS)}"
    else:
        return text
    raise Invalid(f"The reply is not valid: body {problem}.", violations={"body": problem})


def check_parent(parent: Ticket) -> None:
    """InvalidTransition unless somebody would get it."""
    if not parent.children.total:
        raise InvalidTransition(f"#{parent.number} has no children: write on the ticket itself.", reason="NO_CHILDREN")


def fill_in(body: str, child: Ticket) -> str:
    """The words for one child, in one pass: a name that looks like a placeholder stays what it is."""
    values = {"name": child.requester.name or child.requester.email, "number": str(child.number)}
    values["subject"] = child.subject
    return _PLACEHOLDER.sub(lambda found: values.get(found[1], found[0]), body)


def why_untold(child: Ticket, parent_id: UUID) -> str:
    """Why nothing is written to the child; "" when it is."""
    if child.parent_id != parent_id:
        return "it has left the family"
    if child.status is TicketStatus.CLOSED:
        return "it is closed"
    return "" if child.requester.email else "its customer has no address"
