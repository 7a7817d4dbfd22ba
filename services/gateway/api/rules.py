"""/rules: what is done to tickets when something happens to them and conditions hold."""

from uuid import UUID

from fastapi import APIRouter

from services.gateway.api import CHANGED, FOUND, MADE, PREFIX
from services.gateway.deps import Rules, SignedIn
from services.gateway.models.base import Items
from services.gateway.models.rules import MoveRuleIn, PauseRuleIn, RollBackRuleIn, RuleIn, RuleOut, RuleVersionOut

router = APIRouter(prefix=f"{PREFIX}/rules", tags=["rules"], dependencies=[SignedIn])

_NEW = UUID(int=0)


@router.get("")
async def list_rules(rules: Rules) -> Items[RuleOut]:
    """All rules in their order."""
    return Items(items=[RuleOut.model_validate(rule) for rule in await rules.list_rules()])


@router.post("", status_code=201, responses=MADE)
async def create_rule(new: RuleIn, rules: Rules) -> RuleOut:
    """Make a rule, after all others; it counts for what happens from now on."""
    return RuleOut.model_validate(await rules.create_rule(new.rule(_NEW)))


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
