"""routing for other services: its methods on domain objects."""

from uuid import UUID

import grpc
from duradesk.routing.v1 import routing_service_pb2 as pb
from duradesk.routing.v1 import routing_service_pb2_grpc as pb_grpc
from duradesk.routing.v1 import rule_service_pb2, rule_service_pb2_grpc
from duradesk.tickets.v1 import decision_pb2

from services.common.wire import from_message, to_message
from services.domain.decision import Decision
from services.domain.facts import Facts
from services.domain.routing_facts import RoutingFacts
from services.domain.team import Team


class RoutingClient:
    """Typed calls to routing; raises the domain errors that the proto names."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = pb_grpc.RoutingServiceStub(channel)
        self._rules = rule_service_pb2_grpc.RuleServiceStub(channel)

    async def decide(self, facts: Facts) -> tuple[Decision, RoutingFacts]:
        """What is to happen to the ticket now, and what routing saw of its own."""
        response = await self._stub.Decide(pb.DecideRequest(facts=to_message(facts, decision_pb2.Facts)))
        return from_message(response.decision, Decision), from_message(response.routing, RoutingFacts)

    async def replay(self, facts: Facts, routing: RoutingFacts) -> Decision:
        """What was decided on these facts, decided again by the rules and service levels of then."""
        request = pb.ReplayRequest(
            facts=to_message(facts, decision_pb2.Facts), routing=to_message(routing, decision_pb2.RoutingFacts)
        )
        return from_message((await self._stub.Replay(request)).decision, Decision)

    async def cut_rule(self, rule_id: UUID, *, version: int, reason: str) -> None:
        """Pause a rule that ran in a circle, unless it is another version by now."""
        request = rule_service_pb2.CutRuleRequest(rule_id=str(rule_id), version=version, reason=reason)
        await self._rules.CutRule(request)

    async def list_teams(self) -> tuple[Team, ...]:
        """All teams by name."""
        response = await self._stub.ListTeams(pb.ListTeamsRequest())
        return tuple(from_message(team, Team) for team in response.teams)

    async def create_team(self, name: str) -> Team:
        """Make a team."""
        return from_message((await self._stub.CreateTeam(pb.CreateTeamRequest(name=name))).team, Team)

    async def update_team(self, team_id: UUID, *, name: str = "", make_default: bool = False) -> Team:
        """Another name, or the team for new tickets without one."""
        request = pb.UpdateTeamRequest(team_id=str(team_id), name=name, make_default=make_default)
        return from_message((await self._stub.UpdateTeam(request)).team, Team)

    async def add_team_member(self, team_id: UUID, user_id: UUID) -> Team:
        """Let one of the staff get the team's tickets."""
        request = pb.AddTeamMemberRequest(team_id=str(team_id), user_id=str(user_id))
        return from_message((await self._stub.AddTeamMember(request)).team, Team)

    async def remove_team_member(self, team_id: UUID, user_id: UUID) -> Team:
        """Let somebody get the team's tickets no more."""
        request = pb.RemoveTeamMemberRequest(team_id=str(team_id), user_id=str(user_id))
        return from_message((await self._stub.RemoveTeamMember(request)).team, Team)
