"""A rule as its page draws it: what was typed, the rule it says, and what is told of it in a sentence."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from uuid import UUID

from starlette.datastructures import FormData

from services.domain.actions import Action
from services.domain.conditions.fields import FIELDS
from services.domain.conditions.text_form import format_text, parse_text
from services.domain.conditions.tree import AllOf, Condition
from services.domain.errors import Invalid
from services.domain.rules.check import OF_EVENTS
from services.domain.rules.model import Rule, Since, Trigger, Wait
from services.domain.rules.view import ASKABLE
from services.gateway.web.builder.actions import ActionPart, action_part, read_action_part
from services.gateway.web.builder.conditions import ConditionPart, condition_part, read_condition_part
from services.gateway.web.builder.form import Press, form_names
from services.gateway.web.builder.known import Known
from services.gateway.web.builder.offers import Place
from services.gateway.web.level_forms import duration_text, read_duration
from services.gateway.web.shapes import sentence

CONDITIONS, ACTIONS = "conditions", "actions"
_ASKABLE = tuple(name for name in FIELDS if name in ASKABLE)
_AT_EVENTS = Place(_ASKABLE)
# When a time is over, nothing has just changed.
_IN_TIME = Place(tuple(name for name in _ASKABLE if name not in OF_EVENTS), events=False)


def place_of(trigger: Trigger) -> Place:
    """What the conditions of a rule may ask."""
    return _IN_TIME if trigger is Trigger.TIME else _AT_EVENTS


@dataclass(frozen=True, slots=True)
class RuleSaid:
    """What a rule does, for the sentence that reads it back."""

    known: Known
    trigger: Trigger
    wait: Wait | None
    brand_ids: Sequence[UUID]
    condition: Condition
    actions: Sequence[Action]
    stop: bool

    @property
    def brands(self) -> list[str]:
        """The names of its brands."""
        return [self.known.name(brand_id) for brand_id in self.brand_ids]

    @property
    def conditions(self) -> str:
        """Its conditions in plain words; empty when it has none."""
        return "" if self.condition == AllOf() else self.known.read_back(self.condition)


def said_of(rule: Rule, known: Known) -> RuleSaid:
    """What a rule that is kept does."""
    condition = parse_text(rule.conditions)
    return RuleSaid(known, rule.trigger, rule.wait, rule.brand_ids, condition, rule.actions, rule.stop)


@dataclass(frozen=True, slots=True)
class RuleForm:
    """The form of a rule; `values` are its plain fields as typed, `wrong` tells what is wrong with which."""

    known: Known
    values: Mapping[str, str]
    brands: tuple[str, ...]
    conditions: ConditionPart
    actions: ActionPart
    wrong: Mapping[str, str] = field(default_factory=dict)
    problem: str = ""

    def value(self, name: str) -> str:
        """What was typed, as the macros of fields ask for it."""
        return self.values.get(name, "")

    @property
    def trigger(self) -> Trigger:
        """What makes it look at a ticket."""
        return _trigger(self.value("trigger"))

    @property
    def said(self) -> RuleSaid:
        """What it says so far."""
        try:
            wait = self._wait
        except ValueError:
            wait = None
        condition = self.conditions.built.condition
        brands = [UUID(brand) for brand in self.brands]
        return RuleSaid(self.known, self.trigger, wait, brands, condition, self.actions.said, self._stop)

    @property
    def _stop(self) -> bool:
        return bool(self.value("stop"))

    @property
    def _wait(self) -> Wait | None:
        if self.trigger is not Trigger.TIME:
            return None
        calendar, since = self.value("wait_calendar"), self.value("wait_since")
        return Wait(
            read_duration(self.value("wait_after")),
            Since(since) if since in set(Since) else Since.CREATED,
            UUID(calendar) if calendar else None,
        )

    def rule(self, rule_id: UUID, *, version: int, enabled: bool) -> Rule:
        """The rule; Invalid with everything that the form cannot make one of, by field."""
        wrong: dict[str, str] = {}
        rule = Rule(rule_id, self.value("name").strip(), self.trigger, ())
        try:
            rule = replace(rule, wait=self._wait)
        except ValueError as error:
            wrong["wait_after"] = str(error)
        try:
            rule = replace(rule, conditions=format_text(self.conditions.condition))
        except Invalid as error:
            wrong |= error.violations
        try:
            rule = replace(rule, actions=self.actions.actions)
        except Invalid as error:
            wrong |= error.violations
        if wrong:
            raise Invalid("The rule is not valid.", violations=wrong)
        owner = self.value("owner")
        return replace(
            rule,
            purpose=self.value("purpose"),
            brand_ids=tuple(map(UUID, self.brands)),
            stop=self._stop,
            owner_id=UUID(owner) if owner else None,
            version=version,
            enabled=enabled,
        )

    def with_problems(self, violations: Mapping[str, str], problem: str) -> "RuleForm":
        """The form with what is wrong in it, whether it found that itself or the service did."""
        named = form_names(violations)
        conditions = replace(self.conditions, problem=named.get(CONDITIONS, ""))
        wrong = {_PLACES.get(name, name): sentence(text) for name, text in named.items()}
        return replace(
            self,
            conditions=conditions,
            actions=self.actions.with_problems(violations),
            wrong=wrong,
            problem="" if violations else problem,
        )


# The form's fields by what the service calls them.
_PLACES = {"wait.after": "wait_after", "wait.calendar_id": "wait_calendar", "owner_id": "owner"}


def rule_form(rule: Rule, known: Known) -> RuleForm:
    """The form as it begins."""
    wait = rule.wait or Wait(timedelta(hours=4), Since.UNANSWERED)
    values = {
        "name": rule.name,
        "purpose": rule.purpose,
        "trigger": rule.trigger.value,
        "wait_after": duration_text(wait.after),
        "wait_since": wait.since.value,
        "wait_calendar": str(wait.calendar_id or ""),
        "stop": "on" if rule.stop else "",
        "owner": str(rule.owner_id or ""),
    }
    condition = parse_text(rule.conditions)
    return RuleForm(
        known,
        values,
        tuple(map(str, rule.brand_ids)),
        replace(condition_part(CONDITIONS, condition, place_of(rule.trigger), known), told="sentence"),
        replace(action_part(ACTIONS, rule.actions, known), told="sentence"),
    )


def read_rule_form(sent: FormData, known: Known, press: Press | None = None) -> RuleForm:
    """The form as it was sent, after its button if one was pressed."""
    values = {"wait_after": "4 h", "wait_since": Since.UNANSWERED.value}
    values |= {name: value for name, value in sent.items() if isinstance(value, str) and "." not in name}
    brands = {str(brand_id) for brand_id in known.of("brand")}
    place = place_of(_trigger(values.get("trigger", "")))
    return RuleForm(
        known,
        values,
        tuple(brand for value in sent.getlist("brands") if (brand := str(value)) in brands),
        replace(read_condition_part(sent, CONDITIONS, place, known, press), told="sentence"),
        replace(read_action_part(sent, ACTIONS, known, press), told="sentence"),
    )


def _trigger(text: str) -> Trigger:
    return Trigger(text) if text in set(Trigger) else Trigger.TICKET_CREATED
