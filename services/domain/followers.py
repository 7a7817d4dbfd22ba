"""Who follows a ticket, and what the staff are told of it: pure.

Customers who follow get public replies, as the requester does. Staff who follow, and the assignee, are told that a
customer wrote, that somebody left a note, and that a ticket was given to them: once for each event, never of one's own
acts, and nothing from before they followed.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from services.domain.effects import EffectKind, PlannedEffect
from services.domain.errors import Invalid
from services.domain.facts import EventFacts, Facts
from services.domain.message import AuthorKind, Visibility
from services.domain.principal import Role
from services.domain.ticket import Contact, EventKind, FollowerKind
from services.domain.user import User

MOST_FOLLOWERS = 50
# To people who are named, whether they follow or not.
NAMED_MAILS = frozenset(
    {
        EffectKind.ESCALATED_MAIL,
        EffectKind.REMINDER_MAIL,
        EffectKind.RULE_NOTICE_MAIL,
        EffectKind.RULE_CUT_MAIL,
    }
)
STAFF_MAILS = NAMED_MAILS | {EffectKind.CUSTOMER_WROTE_MAIL, EffectKind.NOTE_MAIL, EffectKind.ASSIGNED_MAIL}
STAFF_MAILS |= {EffectKind.CHILDREN_SETTLED_MAIL}


@dataclass(frozen=True, slots=True)
class Follower:
    """Somebody who follows a ticket: a customer with their contact, or a member of the staff by their user's id."""

    id: UUID
    kind: FollowerKind
    contact: Contact | None
    created_at: datetime


def check_room(count: int) -> None:
    """Invalid when a ticket with so many followers can have no more."""
    if count >= MOST_FOLLOWERS:
        raise Invalid(f"A ticket has at most {MOST_FOLLOWERS} followers: remove one first.", reason="TOO_MANY")


def customers_following(facts: Facts, event: EventFacts) -> tuple[UUID, ...]:
    """The customers, besides the requester, who get what the event says."""
    return _following(facts, event, FollowerKind.CUSTOMER)


def plan_notices(facts: Facts, event: EventFacts) -> tuple[PlannedEffect, ...]:
    """The mails by which the staff are told of the event."""
    kind = _kind_of(event)
    if kind is None or not facts.brand.staff_notices or not event.actor:
        return ()
    assignee_id = facts.ticket.assignee_id
    told = [assignee_id]
    if kind is not EffectKind.ASSIGNED_MAIL:
        told += _following(facts, event, FollowerKind.STAFF)
    elif event.assignee_id != assignee_id:
        return ()
    people = [person for person in dict.fromkeys(told) if person is not None and str(person) != event.actor]
    return tuple(
        notice(kind, event.seq, person, message_id=event.message_id, not_before=event.effective_at) for person in people
    )


def notice(
    kind: EffectKind, seq: int, user_id: UUID, *, message_id: UUID | None, not_before: datetime
) -> PlannedEffect:
    """The one mail that tells this person of the event with this seq."""
    key = f"notice/{seq}/{user_id}"
    return PlannedEffect(key, kind, message_id, not_before, cause=f"event {seq}", user_id=user_id)


def _following(facts: Facts, event: EventFacts, kind: FollowerKind) -> tuple[UUID, ...]:
    return tuple(item.id for item in facts.followers if item.kind is kind and item.since_seq < event.seq)


def _kind_of(event: EventFacts) -> EffectKind | None:
    if event.kind is EventKind.TICKET_ASSIGNED:
        return EffectKind.ASSIGNED_MAIL if event.assignee_id else None
    if event.kind is not EventKind.MESSAGE_ADDED:
        return None
    if event.author_kind is AuthorKind.CUSTOMER:
        return EffectKind.CUSTOMER_WROTE_MAIL
    return EffectKind.NOTE_MAIL if event.visibility is Visibility.INTERNAL else None


def why_not_told(colleague: User | None, *, follows: bool, assignee_id: UUID | None) -> str:
    """Why a member of the staff is not told any more; "" when they are. `colleague` is who they are by now, and
    `follows` whether they follow the ticket or the mail is for them by name.
    """
    if colleague is None or not colleague.is_active_staff:
        return "they are no active member of the staff any more"
    is_theirs = colleague.id == assignee_id
    if not is_theirs and (not follows or colleague.role is Role.LIGHT_AGENT):
        return "the ticket is not theirs any more"
    return ""


def answers_notice() -> Invalid:
    """A mail has no authority over a ticket, whoever sends it: the staff answer in the desk."""
    return Invalid(
        "This answers a mail that was for the staff: nothing proves who sent it. Answer in the desk instead.",
        reason="ANSWERS_NOTICE",
    )
