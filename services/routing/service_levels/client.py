"""ServiceLevelService as the gateway calls it."""

from datetime import timedelta
from uuid import UUID

import grpc
from duradesk.routing.v1 import service_level_service_pb2 as pb
from duradesk.routing.v1 import service_level_service_pb2_grpc as pb_grpc

from services.common.channel import DEADLINE_SECONDS
from services.common.interceptors import LONGEST_CALL_SECONDS
from services.common.wire import from_message, to_message
from services.domain.calendars.model import Calendar, ClosedDay
from services.domain.clocks.policy import Ladder, Policy
from services.domain.clocks.preview import LevelsPreview


class ServiceLevelsClient:
    """Typed calls; raises the domain errors that the proto names. Updates replace all of a thing."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = pb_grpc.ServiceLevelServiceStub(channel)

    async def list_calendars(self) -> tuple[Calendar, ...]:
        """All calendars by name."""
        response = await self._stub.ListCalendars(pb.ListCalendarsRequest())
        return tuple(from_message(calendar, Calendar) for calendar in response.calendars)

    async def create_calendar(self, calendar: Calendar) -> Calendar:
        """A new calendar, with an id of its own; Invalid, AlreadyExists."""
        request = pb.CreateCalendarRequest(calendar=to_message(calendar, pb.Calendar))
        return from_message((await self._stub.CreateCalendar(request)).calendar, Calendar)

    async def update_calendar(self, calendar: Calendar) -> Calendar:
        """The calendar as it is from now on; Invalid, NotFound, AlreadyExists, Conflict (version)."""
        request = pb.UpdateCalendarRequest(calendar=to_message(calendar, pb.Calendar))
        return from_message((await self._stub.UpdateCalendar(request)).calendar, Calendar)

    async def delete_calendar(self, calendar_id: UUID) -> None:
        """No more; NotFound, Invalid (a policy, a team or a brand needs it)."""
        await self._stub.DeleteCalendar(pb.DeleteCalendarRequest(calendar_id=str(calendar_id)))

    async def list_escalation_ladders(self) -> tuple[Ladder, ...]:
        """All ladders by name."""
        response = await self._stub.ListEscalationLadders(pb.ListEscalationLaddersRequest())
        return tuple(from_message(ladder, Ladder) for ladder in response.escalation_ladders)

    async def create_escalation_ladder(self, ladder: Ladder) -> Ladder:
        """A new ladder, with an id of its own; Invalid, AlreadyExists."""
        request = pb.CreateEscalationLadderRequest(escalation_ladder=to_message(ladder, pb.EscalationLadder))
        return from_message((await self._stub.CreateEscalationLadder(request)).escalation_ladder, Ladder)

    async def update_escalation_ladder(self, ladder: Ladder) -> Ladder:
        """The ladder as it is from now on; Invalid, NotFound, AlreadyExists, Conflict (version)."""
        request = pb.UpdateEscalationLadderRequest(escalation_ladder=to_message(ladder, pb.EscalationLadder))
        return from_message((await self._stub.UpdateEscalationLadder(request)).escalation_ladder, Ladder)

    async def delete_escalation_ladder(self, ladder_id: UUID) -> None:
        """No more; NotFound, Invalid (a policy needs it)."""
        request = pb.DeleteEscalationLadderRequest(escalation_ladder_id=str(ladder_id))
        await self._stub.DeleteEscalationLadder(request)

    async def list_sla_policies(self) -> tuple[Policy, ...]:
        """All policies by name."""
        response = await self._stub.ListSlaPolicies(pb.ListSlaPoliciesRequest())
        return tuple(from_message(policy, Policy) for policy in response.sla_policies)

    async def create_sla_policy(self, policy: Policy) -> Policy:
        """A new policy, with an id of its own; Invalid, AlreadyExists."""
        request = pb.CreateSlaPolicyRequest(sla_policy=to_message(policy, pb.SlaPolicy))
        return from_message((await self._stub.CreateSlaPolicy(request)).sla_policy, Policy)

    async def update_sla_policy(self, policy: Policy) -> Policy:
        """The policy as it is from now on; Invalid, NotFound, AlreadyExists, Conflict (version)."""
        request = pb.UpdateSlaPolicyRequest(sla_policy=to_message(policy, pb.SlaPolicy))
        return from_message((await self._stub.UpdateSlaPolicy(request)).sla_policy, Policy)

    async def delete_sla_policy(self, policy_id: UUID) -> None:
        """No more; NotFound."""
        await self._stub.DeleteSlaPolicy(pb.DeleteSlaPolicyRequest(sla_policy_id=str(policy_id)))

    async def preview_service_levels(self, change: Calendar | Ladder | Policy | UUID) -> LevelsPreview:
        """What saving this would do to open tickets, or deleting what has this id; the id 0 is that of a new thing.

        Invalid, NotFound, Conflict (version).
        """
        match change:
            case Calendar():
                request = pb.PreviewServiceLevelsRequest(calendar=to_message(change, pb.Calendar))
            case Ladder():
                ladder = to_message(change, pb.EscalationLadder)
                request = pb.PreviewServiceLevelsRequest(escalation_ladder=ladder)
            case Policy():
                request = pb.PreviewServiceLevelsRequest(sla_policy=to_message(change, pb.SlaPolicy))
            case _:
                request = pb.PreviewServiceLevelsRequest(deleted_id=str(change))
        # It looks at each open ticket.
        response = await self._stub.PreviewServiceLevels(request, timeout=LONGEST_CALL_SECONDS)
        return from_message(response, LevelsPreview)

    async def replan_tickets(self, *, wait: timedelta) -> int:
        """Have the next tickets planned under the service levels as they are now; how many were looked at.

        Waits up to `wait` (at most 30 s) until there are some.
        """
        request = pb.ReplanTicketsRequest()
        request.wait.FromTimedelta(wait)
        return (await self._stub.ReplanTickets(request, timeout=wait.total_seconds() + DEADLINE_SECONDS)).looked_at

    async def import_closed_days(self, content: bytes) -> tuple[ClosedDay, ...]:
        """The closed days of an iCalendar file; Invalid."""
        response = await self._stub.ImportClosedDays(pb.ImportClosedDaysRequest(content=content))
        return tuple(from_message(day, ClosedDay) for day in response.closed_days)
