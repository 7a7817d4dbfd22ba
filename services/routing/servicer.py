"""routing's gRPC methods: protobuf in, domain, protobuf out."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import grpc
from duradesk.routing.v1 import routing_service_pb2 as pb
from duradesk.routing.v1 import routing_service_pb2_grpc as pb_grpc
from duradesk.tickets.v1 import decision_pb2

from services.common.wire import from_message, to_message
from services.domain.decide import decide
from services.domain.facts import Facts
from services.domain.routing_facts import RoutingFacts, ToldTeam
from services.domain.staffing import facts_of_team, revision_of, skill_facts
from services.domain.team import (
    check_team_name,
    gone_users,
    people_of_rules,
    routing_facts,
    told_teams,
)
from services.routing.convert import id_from, team_message
from services.routing.current import CurrentRouting, Moment
from services.routing.staff import StaffDirectory
from services.routing.store import RoutingStore

Context = grpc.aio.ServicerContext[Any, Any]


class RoutingServicer(pb_grpc.RoutingServiceServicer):
    """Decides, and keeps teams."""

    def __init__(self, store: RoutingStore, staff: StaffDirectory, current: CurrentRouting) -> None:
        self._store = store
        self._current = current
        self._staff = staff

    async def Decide(self, request: pb.DecideRequest, context: Context) -> pb.DecideResponse:
        """What is to happen to the ticket now."""
        facts = from_message(request.facts, Facts)
        moment = await self._current.read(facts)
        levels, rules = moment.levels, moment.rules
        routing = replace(
            await self._routing_facts(facts, moment),
            service_levels_revision=levels.revision,
            told_teams=await self._told_teams(levels.told_teams | rules.teams),
            gone=await self._gone(levels.named_users),
            rules_revision=rules.revision,
            needs=rules.needs,
            rule_categories=tuple(sorted(rules.categories)),
        )
        if rules.needs:
            users, keepers = people_of_rules(await self._staff.list_staff(), named=rules.users)
            routing = replace(routing, rule_users=users, keepers=keepers)
        return pb.DecideResponse(
            decision=to_message(decide(facts, routing, levels, rules), decision_pb2.Decision),
            routing=to_message(routing, decision_pb2.RoutingFacts),
        )

    async def Replay(self, request: pb.ReplayRequest, context: Context) -> pb.ReplayResponse:
        """By what counted then."""
        routing = from_message(request.routing, RoutingFacts)
        levels, rules = await self._current.read_at(
            routing.service_levels_revision, rules_revision=routing.rules_revision
        )
        decision = decide(from_message(request.facts, Facts), routing, levels, rules)
        return pb.ReplayResponse(decision=to_message(decision, decision_pb2.Decision))

    async def ListTeams(self, request: pb.ListTeamsRequest, context: Context) -> pb.ListTeamsResponse:
        """All teams by name."""
        return pb.ListTeamsResponse(teams=map(team_message, await self._store.list_teams()))

    async def CreateTeam(self, request: pb.CreateTeamRequest, context: Context) -> pb.CreateTeamResponse:
        """Make a team."""
        team = await self._store.create_team(check_team_name(request.name))
        return pb.CreateTeamResponse(team=team_message(team))

    async def UpdateTeam(self, request: pb.UpdateTeamRequest, context: Context) -> pb.UpdateTeamResponse:
        """Another name, or the default."""
        name = check_team_name(request.name) if request.name else None
        team_id = id_from(request.team_id, of="team")
        team = await self._store.update_team(team_id, name=name, make_default=request.make_default)
        return pb.UpdateTeamResponse(team=team_message(team))

    async def AddTeamMember(self, request: pb.AddTeamMemberRequest, context: Context) -> pb.AddTeamMemberResponse:
        """Let one of the staff get a team's tickets."""
        team_id, user_id = id_from(request.team_id, of="team"), id_from(request.user_id, of="user")
        await self._staff.require_staff(user_id)
        return pb.AddTeamMemberResponse(team=team_message(await self._store.add_team_member(team_id, user_id)))

    async def RemoveTeamMember(
        self, request: pb.RemoveTeamMemberRequest, context: Context
    ) -> pb.RemoveTeamMemberResponse:
        """Let somebody get a team's tickets no more."""
        team_id, user_id = id_from(request.team_id, of="team"), id_from(request.user_id, of="user")
        return pb.RemoveTeamMemberResponse(team=team_message(await self._store.remove_team_member(team_id, user_id)))

    async def _routing_facts(self, facts: Facts, moment: Moment) -> RoutingFacts:
        ticket, team, staffing = facts.ticket, moment.team, moment.staffing
        staff = await self._staff.list_staff()
        routing = routing_facts(team, staff, assignee_id=ticket.assignee_id)
        if not routing.members or not (routing.assignee_active or ticket.assignee_id is None):
            # Nobody counts as away by a list that may be seconds old: they may have come since.
            staff = await self._staff.list_staff(anew=True)
            routing = routing_facts(team, staff, assignee_id=ticket.assignee_id)
        teams = (facts_of_team(each, how, staffing, staff, at=facts.now) for each, how in staffing.teams)
        skills = skill_facts(staffing.skills)
        return replace(routing, teams=tuple(teams), skills=skills, revision=revision_of(staffing, staff))

    async def _gone(self, named: frozenset[UUID]) -> tuple[UUID, ...]:
        return gone_users(await self._staff.list_staff(), named=named) if named else ()

    async def _told_teams(self, ids: frozenset[UUID]) -> tuple[ToldTeam, ...]:
        """Few ladders tell a team: nothing is read as long as none does."""
        return told_teams(await self._store.list_teams(), await self._staff.list_staff(), ids=ids) if ids else ()
