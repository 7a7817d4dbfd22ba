"""ServiceLevelService: keeping calendars, escalation ladders and policies."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import grpc
from duradesk.routing.v1 import service_level_service_pb2 as pb
from duradesk.routing.v1 import service_level_service_pb2_grpc as pb_grpc

from services.common.auth import current_principal
from services.common.waiting import look_until, wait_of
from services.common.wire import from_message, to_message
from services.domain.calendars.imports import import_closed_days
from services.domain.calendars.model import Calendar, check_calendar
from services.domain.clocks.policy import Ladder, Policy, check_ladder, check_policy
from services.domain.clocks.whole import check_service_levels, read_conditions
from services.domain.named import named_by_actions, named_by_conditions
from services.routing.convert import id_from
from services.routing.names import KnownNames
from services.routing.service_levels.brands import BrandCalendars
from services.routing.service_levels.convert import (
    KINDS,
    T,
    Thing,
    document_of,
    message_of,
    new_thing,
    service_levels_of,
    things_of,
)
from services.routing.service_levels.planning import Planning
from services.routing.service_levels.store import Document, ServiceLevelStore, with_next, without

_LOOK_SECONDS = 1.0
_NO_ID = str(UUID(int=0))

Context = grpc.aio.ServicerContext[Any, Any]


class ServiceLevelServicer(pb_grpc.ServiceLevelServiceServicer):
    """Each write is checked by itself, and then with all the others under one lock."""

    def __init__(self, store: ServiceLevelStore, planning: Planning, names: KnownNames, brands: BrandCalendars) -> None:
        self._store = store
        self._names = names
        self._brands = brands
        self._planning = planning

    async def ListCalendars(self, request: pb.ListCalendarsRequest, context: Context) -> pb.ListCalendarsResponse:
        """By name."""
        return pb.ListCalendarsResponse(calendars=await self._list(Calendar))

    async def CreateCalendar(self, request: pb.CreateCalendarRequest, context: Context) -> pb.CreateCalendarResponse:
        """A new one."""
        return pb.CreateCalendarResponse(calendar=await self._create(request.calendar, Calendar, check_calendar))

    async def UpdateCalendar(self, request: pb.UpdateCalendarRequest, context: Context) -> pb.UpdateCalendarResponse:
        """All of it."""
        return pb.UpdateCalendarResponse(calendar=await self._update(request.calendar, Calendar, check_calendar))

    async def DeleteCalendar(self, request: pb.DeleteCalendarRequest, context: Context) -> pb.DeleteCalendarResponse:
        """Gone."""
        await self._brands.check_unused(id_from(request.calendar_id, of="calendar"))
        await self._delete(request.calendar_id, Calendar)
        return pb.DeleteCalendarResponse()

    async def ListEscalationLadders(
        self, request: pb.ListEscalationLaddersRequest, context: Context
    ) -> pb.ListEscalationLaddersResponse:
        """By name."""
        return pb.ListEscalationLaddersResponse(escalation_ladders=await self._list(Ladder))

    async def CreateEscalationLadder(
        self, request: pb.CreateEscalationLadderRequest, context: Context
    ) -> pb.CreateEscalationLadderResponse:
        """A new one."""
        ladder = await self._create(request.escalation_ladder, Ladder, check_ladder)
        return pb.CreateEscalationLadderResponse(escalation_ladder=ladder)

    async def UpdateEscalationLadder(
        self, request: pb.UpdateEscalationLadderRequest, context: Context
    ) -> pb.UpdateEscalationLadderResponse:
        """All of it."""
        ladder = await self._update(request.escalation_ladder, Ladder, check_ladder)
        return pb.UpdateEscalationLadderResponse(escalation_ladder=ladder)

    async def DeleteEscalationLadder(
        self, request: pb.DeleteEscalationLadderRequest, context: Context
    ) -> pb.DeleteEscalationLadderResponse:
        """Gone."""
        await self._delete(request.escalation_ladder_id, Ladder)
        return pb.DeleteEscalationLadderResponse()

    async def ListSlaPolicies(self, request: pb.ListSlaPoliciesRequest, context: Context) -> pb.ListSlaPoliciesResponse:
        """By name; `position` says in which order they are tried."""
        return pb.ListSlaPoliciesResponse(sla_policies=await self._list(Policy))

    async def CreateSlaPolicy(self, request: pb.CreateSlaPolicyRequest, context: Context) -> pb.CreateSlaPolicyResponse:
        """A new one."""
        return pb.CreateSlaPolicyResponse(sla_policy=await self._create(request.sla_policy, Policy, check_policy))

    async def UpdateSlaPolicy(self, request: pb.UpdateSlaPolicyRequest, context: Context) -> pb.UpdateSlaPolicyResponse:
        """All of it."""
        return pb.UpdateSlaPolicyResponse(sla_policy=await self._update(request.sla_policy, Policy, check_policy))

    async def DeleteSlaPolicy(self, request: pb.DeleteSlaPolicyRequest, context: Context) -> pb.DeleteSlaPolicyResponse:
        """Gone."""
        await self._delete(request.sla_policy_id, Policy)
        return pb.DeleteSlaPolicyResponse()

    async def PreviewServiceLevels(
        self, request: pb.PreviewServiceLevelsRequest, context: Context
    ) -> pb.PreviewServiceLevelsResponse:
        """Reckoned, not kept."""
        await self._resolve_names(request.sla_policy)
        _, documents = await self._store.list_documents()
        after = _with_change(documents, request)
        _check_all(after)
        if request.WhichOneof("change") == "deleted_id":
            await self._brands.check_unused(UUID(request.deleted_id))
        preview = await self._planning.preview(service_levels_of(after))
        return to_message(preview, pb.PreviewServiceLevelsResponse)

    async def ReplanTickets(self, request: pb.ReplanTicketsRequest, context: Context) -> pb.ReplanTicketsResponse:
        """Look each second, until there are some or the time is over."""
        looked_at = await look_until(self._planning.replan, wait=wait_of(request.wait), every=_LOOK_SECONDS)
        return pb.ReplanTicketsResponse(looked_at=looked_at)

    async def ImportClosedDays(
        self, request: pb.ImportClosedDaysRequest, context: Context
    ) -> pb.ImportClosedDaysResponse:
        """Read, not kept."""
        days = import_closed_days(request.content)
        return pb.ImportClosedDaysResponse(closed_days=(to_message(day, pb.ClosedDay) for day in days))

    async def _list(self, kind: type[T]) -> list[Any]:
        _, documents = await self._store.list_documents()
        return [message_of(thing) for thing in things_of(documents, kind)]

    async def _create(self, message: Any, kind: type[T], check: Callable[[T], None]) -> Any:
        await self._resolve_names(message)
        thing: T = new_thing(message, kind, uuid4())
        check(thing)
        await self._check_names(thing)
        document = document_of(thing)
        await self._store.create_document(document, by=current_principal().subject, check=_check_all)
        return message_of(thing)

    async def _update(self, message: Any, kind: type[T], check: Callable[[T], None]) -> Any:
        id_from(message.id, of=KINDS[kind])
        await self._resolve_names(message)
        thing: T = from_message(message, kind)
        check(thing)
        await self._check_names(thing)
        document = document_of(thing)
        version = await self._store.update_document(document, by=current_principal().subject, check=_check_all)
        return message_of(replace(thing, version=version))

    async def _resolve_names(self, message: Any) -> None:
        """In the conditions of a policy."""
        if isinstance(message, pb.SlaPolicy) and message.conditions:
            message.conditions = await self._names.resolve(message.conditions)

    async def _check_names(self, thing: Thing) -> None:
        """What is gone has to go from a ladder when it is saved; a policy may keep what it named."""
        if isinstance(thing, Ladder):
            steps = enumerate(thing.steps)
            named = [each for at, step in steps for each in named_by_actions(step.actions, f"steps[{at}].")]
            await self._names.check(named, of="ladder")
        if isinstance(thing, Policy):
            read_conditions(thing.conditions)
            _, documents = await self._store.list_documents()
            present = [each for each in things_of(documents, Policy) if each.id == thing.id]
            kept = [named for each in present for named in named_by_conditions(each.conditions)]
            await self._names.check([*named_by_conditions(thing.conditions)], of="policy", kept=kept)

    async def _delete(self, text: str, kind: type[Thing]) -> None:
        by, document_id = current_principal().subject, id_from(text, of=KINDS[kind])
        await self._store.delete_document(document_id, KINDS[kind], by=by, check=_check_all)


def _with_change(documents: Sequence[Document], request: pb.PreviewServiceLevelsRequest) -> list[Document]:
    """All documents as they would be after the change; Invalid, NotFound, Conflict."""
    match request.WhichOneof("change"):
        case "calendar":
            return _with(documents, request.calendar, Calendar, check_calendar)
        case "escalation_ladder":
            return _with(documents, request.escalation_ladder, Ladder, check_ladder)
        case "sla_policy":
            return _with(documents, request.sla_policy, Policy, check_policy)
        case _:
            return without(documents, id_from(request.deleted_id, of="service_level"))


def _with(documents: Sequence[Document], message: Any, kind: type[T], check: Callable[[T], None]) -> list[Document]:
    is_new = message.id in ("", _NO_ID)
    thing: T = new_thing(message, kind, uuid4()) if is_new else from_message(message, kind)
    check(thing)
    return [*documents, document_of(thing)] if is_new else with_next(documents, document_of(thing))


def _check_all(documents: Sequence[Document]) -> None:
    check_service_levels(service_levels_of(documents))
