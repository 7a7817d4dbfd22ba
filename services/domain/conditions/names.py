"""Names in a condition become ids before anything is asked: `team:billing`, `assignee:me`, `team:mine`."""

from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from services.domain.conditions.tree import Condition, Name, Test, Value, map_tests, tests
from services.domain.errors import Invalid
from services.domain.principal import Principal
from services.domain.words import fold

NOTHING = UUID(int=0)
ME = "me"
MINE = "mine"

# By field: the ids that each folded name stands for.
Ids = Mapping[str, Mapping[str, Sequence[UUID]]]


def own_ids(principal: Principal) -> tuple[UUID, ...]:
    """What `me` stands for."""
    try:
        return (UUID(principal.subject),)
    except ValueError:
        return ()  # one of our own processes


def fields_with_names(condition: Condition) -> frozenset[str]:
    """The fields in which the condition has a name."""
    return frozenset(test.field for test in tests(condition) for value in test.values if isinstance(value, Name))


def resolve_names(condition: Condition, ids: Ids) -> Condition:
    """The condition with ids for its names in these fields; Invalid names those that there are not.

    A name that stands for nothing at all, like `team:mine` of somebody in no team, finds nothing.
    """
    return map_tests(condition, lambda test: _resolve(test, ids[test.field]) if test.field in ids else test)


def _resolve(test: Test, ids: Mapping[str, Sequence[UUID]]) -> Test:
    values: list[Value] = []
    for value in test.values:
        if isinstance(value, Name):
            found = ids.get(fold(value.text))
            if found is None:
                raise _unknown(test.field, value.text, ids)
            values.extend(found or (NOTHING,))
        else:
            values.append(value)
    return Test(test.field, test.operator, tuple(dict.fromkeys(values)))


def _unknown(field: str, name: str, ids: Collection[str]) -> Invalid:
    some = ", ".join(sorted(ids)[:20])
    problem = f"{field}:{name} is not known: " + (f"write an id or one of {some}" if some else "write an id")
    return Invalid(f"The filter is not valid: {problem}.", violations={"filter": problem})
