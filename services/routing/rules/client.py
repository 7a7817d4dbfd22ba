"""RuleService as the gateway and the workers call it."""

from collections.abc import Sequence
from uuid import UUID

import grpc
from duradesk.routing.v1 import rule_service_pb2 as pb
from duradesk.routing.v1 import rule_service_pb2_grpc as pb_grpc
from duradesk.tickets.v1 import decision_pb2

from services.common.wire import from_message, to_message
from services.domain.decision import SeenFacts
from services.domain.rules.model import Explanation, Rule, RuleMoment, RuleVersion, Trial


class RulesClient:
    """Typed calls; raises the domain errors that the proto names."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = pb_grpc.RuleServiceStub(channel)

    async def list_rules(self) -> tuple[Rule, ...]:
        """All rules in their order."""
        response = await self._stub.ListRules(pb.ListRulesRequest())
        return tuple(from_message(rule, Rule) for rule in response.rules)

    async def create_rule(self, rule: Rule) -> Rule:
        """A new rule after all others, with an id of its own; Invalid, AlreadyExists."""
        request = pb.CreateRuleRequest(rule=to_message(rule, pb.Rule))
        return from_message((await self._stub.CreateRule(request)).rule, Rule)

    async def update_rule(self, rule: Rule) -> Rule:
        """The rule as it is from now on, in its place; Invalid, NotFound, AlreadyExists, Conflict (version)."""
        request = pb.UpdateRuleRequest(rule=to_message(rule, pb.Rule))
        return from_message((await self._stub.UpdateRule(request)).rule, Rule)

    async def add_default_rules(self) -> tuple[Rule, ...]:
        """Those of the default set that were not there; Invalid when there would be too many."""
        response = await self._stub.AddDefaultRules(pb.AddDefaultRulesRequest())
        return tuple(from_message(rule, Rule) for rule in response.rules)

    async def delete_rule(self, rule_id: UUID) -> None:
        """No more; NotFound."""
        await self._stub.DeleteRule(pb.DeleteRuleRequest(rule_id=str(rule_id)))

    async def move_rule(self, rule_id: UUID, *, before: UUID | None) -> Rule:
        """Before another rule, or after all others; NotFound."""
        request = pb.MoveRuleRequest(rule_id=str(rule_id), before_rule_id=str(before or ""))
        return from_message((await self._stub.MoveRule(request)).rule, Rule)

    async def pause_rule(self, rule_id: UUID, *, reason: str = "") -> Rule:
        """It runs no more until it is resumed; NotFound."""
        request = pb.PauseRuleRequest(rule_id=str(rule_id), reason=reason)
        return from_message((await self._stub.PauseRule(request)).rule, Rule)

    async def resume_rule(self, rule_id: UUID) -> Rule:
        """It runs again; NotFound."""
        return from_message((await self._stub.ResumeRule(pb.ResumeRuleRequest(rule_id=str(rule_id)))).rule, Rule)

    async def list_rule_versions(self, rule_id: UUID) -> tuple[RuleVersion, ...]:
        """What the rule was, the latest first; NotFound."""
        response = await self._stub.ListRuleVersions(pb.ListRuleVersionsRequest(rule_id=str(rule_id)))
        return tuple(from_message(version, RuleVersion) for version in response.versions)

    async def roll_back_rule(self, rule_id: UUID, *, version: int) -> Rule:
        """The rule as it was, as a new version; Invalid, NotFound, AlreadyExists."""
        request = pb.RollBackRuleRequest(rule_id=str(rule_id), version=version)
        return from_message((await self._stub.RollBackRule(request)).rule, Rule)

    async def try_rule(self, rule: Rule, seen: Sequence[SeenFacts], *, requested: bool = False) -> Trial:
        """What the rule would do on these facts, or if somebody `requested` it to look at these tickets; Invalid."""
        request = pb.TryRuleRequest(
            rule=to_message(rule, pb.Rule),
            seen=[to_message(each, decision_pb2.SeenFacts) for each in seen],
            requested=requested,
        )
        return from_message(await self._stub.TryRule(request), Trial)

    async def explain_rule(self, rule_id: UUID, seen: SeenFacts, *, version: int = 0) -> Explanation:
        """Why the rule ran on these facts, or why not; NotFound."""
        request = pb.ExplainRuleRequest(
            rule_id=str(rule_id), version=version, seen=to_message(seen, decision_pb2.SeenFacts)
        )
        response = await self._stub.ExplainRule(request)
        moments = tuple(from_message(moment, RuleMoment) for moment in response.moments)
        return Explanation(from_message(response.rule, Rule), moments)
