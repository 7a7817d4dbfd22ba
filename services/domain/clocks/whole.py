"""All calendars, ladders and policies together: what must hold between them, and making them ready for decisions."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from uuid import UUID

from services.domain.calendars.model import Calendar
from services.domain.calendars.working_time import WorkingTime
from services.domain.clocks.fold import POLICY_FIELDS
from services.domain.clocks.policy import CompiledCalendar, Ladder, Policy, ServiceLevels
from services.domain.conditions.text_form import parse_text
from services.domain.conditions.tree import Condition, Name, Operator, tests
from services.domain.errors import Invalid

# Any Monday will do: that a target can be reached does not depend on where one begins.
_FROM = datetime(2026, 1, 5, tzinfo=UTC)

CompiledCalendars = Mapping[UUID, CompiledCalendar]


def compile_service_levels(
    policies: Sequence[Policy],
    ladders: Sequence[Ladder],
    calendars: Sequence[Calendar],
    *,
    revision: int = 0,
    known: CompiledCalendars | None = None,
) -> ServiceLevels:
    """All of them, ready; calendars that are `known` in the same version keep what they have reckoned."""
    compiled = {calendar.id: _compile(calendar, known or {}) for calendar in calendars}
    return ServiceLevels(
        policies=tuple(policies),
        ladders={ladder.id: ladder for ladder in ladders},
        calendars=compiled,
        conditions={policy.id: read_conditions(policy.conditions) for policy in policies},
        revision=revision,
    )


def _compile(calendar: Calendar, known: CompiledCalendars) -> CompiledCalendar:
    found = known.get(calendar.id)
    if found is not None and found.version == calendar.version:
        return found
    return CompiledCalendar(calendar.id, calendar.version, WorkingTime(calendar), calendar.name)


def read_conditions(text: str) -> Condition:
    """The conditions of a policy, which may ask only for what a policy is chosen by; Invalid."""
    condition = parse_text(text)
    for test in tests(condition):
        if test.field not in POLICY_FIELDS or test.operator in (Operator.WAS, Operator.CHANGED_TO):
            raise _wrong(f"cannot ask for {test.field} {test.operator}: use {', '.join(POLICY_FIELDS)}")
        for value in test.values:
            if isinstance(value, Name):
                raise _wrong(f"must name {test.field} {value.text!r} by its id")
    return condition


def check_service_levels(levels: ServiceLevels) -> None:
    """Invalid when a policy names what there is not, or a target that its calendar never reaches."""
    problems = [problem for policy in levels.policies for problem in _problems(policy, levels)]
    if problems:
        raise Invalid(f"The service levels are not valid: {'; '.join(problems)}.", reason="SERVICE_LEVEL_IN_USE")


def _problems(policy: Policy, levels: ServiceLevels) -> Iterator[str]:
    if policy.calendar_id is not None and policy.calendar_id not in levels.calendars:
        yield f"the policy {policy.name} needs the calendar {policy.calendar_id}, which does not exist"
        return
    for named in policy.ladders:
        if named.ladder_id not in levels.ladders:
            yield f"the policy {policy.name} needs the escalation ladder {named.ladder_id}, which does not exist"
    for target in policy.targets:
        try:
            levels.reckoning(policy).add_working_time(_FROM, target.duration)
        except Invalid:
            yield f"the policy {policy.name} has a target for {target.clock} that its calendar never reaches"


def _wrong(what: str) -> Invalid:
    return Invalid(f"The conditions of the policy {what}.", violations={"conditions": what})
