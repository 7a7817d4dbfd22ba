"""FamilyService as the gateway and our own workers call it."""

from collections.abc import Sequence
from uuid import UUID, uuid4

import grpc
from duradesk.tickets.v1 import family_pb2, family_service_pb2_grpc
from duradesk.tickets.v1 import family_service_pb2 as pb

from services.common.wire import from_message, to_message
from services.domain.family.model import Cascade, CascadeAct, CascadeProgress, Family, SettlePreview
from services.domain.family.policy import FamilyPolicy
from services.domain.ticket import Ticket

_ACTS = {
    CascadeAct.RESOLVE: family_pb2.CASCADE_ACT_RESOLVE,
    CascadeAct.CLOSE: family_pb2.CASCADE_ACT_CLOSE,
    CascadeAct.REOPEN: family_pb2.CASCADE_ACT_REOPEN,
}


class FamilyClient:
    """Calls over a channel of services.common.channel: domain objects in and out, domain errors raised.

    A child is made by `create_ticket` with its `parent_id`.
    """

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = family_service_pb2_grpc.FamilyServiceStub(channel)

    async def set_parent(self, ticket_id: UUID, parent_id: UUID, *, request_id: str = "") -> Ticket:
        """The ticket as a child of the other; NotFound, InvalidTransition says why it cannot be one."""
        request = pb.SetParentRequest(
            request_id=request_id or str(uuid4()), ticket_id=str(ticket_id), parent_id=str(parent_id)
        )
        return from_message((await self._stub.SetParent(request)).ticket, Ticket)

    async def remove_parent(self, ticket_id: UUID, *, request_id: str = "") -> Ticket:
        """The ticket outside any family; NotFound."""
        request = pb.RemoveParentRequest(request_id=request_id or str(uuid4()), ticket_id=str(ticket_id))
        return from_message((await self._stub.RemoveParent(request)).ticket, Ticket)

    async def group_tickets(self, ticket_ids: Sequence[UUID], *, subject: str = "", request_id: str = "") -> Ticket:
        """A new parent of these; NotFound, Invalid (too few, too many), InvalidTransition as `set_parent`."""
        request = pb.GroupTicketsRequest(
            request_id=request_id or str(uuid4()), ticket_ids=map(str, ticket_ids), subject=subject
        )
        return from_message((await self._stub.GroupTickets(request)).ticket, Ticket)

    async def list_relatives(self, ticket_id: UUID) -> tuple[Ticket, ...]:
        """Open tickets in no family that may belong with this one, newest first, at most 20; NotFound."""
        response = await self._stub.ListRelatives(pb.ListRelativesRequest(ticket_id=str(ticket_id)))
        return tuple(from_message(ticket, Ticket) for ticket in response.tickets)

    async def list_children(
        self, ticket_id: UUID, *, page_size: int = 0, page_token: str = ""
    ) -> tuple[tuple[Ticket, ...], str]:
        """A page of the children that the caller may see, by number, and the next page's token; NotFound."""
        request = pb.ListChildrenRequest(ticket_id=str(ticket_id), page_size=page_size, page_token=page_token)
        response = await self._stub.ListChildren(request)
        return tuple(from_message(ticket, Ticket) for ticket in response.children), response.next_page_token

    async def get_family(self, ticket_id: UUID) -> Family:
        """The family of a parent or of any child; NotFound."""
        return from_message((await self._stub.GetFamily(pb.GetFamilyRequest(ticket_id=str(ticket_id)))).family, Family)

    async def set_family_policy(self, ticket_id: UUID, policy: FamilyPolicy) -> Family:
        """The family under this parent's own policy; NotFound."""
        request = pb.SetFamilyPolicyRequest(
            ticket_id=str(ticket_id), policy=to_message(policy, family_pb2.FamilyPolicy)
        )
        return from_message((await self._stub.SetFamilyPolicy(request)).family, Family)

    async def preview_settle(self, ticket_id: UUID, act: CascadeAct) -> SettlePreview:
        """What settling the ticket would do to its children, and whom it would tell; NotFound, Invalid (act)."""
        request = pb.PreviewSettleRequest(ticket_id=str(ticket_id), act=_ACTS[act])
        return from_message((await self._stub.PreviewSettle(request)).preview, SettlePreview)

    async def get_cascade(self, cascade_id: UUID) -> Cascade:
        """How far it is; NotFound."""
        response = await self._stub.GetCascade(pb.GetCascadeRequest(cascade_id=str(cascade_id)))
        return from_message(response.cascade, Cascade)

    async def undo_cascade(self, cascade_id: UUID) -> Cascade:
        """The cascade that takes it back; InvalidTransition (TOO_LATE, NOT_FINISHED, NOT_UNDOABLE, ALREADY_UNDONE)."""
        response = await self._stub.UndoCascade(pb.UndoCascadeRequest(cascade_id=str(cascade_id)))
        return from_message(response.cascade, Cascade)

    async def retry_cascade(self, cascade_id: UUID) -> Cascade:
        """The cascade, tried again; InvalidTransition (NOTHING_FAILED, ALREADY_UNDONE, PARENT_IS_OPEN), NotFound."""
        response = await self._stub.RetryCascade(pb.RetryCascadeRequest(cascade_id=str(cascade_id)))
        return from_message(response.cascade, Cascade)

    async def run_cascade_page(self, cascade_id: UUID) -> CascadeProgress:
        """Change the next children, at most 100; NotFound. For our own workers."""
        response = await self._stub.RunCascadePage(pb.RunCascadePageRequest(cascade_id=str(cascade_id)))
        return from_message(response, CascadeProgress)
