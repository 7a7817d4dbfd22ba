"""What rules and policies name must be there; what is refused says which names there are."""

from uuid import UUID, uuid4

import pytest

from services.domain.actions import Action, ActionKind
from services.domain.errors import Invalid
from services.domain.named import Kind, check_named, named_by_rule
from services.domain.rules.model import Rule, Trigger

GONE, BILLING, ANN, SHOP = (UUID(int=number) for number in range(404, 408))
THINGS: dict[Kind, dict[str, str]] = {
    Kind.TEAM: {str(BILLING): "Billing", str(uuid4()): "Support"},
    Kind.USER: {str(ANN): "Ann"},
    Kind.BRAND: {str(SHOP): "Shop"},
    Kind.CATEGORY: dict[str, str](),
    Kind.ORGANISATION: {str(uuid4()): "Acme"},
    Kind.FIELD: {"size": "size"},
}
_TAG = Action(ActionKind.ADD_TAG, tag="x")


def rule(conditions: str = "", *actions: Action, brand: UUID = SHOP, owner: UUID = ANN) -> Rule:
    wanted = actions or (_TAG,)
    return Rule(UUID(int=1), "x", Trigger.TICKET_CREATED, wanted, conditions, brand_ids=(brand,), owner_id=owner)


@pytest.mark.parametrize(
    ("wrong", "place", "told"),
    [
        (rule(f"team:{GONE}"), "conditions", f"team:{GONE} names no team: use Billing, Support"),
        (rule(f"-assignee:{GONE}"), "conditions", f"assignee:{GONE} names nobody who is active on the staff: use Ann"),
        (rule(f"brand:{SHOP},{GONE}"), "conditions", f"brand:{GONE} names no brand: use Shop"),
        (rule(f"category_tree:{GONE}"), "conditions", f"category_tree:{GONE} names no category: there is none yet"),
        (rule(f"tag:a OR organisation:{GONE}"), "conditions", f"organisation:{GONE} names no organisation: use Acme"),
        (rule("custom_fields.colour:red"), "conditions", "custom_fields.colour names no custom field: use size"),
        (
            rule("", Action(ActionKind.ASSIGN, team_id=GONE)),
            "actions[0].team_id",
            "names no team: use Billing, Support",
        ),
        (
            rule("", _TAG, Action(ActionKind.SET_CUSTOM_FIELD, field="colour", value="red")),
            "actions[1].field",
            "names no custom field: use size",
        ),
        (rule(brand=GONE), "brand_ids", "names no brand: use Shop"),
        (rule(owner=GONE), "owner_id", "names nobody who is active on the staff: use Ann"),
    ],
)
def test_what_is_not_there_is_refused_with_the_names_that_are(wrong: Rule, place: str, told: str) -> None:
    with pytest.raises(Invalid) as refused:
        check_named(named_by_rule(wrong), THINGS, of="rule")
    assert refused.value.violations == {place: told}
    check_named(named_by_rule(wrong), THINGS, of="rule", kept=named_by_rule(wrong))


def test_what_is_there_may_be_named() -> None:
    right = rule(f"team:{BILLING},none custom_fields.size:L", Action(ActionKind.NOTIFY, user_id=ANN))
    check_named(named_by_rule(right), THINGS, of="rule")


def test_where_tickets_take_any_field_none_is_refused() -> None:
    things = dict(THINGS)
    del things[Kind.FIELD]
    check_named(named_by_rule(rule("custom_fields.colour:red")), things, of="rule")
