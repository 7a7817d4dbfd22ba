"""The default set: valid, explained, and harmless where it is on."""

import pytest

from services.domain.actions import ActionKind
from services.domain.rules.check import clean_rule
from services.domain.rules.default_set import DEFAULT_SET
from services.domain.rules.model import Rule


@pytest.mark.parametrize("rule", DEFAULT_SET, ids=lambda rule: rule.name)
def test_each_rule_of_the_default_set_may_be_kept_and_says_what_it_is_for(rule: Rule) -> None:
    assert clean_rule(rule) == rule
    assert rule.purpose


def test_what_is_on_in_the_default_set_only_tags() -> None:
    done = {action.kind for rule in DEFAULT_SET if rule.enabled for action in rule.actions}
    assert done == {ActionKind.ADD_TAG}
    assert any(not rule.enabled for rule in DEFAULT_SET)


def test_rules_of_the_default_set_differ_in_id_and_name() -> None:
    assert len({rule.id for rule in DEFAULT_SET}) == len({rule.name for rule in DEFAULT_SET}) == len(DEFAULT_SET)
