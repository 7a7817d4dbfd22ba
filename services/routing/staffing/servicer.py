"""StaffingService: how teams give their tickets, what people can do, and who is here."""

from typing import Any
from uuid import UUID

import grpc
from duradesk.routing.v1 import staffing_service_pb2 as pb
from duradesk.routing.v1 import staffing_service_pb2_grpc as pb_grpc

from services.common.auth import current_principal
from services.common.waiting import look_until, wait_of
from services.common.wire import from_message, to_message
from services.domain.errors import Invalid
from services.domain.staffing import (
    HIGHEST_LEVEL,
    Absence,
    Availability,
    Skill,
    TeamRouting,
    availability_of,
    check_away,
    check_skill,
    check_team_routing,
    places_in,
)
from services.routing.convert import id_from
from services.routing.staff import StaffDirectory
from services.routing.staffing.current import CurrentStaffing
from services.routing.staffing.store import StaffingStore

Context = grpc.aio.ServicerContext[Any, Any]

# A watcher looks this often.
LOOK_SECONDS = 1.0


class StaffingServicer(pb_grpc.StaffingServiceServicer):
    """Each write is one transaction; whoever waits for it sees it within a second."""

    def __init__(self, store: StaffingStore, current: CurrentStaffing, staff: StaffDirectory) -> None:
        self._store = store
        self._current = current
        self._staff = staff

    async def GetTeamRouting(self, request: pb.GetTeamRoutingRequest, context: Context) -> pb.GetTeamRoutingResponse:
        """One team."""
        _, routing = await self._store.get_team_routing(id_from(request.team_id, of="team"))
        return pb.GetTeamRoutingResponse(routing=to_message(routing, pb.TeamRouting))

    async def UpdateTeamRouting(
        self, request: pb.UpdateTeamRoutingRequest, context: Context
    ) -> pb.UpdateTeamRoutingResponse:
        """All of it."""
        wanted = from_message(request.routing, TeamRouting)
        team, _ = await self._store.get_team_routing(wanted.team_id)
        check_team_routing(wanted, team.member_ids)
        await self._store.update_team_routing(wanted)
        _, routing = await self._store.get_team_routing(wanted.team_id)
        return pb.UpdateTeamRoutingResponse(routing=to_message(routing, pb.TeamRouting))

    async def ListSkills(self, request: pb.ListSkillsRequest, context: Context) -> pb.ListSkillsResponse:
        """By name."""
        return pb.ListSkillsResponse(skills=[to_message(skill, pb.Skill) for skill in await self._store.list_skills()])

    async def CreateSkill(self, request: pb.CreateSkillRequest, context: Context) -> pb.CreateSkillResponse:
        """A new one."""
        name, needs = check_skill(request.skill.name, request.skill.needs, request.skill.level)
        skill = await self._store.create_skill(name, needs, request.skill.level)
        return pb.CreateSkillResponse(skill=to_message(skill, pb.Skill))

    async def UpdateSkill(self, request: pb.UpdateSkillRequest, context: Context) -> pb.UpdateSkillResponse:
        """All of it but who has it."""
        wanted = request.skill
        name, needs = check_skill(wanted.name, wanted.needs, wanted.level)
        changed = Skill(id_from(wanted.id, of="skill"), name, needs, wanted.level, version=wanted.version)
        return pb.UpdateSkillResponse(skill=to_message(await self._store.update_skill(changed), pb.Skill))

    async def DeleteSkill(self, request: pb.DeleteSkillRequest, context: Context) -> pb.DeleteSkillResponse:
        """Gone."""
        await self._store.delete_skill(id_from(request.skill_id, of="skill"))
        return pb.DeleteSkillResponse()

    async def SetSkillLevel(self, request: pb.SetSkillLevelRequest, context: Context) -> pb.SetSkillLevelResponse:
        """One person's."""
        skill_id, user_id = id_from(request.skill_id, of="skill"), id_from(request.user_id, of="user")
        if not 0 <= request.level <= HIGHEST_LEVEL:
            problem = f"must be 0 (not any more) to {HIGHEST_LEVEL}"
            raise Invalid(f"The level {problem}.", violations={"level": problem})
        if request.level:
            await self._staff.require_staff(user_id)
        skill = await self._store.set_skill_level(skill_id, user_id, request.level)
        return pb.SetSkillLevelResponse(skill=to_message(skill, pb.Skill))

    async def TouchAvailability(
        self, request: pb.TouchAvailabilityRequest, context: Context
    ) -> pb.TouchAvailabilityResponse:
        """The caller."""
        await self._store.touch_availability(_caller())
        return pb.TouchAvailabilityResponse()

    async def SetAway(self, request: pb.SetAwayRequest, context: Context) -> pb.SetAwayResponse:
        """The caller, or somebody else for those who may manage teams."""
        user_id = id_from(request.user_id, of="user") if request.user_id else _caller()
        if user_id != _caller():
            current_principal().require("teams.manage")
            await self._staff.require_staff(user_id)
        until, note = None, ""
        if request.away:
            until = from_message(request, Absence).until
            note = check_away(until, request.note, now=(await self._current.read(team_ids=())).now)
        await self._store.set_away(user_id, away=request.away, until=until, note=note)
        return pb.SetAwayResponse(availability=to_message(await self._availability(user_id), pb.Availability))

    async def GetAvailability(self, request: pb.GetAvailabilityRequest, context: Context) -> pb.GetAvailabilityResponse:
        """The caller's."""
        return pb.GetAvailabilityResponse(availability=to_message(await self._availability(_caller()), pb.Availability))

    async def ListAvailability(
        self, request: pb.ListAvailabilityRequest, context: Context
    ) -> pb.ListAvailabilityResponse:
        """Everybody's."""
        found = availability_of(await self._current.read(), await self._staff.list_staff())
        return pb.ListAvailabilityResponse(availability=[to_message(each, pb.Availability) for each in found])

    async def WatchAvailability(
        self, request: pb.WatchAvailabilityRequest, context: Context
    ) -> pb.WatchAvailabilityResponse:
        """Look each second, until there is news or the time is over."""

        async def look() -> pb.WatchAvailabilityResponse | None:
            position = await self._store.read_position()
            return None if position == request.after else pb.WatchAvailabilityResponse(position=position)

        news = await look_until(look, wait=wait_of(request.wait), every=LOOK_SECONDS)
        return news or pb.WatchAvailabilityResponse(position=request.after)

    async def FindPlaces(self, request: pb.FindPlacesRequest, context: Context) -> pb.FindPlacesResponse:
        """Of those asked for."""
        waited_for, assignees = (
            {id_from(text, of="user") for text in ids}
            for ids in (
                request.waited_for_ids,
                request.assignee_ids,
            )
        )
        staff = await self._staff.list_staff()
        places = places_in(await self._current.read(), staff, waited_for=waited_for, assignees=assignees)
        if places.left_user_ids:
            # Nobody counts as gone by a list that may be seconds old.
            staff = await self._staff.list_staff(anew=True)
            places = places_in(await self._current.read(), staff, waited_for=waited_for, assignees=assignees)
        return to_message(places, pb.FindPlacesResponse)

    async def _availability(self, user_id: UUID) -> Availability:
        found = availability_of(await self._current.read(), await self._staff.list_staff())
        return next((each for each in found if each.user_id == user_id), Availability(user_id))


def _caller() -> UUID:
    return id_from(current_principal().subject, of="user")
