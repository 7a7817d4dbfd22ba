"""A rule as it is stored, read by a release that may be older than the one that wrote it."""

from typing import Any
from uuid import uuid4

import pytest

from services.domain.errors import Invalid
from services.domain.rules.compiled import compile_rules
from services.domain.rules.model import Trigger
from services.routing.rules.convert import UNREADABLE, known_rule_of, rule_of
from services.routing.rules.store import StoredRule

ADDS = {"kind": "ACTION_KIND_ADD_TAG", "tag": "late"}
READABLE = {"trigger": "TRIGGER_TICKET_CREATED", "enabled": True, "actions": [ADDS]}


def stored(**definition: Any) -> StoredRule:
    return StoredRule(uuid4(), "A rule", 7, definition, version=3)


def test_what_a_newer_release_added_and_this_one_need_not_know_is_left_out() -> None:
    assert known_rule_of(stored(**READABLE, colour="red")).runs


@pytest.mark.parametrize(
    "changed",
    [{"trigger": "TRIGGER_FROM_THE_FUTURE"}, {"actions": [{"kind": "ACTION_KIND_FROM_THE_FUTURE"}]}, {"actions": {}}],
    ids=["a trigger", "an action", "another form"],
)
def test_a_rule_that_cannot_be_read_rests_in_its_place_and_the_others_run(changed: dict[str, Any]) -> None:
    unreadable, readable = stored(**READABLE | changed), stored(**READABLE)
    with pytest.raises(Invalid):
        rule_of(unreadable)
    known = known_rule_of(unreadable)
    assert (known.name, known.position, known.version, known.paused_reason) == ("A rule", 7, 3, UNREADABLE)
    rules = compile_rules(map(known_rule_of, [unreadable, readable]))
    assert [each.rule.id for each in rules.triggered[Trigger.TICKET_CREATED]] == [readable.id]
