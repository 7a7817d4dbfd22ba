"""MergeService: tickets that are one, or none."""

from collections.abc import Sequence
from uuid import UUID

from duradesk.tickets.v1 import merge_service_pb2 as pb
from duradesk.tickets.v1 import merge_service_pb2_grpc, ticket_pb2

from services.common.auth import current_principal
from services.common.interceptors import Context
from services.common.wire import to_message
from services.domain.errors import DuradeskError, Invalid
from services.domain.intake import check_fields, clean_line
from services.domain.merging import MOST_AT_ONCE, MergeOutcome
from services.domain.ticket import Ticket
from services.tickets.servicer import requests as read
from services.tickets.store import Store
from services.tickets.store.scope import scope_of


class MergeServicer(merge_service_pb2_grpc.MergeServiceServicer):
    """Each change is one transaction with the events of both sides."""

    def __init__(self, store: Store) -> None:
        self._merges, self._splits, self._duplicates = store.merges, store.splits, store.duplicates

    async def MergeTicket(self, request: pb.MergeTicketRequest, context: Context) -> pb.MergeTicketResponse:
        """One into another."""
        ticket = await self._merges.merge_ticket(
            read.ticket_id(request.ticket_id),
            read.ticket_id(request.into),
            read.write("MergeTicket", request),
            customers=request.include_customers,
        )
        return pb.MergeTicketResponse(ticket=_told(ticket))

    async def PreviewMerge(self, request: pb.PreviewMergeRequest, context: Context) -> pb.PreviewMergeResponse:
        """What it would do."""
        preview = await self._merges.preview_merge(
            read.ticket_id(request.ticket_id), read.ticket_id(request.into), scope=scope_of(current_principal())
        )
        return pb.PreviewMergeResponse(preview=to_message(preview, pb.MergePreview))

    async def MergeTickets(self, request: pb.MergeTicketsRequest, context: Context) -> pb.MergeTicketsResponse:
        """Many into one; again, it does what is left."""
        into = read.ticket_id(request.into)
        ticket_ids = [read.ticket_id(text) for text in dict.fromkeys(request.ticket_ids)]
        _check_count(ticket_ids)
        outcomes = [
            MergeOutcome(ticket_id, await self._refusal(ticket_id, into, customers=request.include_customers))
            for ticket_id in ticket_ids
        ]
        return pb.MergeTicketsResponse(outcomes=(to_message(outcome, pb.MergeOutcome) for outcome in outcomes))

    async def _refusal(self, ticket_id: UUID, into: UUID, *, customers: bool) -> str:
        try:
            await self._merges.merge_ticket(ticket_id, into, read.unrepeated("MergeTickets"), customers=customers)
        except DuradeskError as refused:
            return refused.message
        return ""

    async def UnmergeTicket(self, request: pb.UnmergeTicketRequest, context: Context) -> pb.UnmergeTicketResponse:
        """Back to what it was."""
        unmerged = await self._merges.unmerge_ticket(
            read.ticket_id(request.ticket_id), read.write("UnmergeTicket", request)
        )
        return pb.UnmergeTicketResponse(ticket=_told(unmerged.ticket), kept=unmerged.kept)

    async def SplitMessage(self, request: pb.SplitMessageRequest, context: Context) -> pb.SplitMessageResponse:
        """A message as a ticket of its own."""
        subject = clean_line(request.subject)
        check_fields(subject=subject or None, type_=None, tags=(), custom_fields={})
        ticket = await self._splits.split_message(
            read.ticket_id(request.ticket_id),
            read.known_id(request.message_id, "message"),
            read.write("SplitMessage", request),
            subject=subject,
        )
        return pb.SplitMessageResponse(ticket=_told(ticket))

    async def MarkDuplicate(self, request: pb.MarkDuplicateRequest, context: Context) -> pb.MarkDuplicateResponse:
        """Settled with another ticket."""
        ticket = await self._duplicates.mark_duplicate(
            read.ticket_id(request.ticket_id),
            read.ticket_id(request.original_id),
            read.write("MarkDuplicate", request),
        )
        return pb.MarkDuplicateResponse(ticket=_told(ticket))

    async def UnmarkDuplicate(self, request: pb.UnmarkDuplicateRequest, context: Context) -> pb.UnmarkDuplicateResponse:
        """No more."""
        ticket_id, write = read.ticket_id(request.ticket_id), read.write("UnmarkDuplicate", request)
        return pb.UnmarkDuplicateResponse(ticket=_told(await self._duplicates.unmark_duplicate(ticket_id, write)))

    async def MarkSpam(self, request: pb.MarkSpamRequest, context: Context) -> pb.MarkSpamResponse:
        """Closed quietly."""
        ticket_id, write = read.ticket_id(request.ticket_id), read.write("MarkSpam", request)
        return pb.MarkSpamResponse(ticket=_told(await self._duplicates.mark_spam(ticket_id, write)))

    async def UnmarkSpam(self, request: pb.UnmarkSpamRequest, context: Context) -> pb.UnmarkSpamResponse:
        """None after all."""
        ticket_id, write = read.ticket_id(request.ticket_id), read.write("UnmarkSpam", request)
        return pb.UnmarkSpamResponse(ticket=_told(await self._duplicates.unmark_spam(ticket_id, write)))


def _told(ticket: Ticket) -> ticket_pb2.Ticket:
    return to_message(ticket, ticket_pb2.Ticket)


def _check_count(ticket_ids: Sequence[UUID]) -> None:
    if not 0 < len(ticket_ids) <= MOST_AT_ONCE:
        problem = f"must have 1 to {MOST_AT_ONCE} tickets, not {len(ticket_ids)}"
        raise Invalid(f"The request is not valid: ticket_ids {problem}.", violations={"ticket_ids": problem})
