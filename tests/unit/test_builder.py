"""The builder: conditions and actions as rows of a form, there and back."""

from datetime import timedelta
from uuid import UUID

import pytest
from starlette.datastructures import FormData, UploadFile

from services.domain.actions import Action, ActionKind
from services.domain.clocks.fold import POLICY_FIELDS
from services.domain.conditions.fields import FIELDS
from services.domain.conditions.text_form import format_text
from services.domain.conditions.tree import Condition
from services.domain.errors import Invalid
from services.domain.ticket import Priority
from services.gateway.web.builder.actions import INPUTS, ActionPart, action_part, read_action_part
from services.gateway.web.builder.conditions import ConditionPart, GroupShown, condition_part, read_condition_part
from services.gateway.web.builder.draft import AS_TEXT
from services.gateway.web.builder.form import Press, join_list, split_list
from services.gateway.web.builder.known import Known
from services.gateway.web.builder.offers import Place

BILLING, SHOP, ANN = UUID(int=1), UUID(int=2), UUID(int=3)
KNOWN = Known({"team": {BILLING: "Billing"}, "brand": {SHOP: "My shop"}, "assignee": {ANN: "Ann Bee"}})
TICKETS = Place(tuple(FIELDS))
POLICIES = Place(POLICY_FIELDS, custom_fields=False, events=False)
# What FormData is made of.
Sent = list[tuple[str, str | UploadFile]]


def sent_by(part: ConditionPart) -> FormData:
    """What a browser sends of the part as it is drawn."""
    sent: Sent = [("conditions.text", part.text), ("conditions.text_before", part.text_before)]
    _collect(part.group, sent)
    return FormData(sent)


def _collect(group: GroupShown, sent: Sent) -> None:
    sent.append((f"{group.name}.mode", group.mode))
    for each in group.parts:
        if isinstance(each, GroupShown):
            _collect(each, sent)
            continue
        field = "custom_fields." if each.is_custom else each.row.field
        sent += [(f"{each.name}.field", field), (f"{each.name}.typed_for", each.typed_for)]
        if each.is_custom:
            sent.append((f"{each.name}.name", each.row.field.partition(".")[2]))
        if each.offer is None:
            sent.append((f"{each.name}.value", each.line if each.row.field != AS_TEXT else " ".join(each.row.values)))
            continue
        sent.append((f"{each.name}.operator", each.offer.key))
        match each.offer.widget:
            case "list":
                sent.append((f"{each.name}.list", each.line))
            case "span":
                sent += [(f"{each.name}.amount", each.amount), (f"{each.name}.unit", each.unit)]
            case "choices":
                sent += [(f"{each.name}.value", value) for value, _ in each.choices if value in each.row.values]
            case "number" | "day":
                sent.append((f"{each.name}.value", each.line))


def part_of(text: str, place: Place = TICKETS) -> ConditionPart:
    return condition_part("conditions", KNOWN.parse(text), place, KNOWN)


def again(part: ConditionPart, press: Press | None = None) -> ConditionPart:
    return read_condition_part(sent_by(part), "conditions", part.place, KNOWN, press)


ALL_SORTS = [
    "",
    "status:open,pending",
    "-status:open",
    'team:Billing,none brand:"My shop" -assignee:"Ann Bee"',
    "tag:vip,refund -tag:none type:none",
    "tag:vip,none",
    'refund subject:"late, parcel",reklamace',
    "-subject:refun*",
    "subject:refund,reklam*",
    "older:2d idle<3h",
    "due:4h due>2d snoozed:none",
    "created>=2026-01-31 updated:2026-02-01",
    "created>2026-01-31T09:00:00Z",
    "number:7,8 number>=10",
    "custom_fields.order:A-7 custom_fields.total>9.50 custom_fields.gift:none",
    "requester:ann@mail.example",
    "priority:urgent OR (team:Billing (status:new OR -tag:vip))",
    "-(status:open team:Billing)",
    "-(status:open OR (team:Billing -(priority:low OR subject:refund)))",
]


@pytest.mark.parametrize("text", ALL_SORTS)
def test_conditions_come_back_from_the_form_as_they_were(text: str) -> None:
    part = part_of(text)
    assert again(part).condition == normal(KNOWN.parse(text))
    assert again(again(part)).text == part.text


def normal(condition: Condition) -> Condition:
    """As the builder writes it: the order of what is chosen in a list of boxes is that of the list."""
    return part_of(KNOWN.format(condition)).condition


@pytest.mark.parametrize("text", [text for text in ALL_SORTS if text])
def test_every_condition_has_rows(text: str) -> None:
    part = part_of(text)
    assert part.draft.parts
    assert KNOWN.read_back(part.condition) == KNOWN.read_back(KNOWN.parse(text))


def test_what_a_place_does_not_ask_for_stays_as_text() -> None:
    (row,) = part_of("older:2d", POLICIES).group.parts
    assert not isinstance(row, GroupShown)
    assert (row.row.field, row.row.values) == (AS_TEXT, ("older>=2d",))


def test_names_stand_for_ids_in_the_text() -> None:
    part = part_of('team:Billing brand:"My shop"')
    assert part.text == 'team:Billing brand:"My shop"'
    assert str(BILLING) in format_text(part.condition)


def test_text_that_was_changed_takes_the_place_of_the_rows() -> None:
    sent = FormData([*sent_by(part_of("priority:urgent")).multi_items()[2:], ("conditions.text", "tag:vip")])
    assert read_condition_part(sent, "conditions", TICKETS, KNOWN).text == "tag:vip"


def test_text_that_is_wrong_is_told_at_the_text() -> None:
    part = read_condition_part(FormData([("conditions.text", "colour:red")]), "conditions", TICKETS, KNOWN)
    assert "colour" in part.text_problem
    assert part.text == "colour:red"
    with pytest.raises(Invalid):
        _ = part.condition


@pytest.mark.parametrize(
    ("field", "operator", "value", "told"),
    [
        ("number", "is", ("list", "many"), "no number"),
        ("older", "at_least", ("amount", "two"), "no time span"),
        ("status", "is", ("value", ""), "choose at least one"),
        ("subject", "contains", ("list", ""), "write a value"),
        ("as_text", "", ("value", "colour:red"), "no field"),
        ("colour", "is", ("value", "red"), "not known here"),
        ("custom_fields.", "is", ("list", "A-7"), "not known here"),
    ],
)
def test_a_mistake_is_told_at_its_row(field: str, operator: str, value: tuple[str, str], told: str) -> None:
    sent = FormData(
        [
            ("conditions.mode", "all"),
            ("conditions.0.field", "priority"),
            ("conditions.0.value", "urgent"),
            ("conditions.1.mode", "any"),
            ("conditions.1.0.field", field),
            ("conditions.1.0.operator", operator),
            (f"conditions.1.0.{value[0]}", value[1]),
        ]
    )
    part = read_condition_part(sent, "conditions", TICKETS, KNOWN)
    assert told in part.built.wrong["1.0"]
    group = part.group.parts[1]
    assert isinstance(group, GroupShown)
    assert not isinstance(group.parts[0], GroupShown)
    assert told in group.parts[0].problem
    assert part.sentence == "priority is urgent"
    with pytest.raises(Invalid) as refused:
        _ = part.condition
    assert list(refused.value.violations) == ["conditions.1.0"]


def test_values_of_another_field_are_forgotten() -> None:
    sent = dict(sent_by(part_of("status:open")).multi_items()) | {"conditions.0.field": "subject"}
    part = read_condition_part(FormData(sent), "conditions", TICKETS, KNOWN, Press("show", "conditions.0"))
    assert part.draft.parts[0].values == ()  # type: ignore[union-attr] # a row


def test_buttons_add_and_remove_rows_and_groups() -> None:
    part = again(part_of("priority:urgent"), Press("group", "conditions"))
    assert [path for path, _ in part.draft.rows()] == ["0", "1.0"]
    part = again(part, Press("row", "conditions.1"))
    assert [path for path, _ in part.draft.rows()] == ["0", "1.0", "1.1"]
    part = again(part, Press("remove", "conditions.1.0"))
    part = again(part, Press("remove", "conditions.0"))
    assert [path for path, _ in part.draft.rows()] == ["0.0"]
    assert again(part, Press("remove", "conditions.0")).is_empty
    assert again(part, Press("remove", "elsewhere.0")).draft == part.draft


def test_a_row_that_is_empty_says_nothing() -> None:
    part = again(part_of("priority:urgent"), Press("row", "conditions"))
    assert again(part).text == "priority:urgent"


def test_policies_offer_no_events() -> None:
    assert {offer.key for offer in POLICIES.offers("priority")} == {"is", "not_is"}
    assert {"was", "changed_to"} < {offer.key for offer in TICKETS.offers("priority")}


@pytest.mark.parametrize("values", [(), ("a",), ("a b", "c"), ("a, b", 'say "x"'), ("5 % off",)])
def test_a_line_of_values_comes_back(values: tuple[str, ...]) -> None:
    assert split_list(join_list(values)) == values


def test_a_quotation_mark_alone_is_a_letter() -> None:
    assert split_list('5" screen, x') == ('5" screen', "x")


ACTIONS = (
    Action(ActionKind.ASSIGN, team_id=BILLING),
    Action(ActionKind.ADD_TAG, tag="one"),
    Action(ActionKind.ADD_TAG, tag="two"),
    Action(ActionKind.NOTE, note="first\nsecond"),
    Action(ActionKind.RAISE_PRIORITY),
    Action(ActionKind.RAISE_PRIORITY, priority=Priority.HIGH),
    Action(ActionKind.SNOOZE, duration=timedelta(hours=4)),
    Action(ActionKind.NOTIFY, team_id=BILLING, user_id=ANN),
)


def actions_sent(part: ActionPart) -> FormData:
    sent: Sent = []
    for index, row in enumerate(part.rows):
        sent.append((f"actions.{index}.kind", str(row.kind)))
        sent += [(f"actions.{index}.{name}", value) for name, value in row.values.items()]
    return FormData(sent)


def test_several_actions_of_a_kind_come_back_in_their_order() -> None:
    part = action_part("actions", ACTIONS, KNOWN)
    assert read_action_part(actions_sent(part), "actions", KNOWN).actions == ACTIONS


def test_buttons_move_and_remove_actions() -> None:
    sent = actions_sent(action_part("actions", ACTIONS[1:3], KNOWN))

    def tags(what: str, place: str) -> list[str]:
        part = read_action_part(sent, "actions", KNOWN, Press(what, place))
        return [row.values.get("tag", "") for row in part.rows]

    assert tags("down", "actions.0") == ["two", "one"]
    assert tags("up", "actions.1") == ["two", "one"]
    assert tags("up", "actions.0") == ["one", "two"]
    assert tags("remove", "actions.0") == ["two"]
    assert tags("action", "actions") == ["one", "two", ""]
    assert tags("remove", "steps.0") == ["one", "two"]


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"kind": ""}, "choose what"),
        ({"kind": "assign"}, "a team or a user"),
        ({"kind": "add_tag"}, "a tag"),
        ({"kind": "set_priority"}, "priority"),
        ({"kind": "snooze", "duration": "soon"}, "a time such as"),
    ],
)
def test_an_action_that_lacks_something_says_so_at_its_row(fields: dict[str, str], told: str) -> None:
    sent = FormData({f"actions.0.{name}": value for name, value in fields.items()})
    part = read_action_part(sent, "actions", KNOWN)
    with pytest.raises(Invalid) as refused:
        _ = part.actions
    assert told in refused.value.violations["actions.0"]
    assert told in part.with_problems(refused.value.violations).wrong[0]


def test_every_kind_of_action_has_its_inputs() -> None:
    assert set(INPUTS) == set(ActionKind)


def test_an_action_is_offered_when_there_is_something_to_choose() -> None:
    assert ActionKind.SET_SLA_POLICY not in ActionPart("actions", KNOWN).kinds
    policies = Known({"sla_policy": {UUID(int=9): "Gold"}})
    assert ActionKind.SET_SLA_POLICY in ActionPart("actions", policies).kinds
