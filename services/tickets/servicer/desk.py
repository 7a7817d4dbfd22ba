"""DeskService: what people at their desks ask besides the tickets themselves."""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from uuid import UUID

from duradesk.tickets.v1 import desk_service_pb2 as pb
from duradesk.tickets.v1 import desk_service_pb2_grpc

from services.common.auth import current_principal
from services.common.interceptors import Context
from services.common.wire import from_message, to_message
from services.domain.bulk import MOST_TICKETS, TicketChange, check_change, check_wanted
from services.domain.desk import PresenceState
from services.domain.errors import Invalid
from services.domain.message import Visibility
from services.domain.orders import parse_order
from services.tickets.colleagues import Colleagues, check_colleague
from services.tickets.news import NewsDesk
from services.tickets.servicer import requests as read
from services.tickets.servicer.filters import read_filters
from services.tickets.store import Store
from services.tickets.store.pages import MOST, Page
from services.tickets.store.scope import Scope, scope_of


@dataclass(frozen=True, slots=True)
class _State:
    state: PresenceState


@dataclass(frozen=True, slots=True)
class _Kind:
    visibility: Visibility


class DeskServicer(desk_service_pb2_grpc.DeskServiceServicer):
    """News come from the news desk, all else is one transaction."""

    def __init__(self, store: Store, news: NewsDesk, colleagues: Colleagues) -> None:
        self._colleagues = colleagues
        self._store = store
        self._news = news

    async def WatchEvents(
        self, request: pb.WatchEventsRequest, context: Context
    ) -> AsyncGenerator[pb.WatchEventsResponse, None]:
        """What the caller may know of, as it happens."""
        scope, ticket_id = _scope(), None
        if request.ticket_id:
            ticket_id = (await self._store.tickets.get_ticket(read.ticket_key(request.ticket_id), scope=scope)).id
        async for news in self._news.watch(
            after=request.after, scope=scope, user_id=current_principal().subject, ticket_id=ticket_id
        ):
            yield to_message(news, pb.WatchEventsResponse)

    async def TouchPresence(self, request: pb.TouchPresenceRequest, context: Context) -> pb.TouchPresenceResponse:
        """There, or gone."""
        state = from_message(request, _State).state
        await self._store.presence.touch_presence(
            read.ticket_id(request.ticket_id), state, current_principal(), tab=request.tab, scope=_scope()
        )
        return pb.TouchPresenceResponse()

    async def ListPresence(self, request: pb.ListPresenceRequest, context: Context) -> pb.ListPresenceResponse:
        """Who else is there."""
        presence = await self._store.presence.list_presence(read.ticket_id(request.ticket_id), scope=_scope())
        others = presence.without(current_principal().subject)
        return pb.ListPresenceResponse(presence=to_message(others, pb.TicketPresence))

    async def SaveDraft(self, request: pb.SaveDraftRequest, context: Context) -> pb.SaveDraftResponse:
        """Kept."""
        draft = await self._store.drafts.save_draft(
            read.ticket_id(request.ticket_id),
            from_message(request, _Kind).visibility,
            request.body,
            user_id=current_principal().subject,
            expected_version=request.expected_version,
            scope=_scope(),
        )
        return pb.SaveDraftResponse(draft=to_message(draft, pb.Draft))

    async def GetDraft(self, request: pb.GetDraftRequest, context: Context) -> pb.GetDraftResponse:
        """The caller's own."""
        draft = await self._store.drafts.get_draft(
            read.ticket_id(request.ticket_id),
            from_message(request, _Kind).visibility,
            user_id=current_principal().subject,
            scope=_scope(),
        )
        return pb.GetDraftResponse(draft=to_message(draft, pb.Draft))

    async def DeleteDraft(self, request: pb.DeleteDraftRequest, context: Context) -> pb.DeleteDraftResponse:
        """Discarded."""
        await self._store.drafts.save_draft(
            read.ticket_id(request.ticket_id),
            from_message(request, _Kind).visibility,
            "",
            user_id=current_principal().subject,
            expected_version=request.expected_version,
            scope=_scope(),
        )
        return pb.DeleteDraftResponse()

    async def ChangeTickets(self, request: pb.ChangeTicketsRequest, context: Context) -> pb.ChangeTicketsResponse:
        """Many at once."""
        write, change = read.write("ChangeTickets", request), from_message(request.change, TicketChange)
        check_wanted(change)
        check_change(change, write.principal)
        await check_colleague(self._colleagues, change.assignee_id, field="assignee_id")
        job = await self._store.bulk.change_tickets(await self._wanted(request), change, write)
        return pb.ChangeTicketsResponse(job=to_message(job, pb.BulkJob))

    async def GetBulkJob(self, request: pb.GetBulkJobRequest, context: Context) -> pb.GetBulkJobResponse:
        """How far it is."""
        job = await self._store.bulk.get_bulk_job(read.known_id(request.job_id, "bulk"), current_principal())
        return pb.GetBulkJobResponse(job=to_message(job, pb.BulkJob))

    async def CancelBulkJob(self, request: pb.CancelBulkJobRequest, context: Context) -> pb.CancelBulkJobResponse:
        """No further."""
        job = await self._store.bulk.cancel_bulk_job(read.known_id(request.job_id, "bulk"), current_principal())
        return pb.CancelBulkJobResponse(job=to_message(job, pb.BulkJob))

    async def UndoBulkJob(self, request: pb.UndoBulkJobRequest, context: Context) -> pb.UndoBulkJobResponse:
        """Taken back."""
        write = read.write("UndoBulkJob", request)
        job = await self._store.bulk.undo_bulk_job(read.known_id(request.job_id, "bulk"), write)
        return pb.UndoBulkJobResponse(job=to_message(job, pb.BulkJob))

    async def _wanted(self, request: pb.ChangeTicketsRequest) -> Sequence[UUID]:
        """The tickets asked for, by id or as the filter finds them now."""
        if bool(request.ticket_ids) is bool(request.filter):
            problem = "must be said unless there is a filter, and not with one"
            raise Invalid(f"The bulk is not valid: ticket_ids {problem}.", violations={"ticket_ids": problem})
        if not request.filter:
            return [read.ticket_id(text) for text in request.ticket_ids]
        (condition,) = await read_filters([request.filter], self._store)
        found, token = list[UUID](), ""
        while len(found) <= MOST_TICKETS:
            page = await self._store.lists.list_tickets(condition, parse_order(""), Page(MOST, token), scope=_scope())
            found += [ticket.id for ticket in page.tickets]
            if not (token := page.following):
                break
        return found


def _scope() -> Scope:
    return scope_of(current_principal())
