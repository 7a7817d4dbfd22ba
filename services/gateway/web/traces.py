"""A stored decision as a tree for people: cause, rules with their conditions and what these saw, effects. Pure."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from services.domain.conditions.text_form import parse_text
from services.domain.decision import ConditionSeen, StoredDecision
from services.domain.errors import Invalid
from services.domain.rules.model import Explanation, RuleOutcome
from services.gateway.web.builder.known import Known

_ID = re.compile(r'"?([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})"?')
_GROUPS = ("all of", "any of", "not")

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Check:
    """A condition with what it saw; `is_group` ones have parts instead of a value."""

    words: str
    seen: str
    held: bool
    is_group: bool
    parts: tuple["Check", ...]


@dataclass(frozen=True, slots=True)
class Run:
    """A rule that ran, and the rules that ran because of it."""

    number: int
    rule_id: str
    version: str
    name: str
    trigger: str
    check: Check | None
    effects: tuple[str, ...]
    caused: tuple["Run", ...]


@dataclass(frozen=True, slots=True)
class Cause:
    """One thing that happened, or one instant that came, with all that it brought about.

    `event` is the event's kind; a due has a reason instead, if it is known.
    """

    name: str
    event: str
    seq: str
    lines: Sequence[Json]
    runs: tuple[Run, ...]
    steps: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Moment:
    """What a rule made of one cause."""

    cause: str
    ran: bool
    outcome: str
    check: Check | None


@dataclass(frozen=True, slots=True)
class RuleAsked:
    """Why a rule ran in a decision, or why not."""

    rule_id: UUID
    name: str
    version: int
    moments: tuple[Moment, ...]


def trace_of(stored: StoredDecision, known: Known) -> tuple[Cause, ...]:
    """The causes in the order in which they came, each with its tree."""
    decision, runs = stored.decision, list(stored.decision.get("runs", []))
    steps, trace = decision.get("steps", []), decision.get("trace", [])
    of_rules = {place for run in runs for place in run.get("steps", [])}
    plain = [step for place, step in enumerate(steps) if place not in of_rules]
    kinds = {f"event {event['seq']}": event for event in stored.facts.get("events", [])}
    causes = dict.fromkeys([*kinds, *(line["cause"] for line in (*trace, *steps, *_roots(runs)) if "cause" in line)])
    return tuple(
        Cause(
            name=cause,
            event=_enum(kinds[cause].get("kind", ""), "EVENT_KIND_") if cause in kinds else "",
            seq=cause.removeprefix("event ") if cause.startswith("event ") else "",
            lines=[line for line in trace if line.get("cause") == cause],
            runs=tuple(_run(run, runs, known) for run in _roots(runs) if run.get("cause") == cause),
            steps=tuple(_step(step, known) for step in plain if step.get("cause") == cause),
        )
        for cause in causes
        if not cause.startswith("run ")
    )


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a rule does, or would do, to a ticket."""

    number: int
    cause: str
    changes: tuple[str, ...]
    outcome: str


def told_outcome(outcome: RuleOutcome, known: Known) -> Outcome:
    """With names for ids."""
    changes = [
        f"{_field(each.field)} {_value(each.old, known)} → {_value(each.new, known)}" for each in outcome.changes
    ]
    sends = [in_words(each, known) for each in outcome.sends]
    return Outcome(outcome.number, outcome.cause, (*changes, *sends), in_words(outcome.outcome, known))


def told_rule(found: Explanation, known: Known) -> RuleAsked:
    """The answer to "why not?"."""
    moments = tuple(
        Moment(each.cause, each.ran, each.outcome, _check(each.condition, known) if each.condition else None)
        for each in found.moments
    )
    return RuleAsked(found.rule.id, found.rule.name, found.rule.version, moments)


def in_words(text: str, known: Known) -> str:
    """The text with names for the ids in it."""
    return _ID.sub(lambda match: known.name(UUID(match[1])), text)


def _roots(runs: Sequence[Json]) -> list[Json]:
    return [run for run in runs if not run.get("caused_by")]


def _run(run: Json, runs: Sequence[Json], known: Known) -> Run:
    number = int(run.get("number", 0))
    condition = run.get("condition")
    return Run(
        number=number,
        rule_id=run.get("rule_id", ""),
        version=str(run.get("rule_version", "")),
        name=run.get("name", ""),
        trigger=run.get("trigger", ""),
        check=_check(_seen(condition), known) if condition else None,
        effects=tuple(_effect(effect, known) for effect in run.get("effects", [])),
        caused=tuple(_run(each, runs, known) for each in runs if int(each.get("caused_by", 0)) == number),
    )


def _seen(condition: Json) -> ConditionSeen:
    parts = tuple(_seen(part) for part in condition.get("parts", []))
    return ConditionSeen(condition.get("check", ""), condition.get("seen", ""), condition.get("held", False), parts)


def _check(condition: ConditionSeen, known: Known) -> Check:
    is_group = condition.check in _GROUPS
    return Check(
        words=condition.check if is_group else _test(condition.check, known),
        seen=in_words(condition.seen, known),
        held=condition.held,
        is_group=is_group,
        parts=tuple(_check(part, known) for part in condition.parts),
    )


def _test(text: str, known: Known) -> str:
    try:
        return known.read_back(parse_text(text))
    except Invalid:
        return in_words(text, known)  # of a field that there is no more


def _step(step: Json, known: Known) -> str:
    changes = ", ".join(_change(change, known) for change in step.get("changes", []))
    kind = _enum(step.get("kind", ""), "EVENT_KIND_").replace("_", " ")
    return ": ".join(filter(None, (kind, changes, step.get("reason", ""))))


def _change(change: Json, known: Known) -> str:
    old, new = (_value(change.get(which, "null"), known) for which in ("old", "new"))
    return f"{_field(change.get('field', ''))} {old} → {new}"


def _effect(effect: str, known: Known) -> str:
    """`team_id: null → "…"` as people say it; what is no change of a field stays."""
    field, colon, change = effect.partition(": ")
    old, arrow, new = change.partition(" → ")
    if not (colon and arrow):
        return in_words(effect, known)
    return f"{_field(field)} {_value(old, known)} → {_value(new, known)}"


def _value(text: str, known: Known) -> str:
    try:
        value = json.loads(text)
    except ValueError:
        return in_words(text, known)
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return "none" if value is None or value == "" else in_words(str(value), known).replace("_", " ")


def _field(name: str) -> str:
    return name.removesuffix("_id").replace("_", " ")


def _enum(name: str, prefix: str) -> str:
    return name.removeprefix(prefix).lower()
