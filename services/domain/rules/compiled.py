"""All rules together, ready for decisions: their conditions compiled, and found by what makes them look."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from services.domain.actions import Action, ActionKind
from services.domain.conditions.compiled import Check, clues, compile_condition
from services.domain.conditions.fields import CUSTOM
from services.domain.conditions.tree import Condition, tests
from services.domain.errors import Invalid
from services.domain.facts import FactNeed
from services.domain.rules.check import calendars_asked, read_rule_conditions
from services.domain.rules.model import Rule, Since, Trigger

_WORDS = frozenset({"text", "subject", "message.text", "requester"})
_HISTORY = frozenset({"customer_messages", "agent_messages", "reopened"})
_TIMES_OF_HISTORY = frozenset({Since.UNANSWERED, Since.ANSWERED, Since.LAST_ACT})


@dataclass(frozen=True, slots=True)
class CompiledRule:
    """A rule with its conditions ready: without one of its `clues` among the words, they need not be asked. `problem`
    says why they cannot be, and then it never runs.
    """

    rule: Rule
    condition: Condition | None
    holds: Check
    clues: frozenset[str] | None
    calendars: frozenset[UUID]
    problem: str = ""


@dataclass(frozen=True, slots=True)
class RuleSet:
    """All rules in their order, as they are at a revision; `triggered` and `timed` are those that run."""

    rules: Mapping[UUID, CompiledRule] = field(default_factory=dict)
    triggered: Mapping[Trigger, tuple[CompiledRule, ...]] = field(default_factory=dict)
    timed: tuple[CompiledRule, ...] = ()
    places: Mapping[UUID, int] = field(default_factory=dict)
    needs: tuple[FactNeed, ...] = ()
    revision: int = 0

    def looking_at(self, triggers: Iterable[Trigger]) -> tuple[CompiledRule, ...]:
        """The rules that one of the triggers makes look, in their order."""
        known = [self.triggered[trigger] for trigger in triggers if trigger in self.triggered]
        if len(known) < 2:
            return known[0] if known else ()
        found = {rule.rule.id: rule for rules in known for rule in rules}
        return tuple(sorted(found.values(), key=lambda compiled: self.places[compiled.rule.id]))

    @property
    def teams(self) -> frozenset[UUID]:
        """The teams that rules give tickets to or tell."""
        return frozenset(action.team_id for action in self._actions() if action.team_id is not None)

    @property
    def users(self) -> frozenset[UUID]:
        """The users that rules name."""
        return frozenset(action.user_id for action in self._actions() if action.user_id is not None)

    @property
    def categories(self) -> frozenset[UUID]:
        """The categories that rules set."""
        return frozenset(action.category_id for action in self._actions() if action.category_id is not None)

    def _actions(self) -> Iterator[Action]:
        return (action for compiled in self.rules.values() for action in compiled.rule.actions)


NO_RULES = RuleSet()


def compile_rules(rules: Iterable[Rule], *, revision: int = 0) -> RuleSet:
    """The rules, ready; a rule whose conditions cannot be read any more is kept, and never runs."""
    compiled = [_compile(rule) for rule in sorted(rules, key=lambda rule: (rule.position, str(rule.id)))]
    running = [each for each in compiled if each.rule.runs and not each.problem]
    triggered: dict[Trigger, list[CompiledRule]] = defaultdict(list)
    for each in running:
        triggered[each.rule.trigger].append(each)
    return RuleSet(
        rules={each.rule.id: each for each in compiled},
        triggered={trigger: tuple(found) for trigger, found in triggered.items()},
        timed=tuple(triggered.get(Trigger.TIME, ())),
        places={each.rule.id: place for place, each in enumerate(compiled)},
        needs=tuple(need for need in FactNeed if need in {found for each in running for found in _needs(each)}),
        revision=revision,
    )


def _compile(rule: Rule) -> CompiledRule:
    try:
        condition = read_rule_conditions(rule)
        return CompiledRule(rule, condition, compile_condition(condition), clues(condition), calendars_asked(condition))
    except Invalid as invalid:
        return CompiledRule(rule, None, _never, None, frozenset(), problem=invalid.message)


def _never(_: object) -> bool:
    return False


def _needs(compiled: CompiledRule) -> Iterator[FactNeed]:
    yield FactNeed.RULES
    assert compiled.condition is not None, "a rule with a problem does not run"
    for test in tests(compiled.condition):
        if test.field in _WORDS:
            yield FactNeed.WORDS
        if test.field in _HISTORY or test.field.startswith("since."):
            yield FactNeed.HISTORY
        if test.field.startswith(CUSTOM):
            yield FactNeed.CUSTOM_FIELDS
    if compiled.rule.trigger is Trigger.FIELD_CHANGED:
        yield FactNeed.CUSTOM_FIELDS
    if any(action.kind is ActionKind.SET_CUSTOM_FIELD for action in compiled.rule.actions):
        yield FactNeed.CUSTOM_FIELDS
    if any(action.kind is ActionKind.SET_CATEGORY for action in compiled.rule.actions):
        yield FactNeed.CATEGORIES
    wait = compiled.rule.wait
    if wait is not None and wait.since in _TIMES_OF_HISTORY:
        yield FactNeed.HISTORY
    if any(action.kind is ActionKind.REPLY for action in compiled.rule.actions):
        # Whether a machine wrote the customer's last word.
        yield FactNeed.HISTORY
