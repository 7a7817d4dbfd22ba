"""What the REST API takes and gives of a conversation."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, Field

from services.domain.html import sanitize_html
from services.domain.message import AuthorKind, EffectState, Visibility
from services.gateway.models.base import In, Out, Uploads, Words
from services.gateway.models.tickets import TicketOut

SeenSeq = Annotated[int, Field(strict=True, ge=0, le=2**53)]


class MessageIn(In):
    """A reply (`public`, goes to the requester) or a note (`internal`, for the staff only), with uploaded files.

    With `seen_seq`, the ticket's version as its writer saw it, a reply of the staff is refused (409, NEWER_MESSAGES)
    when the customer or a colleague wrote since, unless it is to be sent anyway.
    """

    visibility: Visibility
    body: Words
    uploads: Uploads = ()
    seen_seq: SeenSeq = 0
    send_anyway: bool = False


class UploadOut(Out):
    """A file that was uploaded: name its handle `upload` in a message or a new ticket within a day."""

    upload: str
    file_name: str
    size: int
    content_type: str


class AttachmentOut(Out):
    """A file that came with a message; the message's `html` refers to it as `cid:<content_id>`."""

    id: UUID
    file_name: str
    content_type: str
    size: int
    content_id: str


class MessageDeliveryOut(Out):
    """How far a reply's mail to one of its recipients is; `id` names it in the ledger."""

    id: UUID
    recipient: str
    state: EffectState
    detail: str
    updated_at: datetime


class MessageOut(Out):
    """One word in a ticket's conversation; one that was taken back is shown to the staff only.

    `body` is what is new in it and `quoted` what a mail repeats; `html` is all of a mail, harmless: nothing in it runs,
    and the addresses of pictures from elsewhere stand in `data-remote-src`. `delivery` is for the staff: a public reply
    without any waits until it is decided who gets it.
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
    html: Annotated[str, AfterValidator(sanitize_html)]
    attachments: tuple[AttachmentOut, ...]
    withdrawn_at: datetime | None
    delivery: tuple[MessageDeliveryOut, ...]


class CreatedMessageOut(MessageOut):
    """The message and the ticket it landed on: another one when a closed ticket was followed up."""

    ticket: TicketOut
