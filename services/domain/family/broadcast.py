"""One reply to all children of a ticket, each in its own thread: what goes to whom. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.domain.bulk import BulkState
from services.domain.errors import Invalid, InvalidTransition
from services.domain.family.model import ChildProblem
from services.domain.intake import BODY_LENGTH, LANGUAGES, clean_text
from services.domain.templates import placeholders_in, substitute
from services.domain.ticket import Ticket, TicketStatus

PLACEHOLDERS = ("name", "number", "subject")
TOLD_ELSEWHERE = "its customer has it on another ticket of the family"


@dataclass(frozen=True, slots=True)
class Broadcast:
    """A reply to all children and how far it is; `problems` are the first 100 that got nothing.

    A child whose brand writes in a language of the `translations` gets that one, any other the body.
    """

    id: UUID
    parent_id: UUID
    body: str
    translations: dict[str, str]
    author_id: str
    author_name: str
    state: BulkState
    total: int
    done: int
    skipped: int
    failed: int
    problems: tuple[ChildProblem, ...]
    created_at: datetime


def check_translations(translations: Mapping[str, str]) -> dict[str, str]:
    """The texts by language, cleaned as the body; Invalid for a language in which no brand writes."""
    if unknown := sorted(translations.keys() - set(LANGUAGES)):
        problem = f"has {unknown[0]}: use {', '.join(LANGUAGES)}"
        raise Invalid(f"The reply is not valid: translations {problem}.", violations={"translations": problem})
    return {language: check_body(body, field=f"translations.{language}") for language, body in translations.items()}


def check_body(body: str, *, field: str = "body") -> str:
    """The text, cleaned; Invalid for an empty or too long one, and for a placeholder that is none."""
    text = clean_text(body)
    unknown = [name for name in placeholders_in(text) if name not in PLACEHOLDERS]
    if not 1 <= len(text.strip()) <= BODY_LENGTH:
        problem = f"must have 1 to {BODY_LENGTH} characters"
    elif unknown:
        problem = f"has {{{unknown[0]}}}, which means nothing: use {', '.join(f'{{{name}}}' for name in PLACEHOLDERS)}"
    else:
        return text
    raise Invalid(f"The reply is not valid: {field} {problem}.", violations={field: problem})


def check_parent(parent: Ticket) -> None:
    """InvalidTransition unless somebody would get it."""
    if not parent.children.total:
        raise InvalidTransition(f"#{parent.number} has no children: write on the ticket itself.", reason="NO_CHILDREN")


def fill_in(body: str, child: Ticket) -> str:
    """The words for one child, in one pass: a name that looks like a placeholder stays what it is."""
    values = {"name": child.requester.name or child.requester.email, "number": str(child.number)}
    values["subject"] = child.subject
    return substitute(body, values)


def why_untold(child: Ticket, parent_id: UUID) -> str:
    """Why nothing is written to the child; "" when it is."""
    if child.parent_id != parent_id:
        return "it has left the family"
    if child.status is TicketStatus.CLOSED:
        return "it is closed"
    return "" if child.requester.email else "its customer has no address"
