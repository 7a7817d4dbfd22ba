"""Tickets that are one: what a merge does to both sides, and what taking it back does. Pure.

The merged ticket is closed and points to the one that survives, where its conversation goes on. A merge gives nobody
access to what they could not read before: a customer of one side sees and gets of the other side only what is written
after somebody included them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from services.domain.changes import Change, check_not_set_aside
from services.domain.errors import InvalidTransition
from services.domain.intake import TAGS
from services.domain.ticket import Contact, EventKind, Ticket, TicketStatus

# A chain of merges is followed so far; what is further away, or goes round, is no way to anywhere.
MOST_MERGES = 10
MOST_AT_ONCE = 100
MOST_MOVED_CHILDREN = 200
_WAITS_FOR_US = (TicketStatus.NEW, TicketStatus.OPEN)


@dataclass(frozen=True, slots=True)
class Merge:
    """What one merge moved, so that it can be put back; `status` is what the merged ticket had before."""

    source_id: UUID
    target_id: UUID
    status: TicketStatus
    tags: tuple[str, ...]
    followers: tuple[UUID, ...]
    children: tuple[UUID, ...]
    parent_id: UUID | None
    joined: bool
    opened: bool
    messages: int
    reminders: int
    merged_at: datetime


@dataclass(frozen=True, slots=True)
class MergePreview:
    """What merging `ticket` into `into` would do; `customers` get the survivor's replies only if they are included."""

    ticket: Ticket
    into: Ticket
    messages: int
    added_tags: tuple[str, ...]
    staff_followers: int
    customers: tuple[Contact, ...]
    opens: bool
    refusal: str = ""


@dataclass(frozen=True, slots=True)
class MergeOutcome:
    """What became of one ticket of many that were to be merged; without a refusal it was."""

    ticket_id: UUID
    refusal: str


@dataclass(frozen=True, slots=True)
class Unmerged:
    """A ticket that is one of its own again, and what of the merge could not be put back, in words."""

    ticket: Ticket
    kept: tuple[str, ...]


def is_merged_into(source: Ticket, target: Ticket) -> bool:
    """Whether there is nothing to do any more; InvalidTransition, with a stable reason, when it cannot be done."""
    if source.merged_into == target.id and source.id != target.id:
        return True
    for refused, reason, message in (
        (source.id == target.id, "SAME_TICKET", "A ticket cannot be merged into itself."),
        (source.merged_into, "MERGED", f"#{source.number} is merged already: un-merge it first."),
        (target.merged_into, "INTO_MERGED", f"#{target.number} is merged itself: choose the ticket that survived."),
        (source.spam or target.spam, "SPAM", "Spam takes part in no merge: say first that it is none."),
        (
            target.status is TicketStatus.CLOSED,
            "INTO_CLOSED",
            f"#{target.number} is closed: reopen it first, or choose one that is not.",
        ),
        (
            source.brand_id != target.brand_id,
            "ANOTHER_BRAND",
            "They belong to two brands, whose customers are answered from two addresses: they cannot be merged.",
        ),
    ):
        if refused:
            raise InvalidTransition(message, reason=reason)
    return False


def check_families(source: Ticket, target: Ticket) -> None:
    """InvalidTransition where the children of the merged ticket could not become the survivor's."""
    if source.children.total > MOST_MOVED_CHILDREN:
        raise InvalidTransition(
            f"#{source.number} has more than {MOST_MOVED_CHILDREN} children: link them to #{target.number} first.",
            reason="TOO_MANY_CHILDREN",
        )
    if source.children.total and target.parent_id not in (None, source.id):
        raise InvalidTransition(
            f"#{target.number} is a child and cannot take the children of #{source.number}: families have two levels.",
            reason="INTO_CHILD",
        )


def give_up(source: Ticket, target: Ticket) -> Change:
    """The merged ticket's side: closed, quietly and for good."""
    values = {"status": TicketStatus.CLOSED, "merged_into": target.id, "snoozed_until": None}
    return Change(EventKind.TICKET_MERGED, values)


def receive(source: Ticket, target: Ticket) -> Change:
    """The survivor's side: the tags of both; back to work when what comes in waits for us."""
    values: dict[str, Any] = {"tags": target.tags + added_tags(source, target)}
    if opens(source, target):
        values |= {"status": TicketStatus.OPEN, "snoozed_until": None}
    return Change(EventKind.MERGE_RECEIVED, values)


def opens(source: Ticket, target: Ticket) -> bool:
    """Whether nobody would work on the customer's open question if the survivor stayed as it is."""
    return source.status in _WAITS_FOR_US and target.status not in _WAITS_FOR_US


def added_tags(source: Ticket, target: Ticket) -> tuple[str, ...]:
    """The tags that only the merged ticket has, as many as a ticket may have in all."""
    return tuple(tag for tag in source.tags if tag not in target.tags)[: TAGS - len(target.tags)]


def take_back(merge: Merge) -> Change:
    """The merged ticket has the status that it had before."""
    return Change(EventKind.TICKET_UNMERGED, {"status": merge.status, "merged_into": None})


def give_back(merge: Merge, target: Ticket) -> Change:
    """The survivor loses the tags that came with the merge."""
    return Change(EventKind.MERGE_RETURNED, {"tags": tuple(tag for tag in target.tags if tag not in merge.tags)})


def kept_of(
    merge: Merge, target: Ticket, *, written_since: int, moved_back: int, number: int, family: bool
) -> tuple[str, ...]:
    """What could not be put back; `number` is that of the ticket which has the conversation now, and
    `family` says that parent and children went back."""
    told = {
        f"{_counted(written_since, 'message')} written since the merge on #{number} stay there": written_since,
        f"{_counted(merge.messages - moved_back, 'message')} split off since stay where they are": merge.messages
        > moved_back,
        f"{_counted(merge.reminders, 'reminder')} stay on #{target.number}": merge.reminders,
        "its parent or some of its children stay as they are now": not family,
        f"#{target.number} was opened by the merge and stays {target.status}": merge.opened,
    }
    return tuple(words for words, holds in told.items() if holds)


def check_split(ticket: Ticket, facts: Mapping[str, Any]) -> None:
    """InvalidTransition unless the message can become a ticket of its own."""
    if facts["visibility"] != "public" or facts["withdrawn_at"] is not None:
        raise InvalidTransition("Only a public message that was not taken back can be split out.", reason="NOT_PUBLIC")
    if facts["others"] == 0:
        raise InvalidTransition("It is the ticket's only message: nothing would remain.", reason="ONLY_MESSAGE")
    if ticket.spam or ticket.merged_into:
        raise InvalidTransition("Nothing can be split out of a ticket that is merged or spam.", reason="SET_ASIDE")


def mark_duplicate(ticket: Ticket, original: Ticket, *, above: Sequence[UUID]) -> Change | None:
    """Settled with the original from now on; `above` are the tickets with which that one is settled itself."""
    if ticket.duplicate_of == original.id and ticket.id != original.id:
        return None
    if ticket.id == original.id:
        raise InvalidTransition("A ticket is no duplicate of itself.", reason="CIRCLE")
    if ticket.id in above:
        raise InvalidTransition(
            f"#{original.number} cannot be the original: it is settled with #{ticket.number} itself.", reason="CIRCLE"
        )
    check_not_set_aside(ticket)
    check_not_set_aside(original)
    return Change(EventKind.DUPLICATE_MARKED, {"duplicate_of": original.id})


def unmark_duplicate(ticket: Ticket) -> Change | None:
    """A ticket of its own again."""
    return Change(EventKind.DUPLICATE_UNMARKED, {"duplicate_of": None}) if ticket.duplicate_of else None


def mark_spam(ticket: Ticket) -> Change | None:
    """Closed, quietly."""
    if ticket.spam:
        return None
    check_not_set_aside(ticket)
    if ticket.children.total:
        raise InvalidTransition(
            f"#{ticket.number} has children, which spam has not: take them out of its family first.",
            reason="HAS_CHILDREN",
        )
    values = {"status": TicketStatus.CLOSED, "spam": True, "snoozed_until": None}
    return Change(EventKind.SPAM_MARKED, values)


def unmark_spam(ticket: Ticket, *, status: TicketStatus) -> Change | None:
    """Back to the status that it had."""
    return Change(EventKind.SPAM_UNMARKED, {"status": status, "spam": False}) if ticket.spam else None


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
