"""What people write to one another in a ticket. Field names are those of protos/duradesk/tickets/v1."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class Visibility(StrEnum):
    """Public messages go to the requester; internal ones reach no customer by any route."""

    PUBLIC = "public"
    INTERNAL = "internal"


class AuthorKind(StrEnum):
    """Which side wrote a message."""

    CUSTOMER = "customer"
    AGENT = "agent"


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that came with a message; its HTML refers to it as `cid:<content_id>` when that is not empty."""

    id: UUID
    file_name: str
    content_type: str
    size: int
    content_id: str


@dataclass(frozen=True, slots=True)
class AttachedFile:
    """Where an attachment's content is: in the object store, under its SHA-256 in hex."""

    attachment: Attachment
    digest: str


class EffectState(StrEnum):
    """Where a delivery is."""

    READY = "ready"
    CLAIMED = "claimed"
    SENDING = "sending"
    DONE = "done"
    FAILED = "failed"
    IN_DOUBT = "in_doubt"
    SUPPRESSED = "suppressed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class MessageDelivery:
    """How far the mail of a reply to one of its recipients is; the ledger says more under its id."""

    id: UUID
    recipient: str
    state: EffectState
    detail: str
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Message:
    """One word in a ticket's conversation: `body` is what is new, `quoted` the rest of what came, `html` all of it.

    `delivery` is told to the staff alone, and empty until it is decided that a mail goes out.
    """

    id: UUID
    ticket_id: UUID
    visibility: Visibility
    author_kind: AuthorKind
    author_id: str
    author_name: str
    body: str
    created_at: datetime
    quoted: str
    html: str
    attachments: tuple[Attachment, ...]
    withdrawn_at: datetime | None = None
    delivery: tuple[MessageDelivery, ...] = ()


@dataclass(frozen=True, slots=True)
class NewAttachment:
    """A file that a door has put into the object store, under the SHA-256 of its content in hex."""

    file_name: str
    content_type: str
    size: int
    content_id: str
    digest: str


@dataclass(frozen=True, slots=True)
class NewMessage:
    """What somebody wants to say on a ticket; the sender is set when a door speaks for a customer.

    A reply is held when others wrote after `seen_seq`, unless it is to be sent anyway; 0 asks for no such thing.
    """

    visibility: Visibility
    body: str
    sender_email: str = ""
    sender_name: str = ""
    raw_source: bytes = b""
    rfc_message_id: str = ""
    subject: str = ""
    automatic: bool = False
    cc: tuple[str, ...] = ()
    quoted: str = ""
    html: str = ""
    attachments: tuple[NewAttachment, ...] = ()
    seen_seq: int = 0
    send_anyway: bool = False
    uploads: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CcProposal:
    """An address to which a customer sent a mail of a ticket besides us; it gets nothing by that."""

    email: str
    message_id: UUID
    created_at: datetime
