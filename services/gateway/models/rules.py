"""What the REST API takes and gives of rules."""

from datetime import datetime
from uuid import UUID

from services.domain.rules.model import Rule, Since, Trigger, Wait
from services.gateway.models.actions import ActionIn, ActionOut
from services.gateway.models.base import Duration, In, Out, Text, Title, Version


class WaitIn(In):
    """So long after something, in a calendar's working time or all the time."""

    after: Duration
    since: Since
    calendar_id: UUID | None = None


class RuleIn(In):
    """When `trigger` comes to a ticket and `conditions` (a filter, with ids for names) hold, do the actions.

    Rules run in their order, each against the ticket as earlier ones left it; after one that says `stop` no later one
    looks at the same event. `wait` belongs to the trigger `time`.
    """

    name: Title
    trigger: Trigger
    actions: tuple[ActionIn, ...]
    conditions: Text = ""
    brand_ids: tuple[UUID, ...] = ()
    wait: WaitIn | None = None
    stop: bool = False
    enabled: bool = True
    owner_id: UUID | None = None
    version: Version | None = None

    def rule(self, rule_id: UUID) -> Rule:
        """The rule that is meant."""
        return Rule(
            id=rule_id,
            name=self.name,
            trigger=self.trigger,
            actions=tuple(action.action() for action in self.actions),
            conditions=self.conditions,
            brand_ids=self.brand_ids,
            wait=None if self.wait is None else Wait(self.wait.after, self.wait.since, self.wait.calendar_id),
            stop=self.stop,
            enabled=self.enabled,
            owner_id=self.owner_id,
            version=self.version or 0,
        )


class WaitOut(Out):
    """So long after something."""

    after: Duration
    since: Since
    calendar_id: UUID | None


class RuleOut(Out):
    """A rule; it does not run while `paused_reason` says why. `version` counts its changes."""

    id: UUID
    name: str
    trigger: Trigger
    actions: tuple[ActionOut, ...]
    conditions: str
    brand_ids: tuple[UUID, ...]
    wait: WaitOut | None
    stop: bool
    enabled: bool
    paused_reason: str
    owner_id: UUID | None
    position: int
    version: int


class RuleVersionOut(Out):
    """What a rule was from `changed_at` on."""

    rule: RuleOut
    changed_by: str
    changed_at: datetime
    deleted: bool


class MoveRuleIn(In):
    """Before which other rule; null: after all of them."""

    before: UUID | None


class PauseRuleIn(In):
    """Why it is paused."""

    reason: Text = ""


class RollBackRuleIn(In):
    """Which version it becomes again."""

    version: Version
