"""StaffingService as the gateway and our own processes call it."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

import grpc
from duradesk.routing.v1 import staffing_service_pb2 as pb
from duradesk.routing.v1 import staffing_service_pb2_grpc as pb_grpc
from google.protobuf.duration_pb2 import Duration

from services.common.channel import DEADLINE_SECONDS
from services.common.wire import from_message, to_message
from services.domain.staffing import Absence, Availability, Places, Skill, TeamRouting


class StaffingClient:
    """Typed calls; raises the domain errors that the proto names. Updates replace all of a thing."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = pb_grpc.StaffingServiceStub(channel)

    async def get_team_routing(self, team_id: UUID) -> TeamRouting:
        """How a team gives its tickets; NotFound."""
        response = await self._stub.GetTeamRouting(pb.GetTeamRoutingRequest(team_id=str(team_id)))
        return from_message(response.routing, TeamRouting)

    async def update_team_routing(self, routing: TeamRouting) -> TeamRouting:
        """From now on so; Invalid, NotFound, Conflict (version)."""
        request = pb.UpdateTeamRoutingRequest(routing=to_message(routing, pb.TeamRouting))
        return from_message((await self._stub.UpdateTeamRouting(request)).routing, TeamRouting)

    async def list_skills(self) -> tuple[Skill, ...]:
        """All skills by name, each with who has it."""
        response = await self._stub.ListSkills(pb.ListSkillsRequest())
        return tuple(from_message(skill, Skill) for skill in response.skills)

    async def create_skill(self, name: str, *, needs: str = "", level: int = 1) -> Skill:
        """A new skill; Invalid, AlreadyExists."""
        request = pb.CreateSkillRequest(skill=pb.Skill(name=name, needs=needs, level=level))
        return from_message((await self._stub.CreateSkill(request)).skill, Skill)

    async def update_skill(self, skill: Skill) -> Skill:
        """Name, conditions and level; Invalid, NotFound, AlreadyExists, Conflict (version)."""
        request = pb.UpdateSkillRequest(skill=to_message(skill, pb.Skill))
        return from_message((await self._stub.UpdateSkill(request)).skill, Skill)

    async def delete_skill(self, skill_id: UUID) -> None:
        """Nobody has it and no ticket needs it any more; NotFound."""
        await self._stub.DeleteSkill(pb.DeleteSkillRequest(skill_id=str(skill_id)))

    async def set_skill_level(self, skill_id: UUID, user_id: UUID, level: int) -> Skill:
        """Somebody has the skill, 0: not any more; Invalid, NotFound."""
        request = pb.SetSkillLevelRequest(skill_id=str(skill_id), user_id=str(user_id), level=level)
        return from_message((await self._stub.SetSkillLevel(request)).skill, Skill)

    async def touch_availability(self) -> None:
        """The caller is here, for the next 60 s."""
        await self._stub.TouchAvailability(pb.TouchAvailabilityRequest())

    async def set_away(
        self, *, away: bool, until: datetime | None = None, note: str = "", user_id: UUID | None = None
    ) -> Availability:
        """The caller, or somebody else, gets no tickets, or is back; Invalid, NotFound, Forbidden."""
        request = to_message(Absence(until, note), pb.SetAwayRequest)
        request.away, request.user_id = away, str(user_id) if user_id else ""
        return from_message((await self._stub.SetAway(request)).availability, Availability)

    async def get_availability(self) -> Availability:
        """The caller's."""
        response = await self._stub.GetAvailability(pb.GetAvailabilityRequest())
        return from_message(response.availability, Availability)

    async def list_availability(self) -> tuple[Availability, ...]:
        """All active staff, with why they get no tickets now."""
        response = await self._stub.ListAvailability(pb.ListAvailabilityRequest())
        return tuple(from_message(each, Availability) for each in response.availability)

    async def watch_availability(self, *, after: int, wait: timedelta) -> int:
        """Waits up to `wait` (at most 30 s) until somebody came or teams or skills changed; the position after it."""
        request = pb.WatchAvailabilityRequest(after=after, wait=Duration())
        request.wait.FromTimedelta(wait)
        response = await self._stub.WatchAvailability(request, timeout=wait.total_seconds() + DEADLINE_SECONDS)
        return response.position

    async def find_places(self, waited_for_ids: Iterable[UUID], assignee_ids: Iterable[UUID]) -> Places:
        """Who of those that tickets wait for can take one now, and who of the assignees left."""
        request = pb.FindPlacesRequest(waited_for_ids=map(str, waited_for_ids), assignee_ids=map(str, assignee_ids))
        return from_message(await self._stub.FindPlaces(request), Places)
