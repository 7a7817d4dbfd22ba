"""/rules: what is done to tickets when something happens to them and conditions hold."""

from dataclasses import replace
from uuid import UUID, uuid4

from fastapi import APIRouter, Response

from services.domain.errors import NotFound
from services.domain.rules.model import Rule
from services.gateway.api import CHANGED, FOUND, MADE, PREFIX
from services.gateway.deps import RequestId, RuleRuns, Rules, RuleTrials, SignedIn, TicketId
from services.gateway.models.base import Items
from services.gateway.models.bulk import BulkOut
from services.gateway.models.rules import (
    ExplanationOut,
    ListedRuleOut,
    MoveRuleIn,
    PauseRuleIn,
    RollBackRuleIn,
    RuleFilterIn,
    RuleIn,
    RuleOut,
    RulePreviewOut,
    RuleVersionOut,
    TrialOut,
    TryRuleIn,
)
from services.routing.rules.client import RulesClient

router = APIRouter(prefix=f"{PREFIX}/rules", tags=["rules"], dependencies=[SignedIn])

explanations = APIRouter(prefix=f"{PREFIX}/tickets", tags=["rules"], dependencies=[SignedIn])

_NEW = UUID(int=0)


@router.get("")
async def list_rules(rules: Rules, rule_runs: RuleRuns) -> Items[ListedRuleOut]:
    """All rules in their order, with what each has done."""
    found = await rules.list_rules()
    runs = await rule_runs.list_rule_runs(rule.id for rule in found)
    return Items(items=[ListedRuleOut.of(rule, runs[rule.id]) for rule in found])


@router.post("", status_code=201, responses=MADE)
async def create_rule(new: RuleIn, rules: Rules) -> RuleOut:
    """Make a rule, after all others; it counts for what happens from now on."""
    return RuleOut.model_validate(await rules.create_rule(new.rule(_NEW)))


@router.post("/default-set")
async def add_default_rules(rules: Rules) -> Items[RuleOut]:
    """Add those of the default set that are not there, after all others; what was added."""
    return Items(items=[RuleOut.model_validate(rule) for rule in await rules.add_default_rules()])


@router.put("/{rule_id}", responses=CHANGED)
async def update_rule(rule_id: UUID, new: RuleIn, rules: Rules) -> RuleOut:
    """Replace a rule, in its place; whatever paused it is over."""
    return RuleOut.model_validate(await rules.update_rule(new.rule(rule_id)))


@router.delete("/{rule_id}", status_code=204, responses=CHANGED)
async def delete_rule(rule_id: UUID, rules: Rules) -> None:
    """Delete a rule; its versions stay."""
    await rules.delete_rule(rule_id)


@router.post("/{rule_id}/move", responses=CHANGED)
async def move_rule(rule_id: UUID, to: MoveRuleIn, rules: Rules) -> RuleOut:
    """Put a rule before another one, or after all others."""
    return RuleOut.model_validate(await rules.move_rule(rule_id, before=to.before))


@router.post("/{rule_id}/pause", responses=CHANGED)
async def pause_rule(rule_id: UUID, why: PauseRuleIn, rules: Rules) -> RuleOut:
    """Have a rule run no more until it is resumed."""
    return RuleOut.model_validate(await rules.pause_rule(rule_id, reason=why.reason))


@router.post("/{rule_id}/resume", responses=CHANGED)
async def resume_rule(rule_id: UUID, rules: Rules) -> RuleOut:
    """Have a paused rule run again."""
    return RuleOut.model_validate(await rules.resume_rule(rule_id))


@router.get("/{rule_id}/versions", responses=FOUND)
async def list_rule_versions(rule_id: UUID, rules: Rules) -> Items[RuleVersionOut]:
    """What a rule was, the latest first, and who changed it."""
    return Items(items=[RuleVersionOut.model_validate(version) for version in await rules.list_rule_versions(rule_id)])


@router.post("/{rule_id}/roll-back", responses=CHANGED)
async def roll_back_rule(rule_id: UUID, to: RollBackRuleIn, rules: Rules) -> RuleOut:
    """Make a rule what it was at an earlier version, as a new one."""
    return RuleOut.model_validate(await rules.roll_back_rule(rule_id, version=to.version))


@router.post("/try")
async def try_rule(trial: TryRuleIn, trials: RuleTrials) -> TrialOut:
    """What a rule would have done in the latest decisions: nothing is written or sent."""
    rule = replace(trial.rule.rule(trial.rule_id or uuid4()), version=1)
    return TrialOut.model_validate(await trials.try_rule(rule, decisions=trial.decisions))


@router.post("/{rule_id}/preview", responses=FOUND)
async def preview_rule(rule_id: UUID, which: RuleFilterIn, rules: Rules, trials: RuleTrials) -> RulePreviewOut:
    """What a rule would do to these tickets now, whatever makes it look otherwise: nothing is written or sent."""
    rule = await _find(rules, rule_id)
    return RulePreviewOut.model_validate(await trials.preview_rule(rule, filter=which.filter))


@router.post("/{rule_id}/apply", status_code=202, responses=MADE)
async def apply_rule(
    rule_id: UUID, which: RuleFilterIn, rules: Rules, trials: RuleTrials, request_id: RequestId, response: Response
) -> BulkOut:
    """Have a rule look at each of these tickets once; it goes on by itself, as a bulk."""
    await _find(rules, rule_id)
    job = await trials.apply_rule(rule_id, filter=which.filter, request_id=request_id)
    response.headers["Location"] = f"{PREFIX}/bulk/{job.id}"
    return BulkOut.model_validate(job)


@explanations.get("/{ticket_id}/decisions/{decision_id}/rules/{rule_id}", responses=FOUND)
async def explain_rule(
    ticket_id: TicketId, decision_id: UUID, rule_id: UUID, trials: RuleTrials, version: int = 0
) -> ExplanationOut:
    """Why a rule ran in a decision, or why not, with each condition and the value that it saw."""
    found = await trials.explain_rule(rule_id, ticket_id=ticket_id, decision_id=decision_id, version=version)
    return ExplanationOut.model_validate(found)


async def _find(rules: RulesClient, rule_id: UUID) -> Rule:
    found = next((rule for rule in await rules.list_rules() if rule.id == rule_id), None)
    if found is None:
        raise NotFound("This rule does not exist.", reason="RULE_NOT_FOUND")
    return found
