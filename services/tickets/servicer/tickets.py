"""TicketService: what people and doors ask of the tickets."""

from collections.abc import Sequence
from dataclasses import asdict, replace

from duradesk.tickets.v1 import ticket_pb2, ticket_service_pb2_grpc
from duradesk.tickets.v1 import ticket_service_pb2 as pb

from services.common.auth import current_principal
from services.common.interceptors import Context
from services.common.uploads import UploadSigner
from services.common.waiting import wait_of
from services.common.wire import from_message, to_message
from services.domain.attachments import check_uploads
from services.domain.doors import take_message, take_ticket
from services.domain.errors import Forbidden
from services.domain.family.policy import NO_CHILDREN
from services.domain.intake import NAME_LENGTH, Carrier, clean_email, clean_line
from services.domain.message import NewAttachment
from services.domain.orders import parse_order
from services.domain.principal import Principal, Role
from services.domain.quarantine import QuarantinedItem, QuarantineState
from services.domain.snooze import Snooze
from services.domain.ticket import Contact, Ticket
from services.tickets.calendars import Calendars, check_calendar
from services.tickets.colleagues import Colleagues, check_colleague
from services.tickets.metrics import TicketMetrics
from services.tickets.servicer import requests as read
from services.tickets.servicer.filters import read_filters
from services.tickets.servicer.seen import read_seen
from services.tickets.store import Store
from services.tickets.store.scope import Scope, scope_of


class TicketServicer(ticket_service_pb2_grpc.TicketServiceServicer):
    """Each write is one transaction, and answered when it is durable."""

    def __init__(
        self,
        store: Store,
        uploads: UploadSigner,
        colleagues: Colleagues,
        calendars: Calendars,
        metrics: TicketMetrics,
    ) -> None:
        self._store = store
        self._metrics = metrics
        self._colleagues = colleagues
        self._calendars = calendars
        self._uploads = uploads

    async def CreateTicket(self, request: pb.CreateTicketRequest, context: Context) -> pb.CreateTicketResponse:
        """From any door; a customer asks in their own name."""
        write = read.write("CreateTicket", request)
        new = take_ticket(read.new_ticket(request), write.principal, own=await self._own_contact(write.principal))
        new = self._with_uploads(new, write.principal)
        ticket = await self._store.tickets.create_ticket(new, write)
        self._metrics.ticket_taken(ticket.channel)
        return pb.CreateTicketResponse(ticket=_ticket(ticket))

    async def GetTicket(self, request: pb.GetTicketRequest, context: Context) -> pb.GetTicketResponse:
        """By id or number."""
        ticket = await self._store.tickets.get_ticket(read.ticket_key(request.ticket_id), scope=_scope())
        return pb.GetTicketResponse(ticket=_ticket(ticket))

    async def ListTickets(self, request: pb.ListTicketsRequest, context: Context) -> pb.ListTicketsResponse:
        """What the filter finds in the caller's scope."""
        (condition,) = await read_filters([request.filter], self._store)
        found = await self._store.lists.list_tickets(
            condition, parse_order(request.order_by), read.page(request), scope=_scope()
        )
        return pb.ListTicketsResponse(
            tickets=map(_ticket, found.tickets),
            next_page_token=found.following,
            previous_page_token=found.previous,
        )

    async def CountTickets(self, request: pb.CountTicketsRequest, context: Context) -> pb.CountTicketsResponse:
        """How many each filter finds in the caller's scope."""
        conditions = await read_filters(request.filters, self._store)
        counts = await self._store.lists.count_tickets(conditions, scope=_scope())
        return pb.CountTicketsResponse(counts=(to_message(count, pb.Count) for count in counts))

    async def UpdateTicket(self, request: pb.UpdateTicketRequest, context: Context) -> pb.UpdateTicketResponse:
        """The fields that the mask names."""
        ticket = await self._store.tickets.update_ticket(
            read.ticket_id(request.ticket_id),
            read.ticket_fields(request),
            read.write("UpdateTicket", request),
            expected_version=request.expected_version,
        )
        return pb.UpdateTicketResponse(ticket=_ticket(ticket))

    async def AssignTicket(self, request: pb.AssignTicketRequest, context: Context) -> pb.AssignTicketResponse:
        """To an agent, a team, or back to nobody."""
        assignee_id = None if request.keep_assignee else read.optional_id(request.assignee_id, "assignee_id")
        await check_colleague(self._colleagues, assignee_id, field="assignee_id")
        ticket = await self._store.tickets.assign_ticket(
            read.ticket_id(request.ticket_id),
            read.write("AssignTicket", request),
            assignee_id=assignee_id,
            keep_assignee=request.keep_assignee,
            team_id=read.optional_id(request.team_id, "team_id"),
            keep_team=not request.HasField("team_id"),
        )
        return pb.AssignTicketResponse(ticket=_ticket(ticket))

    async def ResolveTicket(self, request: pb.ResolveTicketRequest, context: Context) -> pb.ResolveTicketResponse:
        """Answered."""
        write = read.write("ResolveTicket", request)
        ticket = await self._store.tickets.resolve_ticket(
            read.ticket_id(request.ticket_id), write, resolution=request.resolution, silent=request.silent
        )
        return pb.ResolveTicketResponse(ticket=_ticket(ticket))

    async def CloseTicket(self, request: pb.CloseTicketRequest, context: Context) -> pb.CloseTicketResponse:
        """Over."""
        write = read.write("CloseTicket", request)
        ticket = await self._store.tickets.close_ticket(
            read.ticket_id(request.ticket_id), write, resolution=request.resolution, silent=request.silent
        )
        return pb.CloseTicketResponse(ticket=_ticket(ticket))

    async def ReopenTicket(self, request: pb.ReopenTicketRequest, context: Context) -> pb.ReopenTicketResponse:
        """Open again."""
        write = read.write("ReopenTicket", request)
        ticket = await self._store.tickets.reopen_ticket(read.ticket_id(request.ticket_id), write)
        return pb.ReopenTicketResponse(ticket=_ticket(ticket))

    async def SnoozeTicket(self, request: pb.SnoozeTicketRequest, context: Context) -> pb.SnoozeTicketResponse:
        """Out of the queue for a while."""
        write, snooze = read.write("SnoozeTicket", request), from_message(request, Snooze)
        ticket = await self._store.snoozes.snooze_ticket(read.ticket_id(request.ticket_id), snooze, write)
        return pb.SnoozeTicketResponse(ticket=_ticket(ticket))

    async def WakeTicket(self, request: pb.WakeTicketRequest, context: Context) -> pb.WakeTicketResponse:
        """Back into the queue."""
        write = read.write("WakeTicket", request)
        ticket = await self._store.snoozes.wake_ticket(read.ticket_id(request.ticket_id), write)
        return pb.WakeTicketResponse(ticket=_ticket(ticket))

    async def CreateMessage(self, request: pb.CreateMessageRequest, context: Context) -> pb.CreateMessageResponse:
        """A reply, an internal note or a customer's word."""
        write = read.write("CreateMessage", request)
        new = self._with_uploads(take_message(read.new_message(request), write.principal), write.principal)
        message, ticket = await self._store.messages.create_message(read.ticket_id(request.ticket_id), new, write)
        self._metrics.message_taken(message.author_kind, message.visibility)
        return pb.CreateMessageResponse(message=to_message(message, ticket_pb2.Message), ticket=_ticket(ticket))

    async def ListMessages(self, request: pb.ListMessagesRequest, context: Context) -> pb.ListMessagesResponse:
        """The conversation as the caller may see it."""
        messages, token = await self._store.messages.list_messages(
            read.ticket_id(request.ticket_id), read.page(request), scope=_scope()
        )
        listed = (to_message(message, ticket_pb2.Message) for message in messages)
        return pb.ListMessagesResponse(messages=listed, next_page_token=token)

    async def GetAttachment(self, request: pb.GetAttachmentRequest, context: Context) -> pb.GetAttachmentResponse:
        """A file of a message that the caller may see."""
        attachment_id = read.known_id(request.attachment_id, "attachment")
        return to_message(
            await self._store.attachments.get_attachment(attachment_id, scope=_scope()), pb.GetAttachmentResponse
        )

    async def UndoMessage(self, request: pb.UndoMessageRequest, context: Context) -> pb.UndoMessageResponse:
        """Taken back before it went out."""
        message = await self._store.deliveries.undo_message(
            read.ticket_id(request.ticket_id),
            read.known_id(request.message_id, "message"),
            read.unrepeated("UndoMessage"),
        )
        return pb.UndoMessageResponse(message=to_message(message, ticket_pb2.Message))

    async def AnswerTicket(self, request: pb.AnswerTicketRequest, context: Context) -> pb.AnswerTicketResponse:
        """The requester's answer by a link."""
        ticket = await self._store.answers.answer_ticket(
            read.ticket_id(request.ticket_id),
            read.customer_answer(request),
            read.write("AnswerTicket", request),
            status_epoch=request.status_epoch,
            validate_only=request.validate_only,
        )
        return pb.AnswerTicketResponse(ticket=_ticket(ticket))

    async def ListDeliveries(self, request: pb.ListDeliveriesRequest, context: Context) -> pb.ListDeliveriesResponse:
        """The ledger."""
        deliveries, token = await self._store.deliveries.list_deliveries(
            read.page(request),
            ticket_id=read.ticket_id(request.ticket_id) if request.ticket_id else None,
            state=read.delivery_state(request),
            scope=_scope(),
        )
        listed = (to_message(delivery, ticket_pb2.Delivery) for delivery in deliveries)
        return pb.ListDeliveriesResponse(deliveries=listed, next_page_token=token)

    async def RepeatDelivery(self, request: pb.RepeatDeliveryRequest, context: Context) -> pb.RepeatDeliveryResponse:
        """Once more."""
        delivery_id = read.known_id(request.delivery_id, "delivery")
        delivery = await self._store.deliveries.repeat_delivery(delivery_id, read.unrepeated("RepeatDelivery"))
        return pb.RepeatDeliveryResponse(delivery=to_message(delivery, ticket_pb2.Delivery))

    async def ListEvents(self, request: pb.ListEventsRequest, context: Context) -> pb.ListEventsResponse:
        """The activity."""
        events, token = await self._store.search.list_events(
            read.ticket_id(request.ticket_id), read.page(request), scope=_scope()
        )
        listed = (to_message(event, ticket_pb2.Event) for event in events)
        return pb.ListEventsResponse(events=listed, next_page_token=token)

    async def ListDues(self, request: pb.ListDuesRequest, context: Context) -> pb.ListDuesResponse:
        """What happens next by itself."""
        dues = await self._store.search.list_dues(read.ticket_id(request.ticket_id), scope=_scope())
        return pb.ListDuesResponse(dues=(to_message(due, ticket_pb2.Due) for due in dues))

    async def GetDecision(self, request: pb.GetDecisionRequest, context: Context) -> pb.GetDecisionResponse:
        """Why."""
        decision_id = read.known_id(request.decision_id, "decision")
        decision = await self._store.search.get_decision(read.ticket_id(request.ticket_id), decision_id, scope=_scope())
        return to_message(decision, pb.GetDecisionResponse)

    async def ReadFacts(self, request: pb.ReadFactsRequest, context: Context) -> pb.ReadFactsResponse:
        """For trying and explaining rules."""
        return pb.ReadFactsResponse(seen=await read_seen(self._store.seen, request, scope=_scope()))

    async def FindThread(self, request: pb.FindThreadRequest, context: Context) -> pb.FindThreadResponse:
        """Whose thread a mail is in."""
        ticket_id = await self._store.messages.find_thread(
            request.rfc_message_ids,
            sender_email=clean_email(request.sender_email),
            recipients=request.recipients,
        )
        return pb.FindThreadResponse(ticket_id=str(ticket_id))

    async def QuarantineItem(self, request: pb.QuarantineItemRequest, context: Context) -> pb.QuarantineItemResponse:
        """Kept, once."""
        item_id = await self._store.quarantine.quarantine_item(read.new_quarantined_item(request))
        return pb.QuarantineItemResponse(item_id=str(item_id))

    async def ListQuarantine(self, request: pb.ListQuarantineRequest, context: Context) -> pb.ListQuarantineResponse:
        """What could not be taken."""
        items, token = await self._store.quarantine.list_quarantine(
            read.page(request), code=request.code, state=read.quarantine_state(request)
        )
        listed = (to_message(item, pb.QuarantinedItem) for item in items)
        return pb.ListQuarantineResponse(items=listed, next_page_token=token)

    async def GetQuarantinedItem(
        self, request: pb.GetQuarantinedItemRequest, context: Context
    ) -> pb.GetQuarantinedItemResponse:
        """One, with its source."""
        item = await self._store.quarantine.get_quarantined_item(read.known_id(request.item_id, "item"))
        return pb.GetQuarantinedItemResponse(item=to_message(item, pb.QuarantinedItem))

    async def ReleaseQuarantinedItem(
        self, request: pb.ReleaseQuarantinedItemRequest, context: Context
    ) -> pb.ReleaseQuarantinedItemResponse:
        """A ticket after all."""
        item = await self._want(request.item_id, QuarantineState.RELEASING)
        return pb.ReleaseQuarantinedItemResponse(item=to_message(item, pb.QuarantinedItem))

    async def RetryQuarantinedItem(
        self, request: pb.RetryQuarantinedItemRequest, context: Context
    ) -> pb.RetryQuarantinedItemResponse:
        """As if it came now."""
        item = await self._want(request.item_id, QuarantineState.RETRYING)
        return pb.RetryQuarantinedItemResponse(item=to_message(item, pb.QuarantinedItem))

    async def DeleteQuarantinedItem(
        self, request: pb.DeleteQuarantinedItemRequest, context: Context
    ) -> pb.DeleteQuarantinedItemResponse:
        """Forgotten, but for who did it."""
        item = await self._store.quarantine.delete_quarantined_item(
            read.known_id(request.item_id, "item"), changed_by=current_principal().subject
        )
        return pb.DeleteQuarantinedItemResponse(item=to_message(item, pb.QuarantinedItem))

    async def ClaimQuarantinedItem(
        self, request: pb.ClaimQuarantinedItemRequest, context: Context
    ) -> pb.ClaimQuarantinedItemResponse:
        """What a door is to read again."""
        item = await self._store.quarantine.claim_quarantined_item(wait=wait_of(request.wait))
        return pb.ClaimQuarantinedItemResponse(item=to_message(item, pb.QuarantinedItem) if item else None)

    async def FinishQuarantinedItem(
        self, request: pb.FinishQuarantinedItemRequest, context: Context
    ) -> pb.FinishQuarantinedItemResponse:
        """What became of it."""
        await self._store.quarantine.finish_quarantined_item(
            read.known_id(request.item_id, "item"),
            read.optional_id(request.ticket_id, "ticket_id"),
            code=clean_line(request.code),
            reason=clean_line(request.reason),
        )
        return pb.FinishQuarantinedItemResponse()

    async def RecordMailReport(
        self, request: pb.RecordMailReportRequest, context: Context
    ) -> pb.RecordMailReportResponse:
        """Beside the ticket that it concerns."""
        ticket_id = await self._store.mail_reports.record_mail_report(read.new_mail_report(request))
        return pb.RecordMailReportResponse(ticket_id=str(ticket_id))

    async def ListMailReports(self, request: pb.ListMailReportsRequest, context: Context) -> pb.ListMailReportsResponse:
        """What machines told about our mails."""
        reports = await self._store.mail_reports.list_mail_reports(read.ticket_id(request.ticket_id), scope=_scope())
        return pb.ListMailReportsResponse(reports=(to_message(report, pb.MailReport) for report in reports))

    async def CreateContact(self, request: pb.CreateContactRequest, context: Context) -> pb.CreateContactResponse:
        """The contact with this address."""
        contact = await self._store.contacts.create_contact(
            clean_email(request.email), clean_line(request.name)[:NAME_LENGTH]
        )
        return pb.CreateContactResponse(contact=to_message(contact, ticket_pb2.Contact))

    async def ListBrands(self, request: pb.ListBrandsRequest, context: Context) -> pb.ListBrandsResponse:
        """All of them."""
        brands = await self._store.brands.list_brands()
        return pb.ListBrandsResponse(brands=(to_message(brand, ticket_pb2.Brand) for brand in brands))

    async def CreateBrand(self, request: pb.CreateBrandRequest, context: Context) -> pb.CreateBrandResponse:
        """A new company front."""
        brand = read.new_brand(request)
        await check_calendar(self._calendars, asdict(brand))
        brand = await self._store.brands.create_brand(brand, read.write("CreateBrand", request))
        return pb.CreateBrandResponse(brand=to_message(brand, ticket_pb2.Brand))

    async def UpdateBrand(self, request: pb.UpdateBrandRequest, context: Context) -> pb.UpdateBrandResponse:
        """The fields that the mask names."""
        values = read.brand_fields(request)
        await check_calendar(self._calendars, values)
        brand = await self._store.brands.update_brand(
            read.known_id(request.brand.id, "brand"), values, expected_version=request.brand.version
        )
        return pb.UpdateBrandResponse(brand=to_message(brand, ticket_pb2.Brand))

    async def ListCcProposals(self, request: pb.ListCcProposalsRequest, context: Context) -> pb.ListCcProposalsResponse:
        """Whom customers named besides us."""
        proposals = await self._store.search.list_cc_proposals(read.ticket_id(request.ticket_id), scope=_scope())
        return pb.ListCcProposalsResponse(proposals=(to_message(proposal, pb.CcProposal) for proposal in proposals))

    def _with_uploads(self, new: Carrier, principal: Principal) -> Carrier:
        """With the files that the caller uploaded before; Invalid for any others."""
        return replace(new, attachments=(*new.attachments, *self._uploaded(new.uploads, principal)))

    def _uploaded(self, handles: Sequence[str], principal: Principal) -> tuple[NewAttachment, ...]:
        return check_uploads([self._uploads.verify(handle, owner=principal) for handle in handles])

    async def _want(self, item_id: str, state: QuarantineState) -> QuarantinedItem:
        return await self._store.quarantine.want_quarantined_item(
            read.known_id(item_id, "item"), state, changed_by=current_principal().subject
        )

    async def _own_contact(self, principal: Principal) -> Contact | None:
        if principal.role is not Role.CUSTOMER:
            return None
        if principal.contact_id is None:
            raise Forbidden("This account belongs to no customer: it cannot ask for anything.")
        return await self._store.contacts.get_contact(principal.contact_id)


def _scope() -> Scope:
    return scope_of(current_principal())


def _ticket(ticket: Ticket) -> ticket_pb2.Ticket:
    """The ticket as the caller may see it: what happens to it by itself and its family are for staff."""
    if current_principal().role is Role.CUSTOMER:
        ticket = replace(
            ticket,
            next_due_at=None,
            snoozed_until=None,
            snooze_reason="",
            snoozed_by="",
            keep_on_reply=False,
            queued_since=None,
            parent_id=None,
            children=NO_CHILDREN,
        )
    return to_message(ticket, ticket_pb2.Ticket)
