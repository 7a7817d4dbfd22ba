"""What the REST API gives of the mail behind tickets: the ledger, the quarantine, proposals and reports."""

from datetime import datetime
from uuid import UUID

from services.domain.mail_reports import MailReportKind
from services.domain.message import EffectState
from services.domain.quarantine import QuarantineState
from services.domain.ticket import Channel
from services.gateway.models.base import Out


class DeliveryOut(Out):
    """One mail in the ledger; `detail` is what the other side said last, or why nothing was sent."""

    id: UUID
    ticket_id: UUID
    kind: str
    message_id: UUID | None
    recipient: str
    state: EffectState
    attempts: int
    not_before: datetime
    detail: str
    rfc_message_id: str
    doubtful: bool
    created_at: datetime
    updated_at: datetime


class QuarantinedItemOut(Out):
    """An inbound item that could not be taken, why, and what became of it; `changed_by` decided that last.

    `releasing` and `retrying` end soon, in `taken` with the ticket's id or in `kept` with the reason why not.
    """

    id: UUID
    channel: Channel
    code: str
    reason: str
    state: QuarantineState
    envelope_sender: str
    recipients: tuple[str, ...]
    ticket_id: UUID | None
    changed_by: str
    changed_at: datetime | None
    created_at: datetime


class CcProposalOut(Out):
    """An address that a customer's mail named besides us: it has got nothing, and sees nothing."""

    email: str
    message_id: UUID
    created_at: datetime


class MailReportOut(Out):
    """What a machine told about a mail of ours: whom it does not reach, or not yet, in its own words."""

    id: UUID
    ticket_id: UUID
    kind: MailReportKind
    rfc_message_id: str
    failed: tuple[str, ...]
    delayed: tuple[str, ...]
    sender: str
    subject: str
    text: str
    created_at: datetime
