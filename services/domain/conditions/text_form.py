"""The text form of a condition: `status:open team:billing older:2d -tag:vip refund "late parcel"`.

Terms are joined by and, values with commas by or; `OR` and parentheses join terms by or; a minus sign says not. Words
without a field are looked for in the whole ticket. docs/filters.md tells it to people.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from uuid import UUID

from services.domain.conditions.fields import CUSTOM, FIELDS, NONE, find_field, operators_of, read_test
from services.domain.conditions.tree import (
    DEEPEST,
    MOST_TESTS,
    AllOf,
    AnyOf,
    Condition,
    Name,
    Not,
    Operator,
    Test,
    Value,
    Wrong,
    all_of,
)
from services.domain.errors import Invalid
from services.domain.words import split_words

LONGEST = 4000
# The filters of views and of pages come again and again.
_AT_HAND = 256

# Words for what people ask for all the time.
SHORTHANDS = {
    "open": "status:new,open,pending,on_hold",
    "settled": "status:resolved,closed",
    "unassigned": "assignee:none",
    "overdue": "limit:0m",
    "snoozed": "-snoozed:none",
    "queued": "-queued:none",
}

_SIGNS = {
    ":": Operator.IS,
    ">": Operator.ABOVE,
    ">=": Operator.AT_LEAST,
    "<": Operator.BELOW,
    "<=": Operator.AT_MOST,
    "~": Operator.MATCHES,
}
# Of a change: what a field was before it, and whether it became so by it.
_OF_CHANGES = {"was.": Operator.WAS, "changed_to.": Operator.CHANGED_TO}
_SPACE = re.compile(r"\s*")
_TERM = re.compile(r"(?P<of>(?:was|changed_to)\.)?(?P<field>[A-Za-z_]+(?:\.[\w-]*)?)(?P<sign>:?>=|:?<=|:?>|:?<|:|~)")
_VALUE = re.compile(r'"(?P<quoted>(?:[^"]|"")*)"|(?P<bare>[^\s,()"]+)')
_WORD = re.compile(r"[^\s()\"]+")
_SPANS = (("w", timedelta(weeks=1)), ("d", timedelta(days=1)), ("h", timedelta(hours=1)), ("m", timedelta(minutes=1)))


def parse_text(text: str, *, typing: bool = False) -> Condition:
    """The condition that a text says; Invalid tells the character at which it is wrong.

    While somebody is `typing`, the word at the very end may be the beginning of one.
    """
    if len(text) > LONGEST:
        raise _invalid(f"it has {len(text)} characters: write at most {LONGEST}")
    return _read(text, typing)


@lru_cache(_AT_HAND)
def _read(text: str, typing: bool) -> Condition:
    reader = _Reader(text, typing=typing)
    try:
        condition = reader.any_of(depth=0)
        if reader.at < len(text):
            raise Wrong("this parenthesis closes nothing: leave it out, or open one before")
    except Wrong as wrong:
        raise _invalid(f"at character {reader.at + 1}: {wrong}") from None
    return condition


def format_text(condition: Condition) -> str:
    """The text form of a condition for lists; parse_text reads it back."""
    if isinstance(condition, AllOf):
        return " ".join(_term(part) for part in condition.parts)
    return _term(condition)


@dataclass(slots=True)
class _Reader:
    """Reads from the character `at` on; when something is Wrong, `at` is where."""

    text: str
    typing: bool
    at: int = 0
    tests: int = 0

    def any_of(self, *, depth: int) -> Condition:
        if depth > DEEPEST:
            raise Wrong(f"parentheses go at most {DEEPEST} deep")
        parts = [self.all_of(depth=depth)]
        while self._word() == "OR":
            self._check_side(parts[-1])
            self.at += 2
            parts.append(self.all_of(depth=depth))
            self._check_side(parts[-1])
        return parts[0] if len(parts) == 1 else AnyOf(tuple(parts))

    def _check_side(self, part: Condition) -> None:
        if part == AllOf():
            raise Wrong("OR needs a term on both sides")

    def all_of(self, *, depth: int) -> Condition:
        parts: list[Condition] = []
        while self._skip() and self.text[self.at] != ")" and self._word() != "OR":
            parts.append(self._item(depth=depth))
        return all_of(parts)

    def _item(self, *, depth: int) -> Condition:
        if self.text[self.at] == "-" and self.at + 1 < len(self.text) and not self.text[self.at + 1].isspace():
            self.at += 1
            if depth >= DEEPEST:
                raise Wrong(f"terms go at most {DEEPEST} deep")
            return Not(self._item(depth=depth + 1))
        if self.text[self.at] == "(":
            return self._group(depth=depth)
        self.tests += 1
        if self.tests > MOST_TESTS:
            raise Wrong(f"there are at most {MOST_TESTS} terms")
        return self._field() or self._words()

    def _group(self, *, depth: int) -> Condition:
        opened = self.at
        self.at += 1
        condition = self.any_of(depth=depth + 1)
        if not self._skip():
            self.at = opened
            raise Wrong("this parenthesis is never closed: write ) after its terms")
        self.at += 1
        return condition

    def _field(self) -> Condition | None:
        """A term with a field, unless it only looks like one: "10:30", "re: parcel", "a<b"."""
        match = _TERM.match(self.text, self.at)
        if match is None:
            return None
        name, sign, begin = match["field"], match["sign"], match.end()
        name = name if name.startswith(CUSTOM) else name.lower()
        known = name in FIELDS or name == "is" or name.startswith(CUSTOM)
        has_value = begin < len(self.text) and _VALUE.match(self.text, begin) is not None
        if not known and (sign != ":" or not has_value):
            return None
        if not known:
            _unknown(name)
        if not has_value:
            raise Wrong(f"{name} has no value: write {name}:value")
        at, self.at = self.at, begin
        values = self._values()
        end, self.at = self.at, at
        condition = _read_term(name, sign.lstrip(":") or ":", values, of=match["of"] or "")
        self.at = end
        return condition

    def _values(self) -> list[tuple[str, bool]]:
        """The values and whether each is in quotes."""
        values = []
        while match := _VALUE.match(self.text, self.at):
            quoted = match["quoted"]
            values.append((match["bare"], False) if quoted is None else (quoted.replace('""', '"'), True))
            self.at = match.end()
            if not self.text.startswith(",", self.at):
                return values
            self.at += 1
        raise Wrong("a comma is followed by another value")

    def _words(self) -> Condition:
        at = self.at
        if self.text[at] == '"':
            match = _VALUE.match(self.text, at)
            if match is None:
                raise Wrong('this quotation mark is never closed: write " after the words')
            words = match["quoted"].replace('""', '"')
        else:
            match = _WORD.match(self.text, at)
            if match is None:
                raise Wrong("this is no term")
            words = match[0]
            if self.typing and match.end() == len(self.text) and split_words(words):
                words += "*"
        test = _text_test("text", [words])
        self.at = match.end()
        return test

    def _word(self) -> str:
        """The bare word that comes next, if one does."""
        return match[0] if self._skip() and (match := _WORD.match(self.text, self.at)) else ""

    def _skip(self) -> bool:
        """Over white space; whether something follows."""
        match = _SPACE.match(self.text, self.at)
        self.at = match.end() if match else self.at
        return self.at < len(self.text)


def _unknown(name: str) -> None:
    try:
        find_field(name)
    except Wrong as wrong:
        raise Wrong(f"{wrong}; to look for the words, put them in quotation marks") from None


def _read_term(name: str, sign: str, values: list[tuple[str, bool]], *, of: str) -> Condition:
    if of:
        return _read_change(name, sign, values, of=of)
    if name == "is":
        return _shorthand(sign, values)
    field = find_field(name)
    if field.kind == "words":
        if sign == "~":
            return read_test(name, Operator.MATCHES, [value for value, _ in values])
        if sign != ":":
            raise Wrong(f"{name} cannot be compared by {sign}: write {name}:word")
        return _text_test(name, [value for value, _ in values])
    operator = Operator.AT_LEAST if field.kind == "age" and sign == ":" else _SIGNS[sign]
    if operator not in operators_of(field):
        allowed = [known for known, operator in _SIGNS.items() if operator in operators_of(field)]
        raise Wrong(f"{name} cannot be compared by {sign}: write {' or '.join(allowed)}")
    return read_test(name, operator, [None if pair == (NONE, False) else pair[0] for pair in values])


def _read_change(name: str, sign: str, values: list[tuple[str, bool]], *, of: str) -> Condition:
    if sign != ":":
        raise Wrong(f"{of}{name} cannot be compared by {sign}: write {of}{name}:value")
    return read_test(name, _OF_CHANGES[of], [None if pair == (NONE, False) else pair[0] for pair in values])


def _shorthand(sign: str, values: list[tuple[str, bool]]) -> Condition:
    unknown = [value for value, _ in values if value not in SHORTHANDS]
    if unknown or sign != ":":
        raise Wrong(f"is:{''.join(unknown[:1])} is not known: write is: with one of {', '.join(SHORTHANDS)}")
    parts = tuple(parse_text(SHORTHANDS[value]) for value, _ in values)
    return parts[0] if len(parts) == 1 else AnyOf(parts)


def _text_test(field: str, values: list[str]) -> Condition:
    """Words as they are and, with a star at the end, beginnings of words."""
    whole = [value for value in values if not value.endswith("*")]
    begun = [value for value in values if value.endswith("*")]
    parts = tuple(
        read_test(field, operator, some)
        for operator, some in ((Operator.CONTAINS, whole), (Operator.STARTS, begun))
        if some
    )
    return parts[0] if len(parts) == 1 else AnyOf(parts)


def _term(condition: Condition) -> str:
    match condition:
        case Not(part):
            return f"-{_term(part)}"
        case AllOf(parts):
            return f"({' '.join(_term(part) for part in parts)})"
        case AnyOf(parts):
            return f"({' OR '.join(_term(part) for part in parts)})"
        case Test():
            return _test(condition)


def _test(test: Test) -> str:
    signs: dict[Operator, str] = {operator: sign for sign, operator in _SIGNS.items()}
    signs |= {Operator.CONTAINS: ":", Operator.STARTS: ":"}
    signs |= dict.fromkeys(_OF_CHANGES.values(), ":")
    of = next((before for before, operator in _OF_CHANGES.items() if operator is test.operator), "")
    star = "*" if test.operator is Operator.STARTS else ""
    values = [format_value(value, star=star) for value in test.values]
    if test.field == "text" and signs[test.operator] == ":" and len(values) == 1 and values[0].startswith('"'):
        return values[0]
    return f"{of}{test.field}{signs[test.operator]}{','.join(values)}"


def format_value(value: Value, *, star: str = "") -> str:
    """A value as it is written, in quotation marks where it needs them."""
    match value:
        case None:
            return NONE
        case timedelta():
            return next(f"{value // span}{unit}" for unit, span in _SPANS if not value % span)
        case datetime():
            return value.isoformat().replace("+00:00", "Z")
        case Name(text):
            return _quoted(text, bare=text != NONE)
        case str():
            return _quoted(value + star, bare=value != NONE)
        case UUID():
            return str(value)
    return str(value)


def _quoted(text: str, *, bare: bool) -> str:
    if bare and (match := _VALUE.fullmatch(text)) and match["bare"]:
        return text
    doubled = text.replace('"', '""')
    return f'"{doubled}"'


def _invalid(problem: str) -> Invalid:
    return Invalid(f"The filter is not valid: {problem}.", violations={"filter": problem})
