"""Typed custom fields: which values fit, and what is said of those that do not."""

from typing import Any
from uuid import UUID

import pytest

from services.domain.errors import Invalid, InvalidTransition
from services.domain.ticket_fields import FieldKind, TicketField, check_field, check_resolvable, check_values, decidable

BRAND = UUID(int=1)


def make_field(key: str = "order", kind: FieldKind = FieldKind.TEXT, **said: Any) -> TicketField:
    values: dict[str, Any] = {
        "id": UUID(int=9),
        "key": key,
        "label": key.title(),
        "kind": kind,
        "choices": ("Late", "Broken") if "choice" in kind else (),
        "required_to_create": False,
        "required_to_resolve": False,
        "brand_ids": (),
        "position": 0,
        "archived": False,
        "version": 1,
    }
    return TicketField(**values | said)


FIELDS = tuple(make_field(kind.value, kind) for kind in FieldKind)


@pytest.mark.parametrize(
    ("key", "value", "kept"),
    [
        ("text", "A-7\r\n", "A-7\n"),
        ("number", 7, 7),
        ("number", -7.5, -7.5),
        ("checkbox", False, False),
        ("choice", "LATE", "Late"),
        ("multi_choice", ["broken", "Late", "Broken"], ["Broken", "Late"]),
        ("date", "2026-02-28", "2026-02-28"),
    ],
)
def test_a_value_that_fits_is_kept_as_its_field_spells_it(key: str, value: object, kept: object) -> None:
    assert check_values(FIELDS, {key: value}, old={}) == {key: kept}


@pytest.mark.parametrize(
    ("key", "value", "right"),
    [
        ("text", 7, "must be text of at most 2000 characters"),
        ("text", "x" * 2001, "must be text of at most 2000 characters"),
        ("number", "7", "must be a number, e.g. 7 or 7.5"),
        ("number", True, "must be a number, e.g. 7 or 7.5"),
        ("checkbox", 1, "must be true or false"),
        ("choice", "lost", "must be one of Late, Broken"),
        ("choice", ["Late"], "must be one of Late, Broken"),
        ("multi_choice", "Late", "must be a list of some of Late, Broken"),
        ("multi_choice", ["Late", 7], "must be a list of some of Late, Broken"),
        ("date", "2026-02-30", "must be a day as year-month-day, e.g. 2026-01-31"),
        ("date", "20260228", "must be a day as year-month-day, e.g. 2026-01-31"),
        ("colour", "red", "is no field here: use text, number, checkbox, choice, multi_choice, date"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_with_what_would_be_right(key: str, value: object, right: str) -> None:
    with pytest.raises(Invalid) as refused:
        check_values(FIELDS, {key: value}, old={})
    assert refused.value.violations == {f"custom_fields.{key}": right}


@pytest.mark.parametrize("empty", [None, "", []])
def test_an_empty_value_takes_the_field_away(empty: object) -> None:
    assert check_values(FIELDS, {"number": empty}, old={"number": 7}) == {}


def test_what_a_ticket_has_already_is_left_alone() -> None:
    old = {"colour": "red", "choice": "Gone"}
    assert check_values(FIELDS, old | {"number": 1}, old=old) == old | {"number": 1}
    with pytest.raises(Invalid):
        check_values(FIELDS, {"colour": "blue"}, old=old)


def test_a_brand_without_fields_takes_what_it_is_given() -> None:
    assert check_values((), {"anything": {"goes": [1]}}, old={}) == {"anything": {"goes": [1]}}


def test_a_new_ticket_has_what_it_must_have() -> None:
    needed = make_field(required_to_create=True)
    with pytest.raises(Invalid) as refused:
        check_values([needed], {"order": ""}, old={}, creating=True)
    assert "is required" in refused.value.violations["custom_fields.order"]
    assert check_values([needed], {"order": "A-7"}, old={}, creating=True) == {"order": "A-7"}
    assert check_values([needed], {}, old={}) == {}


@pytest.mark.parametrize(("value", "enough"), [("A", True), (0, True), (False, False), ("", False), (None, False)])
def test_a_resolved_ticket_has_what_it_must_have(value: object, enough: bool) -> None:
    needed = [make_field(required_to_resolve=True)]
    if enough:
        check_resolvable(needed, {"order": value})
        return
    with pytest.raises(InvalidTransition, match="needs Order"):
        check_resolvable(needed, {"order": value})


def test_decisions_see_no_text_that_somebody_wrote() -> None:
    values = {"text": "secret", "number": 7, "checkbox": True, "choice": "Late", "date": "2026-01-31", "old": "secret"}
    seen = {"number": 7, "checkbox": True, "choice": "Late", "date": "2026-01-31"}
    assert decidable(FIELDS, values) == seen


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        ({"key": "Order"}, "key"),
        ({"key": "1st"}, "key"),
        ({"label": ""}, "label"),
        ({"choices": ("a",)}, "choices"),
        ({"kind": FieldKind.CHOICE, "choices": ()}, "choices"),
        ({"kind": FieldKind.CHOICE, "choices": ("a", "A")}, "choices"),
        ({"position": -1}, "position"),
    ],
)
def test_a_field_that_nobody_could_fill_in_is_refused(said: dict[str, Any], wrong: str) -> None:
    with pytest.raises(Invalid) as refused:
        check_field(make_field(**said))
    assert set(refused.value.violations) == {wrong}
