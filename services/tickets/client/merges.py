"""MergeService as the gateway calls it."""

from collections.abc import Sequence
from uuid import UUID

import grpc
from duradesk.tickets.v1 import merge_service_pb2 as pb
from duradesk.tickets.v1 import merge_service_pb2_grpc

from services.common.wire import from_message
from services.domain.merging import MergeOutcome, MergePreview, Unmerged
from services.domain.ticket import Ticket


class MergeClient:
    """Calls over a channel of services.common.channel: domain objects in and out, domain errors raised."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = merge_service_pb2_grpc.MergeServiceStub(channel)

    async def merge_ticket(
        self, ticket_id: UUID, into: UUID, *, include_customers: bool = False, request_id: str = ""
    ) -> Ticket:
        """The merged ticket, closed; NotFound, InvalidTransition (SAME_TICKET, MERGED, INTO_MERGED, INTO_CLOSED, …)."""
        request = pb.MergeTicketRequest(
            ticket_id=str(ticket_id), into=str(into), include_customers=include_customers, request_id=request_id
        )
        return from_message((await self._stub.MergeTicket(request)).ticket, Ticket)

    async def preview_merge(self, ticket_id: UUID, into: UUID) -> MergePreview:
        """What merging would do or refuse; NotFound."""
        request = pb.PreviewMergeRequest(ticket_id=str(ticket_id), into=str(into))
        return from_message((await self._stub.PreviewMerge(request)).preview, MergePreview)

    async def merge_tickets(
        self, ticket_ids: Sequence[UUID], into: UUID, *, include_customers: bool = False
    ) -> tuple[MergeOutcome, ...]:
        """What became of each, in the same order; Invalid for none or too many."""
        ids = [str(ticket_id) for ticket_id in ticket_ids]
        request = pb.MergeTicketsRequest(ticket_ids=ids, into=str(into), include_customers=include_customers)
        response = await self._stub.MergeTickets(request)
        return tuple(from_message(outcome, MergeOutcome) for outcome in response.outcomes)

    async def unmerge_ticket(self, ticket_id: UUID, *, request_id: str = "") -> Unmerged:
        """The ticket as it was, and what could not be put back; NotFound, InvalidTransition (NOT_MERGED)."""
        request = pb.UnmergeTicketRequest(ticket_id=str(ticket_id), request_id=request_id)
        return from_message(await self._stub.UnmergeTicket(request), Unmerged)

    async def split_message(
        self, ticket_id: UUID, message_id: UUID, *, subject: str = "", request_id: str = ""
    ) -> Ticket:
        """The new ticket; NotFound, Invalid, InvalidTransition (NOT_PUBLIC, ONLY_MESSAGE, SET_ASIDE)."""
        request = pb.SplitMessageRequest(
            ticket_id=str(ticket_id), message_id=str(message_id), subject=subject, request_id=request_id
        )
        return from_message((await self._stub.SplitMessage(request)).ticket, Ticket)

    async def mark_duplicate(self, ticket_id: UUID, original_id: UUID, *, request_id: str = "") -> Ticket:
        """Settled with the original from now on; NotFound, InvalidTransition (CIRCLE, MERGED, SPAM)."""
        request = pb.MarkDuplicateRequest(ticket_id=str(ticket_id), original_id=str(original_id), request_id=request_id)
        return from_message((await self._stub.MarkDuplicate(request)).ticket, Ticket)

    async def unmark_duplicate(self, ticket_id: UUID, *, request_id: str = "") -> Ticket:
        """A ticket of its own again; NotFound."""
        request = pb.UnmarkDuplicateRequest(ticket_id=str(ticket_id), request_id=request_id)
        return from_message((await self._stub.UnmarkDuplicate(request)).ticket, Ticket)

    async def mark_spam(self, ticket_id: UUID, *, request_id: str = "") -> Ticket:
        """Closed, and nobody is told; NotFound, InvalidTransition (MERGED)."""
        request = pb.MarkSpamRequest(ticket_id=str(ticket_id), request_id=request_id)
        return from_message((await self._stub.MarkSpam(request)).ticket, Ticket)

    async def unmark_spam(self, ticket_id: UUID, *, request_id: str = "") -> Ticket:
        """Back to the status that it had; NotFound."""
        request = pb.UnmarkSpamRequest(ticket_id=str(ticket_id), request_id=request_id)
        return from_message((await self._stub.UnmarkSpam(request)).ticket, Ticket)
