"""TicketService as the gateway, the mail door and others call it.

Every write carries a request id, a fresh one unless the caller gives their own: so a call that the channel makes again
after a broken connection happens once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import datetime, timedelta
from types import EllipsisType
from typing import Any
from uuid import UUID, uuid4

import grpc
from duradesk.tickets.v1 import ticket_pb2, ticket_service_pb2_grpc
from duradesk.tickets.v1 import ticket_service_pb2 as pb
from google.protobuf.field_mask_pb2 import FieldMask

from services.common.channel import DEADLINE_SECONDS
from services.common.interceptors import LONGEST_CALL_SECONDS
from services.common.wire import from_message, to_message
from services.domain.conditions.fields import CUSTOM
from services.domain.decision import SeenFacts, StoredDecision
from services.domain.delivery import Delivery
from services.domain.links import CustomerAnswer
from services.domain.mail_reports import MailReport, NewMailReport
from services.domain.message import AttachedFile, CcProposal, Message, NewMessage
from services.domain.quarantine import NewQuarantinedItem, QuarantinedItem, QuarantineState
from services.domain.snooze import Snooze
from services.domain.ticket import Brand, Contact, Due, Event, NewTicket, Ticket
from services.domain.views import Count, TicketPage
from services.tickets.convert import BrandFields, TicketFields

_ANSWERS = {
    CustomerAnswer.SOLVED: pb.CUSTOMER_ANSWER_SOLVED,
    CustomerAnswer.NOT_SOLVED: pb.CUSTOMER_ANSWER_NOT_SOLVED,
}


class TicketsClient:
    """Calls over a channel of services.common.channel: domain objects in and out, domain errors raised."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = ticket_service_pb2_grpc.TicketServiceStub(channel)

    async def create_ticket(self, new: NewTicket, *, request_id: str = "") -> Ticket:
        """A ticket, durable; Invalid, NotFound (brand), AlreadyExists (request id used with other content)."""
        request = to_message(new, pb.CreateTicketRequest)
        request.request_id = request_id or _fresh()
        return from_message((await self._stub.CreateTicket(request)).ticket, Ticket)

    async def get_ticket(self, id_or_number: UUID | int | str) -> Ticket:
        """A ticket; NotFound."""
        response = await self._stub.GetTicket(pb.GetTicketRequest(ticket_id=str(id_or_number)))
        return from_message(response.ticket, Ticket)

    async def list_tickets(
        self,
        *,
        filter: str = "",  # noqa: A002 # as the proto names it
        order_by: str = "",
        page_size: int = 0,
        page_token: str = "",
    ) -> tuple[tuple[Ticket, ...], str]:
        """A page of tickets and the token of the next; Invalid names what is wrong with filter, order or token."""
        page = await self.page_tickets(filter=filter, order_by=order_by, page_size=page_size, page_token=page_token)
        return page.tickets, page.following

    async def page_tickets(
        self,
        *,
        filter: str = "",  # noqa: A002 # as the proto names it
        order_by: str = "",
        page_size: int = 0,
        page_token: str = "",
    ) -> TicketPage:
        """The same with the token of the page before, for those who leaf in both directions."""
        request = pb.ListTicketsRequest(filter=filter, order_by=order_by, page_size=page_size, page_token=page_token)
        response = await self._stub.ListTickets(request)
        tickets = tuple(from_message(ticket, Ticket) for ticket in response.tickets)
        return TicketPage(tickets, response.next_page_token, response.previous_page_token)

    async def count_tickets(self, filters: Sequence[str]) -> tuple[Count, ...]:
        """How many tickets each filter finds, up to 1,000; Invalid names what is wrong with a filter."""
        response = await self._stub.CountTickets(pb.CountTicketsRequest(filters=filters))
        return tuple(from_message(count, Count) for count in response.counts)

    async def update_ticket(
        self, ticket_id: UUID, changes: Mapping[str, object], *, expected_version: int = 0, request_id: str = ""
    ) -> Ticket:
        """Set fields by name; Invalid, NotFound, InvalidTransition, Conflict (another version).

        "custom_fields.<key>" sets one custom field and leaves the others.
        """
        some = {name.removeprefix(CUSTOM): value for name, value in changes.items() if name.startswith(CUSTOM)}
        values = _known(changes, TicketFields) | ({"custom_fields": some} if some else {})
        request = pb.UpdateTicketRequest(
            request_id=request_id or _fresh(),
            ticket_id=str(ticket_id),
            expected_version=expected_version,
            update_mask=FieldMask(paths=changes),
            ticket=to_message(TicketFields(**values), ticket_pb2.Ticket),
        )
        return from_message((await self._stub.UpdateTicket(request)).ticket, Ticket)

    async def assign_ticket(
        self,
        ticket_id: UUID,
        *,
        assignee_id: UUID | EllipsisType | None,
        team_id: UUID | EllipsisType | None = ...,
        request_id: str = "",
    ) -> Ticket:
        """Give to an agent or, with None, to nobody; `...` keeps who has it. Invalid (nobody of the staff), NotFound,
        InvalidTransition (closed).
        """
        request = pb.AssignTicketRequest(
            request_id=request_id or _fresh(),
            ticket_id=str(ticket_id),
            assignee_id="" if isinstance(assignee_id, EllipsisType) else str(assignee_id or ""),
            keep_assignee=isinstance(assignee_id, EllipsisType),
            team_id=None if isinstance(team_id, EllipsisType) else str(team_id or ""),
        )
        return from_message((await self._stub.AssignTicket(request)).ticket, Ticket)

    async def resolve_ticket(
        self, ticket_id: UUID, *, resolution: str = "", silent: bool = False, request_id: str = ""
    ) -> Ticket:
        """Answered, its children with it; NotFound, InvalidTransition (closed; OPEN_CHILDREN)."""
        request = pb.ResolveTicketRequest(
            request_id=request_id or _fresh(), ticket_id=str(ticket_id), resolution=resolution, silent=silent
        )
        return from_message((await self._stub.ResolveTicket(request)).ticket, Ticket)

    async def close_ticket(
        self, ticket_id: UUID, *, resolution: str = "", silent: bool = False, request_id: str = ""
    ) -> Ticket:
        """Over, its children with it; NotFound, InvalidTransition (OPEN_CHILDREN)."""
        request = pb.CloseTicketRequest(
            request_id=request_id or _fresh(), ticket_id=str(ticket_id), resolution=resolution, silent=silent
        )
        return from_message((await self._stub.CloseTicket(request)).ticket, Ticket)

    async def reopen_ticket(self, ticket_id: UUID, *, request_id: str = "") -> Ticket:
        """Open again; NotFound, InvalidTransition (not settled), Forbidden (closed, for most roles)."""
        request = pb.ReopenTicketRequest(request_id=request_id or _fresh(), ticket_id=str(ticket_id))
        return from_message((await self._stub.ReopenTicket(request)).ticket, Ticket)

    async def snooze_ticket(
        self,
        ticket_id: UUID,
        *,
        until: datetime,
        reason: str = "",
        keep_on_reply: bool = False,
        request_id: str = "",
    ) -> Ticket:
        """Out of the queue until then or a customer's word; Invalid, NotFound, InvalidTransition (settled)."""
        request = to_message(Snooze(until, reason, keep_on_reply), pb.SnoozeTicketRequest)
        request.request_id, request.ticket_id = request_id or _fresh(), str(ticket_id)
        return from_message((await self._stub.SnoozeTicket(request)).ticket, Ticket)

    async def wake_ticket(self, ticket_id: UUID, *, request_id: str = "") -> Ticket:
        """Back into the queue with the status it had; NotFound."""
        request = pb.WakeTicketRequest(request_id=request_id or _fresh(), ticket_id=str(ticket_id))
        return from_message((await self._stub.WakeTicket(request)).ticket, Ticket)

    async def create_message(self, ticket_id: UUID, new: NewMessage, *, request_id: str = "") -> tuple[Message, Ticket]:
        """A word, and the ticket it landed on: another one when it came after the end. Errors as the proto names."""
        request = to_message(new, pb.CreateMessageRequest)
        request.request_id, request.ticket_id = request_id or _fresh(), str(ticket_id)
        response = await self._stub.CreateMessage(request)
        return from_message(response.message, Message), from_message(response.ticket, Ticket)

    async def list_messages(
        self, ticket_id: UUID, *, page_size: int = 0, page_token: str = ""
    ) -> tuple[tuple[Message, ...], str]:
        """A page of the conversation, oldest first, and the token of the next; NotFound."""
        request = pb.ListMessagesRequest(ticket_id=str(ticket_id), page_size=page_size, page_token=page_token)
        response = await self._stub.ListMessages(request)
        return tuple(from_message(message, Message) for message in response.messages), response.next_page_token

    async def get_attachment(self, attachment_id: UUID) -> AttachedFile:
        """An attachment and where its content is; NotFound."""
        response = await self._stub.GetAttachment(pb.GetAttachmentRequest(attachment_id=str(attachment_id)))
        return from_message(response, AttachedFile)

    async def list_events(
        self, ticket_id: UUID, *, page_size: int = 0, page_token: str = ""
    ) -> tuple[tuple[Event, ...], str]:
        """A page of the activity, oldest first, and the token of the next; NotFound."""
        request = pb.ListEventsRequest(ticket_id=str(ticket_id), page_size=page_size, page_token=page_token)
        response = await self._stub.ListEvents(request)
        return tuple(from_message(event, Event) for event in response.events), response.next_page_token

    async def list_dues(self, ticket_id: UUID) -> tuple[Due, ...]:
        """What happens next by itself, soonest first; NotFound."""
        response = await self._stub.ListDues(pb.ListDuesRequest(ticket_id=str(ticket_id)))
        return tuple(from_message(due, Due) for due in response.dues)

    async def get_decision(self, ticket_id: UUID, decision_id: UUID) -> StoredDecision:
        """A decision with what it saw; NotFound."""
        request = pb.GetDecisionRequest(ticket_id=str(ticket_id), decision_id=str(decision_id))
        return from_message(await self._stub.GetDecision(request), StoredDecision)

    async def read_facts(
        self,
        *,
        ticket_id: UUID | None = None,
        decision_id: UUID | None = None,
        latest: int = 0,
        present: Sequence[UUID] = (),
    ) -> tuple[SeenFacts, ...]:
        """What a stored decision saw, or the latest ones, or one would see of tickets now; NotFound, Invalid."""
        request = pb.ReadFactsRequest(
            ticket_id=str(ticket_id or ""),
            decision_id=str(decision_id or ""),
            latest=latest,
            present_ticket_ids=map(str, present),
        )
        response = await self._stub.ReadFacts(request)
        return tuple(from_message(seen, SeenFacts) for seen in response.seen)

    async def find_thread(
        self, rfc_message_ids: Sequence[str], *, sender_email: str, recipients: Sequence[str] = ()
    ) -> UUID:
        """The ticket that a mail answers, by where it went and by the Message-IDs it names, nearest first; NotFound."""
        request = pb.FindThreadRequest(
            rfc_message_ids=rfc_message_ids, sender_email=sender_email, recipients=recipients
        )
        return UUID((await self._stub.FindThread(request)).ticket_id)

    async def undo_message(self, ticket_id: UUID, message_id: UUID) -> Message:
        """Take a public reply back before it goes out; NotFound, InvalidTransition (TOO_LATE, NOT_A_REPLY)."""
        request = pb.UndoMessageRequest(ticket_id=str(ticket_id), message_id=str(message_id))
        return from_message((await self._stub.UndoMessage(request)).message, Message)

    async def answer_ticket(
        self,
        ticket_id: UUID,
        answer: CustomerAnswer,
        *,
        status_epoch: int,
        request_id: str,
        validate_only: bool = False,
    ) -> Ticket:
        """What the requester says by a link, or whether it may be said; NotFound, InvalidTransition (STALE)."""
        request = pb.AnswerTicketRequest(
            request_id=request_id,
            ticket_id=str(ticket_id),
            answer=_ANSWERS[answer],
            status_epoch=status_epoch,
            validate_only=validate_only,
        )
        return from_message((await self._stub.AnswerTicket(request)).ticket, Ticket)

    async def list_deliveries(
        self, *, ticket_id: UUID | None = None, state: str = "", page_size: int = 0, page_token: str = ""
    ) -> tuple[tuple[Delivery, ...], str]:
        """A page of mails, newest first, and the token of the next; NotFound."""
        request = pb.ListDeliveriesRequest(
            ticket_id=str(ticket_id or ""),
            state=ticket_pb2.DeliveryState.Value(f"DELIVERY_STATE_{state.upper() or 'UNSPECIFIED'}"),
            page_size=page_size,
            page_token=page_token,
        )
        response = await self._stub.ListDeliveries(request)
        return tuple(from_message(item, Delivery) for item in response.deliveries), response.next_page_token

    async def repeat_delivery(self, delivery_id: UUID) -> Delivery:
        """Have a mail tried again that failed or is in doubt; NotFound, InvalidTransition."""
        request = pb.RepeatDeliveryRequest(delivery_id=str(delivery_id))
        return from_message((await self._stub.RepeatDelivery(request)).delivery, Delivery)

    async def quarantine_item(self, item: NewQuarantinedItem) -> UUID:
        """Keep an inbound item that could not be taken; the same content is kept once."""
        response = await self._stub.QuarantineItem(to_message(item, pb.QuarantineItemRequest))
        return UUID(response.item_id)

    async def list_quarantine(
        self, *, code: str = "", state: QuarantineState | None = None, page_size: int = 0, page_token: str = ""
    ) -> tuple[tuple[QuarantinedItem, ...], str]:
        """A page of what could not be taken, newest first, without sources, and the token of the next."""
        request = pb.ListQuarantineRequest(code=code, page_size=page_size, page_token=page_token)
        if state is not None:
            request.state = pb.QuarantineState.Value(f"QUARANTINE_STATE_{state.name}")
        response = await self._stub.ListQuarantine(request)
        return tuple(from_message(item, QuarantinedItem) for item in response.items), response.next_page_token

    async def get_quarantined_item(self, item_id: UUID) -> QuarantinedItem:
        """An item with its source; NotFound."""
        request = pb.GetQuarantinedItemRequest(item_id=str(item_id))
        return from_message((await self._stub.GetQuarantinedItem(request)).item, QuarantinedItem)

    async def release_quarantined_item(self, item_id: UUID) -> QuarantinedItem:
        """Have it taken as a ticket after all, soon; NotFound, InvalidTransition (deleted)."""
        request = pb.ReleaseQuarantinedItemRequest(item_id=str(item_id))
        return from_message((await self._stub.ReleaseQuarantinedItem(request)).item, QuarantinedItem)

    async def retry_quarantined_item(self, item_id: UUID) -> QuarantinedItem:
        """Have it read again as if it came now, soon; NotFound, InvalidTransition (deleted)."""
        request = pb.RetryQuarantinedItemRequest(item_id=str(item_id))
        return from_message((await self._stub.RetryQuarantinedItem(request)).item, QuarantinedItem)

    async def delete_quarantined_item(self, item_id: UUID) -> QuarantinedItem:
        """Forget its source; NotFound, InvalidTransition (taken)."""
        request = pb.DeleteQuarantinedItemRequest(item_id=str(item_id))
        return from_message((await self._stub.DeleteQuarantinedItem(request)).item, QuarantinedItem)

    async def claim_quarantined_item(self, *, wait: timedelta) -> QuarantinedItem | None:
        """An item to be read again, for a minute; waits up to `wait` (at most 30 s), None when none came."""
        request = pb.ClaimQuarantinedItemRequest()
        request.wait.FromTimedelta(wait)
        deadline = wait.total_seconds() + DEADLINE_SECONDS
        response = await self._stub.ClaimQuarantinedItem(request, timeout=deadline)
        return from_message(response.item, QuarantinedItem) if response.HasField("item") else None

    async def finish_quarantined_item(
        self, item_id: UUID, *, ticket_id: UUID | None = None, code: str = "", reason: str = ""
    ) -> None:
        """Say what became of a claimed item: a ticket, or the code and reason with which it stays; NotFound."""
        request = pb.FinishQuarantinedItemRequest(
            item_id=str(item_id), ticket_id=str(ticket_id or ""), code=code, reason=reason
        )
        await self._stub.FinishQuarantinedItem(request)

    async def record_mail_report(self, report: NewMailReport) -> UUID:
        """Keep what a machine told about a mail of ours; the id of its ticket, NotFound when it concerns none."""
        response = await self._stub.RecordMailReport(to_message(report, pb.RecordMailReportRequest))
        return UUID(response.ticket_id)

    async def list_cc_proposals(self, ticket_id: UUID) -> tuple[CcProposal, ...]:
        """To whom else the ticket's customers sent their mails, oldest first; NotFound."""
        response = await self._stub.ListCcProposals(pb.ListCcProposalsRequest(ticket_id=str(ticket_id)))
        return tuple(from_message(proposal, CcProposal) for proposal in response.proposals)

    async def list_mail_reports(self, ticket_id: UUID) -> tuple[MailReport, ...]:
        """What machines told about the ticket's mails, oldest first; NotFound."""
        response = await self._stub.ListMailReports(pb.ListMailReportsRequest(ticket_id=str(ticket_id)))
        return tuple(from_message(report, MailReport) for report in response.reports)

    async def create_contact(self, email: str, name: str = "") -> Contact:
        """The contact with this address, made if there is none; Invalid."""
        response = await self._stub.CreateContact(pb.CreateContactRequest(email=email, name=name))
        return from_message(response.contact, Contact)

    async def list_brands(self) -> tuple[Brand, ...]:
        """All brands by name."""
        response = await self._stub.ListBrands(pb.ListBrandsRequest())
        return tuple(from_message(brand, Brand) for brand in response.brands)

    async def create_brand(self, values: Mapping[str, Any], *, request_id: str = "") -> Brand:
        """A brand of these values by name; Invalid, AlreadyExists (name or address taken)."""
        brand = to_message(BrandFields(**values), ticket_pb2.Brand)
        request = pb.CreateBrandRequest(request_id=request_id or _fresh(), brand=brand)
        return from_message((await self._stub.CreateBrand(request)).brand, Brand)

    async def update_brand(self, brand_id: UUID, changes: Mapping[str, object], *, expected_version: int = 0) -> Brand:
        """Set values by name, None to switch a time off; Invalid, NotFound, AlreadyExists, Conflict (old version)."""
        brand = to_message(BrandFields(**_known(changes, BrandFields)), ticket_pb2.Brand)
        brand.id, brand.version = str(brand_id), expected_version
        request = pb.UpdateBrandRequest(brand=brand, update_mask=FieldMask(paths=changes))
        # A changed time reaches all waiting tickets within the call.
        response = await self._stub.UpdateBrand(request, timeout=LONGEST_CALL_SECONDS)
        return from_message(response.brand, Brand)


def _fresh() -> str:
    return str(uuid4())


def _known(changes: Mapping[str, object], kind: type[TicketFields] | type[BrandFields]) -> dict[str, Any]:
    """The values of fields that can be changed; the others stay in the mask, for the service to refuse by name."""
    names = {field.name for field in fields(kind)}
    return {name: value for name, value in changes.items() if name in names}
