"""What the REST API takes and gives of rules."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from services.domain.rules.model import PURPOSE_LENGTH, Rule, Since, Trigger, Wait
from services.domain.rules.runs import RuleRuns
from services.gateway.models.actions import ActionIn, ActionOut
from services.gateway.models.base import Duration, In, Out, Text, Title, Version

Purpose = Annotated[Text, Field(json_schema_extra={"maxLength": PURPOSE_LENGTH})]
Filter = Annotated[Text, Field(json_schema_extra={"maxLength": 1000})]


class WaitIn(In):
    """So long after something, in a calendar's working time or all the time."""

    after: Duration
    since: Since
    calendar_id: UUID | None = None


class RuleIn(In):
    """When `trigger` comes to a ticket and `conditions` (a filter, kept with ids for names) hold, do the actions.

    Rules run in their order, each against the ticket as earlier ones left it; after one that says `stop` no later one
    looks at the same event. `wait` belongs to the trigger `time`.
    """

    name: Title
    trigger: Trigger
    actions: tuple[ActionIn, ...]
    purpose: Purpose = ""
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
            purpose=self.purpose,
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
    purpose: str
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


class ListedRuleOut(RuleOut):
    """A rule, when it did something last (null: never), and how often within the last 7 days."""

    last_ran_at: datetime | None
    recent_runs: int

    @classmethod
    def of(cls, rule: Rule, runs: RuleRuns) -> "ListedRuleOut":
        """The rule with what it has done."""
        return cls(**dict(RuleOut.model_validate(rule)), last_ran_at=runs.last_ran_at, recent_runs=runs.recent_runs)


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


class TryRuleIn(In):
    """A rule as it would be, in the place of the one with this id or after all others, on so many decisions."""

    rule: RuleIn
    rule_id: UUID | None = None
    decisions: Annotated[int, Field(strict=True, ge=1, le=500)] = 100


class RuleFilterIn(In):
    """Which tickets."""

    filter: Filter


class FieldChangeOut(Out):
    """A field's old and new value as JSON text; what people wrote into custom fields is left out."""

    field: str
    old: str
    new: str


class RuleOutcomeOut(Out):
    """What a rule does, or would do, to a ticket; without a decision it would happen now."""

    ticket_id: UUID
    number: int
    decision_id: UUID | None
    at: datetime
    cause: str
    changes: tuple[FieldChangeOut, ...]
    sends: tuple[str, ...]
    outcome: str


class TrialOut(Out):
    """What a rule would have done in the latest decisions."""

    looked_at: int
    outcomes: tuple[RuleOutcomeOut, ...]


class RulePreviewOut(Out):
    """How many tickets there are, how many of them were looked at, and how many of these the rule would run on."""

    tickets: int
    looked_at: int
    fitting: int
    outcomes: tuple[RuleOutcomeOut, ...]


class ConditionSeenOut(Out):
    """A condition with the value that it saw."""

    check: str
    seen: str
    held: bool
    parts: tuple["ConditionSeenOut", ...]


class RuleMomentOut(Out):
    """One thing that happened in a decision, and what the rule made of it; no condition when it was not asked."""

    cause: str
    at: datetime
    ran: bool
    outcome: str
    condition: ConditionSeenOut | None


class ExplanationOut(Out):
    """Why a rule ran in a decision, or why not."""

    rule: RuleOut
    moments: tuple[RuleMomentOut, ...]
