"""RuleService: keeping rules."""

from contextlib import suppress
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import grpc
from duradesk.routing.v1 import rule_service_pb2 as pb
from duradesk.routing.v1 import rule_service_pb2_grpc as pb_grpc

from services.common.auth import current_principal
from services.common.wire import from_message, to_message
from services.domain.clocks.policy import ServiceLevels
from services.domain.decide import explain_rule
from services.domain.decision import SeenFacts
from services.domain.errors import NotFound
from services.domain.named import named_by_rule
from services.domain.routing_facts import RoutingFacts
from services.domain.rules.check import check_rule_among, clean_rule
from services.domain.rules.compiled import RuleSet, compile_rules
from services.domain.rules.default_set import DEFAULT_SET
from services.domain.rules.model import PAUSED_LENGTH, Rule, RuleOutcome
from services.domain.rules.trial import others_than, requested, try_rule, with_rule
from services.routing.convert import id_from
from services.routing.names import KnownNames
from services.routing.rules.convert import known_rule_of, rolled_back, rule_message, rule_of, stored_rule, version_of
from services.routing.rules.current import CurrentRules
from services.routing.rules.people import RulePeople
from services.routing.rules.store import Change, RuleStore, StoredRule
from services.routing.service_levels.current import CurrentServiceLevels

Context = grpc.aio.ServicerContext[Any, Any]

_BY_HAND = "paused by hand"


class RuleServicer(pb_grpc.RuleServiceServicer):
    """Each write is checked before it is kept."""

    def __init__(
        self,
        store: RuleStore,
        service_levels: CurrentServiceLevels,
        rules: CurrentRules,
        people: RulePeople,
        names: KnownNames,
    ) -> None:
        self._store = store
        self._service_levels = service_levels
        self._rules = rules
        self._people = people
        self._names = names

    async def ListRules(self, request: pb.ListRulesRequest, context: Context) -> pb.ListRulesResponse:
        """In their order."""
        _, rules = await self._store.list_rules()
        return pb.ListRulesResponse(rules=[rule_message(known_rule_of(rule)) for rule in rules])

    async def CreateRule(self, request: pb.CreateRuleRequest, context: Context) -> pb.CreateRuleResponse:
        """After all others."""
        request.rule.id, request.rule.version = str(uuid4()), 1
        rule = await self._checked(request.rule)
        made = await self._store.create_rule(stored_rule(_owned(rule)), by=current_principal().subject)
        return pb.CreateRuleResponse(rule=rule_message(rule_of(made)))

    async def UpdateRule(self, request: pb.UpdateRuleRequest, context: Context) -> pb.UpdateRuleResponse:
        """All of it but its place."""
        id_from(request.rule.id, of="rule")
        rule = await self._checked(request.rule)
        changed = await self._store.update_rule(stored_rule(_owned(rule)), by=current_principal().subject)
        return pb.UpdateRuleResponse(rule=rule_message(rule_of(changed)))

    async def AddDefaultRules(self, request: pb.AddDefaultRulesRequest, context: Context) -> pb.AddDefaultRulesResponse:
        """Owned by whoever adds them."""
        wanted = [stored_rule(_owned(rule)) for rule in DEFAULT_SET]
        added = await self._store.add_rules(wanted, by=current_principal().subject)
        return pb.AddDefaultRulesResponse(rules=[rule_message(rule_of(rule)) for rule in added])

    async def DeleteRule(self, request: pb.DeleteRuleRequest, context: Context) -> pb.DeleteRuleResponse:
        """Gone."""
        await self._store.delete_rule(id_from(request.rule_id, of="rule"), by=current_principal().subject)
        return pb.DeleteRuleResponse()

    async def MoveRule(self, request: pb.MoveRuleRequest, context: Context) -> pb.MoveRuleResponse:
        """To another place."""
        before = id_from(request.before_rule_id, of="rule") if request.before_rule_id else None
        rule_id, by = id_from(request.rule_id, of="rule"), current_principal().subject
        moved = await self._store.move_rule(rule_id, before=before, by=by)
        return pb.MoveRuleResponse(rule=rule_message(rule_of(moved)))

    async def PauseRule(self, request: pb.PauseRuleRequest, context: Context) -> pb.PauseRuleResponse:
        """By hand."""
        reason = request.reason.strip()[:PAUSED_LENGTH] or _BY_HAND
        paused = await self._change(request.rule_id, _pausing(reason))
        return pb.PauseRuleResponse(rule=rule_message(rule_of(paused)))

    async def ResumeRule(self, request: pb.ResumeRuleRequest, context: Context) -> pb.ResumeRuleResponse:
        """From now on."""
        resumed = await self._change(request.rule_id, _pausing(""))
        return pb.ResumeRuleResponse(rule=rule_message(rule_of(resumed)))

    async def CutRule(self, request: pb.CutRuleRequest, context: Context) -> pb.CutRuleResponse:
        """A rule that was changed or deleted since is another one."""
        rule_id, pausing = id_from(request.rule_id, of="rule"), _pausing(request.reason[:PAUSED_LENGTH])
        with suppress(NotFound):
            await self._store.change_rule(
                rule_id,
                lambda rule: pausing(rule) if rule.version == request.version else None,
                by=current_principal().subject,
            )
        return pb.CutRuleResponse()

    async def ListRuleVersions(
        self, request: pb.ListRuleVersionsRequest, context: Context
    ) -> pb.ListRuleVersionsResponse:
        """The latest first."""
        versions = await self._store.list_rule_versions(id_from(request.rule_id, of="rule"))
        return pb.ListRuleVersionsResponse(
            versions=[to_message(version_of(version), pb.RuleVersion) for version in versions]
        )

    async def RollBackRule(self, request: pb.RollBackRuleRequest, context: Context) -> pb.RollBackRuleResponse:
        """What it was must still be right."""
        rule_id = id_from(request.rule_id, of="rule")
        versions = await self._store.list_rule_versions(rule_id)
        then = next((found for found in versions if found.rule.version == request.version), None)
        if then is None:
            raise _no_version()
        await self._checked(rule_message(rule_of(then.rule)))
        back = await self._change(request.rule_id, lambda present: rolled_back(present, then))
        return pb.RollBackRuleResponse(rule=rule_message(rule_of(back)))

    async def TryRule(self, request: pb.TryRuleRequest, context: Context) -> pb.TryRuleResponse:
        """With the present rules, teams and service levels, on the facts of then."""
        if not request.rule.id:
            request.rule.id = str(uuid4())
        rule, levels = await self._checked(request.rule), await self._service_levels.read()
        rules = with_rule(await self._rules.read(), rule)
        outcomes: list[RuleOutcome] = []
        for message in request.seen:
            seen = from_message(message, SeenFacts)
            facts = requested(seen.facts, rule) if request.requested else seen.facts
            routing = await self._people.of(seen.routing, rules, levels)
            outcomes += try_rule(rule, replace(seen, facts=facts), rules=rules, routing=routing, levels=levels)
        return pb.TryRuleResponse(
            looked_at=len(request.seen), outcomes=[to_message(outcome, pb.RuleOutcome) for outcome in outcomes]
        )

    async def ExplainRule(self, request: pb.ExplainRuleRequest, context: Context) -> pb.ExplainRuleResponse:
        """As the rule was then, or at a version, among the others of then; one that was not there yet as it is now."""
        rule_id, seen = id_from(request.rule_id, of="rule"), from_message(request.seen, SeenFacts)
        levels, rules = await self._levels_and_rules(seen.routing)
        then = rules.rules.get(rule_id)
        if then is not None and request.version in (0, then.rule.version) and seen.routing is not None:
            found, facts, routing = then.rule, seen.facts, seen.routing
        else:
            found = await self._version_of(rule_id, request.version)
            rules = compile_rules([*others_than(rules, rule_id), found], revision=rules.revision)
            facts, routing = replace(seen.facts, cut_rules=()), await self._people.of(seen.routing, rules, levels)
        moments = explain_rule(facts, routing, levels, rules, rule_id)
        return pb.ExplainRuleResponse(
            rule=rule_message(found), moments=[to_message(moment, pb.RuleMoment) for moment in moments]
        )

    async def _levels_and_rules(self, seen: RoutingFacts | None) -> tuple[ServiceLevels, RuleSet]:
        """Those that a decision saw, or the present ones."""
        if seen is None:
            return await self._service_levels.read(), await self._rules.read()
        levels = await self._service_levels.read_at(seen.service_levels_revision)
        return levels, await self._rules.read_at(seen.rules_revision)

    async def _version_of(self, rule_id: UUID, version: int) -> Rule:
        """The latest, where the version is 0."""
        versions = [version_of(stored).rule for stored in await self._store.list_rule_versions(rule_id)]
        found = next((rule for rule in versions if version in (0, rule.version)), None)
        if found is None:
            raise _no_version()
        return found

    async def _checked(self, message: pb.Rule) -> Rule:
        """Valid by itself, and names only what there is, or what the rule has named before."""
        message.conditions = await self._names.resolve(message.conditions)
        rule = clean_rule(from_message(message, Rule))
        levels = await self._service_levels.read()
        policies = {policy.id for policy in levels.policies}
        check_rule_among(rule, calendars=levels.calendars.keys(), policies=policies)
        _, stored = await self._store.list_rules()
        present = [named for each in stored if each.id == rule.id for named in named_by_rule(known_rule_of(each))]
        await self._names.check(named_by_rule(rule), of="rule", kept=present)
        return rule

    async def _change(self, rule_id: str, change: Change) -> StoredRule:
        return await self._store.change_rule(id_from(rule_id, of="rule"), change, by=current_principal().subject)


def _pausing(reason: str) -> Change:
    def change(stored: StoredRule) -> StoredRule | None:
        rule = rule_of(stored)
        return None if rule.paused_reason == reason else stored_rule(replace(rule, paused_reason=reason))

    return change


def _no_version() -> NotFound:
    return NotFound("This version of the rule does not exist.", reason="RULE_VERSION_NOT_FOUND")


def _owned(rule: Rule) -> Rule:
    """Whoever makes a rule is told when it is cut, unless it names somebody else."""
    if rule.owner_id is not None:
        return rule
    try:
        return replace(rule, owner_id=UUID(current_principal().subject))
    except ValueError:
        return rule
