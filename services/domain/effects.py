"""What is done outside Duradesk, and how that went."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from services.domain.message import AttachedFile


class EffectKind(StrEnum):
    """Something to be done outside."""

    REPLY_MAIL = "reply_mail"
    IDLE_REMINDER_MAIL = "idle_reminder_mail"
    ACKNOWLEDGEMENT_MAIL = "acknowledgement_mail"
    RESOLVED_NOTICE_MAIL = "resolved_notice_mail"
    CUSTOMER_WROTE_MAIL = "customer_wrote_mail"
    NOTE_MAIL = "note_mail"
    ASSIGNED_MAIL = "assigned_mail"
    ESCALATED_MAIL = "escalated_mail"
    REMINDER_MAIL = "reminder_mail"
    RULE_REPLY_MAIL = "rule_reply_mail"
    RULE_NOTICE_MAIL = "rule_notice_mail"
    RULE_CUT_MAIL = "rule_cut_mail"
    CHILDREN_SETTLED_MAIL = "children_settled_mail"


@dataclass(frozen=True, slots=True)
class PlannedEffect:
    """Something to be done outside, once per `key`: for the follower `contact_id`, for `user_id` of the staff, or else
    for the requester. `text` is what a rule says in it.
    """

    key: str
    kind: EffectKind
    message_id: UUID | None
    not_before: datetime
    cause: str
    contact_id: UUID | None = None
    user_id: UUID | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class OutgoingMail:
    """A mail to be sent. `rfc_message_id` has angle brackets and is the same at every attempt (RFC 5322, 3.6.4).

    `html`, if there is any, says the same as `text`.
    """

    from_address: str
    from_name: str
    to_address: str
    to_name: str
    subject: str
    text: str
    rfc_message_id: str
    references: tuple[str, ...]
    auto_submitted: str
    reply_to: str = ""
    html: str = ""
    attachments: tuple[AttachedFile, ...] = ()


@dataclass(frozen=True, slots=True)
class ClaimedEffect:
    """An effect taken for delivery; `fence` proves the lease."""

    fence: int
    attempt: int
    mail: OutgoingMail


class EffectOutcome(StrEnum):
    """How a delivery attempt ended."""

    DONE = "done"
    RETRY = "retry"
    FAILED = "failed"
