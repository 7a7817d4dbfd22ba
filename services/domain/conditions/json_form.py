"""The JSON form of a condition, as rules and policies keep it.

`{"all": [...]}`, `{"any": [...]}`, `{"not": ...}`, `{"field": "team", "operator": "is", "values": ["billing", null]}`,
in which null stands for "none".
"""

from collections.abc import Iterator
from typing import Any

from services.domain.conditions.fields import read_test
from services.domain.conditions.text_form import format_value
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
    tests,
)
from services.domain.errors import Invalid

_SHAPES = "an object with one of all, any, not, or with field, operator and values"


def parse_json(document: object) -> Condition:
    """The condition of a document; Invalid names each node that is wrong by its path, e.g. `all[1].values`."""
    problems: dict[str, str] = {}
    condition = _read(document, "", problems, depth=0)
    if condition is not None and sum(1 for _ in tests(condition)) > MOST_TESTS:
        problems["condition"] = f"there are at most {MOST_TESTS} tests"
    if condition is None or problems:
        told = "; ".join(f"{path}: {problem}" for path, problem in problems.items())
        raise Invalid(f"The condition is not valid: {told}.", violations=problems)
    return condition


def format_json(condition: Condition) -> dict[str, Any]:
    """The document of a condition; parse_json reads it back."""
    match condition:
        case AllOf(parts):
            return {"all": [format_json(part) for part in parts]}
        case AnyOf(parts):
            return {"any": [format_json(part) for part in parts]}
        case Not(part):
            return {"not": format_json(part)}
        case Test(field, operator, values):
            return {"field": field, "operator": operator.value, "values": [_plain(value) for value in values]}


def _plain(value: Value) -> str | int | None:
    if isinstance(value, Name):
        return value.text
    return value if value is None or isinstance(value, int | str) else format_value(value)


def _read(document: object, path: str, problems: dict[str, str], *, depth: int) -> Condition | None:
    """None when it is wrong; then the problems say where."""
    here = path or "condition"
    if depth > DEEPEST:
        problems[here] = f"must not be nested deeper than {DEEPEST}"
        return None
    match document:
        case {"all": [*items], **rest} if not rest:
            return AllOf(tuple(_parts(items, f"{path}.all".lstrip("."), problems, depth=depth)))
        case {"any": [_, *_] as items, **rest} if not rest:
            return AnyOf(tuple(_parts(items, f"{path}.any".lstrip("."), problems, depth=depth)))
        case {"not": inner, **rest} if not rest:
            part = _read(inner, f"{path}.not".lstrip("."), problems, depth=depth + 1)
            return part and Not(part)
        case {"field": str(field), "operator": str(operator), "values": [*values], **rest} if not rest:
            return _test(field, operator, values, here, problems)
    problems[here] = f"must be {_SHAPES}"
    return None


def _parts(items: list[Any], path: str, problems: dict[str, str], *, depth: int) -> Iterator[Condition]:
    for index, item in enumerate(items):
        part = _read(item, f"{path}[{index}]", problems, depth=depth + 1)
        if part is not None:
            yield part


def _test(field: str, operator: str, values: list[Any], path: str, problems: dict[str, str]) -> Test | None:
    operators = [known.value for known in Operator]
    if operator not in operators:
        problems[f"{path}.operator"] = f"must be one of {', '.join(operators)}"
        return None
    for index, value in enumerate(values):
        if isinstance(value, bool) or not isinstance(value, str | int | None):
            problems[f"{path}.values[{index}]"] = "must be text, a whole number or null"
            return None
    raw = [value if value is None else str(value) for value in values]
    try:
        return read_test(field, Operator(operator), raw)
    except Wrong as wrong:
        problems[path] = str(wrong)
        return None
