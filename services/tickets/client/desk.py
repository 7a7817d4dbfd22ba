"""DeskService as the gateway calls it. Writes carry a request id, or the version they were made over."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from uuid import UUID, uuid4

import grpc
from duradesk.tickets.v1 import desk_service_pb2 as pb
from duradesk.tickets.v1 import desk_service_pb2_grpc, ticket_pb2

from services.common.channel import responses
from services.common.wire import from_message, to_message
from services.domain.bulk import BulkJob, TicketChange
from services.domain.desk import Draft, News, PresenceState, TicketPresence
from services.domain.message import Visibility

_STATES = {
    PresenceState.VIEWING: pb.PRESENCE_STATE_VIEWING,
    PresenceState.WRITING: pb.PRESENCE_STATE_WRITING,
    PresenceState.LEFT: pb.PRESENCE_STATE_LEFT,
}
_VISIBILITIES = {
    Visibility.PUBLIC: ticket_pb2.VISIBILITY_PUBLIC,
    Visibility.INTERNAL: ticket_pb2.VISIBILITY_INTERNAL,
}


class DeskClient:
    """Calls over a channel of services.common.channel: domain objects in and out, domain errors raised."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = desk_service_pb2_grpc.DeskServiceStub(channel)

    async def watch_events(self, *, after: str = "", ticket_id: UUID | str | None = None) -> AsyncGenerator[News, None]:
        """News after a position and on, with the presence at one ticket if there is one; NotFound (the ticket).

        It ends with ResourceExhausted (TOO_SLOW), Unauthenticated or Unavailable: go on from the last position.
        """
        request = pb.WatchEventsRequest(after=after, ticket_id=str(ticket_id or ""))
        async with aclosing(responses(self._stub.WatchEvents(request))) as told:
            async for response in told:
                yield from_message(response, News)

    async def touch_presence(self, ticket_id: UUID, state: PresenceState, *, tab: str = "") -> None:
        """Be at a ticket for the next 50 s, or leave it; NotFound, Invalid."""
        request = pb.TouchPresenceRequest(ticket_id=str(ticket_id), state=_STATES[state], tab=tab)
        await self._stub.TouchPresence(request)

    async def list_presence(self, ticket_id: UUID) -> TicketPresence:
        """Who else is at a ticket; NotFound."""
        response = await self._stub.ListPresence(pb.ListPresenceRequest(ticket_id=str(ticket_id)))
        return from_message(response.presence, TicketPresence)

    async def save_draft(
        self, ticket_id: UUID, visibility: Visibility, body: str, *, expected_version: int = 0
    ) -> Draft:
        """Keep what was typed over that version; NotFound, Invalid, Conflict (DRAFT_CHANGED: get it and show both)."""
        request = pb.SaveDraftRequest(
            ticket_id=str(ticket_id),
            visibility=_VISIBILITIES[visibility],
            body=body,
            expected_version=expected_version,
        )
        return from_message((await self._stub.SaveDraft(request)).draft, Draft)

    async def get_draft(self, ticket_id: UUID, visibility: Visibility) -> Draft:
        """The caller's draft, an empty one when there is none; NotFound (the ticket)."""
        request = pb.GetDraftRequest(ticket_id=str(ticket_id), visibility=_VISIBILITIES[visibility])
        return from_message((await self._stub.GetDraft(request)).draft, Draft)

    async def delete_draft(self, ticket_id: UUID, visibility: Visibility, *, expected_version: int) -> None:
        """Discard it; NotFound, Conflict (DRAFT_CHANGED)."""
        request = pb.DeleteDraftRequest(
            ticket_id=str(ticket_id), visibility=_VISIBILITIES[visibility], expected_version=expected_version
        )
        await self._stub.DeleteDraft(request)

    async def change_tickets(
        self,
        change: TicketChange,
        *,
        ticket_ids: Sequence[UUID] = (),
        filter: str = "",  # noqa: A002 # as the proto names it
        request_id: str = "",
    ) -> BulkJob:
        """Make a change on these tickets, or on those that a filter finds; Invalid, Forbidden, AlreadyExists."""
        request = pb.ChangeTicketsRequest(
            request_id=request_id or str(uuid4()),
            ticket_ids=map(str, ticket_ids),
            filter=filter,
            change=to_message(change, pb.TicketChange),
        )
        return from_message((await self._stub.ChangeTickets(request)).job, BulkJob)

    async def get_bulk_job(self, job_id: UUID) -> BulkJob:
        """How far it is; NotFound."""
        return from_message((await self._stub.GetBulkJob(pb.GetBulkJobRequest(job_id=str(job_id)))).job, BulkJob)

    async def cancel_bulk_job(self, job_id: UUID) -> BulkJob:
        """Change no more tickets; NotFound."""
        response = await self._stub.CancelBulkJob(pb.CancelBulkJobRequest(job_id=str(job_id)))
        return from_message(response.job, BulkJob)

    async def undo_bulk_job(self, job_id: UUID, *, request_id: str = "") -> BulkJob:
        """Take it back as a bulk of its own; NotFound, InvalidTransition (TOO_LATE, NOT_FINISHED, NOT_UNDOABLE)."""
        request = pb.UndoBulkJobRequest(request_id=request_id or str(uuid4()), job_id=str(job_id))
        return from_message((await self._stub.UndoBulkJob(request)).job, BulkJob)
