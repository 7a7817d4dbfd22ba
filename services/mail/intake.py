"""What becomes of an incoming mail: a ticket, a message on one, a report beside one, or a row in quarantine.

When `take_mail` returns, the mail is durable; any DuradeskError means that it is not and must be offered again. The
same mail may come as often as it likes: the request id is its fingerprint and the place it goes to.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from email.utils import getaddresses
from hashlib import sha256
from uuid import UUID

import structlog

from services.common.objects import ObjectStore
from services.domain.errors import AlreadyExists, Forbidden, Invalid, InvalidTransition, NotFound
from services.domain.followers import answers_notice
from services.domain.message import NewAttachment, NewMessage, Visibility
from services.domain.quarantine import NewQuarantinedItem, QuarantineState
from services.domain.reply_address import is_notice_address, without_tag
from services.domain.ticket import Brand, Channel, NewTicket
from services.mail.account_mails import tells_account_mail, without_account_link, without_links
from services.mail.authentication import Verdict, judge_sender
from services.mail.automatic import is_answerable, is_list_mail
from services.mail.parse import IncomingMail
from services.mail.parsers import MailParsers
from services.tickets.client.tickets import TicketsClient

# Another try would end the same way: these mails are kept for somebody to look at.
_FINAL = (Invalid, InvalidTransition, NotFound, Forbidden)
# Where a mail went, besides its envelope: mail that was forwarded to us has another one than the sender wrote.
_RECIPIENT_HEADERS = ("to", "cc", "delivered-to", "x-original-to")
_MOST_RECIPIENTS = 200
_LONGEST_RECIPIENTS = 20_000

log = structlog.get_logger()


class MailIntake:
    """Brings mails to the tickets service; `authserv_id` is the mail server whose word on senders counts."""

    def __init__(
        self, tickets: TicketsClient, parsers: MailParsers, objects: ObjectStore, *, authserv_id: str = ""
    ) -> None:
        self._tickets = tickets
        self._parsers = parsers
        self._objects = objects
        self._authserv_id = authserv_id

    async def take_mail(self, raw: bytes, *, envelope_sender: str, recipients: Sequence[str]) -> UUID | None:
        """Keep one mail for good; several recipients of one brand are one ticket.

        Answers the ticket that has it now, None when it was taken before or is in quarantine.
        """
        try:
            return await self._take(raw, envelope_sender=envelope_sender, recipients=recipients)
        except _FINAL as error:
            item = NewQuarantinedItem(
                Channel.MAIL,
                code=error.reason,
                reason=error.message,
                raw_source=without_account_link(raw),
                envelope_sender=envelope_sender,
                recipients=tuple(recipients),
            )
            await self._tickets.quarantine_item(item)
            log.info("mail.quarantined", code=error.reason)
            return None

    async def take_quarantined(self, *, wait: timedelta) -> None:
        """Take one item that somebody wants released or retried; waits up to `wait` for one."""
        item = await self._tickets.claim_quarantined_item(wait=wait)
        if item is None:
            return
        code, reason, ticket_id = "KNOWN", "The same mail was taken before.", None
        try:
            if item.state is QuarantineState.RELEASING:
                ticket_id = await self._release(item.raw_source, recipients=item.recipients)
            else:
                ticket_id = await self._take(
                    item.raw_source, envelope_sender=item.envelope_sender, recipients=item.recipients
                )
        except _FINAL as error:
            code, reason = error.reason, error.message
        if ticket_id is not None:
            code, reason = item.code, item.reason
        await self._tickets.finish_quarantined_item(item.id, ticket_id=ticket_id, code=code, reason=reason)
        log.info("mail.taken_again", item=str(item.id), ticket=str(ticket_id), code=code)

    async def _take(self, raw: bytes, *, envelope_sender: str, recipients: Sequence[str]) -> UUID | None:
        """The ticket that has the mail now, None when it was taken before; a final error when it has no place."""
        brands = await self._tickets.list_brands()
        own = {brand.address.lower() for brand in brands}
        try:
            mail = await self._parsers.parse_mail(raw, envelope_sender=envelope_sender)
            if is_list_mail(mail.headers, own_addresses=own):
                raise Invalid("A mailing list sent this: it opens and reopens nothing.", reason="AUTOMATIC")
        except Invalid as error:
            if error.reason != "AUTOMATIC":
                raise
            if tells_account_mail(raw):
                raise Invalid("An account mail of ours came back or was answered.", reason="ACCOUNT_MAIL") from None
            if ticket_id := await self._report(raw):
                return ticket_id
            raise
        if mail.from_email in own or without_tag(mail.from_email) in own:
            raise Invalid("The mail says that it comes from ourselves.", reason="OWN_ADDRESS")
        if any(map(is_notice_address, [*recipients, *_named(mail, _RECIPIENT_HEADERS)])):
            raise answers_notice()
        verdict = judge_sender(mail.headers, authserv_id=self._authserv_id)
        if verdict is Verdict.FORGED:
            raise Invalid("Our mail server says that somebody else sent this than it claims.", reason="FORGED")
        return await self._deliver(without_links(mail), recipients, brands, verdict=verdict)

    async def _release(self, raw: bytes, *, recipients: Sequence[str]) -> UUID | None:
        """A new ticket of what somebody of the staff lets in: it joins no other, and no machine answers it."""
        mail = without_links(await self._parsers.parse_mail(raw, envelope_sender="", by_hand=False))
        mailbox, *_ = mailboxes_of(recipients, await self._tickets.list_brands())
        files = await self._keep(mail)
        ticket = _ticket(mail, mailbox, files, verdict=Verdict.UNKNOWN, automatic=True)
        return await self._create_ticket(ticket, mail)

    async def _report(self, raw: bytes) -> UUID | None:
        """The ticket beside which an automatic mail is kept, None when it concerns no mail of ours."""
        try:
            report = await self._parsers.read_report(raw)
            ticket_id = await self._tickets.record_mail_report(report)
        except (Invalid, NotFound):
            return None
        log.info("mail.reported", ticket=str(ticket_id), kind=report.kind)
        return ticket_id

    async def _deliver(
        self, mail: IncomingMail, recipients: Sequence[str], brands: Sequence[Brand], *, verdict: Verdict
    ) -> UUID | None:
        automatic, files = not is_answerable(mail.headers), await self._keep(mail)
        own = {brand.address.lower() for brand in brands}
        cc = tuple(address for address in _named(mail, ("cc",)) if without_tag(address) not in own)
        addressed = [*recipients, *(address for address in _named(mail, _RECIPIENT_HEADERS) if "+" in address)]
        try:
            thread = await self._tickets.find_thread(
                mail.references, sender_email=mail.from_email, recipients=addressed[:_MOST_RECIPIENTS]
            )
        except NotFound:
            tickets = [
                replace(_ticket(mail, mailbox, files, verdict=verdict, automatic=automatic), cc=cc)
                for mailbox in mailboxes_of(recipients, brands)
            ]
            made = [await self._create_ticket(ticket, mail) for ticket in tickets]
            return next(filter(None, made), None)
        return await self._create_message(thread, replace(_message(mail, files, automatic=automatic), cc=cc), mail)

    async def _create_ticket(self, new: NewTicket, mail: IncomingMail) -> UUID | None:
        try:
            ticket = await self._tickets.create_ticket(new, request_id=_request_id(new.mailbox, mail))
        except AlreadyExists:
            # The same mail on another way: only its trace headers differ, and the first one is kept.
            log.info("mail.known")
            return None
        log.info("mail.taken", ticket=str(ticket.id))
        return ticket.id

    async def _create_message(self, thread: UUID, new: NewMessage, mail: IncomingMail) -> UUID | None:
        try:
            _, ticket = await self._tickets.create_message(thread, new, request_id=_request_id(str(thread), mail))
        except AlreadyExists:
            log.info("mail.known")
            return None
        log.info("mail.taken", ticket=str(ticket.id))
        return ticket.id

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
    candidates = (name for recipient in recipients for name in (recipient.lower(), without_tag(recipient)))
    return list(dict.fromkeys(name for name in candidates if name in addresses)) or [""]


def _named(mail: IncomingMail, names: Sequence[str]) -> list[str]:
    """The addresses in these headers."""
    values = [value[:_LONGEST_RECIPIENTS] for name in names for value in mail.headers.get(name, ())]
    return [address for _, address in getaddresses(values[:_MOST_RECIPIENTS]) if address]


def _request_id(place: str, mail: IncomingMail) -> str:
    return sha256(f"{place}\n{mail.fingerprint}".encode()).hexdigest()


def _ticket(
    mail: IncomingMail, mailbox: str, files: tuple[NewAttachment, ...], *, verdict: Verdict, automatic: bool
) -> NewTicket:
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
        sender_unproven=verdict is not Verdict.PROVEN,
        automatic=automatic,
    )


def _message(mail: IncomingMail, files: tuple[NewAttachment, ...], *, automatic: bool) -> NewMessage:
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
        automatic=automatic,
    )
