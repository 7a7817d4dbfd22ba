"""What must hold of a rule before it is kept: a rule that cannot run is refused, and never found out at night."""

import re
from collections.abc import Collection, Iterator
from dataclasses import replace
from uuid import UUID

from services.domain.actions import MOST_ACTIONS, Action, ActionKind, action_problems
from services.domain.conditions.fields import CUSTOM, find_field
from services.domain.conditions.text_form import parse_text
from services.domain.conditions.tree import Condition, Name, Operator, tests
from services.domain.errors import Invalid
from services.domain.intake import NAME_LENGTH, clean_line
from services.domain.rules.model import (
    CONDITIONS_LENGTH,
    LONGEST_WAIT,
    MOST_BRANDS,
    PAUSED_LENGTH,
    PURPOSE_LENGTH,
    Rule,
    Trigger,
    Wait,
)
from services.domain.rules.view import ASKABLE

# What a reply's template may ask for.
PLACEHOLDERS = ("name", "subject", "number", "brand")
# What they were is not looked up.
WITHOUT_PAST = ("organisation", "category_tree")
OF_EVENTS = ("by", "message.text", "message.visibility", "message.author", "message.automatic")
_PLACEHOLDER = re.compile(r"\{([^{}\s]*)\}")


def clean_rule(rule: Rule) -> Rule:
    """The rule as it is kept; Invalid with everything that is wrong, by field."""
    name, purpose = clean_line(rule.name), clean_line(rule.purpose)
    rule = replace(rule, name=name, purpose=purpose, conditions=rule.conditions.strip())
    problems = dict(_problems(rule))
    if problems:
        told = "; ".join(f"{name} {message}" for name, message in problems.items())
        raise Invalid(f"The rule is not valid: {told}.", violations=problems)
    return rule


def check_rule_among(rule: Rule, *, calendars: Collection[UUID], policies: Collection[UUID]) -> None:
    """Invalid when the rule names a calendar or a policy that there is not."""
    named = [("wait.calendar_id", rule.wait.calendar_id)] if rule.wait is not None else []
    named += [(f"actions[{index}].calendar_id", action.calendar_id) for index, action in enumerate(rule.actions)]
    problems = {field: "does not exist" for field, found in named if found is not None and found not in calendars}
    for index, action in enumerate(rule.actions):
        if action.policy_id is not None and action.policy_id not in policies:
            problems[f"actions[{index}].policy_id"] = "does not exist"
    for value in calendars_asked(read_rule_conditions(rule)):
        if value not in calendars:
            problems["conditions"] = f"in_hours names the calendar {value}, which does not exist"
    if problems:
        told = "; ".join(f"{name} {message}" for name, message in problems.items())
        raise Invalid(f"The rule is not valid: {told}.", violations=problems)


def read_rule_conditions(rule: Rule) -> Condition:
    """The rule's conditions; Invalid when they ask for what no rule can know."""
    condition = parse_text(rule.conditions)
    for test in tests(condition):
        if test.field not in ASKABLE and not test.field.startswith(CUSTOM):
            raise _wrong(f"cannot ask for {test.field}: a rule sees the ticket as something happens to it")
        if rule.trigger is Trigger.TIME and (
            test.field in OF_EVENTS or test.operator in (Operator.WAS, Operator.CHANGED_TO)
        ):
            raise _wrong(f"cannot ask for {test.field} {test.operator}: when a time is over nothing has changed")
        was = test.operator in (Operator.WAS, Operator.CHANGED_TO)
        if was and (find_field(test.field).for_rules or test.field in WITHOUT_PAST or test.field.startswith(CUSTOM)):
            raise _wrong(f"cannot ask what {test.field} was")
        for value in test.values:
            if isinstance(value, Name):
                raise _wrong(f"must name {test.field} {value.text!r} by its id")
    return condition


def calendars_asked(condition: Condition) -> frozenset[UUID]:
    """The calendars whose working time a condition asks for."""
    return frozenset(
        value
        for test in tests(condition)
        if test.field == "in_hours"
        for value in test.values
        if isinstance(value, UUID)
    )


def _problems(rule: Rule) -> Iterator[tuple[str, str]]:
    if not 1 <= len(rule.name) <= NAME_LENGTH:
        yield "name", f"must have 1 to {NAME_LENGTH} characters"
    if len(rule.purpose) > PURPOSE_LENGTH:
        yield "purpose", f"must have at most {PURPOSE_LENGTH} characters"
    if len(rule.brand_ids) > MOST_BRANDS:
        yield "brand_ids", f"must be at most {MOST_BRANDS}"
    if len(rule.paused_reason) > PAUSED_LENGTH:
        yield "paused_reason", f"must have at most {PAUSED_LENGTH} characters"
    if problem := _condition_problem(rule):
        yield "conditions", problem
    yield from _wait_problems(rule.trigger, rule.wait)
    if not 1 <= len(rule.actions) <= MOST_ACTIONS:
        yield "actions", f"must be 1 to {MOST_ACTIONS}"
    for index, action in enumerate(rule.actions):
        for problem in (*action_problems(action), *_action_problems(action)):
            yield f"actions[{index}]", problem


def _condition_problem(rule: Rule) -> str:
    if len(rule.conditions) > CONDITIONS_LENGTH:
        return f"must have at most {CONDITIONS_LENGTH} characters"
    try:
        read_rule_conditions(rule)
    except Invalid as invalid:
        return next(iter(invalid.violations.values()), "are not valid")
    return ""


def _wait_problems(trigger: Trigger, wait: Wait | None) -> Iterator[tuple[str, str]]:
    if (wait is not None) != (trigger is Trigger.TIME):
        yield "wait", "must be given with the trigger time, and with no other"
    elif wait is not None and not wait.after <= LONGEST_WAIT:
        yield "wait.after", f"must be at most {LONGEST_WAIT.days} days"
    elif wait is not None and wait.after.total_seconds() < 1:
        yield "wait.after", "must be at least a second"


def _action_problems(action: Action) -> Iterator[str]:
    if action.kind is ActionKind.REPLY:
        unknown = sorted(set(_PLACEHOLDER.findall(action.text)) - set(PLACEHOLDERS))
        if unknown:
            known = ", ".join(f"{{{name}}}" for name in PLACEHOLDERS)
            yield f"has the placeholder {{{unknown[0]}}}, which there is not: use {known}"


def _wrong(what: str) -> Invalid:
    return Invalid(f"The conditions of the rule {what}.", violations={"conditions": what})
