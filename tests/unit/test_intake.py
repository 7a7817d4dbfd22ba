"""What may come in, and what the refusals say."""

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest

from services.domain.errors import Invalid
from services.domain.intake import check_brand, check_new_message, check_new_ticket, clean_email, custom_fields_problem
from services.domain.message import NewMessage, Visibility
from services.domain.ticket import NewTicket
from tests.spending import processor_seconds
from tests.unit.factories import make_brand

TICKET = NewTicket(subject="Where is my order?", body="It is late.", requester_email="ann@example.com")


@pytest.mark.parametrize(
    ("address", "cleaned"),
    [
        (" Ann@Example.COM ", "ann@example.com"),
        ("owner@localhost", "owner@localhost"),
        ("ann@desk.local", "ann@desk.local"),
        ("jiří@příklad.cz", "jiří@příklad.cz"),
    ],
)
def test_addresses_are_read_without_case(address: str, cleaned: str) -> None:
    assert clean_email(address) == cleaned


@pytest.mark.parametrize(
    "address", ["", "ann", "ann@", "@localhost", "a b@example.com", "ann@example.com\r\nBcc: x@y.z"]
)
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(Invalid, match="not an e-mail address"):
        clean_email(address)


@pytest.mark.parametrize("unit", ["a", '"\\"', "(", "ü", "a@", "xn--", "1.", "\r\n"])
def test_no_address_takes_long_to_read(unit: str) -> None:
    for address in (unit * 5_000_000, f"a@{unit * 5_000_000}", f"a@{unit * 60}.example", f"{unit * 30}@a.example"):
        with processor_seconds(2), suppress(Invalid):
            clean_email(address)


@pytest.mark.parametrize("control", ["\x00", "\n", "\x1b", "\x7f", "\x85", "\x9b"])
def test_no_field_has_a_control_character(control: str) -> None:
    with pytest.raises(Invalid) as refusal:
        check_new_ticket(replace(TICKET, type=f"a{control}b", tags=(f"a{control}b",)))
    assert set(refusal.value.violations) == {"type", "tags"}
    assert check_new_ticket(replace(TICKET, subject=f"a{control}b")).subject == "a b"


def nested(depth: int) -> object:
    return {"a": nested(depth - 1)} if depth else [1]


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"a": "x", "b": nested(6)}, ""),
        (nested(8), "must be at most 8 objects or lists deep"),
        (nested(500), "must be at most 8 objects or lists deep"),
        ({"a": float("nan")}, "must hold finite numbers only"),
        ({"a": float("inf")}, "must hold finite numbers only"),
        ({"a": "x" * 16_384}, "must be at most 16384 bytes as JSON"),
    ],
)
def test_custom_fields_are_small_and_shallow(fields: object, problem: str) -> None:
    assert custom_fields_problem(fields) == problem


def test_line_breaks_in_a_subject_or_name_become_spaces() -> None:
    ticket = replace(TICKET, subject="Hi\r\nBcc: all@example.com", requester_name="A\x00nn\u2028")
    checked = check_new_ticket(ticket)
    assert checked.subject == "Hi Bcc: all@example.com"
    assert checked.requester_name == "A nn"


def test_all_that_is_wrong_is_told_at_once() -> None:
    bad = replace(TICKET, subject=" ", requester_email="nobody", tags=("two words",), type="x" * 51)
    with pytest.raises(Invalid) as refusal:
        check_new_ticket(bad)
    assert set(refusal.value.violations) == {"subject", "requester.email", "tags", "type"}


@pytest.mark.parametrize("body", ["", "   \n"])
def test_an_empty_message_is_refused(body: str) -> None:
    with pytest.raises(Invalid, match="body must have 1 to"):
        check_new_message(NewMessage(Visibility.PUBLIC, body))


def test_an_empty_mail_is_still_a_message() -> None:
    assert check_new_message(NewMessage(Visibility.PUBLIC, "", raw_source=b"From: a@b\r\n\r\n")).body == ""


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"idle_remind_after": timedelta(days=7)}, "idle_remind_after"),
        ({"auto_close_after": timedelta(0)}, "auto_close_after"),
        ({"idle_resolve_after": timedelta(days=4000)}, "idle_resolve_after"),
        ({"name": ""}, "name"),
        ({"address": "nobody"}, "address"),
    ],
)
def test_a_brand_that_makes_no_sense_is_refused(changes: dict[str, object], field: str) -> None:
    with pytest.raises(Invalid) as refusal:
        check_brand(replace(make_brand(), **changes))  # type: ignore[arg-type]
    assert set(refusal.value.violations) == {field}
