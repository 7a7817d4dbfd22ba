"""What becomes of an incoming mail: a ticket, a message on one, or a row in quarantine; never nothing.

When `take_mail` returns, the mail is durable; any DuradeskError means that it is not and must be offered again. The
same mail may come as often as it likes: the request id is its fingerprint and the brand it came to.
"""

from collections.abc import Iterable, Sequence
from hashlib import sha256

import structlog

from services.common.objects import ObjectStore
from services.domain.errors import AlreadyExists, Forbidden, Invalid, InvalidTransition, NotFound
from services.domain.ticket import Brand, Channel, NewAttachment, NewMessage, NewQuarantinedItem, NewTicket, Visibility
from services.mail.parse import IncomingMail
from services.mail.parsers import MailParsers
from services.tickets.client.tickets import TicketsClient

# Another try would end the same way: these mails are kept for somebody to look at.
_FINAL = (Invalid, InvalidTransition, NotFound, Forbidden)

log = structlog.get_logger()


class MailIntake:
    """Brings mails to the tickets service."""

    def __init__(self, tickets: TicketsClient, parsers: MailParsers, objects: ObjectStore) -> None:
        self._tickets = tickets
        self._parsers = parsers
        self._objects = objects

    async def take_mail(self, raw: bytes, *, envelope_sender: str, recipients: Sequence[str]) -> None:
        """Keep one mail for good; several recipients of one brand are one ticket."""
        brands = await self._tickets.list_brands()
        try:
            mail = await self._parsers.parse_mail(raw, envelope_sender=envelope_sender)
            if mail.from_email in {brand.address.lower() for brand in brands}:
                raise Invalid("The mail says that it comes from ourselves.", reason="OWN_ADDRESS")
            for mailbox in mailboxes_of(recipients, brands):
                await self._take(mail, mailbox)
        except _FINAL as error:
            item = NewQuarantinedItem(Channel.MAIL, code=error.reason, reason=error.message, raw_source=raw)
            await self._tickets.quarantine_item(item)
            log.info("mail.quarantined", code=error.reason)

    async def _take(self, mail: IncomingMail, mailbox: str) -> None:
        request_id = sha256(f"{mailbox}\n{mail.fingerprint}".encode()).hexdigest()
        try:
            ticket_id = await self._deliver(mail, mailbox, request_id=request_id)
        except AlreadyExists:
            # The same mail on another way: only its trace headers differ, and the first one is kept.
            log.info("mail.known")
        else:
            log.info("mail.taken", ticket=ticket_id)

    async def _deliver(self, mail: IncomingMail, mailbox: str, *, request_id: str) -> str:
        files = await self._keep(mail)
        try:
            thread = await self._tickets.find_thread(mail.references, sender_email=mail.from_email)
        except NotFound:
            ticket = await self._tickets.create_ticket(_ticket(mail, mailbox, files), request_id=request_id)
        else:
            _, ticket = await self._tickets.create_message(thread, _message(mail, files), request_id=request_id)
        return str(ticket.id)

    async def _keep(self, mail: IncomingMail) -> tuple[NewAttachment, ...]:
        """The mail's files, in the object store before any row speaks of them."""
        return tuple(
            [
                NewAttachment(
                    file_name=file.file_name,
                    content_type=file.content_type,
                    size=len(file.content),
                    content_id=file.content_id,
                    digest=await self._objects.put(file.content),
                )
                for file in mail.attachments
            ]
        )


def mailboxes_of(recipients: Iterable[str], brands: Iterable[Brand]) -> list[str]:
    """The brands' addresses among the recipients, each once; one empty one, for the first brand, if there are none.

    `support+anything@…` is `support@…` (RFC 5233).
    """
    addresses = {brand.address.lower() for brand in brands}
    found = dict.fromkeys(address for recipient in recipients if (address := _base(recipient)) in addresses)
    return list(found) or [""]


def _base(recipient: str) -> str:
    local, _, domain = recipient.lower().rpartition("@")
    return f"{local.partition('+')[0]}@{domain}"


def _ticket(mail: IncomingMail, mailbox: str, files: tuple[NewAttachment, ...]) -> NewTicket:
    return NewTicket(
        subject=mail.subject,
        body=mail.text,
        requester_email=mail.from_email,
        requester_name=mail.from_name,
        channel=Channel.MAIL,
        mailbox=mailbox,
        raw_source=mail.raw,
        rfc_message_id=mail.message_id,
        quoted=mail.quoted,
        html=mail.html,
        attachments=files,
    )


def _message(mail: IncomingMail, files: tuple[NewAttachment, ...]) -> NewMessage:
    return NewMessage(
        visibility=Visibility.PUBLIC,
        body=mail.text,
        sender_email=mail.from_email,
        sender_name=mail.from_name,
        raw_source=mail.raw,
        rfc_message_id=mail.message_id,
        quoted=mail.quoted,
        html=mail.html,
        attachments=files,
        subject=mail.subject,
    )
