"""FamilyService: parents, children, and what settling one does to the others."""

from dataclasses import dataclass

from duradesk.tickets.v1 import family_pb2, family_service_pb2_grpc, ticket_pb2
from duradesk.tickets.v1 import family_service_pb2 as pb

from services.common.auth import current_principal
from services.common.interceptors import Context
from services.common.wire import from_message, to_message
from services.domain.family.model import CascadeAct
from services.domain.family.policy import FamilyPolicy
from services.domain.intake import SUBJECT_LENGTH, clean_line
from services.domain.ticket import Ticket
from services.tickets.servicer import requests as read
from services.tickets.store import Store
from services.tickets.store.scope import Scope, scope_of


@dataclass(frozen=True, slots=True)
class _Act:
    act: CascadeAct


class FamilyServicer(family_service_pb2_grpc.FamilyServiceServicer):
    """Each write is one transaction with its events, and answered when it is durable."""

    def __init__(self, store: Store) -> None:
        self._families = store.families
        self._cascades = store.cascades
        self._previews = store.previews

    async def SetParent(self, request: pb.SetParentRequest, context: Context) -> pb.SetParentResponse:
        """Into a family."""
        child_id, parent_id = read.ticket_id(request.ticket_id), read.ticket_id(request.parent_id)
        ticket = await self._families.set_parent(child_id, parent_id, read.write("SetParent", request))
        return pb.SetParentResponse(ticket=_ticket(ticket))

    async def RemoveParent(self, request: pb.RemoveParentRequest, context: Context) -> pb.RemoveParentResponse:
        """Out of it."""
        write = read.write("RemoveParent", request)
        ticket = await self._families.remove_parent(read.ticket_id(request.ticket_id), write)
        return pb.RemoveParentResponse(ticket=_ticket(ticket))

    async def GroupTickets(self, request: pb.GroupTicketsRequest, context: Context) -> pb.GroupTicketsResponse:
        """A parent for these."""
        ticket_ids = [read.ticket_id(text) for text in request.ticket_ids]
        subject = clean_line(request.subject)[:SUBJECT_LENGTH]
        ticket = await self._families.group_tickets(ticket_ids, subject, read.write("GroupTickets", request))
        return pb.GroupTicketsResponse(ticket=_ticket(ticket))

    async def ListRelatives(self, request: pb.ListRelativesRequest, context: Context) -> pb.ListRelativesResponse:
        """What may belong together."""
        tickets = await self._families.list_relatives(read.ticket_id(request.ticket_id), scope=_scope())
        return pb.ListRelativesResponse(tickets=map(_ticket, tickets))

    async def ListChildren(self, request: pb.ListChildrenRequest, context: Context) -> pb.ListChildrenResponse:
        """By number."""
        children, token = await self._families.list_children(
            read.ticket_id(request.ticket_id), read.page(request), scope=_scope()
        )
        return pb.ListChildrenResponse(children=map(_ticket, children), next_page_token=token)

    async def GetFamily(self, request: pb.GetFamilyRequest, context: Context) -> pb.GetFamilyResponse:
        """From the parent or from any child."""
        family = await self._families.get_family(read.ticket_id(request.ticket_id), scope=_scope())
        return pb.GetFamilyResponse(family=to_message(family, pb.Family))

    async def SetFamilyPolicy(self, request: pb.SetFamilyPolicyRequest, context: Context) -> pb.SetFamilyPolicyResponse:
        """For this parent alone."""
        policy = from_message(request.policy, FamilyPolicy)
        family = await self._families.set_family_policy(
            read.ticket_id(request.ticket_id), policy, read.unrepeated("SetFamilyPolicy")
        )
        return pb.SetFamilyPolicyResponse(family=to_message(family, pb.Family))

    async def PreviewSettle(self, request: pb.PreviewSettleRequest, context: Context) -> pb.PreviewSettleResponse:
        """What would follow."""
        act = from_message(request, _Act).act
        preview = await self._previews.preview_settle(read.ticket_id(request.ticket_id), act, scope=_scope())
        return pb.PreviewSettleResponse(preview=to_message(preview, pb.SettlePreview))

    async def GetCascade(self, request: pb.GetCascadeRequest, context: Context) -> pb.GetCascadeResponse:
        """How far it is."""
        cascade_id = read.known_id(request.cascade_id, "cascade")
        cascade = await self._cascades.get_cascade(cascade_id, scope=_scope())
        return pb.GetCascadeResponse(cascade=to_message(cascade, family_pb2.Cascade))

    async def UndoCascade(self, request: pb.UndoCascadeRequest, context: Context) -> pb.UndoCascadeResponse:
        """Taken back."""
        cascade_id = read.known_id(request.cascade_id, "cascade")
        undo = await self._cascades.undo_cascade(cascade_id, read.unrepeated("UndoCascade"))
        return pb.UndoCascadeResponse(cascade=to_message(undo, family_pb2.Cascade))

    async def RetryCascade(self, request: pb.RetryCascadeRequest, context: Context) -> pb.RetryCascadeResponse:
        """Failed children again."""
        cascade_id = read.known_id(request.cascade_id, "cascade")
        cascade = await self._cascades.retry_cascade(cascade_id, read.unrepeated("RetryCascade"))
        return pb.RetryCascadeResponse(cascade=to_message(cascade, family_pb2.Cascade))

    async def RunCascadePage(self, request: pb.RunCascadePageRequest, context: Context) -> pb.RunCascadePageResponse:
        """The next children."""
        progress = await self._cascades.run_cascade_page(read.known_id(request.cascade_id, "cascade"))
        return to_message(progress, pb.RunCascadePageResponse)


def _scope() -> Scope:
    return scope_of(current_principal())


def _ticket(ticket: Ticket) -> ticket_pb2.Ticket:
    return to_message(ticket, ticket_pb2.Ticket)
