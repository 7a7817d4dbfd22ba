"""Custom fields in the builder: chosen by their labels, compared and set as their kinds have it."""

from uuid import UUID

import pytest
from starlette.datastructures import FormData

from services.domain.actions import Action, ActionKind
from services.domain.conditions.fields import FIELDS
from services.domain.ticket_fields import FieldKind, TicketField
from services.gateway.web.builder.actions import action_part, read_action_part
from services.gateway.web.builder.conditions import RowShown, condition_part, read_condition_part
from services.gateway.web.builder.form import Press
from services.gateway.web.builder.known import Known
from services.gateway.web.builder.offers import Place
from tests.unit.test_builder import sent_by


def field(key: str, label: str, kind: FieldKind, *choices: str) -> TicketField:
    return TicketField(UUID(int=1), key, label, kind, choices, False, False, (), 0, False, 1)


FIELDS_OF_DESK = (
    field("order", "Order number", FieldKind.TEXT),
    field("total", "Total", FieldKind.NUMBER),
    field("gift", "A gift", FieldKind.CHECKBOX),
    field("size", "Size", FieldKind.CHOICE, "S", "M", "L"),
    field("parts", "Damaged parts", FieldKind.MULTI_CHOICE, "lid", "base"),
    field("bought", "Bought on", FieldKind.DATE),
    field("colour", "Colour", FieldKind.CHOICE, "red"),
)
KNOWN = Known(fields={each.key: each for each in FIELDS_OF_DESK})
TICKETS = Place(tuple(FIELDS))


def row_of(text: str) -> RowShown:
    (row,) = condition_part("conditions", KNOWN.parse(text), TICKETS, KNOWN).group.parts
    assert isinstance(row, RowShown)
    return row


@pytest.mark.parametrize(
    ("text", "widget", "told"),
    [
        ("custom_fields.order:A-7,A-8", "list", "the field Order number is A-7 or A-8"),
        ("custom_fields.order:none", "none", "the field Order number is none"),
        ("custom_fields.total>9.50", "number", "the field Total is more than 9.50"),
        ("custom_fields.gift:true", "choices", "the field A gift is true"),
        ("custom_fields.size:L,none", "choices", "the field Size is L or none"),
        ("-custom_fields.parts:lid", "choices", "the field Damaged parts is not lid"),
        ("custom_fields.bought:2026-01-31", "day", "the field Bought on is 2026-01-31"),
        ("custom_fields.bought>=2026-01-31", "day", "the field Bought on is on or after 2026-01-31"),
        ("custom_fields.other:x", "list", "the field other is x"),
    ],
)
def test_a_field_is_compared_as_its_kind_has_it(text: str, widget: str, told: str) -> None:
    row = row_of(text)
    assert row.offer is not None
    assert row.offer.widget == widget
    part = condition_part("conditions", KNOWN.parse(text), TICKETS, KNOWN)
    assert part.sentence == told
    again = read_condition_part(sent_by(part), "conditions", TICKETS, KNOWN)
    assert (again.condition, again.sentence) == (part.condition, told)


def test_a_field_is_chosen_and_another_one_typed_by_its_name() -> None:
    assert (row_of("custom_fields.size:L").is_custom, row_of("custom_fields.other:L").is_custom) == (False, True)
    assert [value for value, _ in row_of("custom_fields.size:XL").choices] == ["S", "M", "L", "none", "XL"]
    assert KNOWN.labels["order"] == "Order number"


def test_fields_of_one_label_are_told_apart_by_their_keys() -> None:
    both = (field("size", "Size", FieldKind.TEXT), field("shoe_size", "size", FieldKind.NUMBER))
    known = Known(fields={each.key: each for each in both})
    assert known.labels == {"size": "Size (size)", "shoe_size": "size (shoe_size)"}


def test_what_was_chosen_for_another_field_means_nothing_for_this_one() -> None:
    sent = sent_by(condition_part("conditions", KNOWN.parse("custom_fields.size:L"), TICKETS, KNOWN))
    changed = [(name, "custom_fields.colour" if name.endswith(".field") else value) for name, value in sent.items()]
    part = read_condition_part(FormData(changed), "conditions", TICKETS, KNOWN, Press("show", "conditions.0"))
    (row,) = part.group.parts
    assert isinstance(row, RowShown)
    assert row.row.values == ()


@pytest.mark.parametrize(
    ("key", "controls"),
    [
        ("order", ["field", "text"]),
        ("total", ["field", "text"]),
        ("gift", ["field", "choice"]),
        ("size", ["field", "choice"]),
        ("bought", ["field", "day"]),
        ("other", ["field", "text"]),
    ],
)
def test_an_action_sets_a_field_as_its_kind_has_it(key: str, controls: list[str]) -> None:
    part = action_part("actions", (Action(ActionKind.SET_CUSTOM_FIELD, field=key, value="x"),), KNOWN)
    (row,) = part.rows
    assert [each.control for each in part.inputs(row)] == controls


def test_a_desk_without_fields_types_their_names() -> None:
    part = action_part("actions", (Action(ActionKind.SET_CUSTOM_FIELD, field="any", value="x"),), Known())
    assert [each.control for each in part.inputs(part.rows[0])] == ["text", "text"]


def test_a_choice_of_another_field_is_forgotten_when_the_field_changes() -> None:
    row = {"kind": "set_custom_field", "field": "colour", "value": "L"}
    sent = FormData({f"actions.0.{name}": value for name, value in row.items()})
    part = read_action_part(sent, "actions", KNOWN, Press("show", "actions.0"))
    assert part.rows[0].values == {"field": "colour", "value": ""}
