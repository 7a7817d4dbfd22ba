"""Conditions made ready for many tickets: values folded once, and texts only when somebody asks for them.

What is asked is a View: what is known at one moment, worked out when it is needed. `see` tells what was seen; of words
it says whether they were there and never what else was.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from services.domain.conditions.evaluate import fits
from services.domain.conditions.fields import CUSTOM, Kind, find_field
from services.domain.conditions.text_form import format_text, format_value
from services.domain.conditions.tree import AllOf, AnyOf, Condition, Name, Not, Operator, Test
from services.domain.decision import ConditionSeen
from services.domain.words import label, split_words

LONGEST_SEEN = 200


class View(Protocol):
    """What is known of a ticket at the instant `now`: values by field, those from before and right after a change by
    `was.<field>` and `became.<field>`.
    """

    now: datetime

    def __getitem__(self, field: str, /) -> Sequence[Any]:
        """The values of a field, none of them when it has none."""

    def texts(self, field: str, /) -> Sequence["Text"]:
        """The field's texts, cut into words."""


@dataclass(frozen=True, slots=True)
class Text:
    """A text as folded words: with one space between and around them, and as a set."""

    joined: str
    words: frozenset[str]


Check = Callable[[View], bool]


def compile_condition(condition: Condition) -> Check:
    """A function that says whether the condition holds; the same as `evaluate` on the same facts."""
    match condition:
        case AllOf(parts):
            return _every(tuple(compile_condition(part) for part in sorted(parts, key=_cost)))
        case AnyOf(parts):
            return _some(tuple(compile_condition(part) for part in sorted(parts, key=_cost)))
        case Not(part):
            check = compile_condition(part)
            return lambda view: not check(view)
        case Test():
            return _compile_test(condition)


def _cost(condition: Condition) -> int:
    """What is asked first, because it is known at once."""
    match condition:
        case AllOf(parts) | AnyOf(parts):
            return max((_cost(part) for part in parts), default=0)
        case Not(part):
            return _cost(part)
        case Test():
            return 0 if find_field(condition.field).kind in (Kind.CHOICE, Kind.IDENTITY, Kind.LABEL) else 1


def _every(checks: Sequence[Check]) -> Check:
    def every(view: View) -> bool:
        # A generator would cost more than most checks.
        for check in checks:  # noqa: SIM110
            if not check(view):
                return False
        return True

    return every


def _some(checks: Sequence[Check]) -> Check:
    def some(view: View) -> bool:
        for check in checks:  # noqa: SIM110
            if check(view):
                return True
        return False

    return some


def see(condition: Condition, view: View) -> ConditionSeen:
    """The condition as a tree, each test with the value it saw."""
    match condition:
        case AllOf(parts):
            seen = tuple(see(part, view) for part in parts)
            return ConditionSeen("all of", "", all(part.held for part in seen), seen)
        case AnyOf(parts):
            seen = tuple(see(part, view) for part in parts)
            return ConditionSeen("any of", "", any(part.held for part in seen), seen)
        case Not(part):
            inner = see(part, view)
            return ConditionSeen("not", "", not inner.held, (inner,))
        case Test():
            held = _compile_test(condition)(view)
            return ConditionSeen(format_text(condition), _seen(condition, view, held=held), held)


def _compile_test(test: Test) -> Check:
    if test.operator is Operator.WAS:
        return _compile_is(test, f"was.{test.field}")
    if test.operator is Operator.CHANGED_TO:
        was, became = _compile_is(test, f"was.{test.field}"), _compile_is(test, f"became.{test.field}")
        is_now = _compile_is(test, test.field)
        return lambda view: is_now(view) and became(view) and not was(view)
    kind = find_field(test.field).kind
    if test.operator is Operator.IS and kind in (Kind.CHOICE, Kind.IDENTITY, Kind.LABEL):
        return _compile_is(test, test.field)
    if kind is Kind.WORDS and test.operator in (Operator.CONTAINS, Operator.STARTS):
        return _compile_words(test)
    return _compile_other(test)


def _compile_is(test: Test, key: str) -> Check:
    or_none = None in test.values
    if find_field(test.field).kind is Kind.LABEL:
        labels = frozenset(label(value) for value in test.values if value is not None)
        if test.field.startswith(CUSTOM):
            return lambda view: any(label(fact) in labels for fact in known) if (known := view[key]) else or_none
        return lambda view: not labels.isdisjoint(known) if (known := view[key]) else or_none
    values = frozenset(value for value in test.values if value is not None and not isinstance(value, Name))
    return lambda view: not values.isdisjoint(known) if (known := view[key]) else or_none


def _compile_words(test: Test) -> Check:
    """Most are single words: whether one is in a set is known at once, whatever the text's length."""
    phrases = [split_words(str(value)) for value in test.values]
    whole = test.operator is Operator.CONTAINS
    singles = frozenset(phrase[0] for phrase in phrases if whole and len(phrase) == 1)
    end = " " if whole else ""
    others = tuple(f" {' '.join(phrase)}{end}" for phrase in phrases if not whole or len(phrase) > 1)
    field = test.field

    def check(view: View) -> bool:
        for text in view.texts(field):
            if not singles.isdisjoint(text.words):
                return True
            for phrase in others:
                if phrase in text.joined:
                    return True
        return False

    return check


def _compile_other(test: Test) -> Check:
    field, values, or_none = test.field, tuple(value for value in test.values if value is not None), None in test.values

    def check(view: View) -> bool:
        known = view[field]
        if not known:
            return or_none
        return any(fits(test, fact, value, now=view.now) for fact in known for value in values)

    return check


def _seen(test: Test, view: View, *, held: bool) -> str:
    kind = find_field(test.field).kind
    if kind is Kind.WORDS:
        return "found" if held else "not found"
    if kind is Kind.PERSON:
        return "the requester" if held else "another requester"
    now = _told(view[test.field])
    if test.operator in (Operator.WAS, Operator.CHANGED_TO):
        return f"{_told(view[f'was.{test.field}'])}, now {now}"
    return now


def _told(values: Sequence[Any]) -> str:
    texts = (value.isoformat() if isinstance(value, datetime) else format_value(value) for value in values)
    return ", ".join(map(str, texts))[:LONGEST_SEEN] or "none"
