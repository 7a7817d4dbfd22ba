"""The text form: what people write, what it means, and what they are told when it means nothing."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from services.domain.conditions.fields import check_for_lists
from services.domain.conditions.text_form import format_text, parse_text
from services.domain.conditions.tree import DEEPEST, MOST_TESTS, AllOf, AnyOf, Condition, Name, Not, Operator, Test
from services.domain.errors import Invalid

ANN = UUID(int=7)
OPEN = ("new", "open", "pending", "on_hold")


def is_(field: str, *values: object) -> Test:
    return Test(field, Operator.IS, values)  # type: ignore[arg-type]


def text(*values: str, field: str = "text") -> Test:
    return Test(field, Operator.CONTAINS, values)


READ: list[tuple[str, Condition]] = [
    ("", AllOf()),
    ("  ", AllOf()),
    ("status:open,pending", is_("status", "open", "pending")),
    ("Status:OPEN", is_("status", "open")),
    ("status:open tag:vip", AllOf((is_("status", "open"), is_("tag", "vip")))),
    ("-tag:vip", Not(is_("tag", "vip"))),
    ("--tag:vip", Not(Not(is_("tag", "vip")))),
    ('tag:"on fire",none', is_("tag", "on fire", None)),
    ('tag:"none"', is_("tag", "none")),
    ("assignee:me", is_("assignee", Name("me"))),
    (f"assignee:{ANN},none", is_("assignee", ANN, None)),
    ('team:"Billing team",mine', is_("team", Name("Billing team"), Name("mine"))),
    ("requester:Ann@Example.COM", is_("requester", "ann@example.com")),
    (f"requester:{ANN}", is_("requester", ANN)),
    ("requester:novák", is_("requester", "novák")),
    ("number:7", is_("number", 7)),
    ("number>=7", Test("number", Operator.AT_LEAST, (7,))),
    ("older:2d", Test("older", Operator.AT_LEAST, (timedelta(days=2),))),
    ("older<2h", Test("older", Operator.BELOW, (timedelta(hours=2),))),
    ("created>2026-01-01", Test("created", Operator.ABOVE, (date(2026, 1, 1),))),
    ("created:>=2026-01-01", Test("created", Operator.AT_LEAST, (date(2026, 1, 1),))),
    (
        "updated<2026-01-01T09:30+01:00",
        Test("updated", Operator.BELOW, (datetime(2026, 1, 1, 8, 30, tzinfo=UTC),)),
    ),
    ("due:4h", Test("due", Operator.AT_MOST, (timedelta(hours=4),))),
    ("due:none", is_("due", None)),
    ("is:open", is_("status", *OPEN)),
    ("-is:open", Not(is_("status", *OPEN))),
    ("is:unassigned", is_("assignee", None)),
    ("custom_fields.Order:A-7", is_("custom_fields.Order", "A-7")),
    ("custom_fields.amount>100.5", Test("custom_fields.amount", Operator.ABOVE, (Decimal("100.5"),))),
    ("refund", text("refund")),
    ('refund "late parcel"', AllOf((text("refund"), text("late parcel")))),
    ("refun*", Test("text", Operator.STARTS, ("refun",))),
    ("subject:late", text("late", field="subject")),
    ("10:30", text("10:30")),
    ("re: parcel", AllOf((text("re:"), text("parcel")))),
    ("ann@example.com", text("ann@example.com")),
    ("a<b", text("a<b")),
    ("tag:a OR tag:b", AnyOf((is_("tag", "a"), is_("tag", "b")))),
    ("or", text("or")),
    (
        "number:1 (tag:a tag:b OR -tag:c)",
        AllOf((is_("number", 1), AnyOf((AllOf((is_("tag", "a"), is_("tag", "b"))), Not(is_("tag", "c")))))),
    ),
]


@pytest.mark.parametrize(("written", "condition"), READ, ids=[written for written, _ in READ])
def test_text_is_read_as_the_condition_it_says(written: str, condition: Condition) -> None:
    assert parse_text(written) == condition
    assert parse_text(format_text(condition)) == condition


@pytest.mark.parametrize(
    ("written", "at", "right"),
    [
        ("state:open", 1, "'state' is no field: use one of status, priority"),
        ("status:open  colour:red", 14, "in quotation marks"),
        ("status:opened", 1, "status is one of new, open, pending"),
        ("tag:a status:", 7, "write status:value"),
        ("status>open", 1, "status cannot be compared by >: write :"),
        ("tag:a,", 7, "a comma is followed by another value"),
        ("number:x", 1, "write digits"),
        ("number:٣", 1, "write digits"),
        ("brand:none", 1, "brand is never 'none'"),
        ("older:2", 1, "30m, 4h, 2d or 1w"),
        ("older:0d", 1, "30m, 4h, 2d or 1w"),
        ("older:999999w", 1, "30m, 4h, 2d or 1w"),
        ("created:yesterday", 1, "2026-01-31"),
        ("created:9999-12-31", 1, "2026-01-31"),
        ("is:late", 1, "open, settled, unassigned, overdue, snoozed, queued"),
        ('tag:a "late', 7, "quotation mark is never closed"),
        ("(tag:a", 1, "never closed"),
        ("tag:a)", 6, "closes nothing"),
        ("OR tag:a", 1, "both sides"),
        ("tag:a OR", 9, "both sides"),
        ("subject>late", 1, "write subject:word"),
        ("!!!", 1, "no letter or digit"),
        ("custom_fields.:1", 1, "custom_fields.<name>"),
        ("created>2026-01-01,2026-01-02", 1, "one value only"),
        ("(" * 20, DEEPEST + 2, "at most 8 deep"),
        ("-" * 20 + "a", DEEPEST + 2, "at most 8 deep"),
        ("a " * (MOST_TESTS + 1), 2 * MOST_TESTS + 1, "at most 100 terms"),
    ],
)
def test_what_says_nothing_is_refused_at_its_place_with_what_would_be_right(written: str, at: int, right: str) -> None:
    with pytest.raises(Invalid, match=right) as refusal:
        parse_text(written)
    assert f"at character {at}:" in refusal.value.message
    assert set(refusal.value.violations) == {"filter"}


def test_a_text_has_a_most_length() -> None:
    with pytest.raises(Invalid, match="write at most 4000"):
        parse_text("a" * 4001)


def test_while_somebody_types_the_last_word_may_be_unfinished() -> None:
    begun = Test("text", Operator.STARTS, ("ref",))
    assert parse_text("tag:a ref", typing=True) == AllOf((is_("tag", "a"), begun))
    assert parse_text("ref ", typing=True) == text("ref")
    assert parse_text('"ref"', typing=True) == text("ref")
    assert parse_text("tag:ref", typing=True) == is_("tag", "ref")
    assert parse_text("ref*", typing=True) == begun


@pytest.mark.parametrize(
    "written",
    [
        "was.status:open changed_to.status:pending",
        "changed_to.tag:vip -was.custom_fields.order:none",
        'subject~"*invoice 20*" message.text:refund,reklam*',
        "message.automatic:no customer_messages>3 since.resolved<4h -in_hours:00000000-0000-0000-0000-000000000007",
    ],
)
def test_what_only_rules_test_has_a_text_form_too(written: str) -> None:
    assert format_text(parse_text(format_text(parse_text(written)))) == format_text(parse_text(written))
    with pytest.raises(Invalid, match="use it in a rule"):
        check_for_lists(parse_text(written))
