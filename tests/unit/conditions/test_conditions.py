"""What conditions mean, read back and refuse; that Python and SQL agree is proved beside the database."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from services.domain.conditions.evaluate import Facts, evaluate
from services.domain.conditions.fields import check_for_lists
from services.domain.conditions.json_form import format_json, parse_json
from services.domain.conditions.names import NOTHING, Ids, fields_with_names, resolve_names
from services.domain.conditions.plain_words import read_back
from services.domain.conditions.text_form import format_text, parse_text
from services.domain.conditions.tree import Condition, Not, Operator, Test
from services.domain.errors import Invalid
from services.domain.orders import Order, OrderKey, parse_order
from services.domain.words import fold, split_words
from tests.spending import processor_seconds

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
ANN, BEN, TEAM = (UUID(int=number) for number in (1, 2, 3))


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("PŘÍLIŠ", "prilis"),
        ("Straße", "strasse"),
        ("İstanbul \u0131s\u0131", "istanbul isi"),
        ("Æble Łódź Ørsted", "aeble lodz orsted"),
        ("ﬁne ①", "fine 1"),
        ("Ångström", "angstrom"),
        ("ΣΊΣΥΦΟΣ", "σισυφοσ"),
        ("한국어", "한국어"),
    ],
)
def test_text_is_folded_once_and_for_all(text: str, folded: str) -> None:
    assert fold(text) == folded == fold(folded)


@pytest.mark.parametrize("text", ["a-b_c d.e\tf\x00g", "ORDER A-7/8: 10:30 (50%)", "x" * 200, ""])
def test_plain_text_is_cut_as_all_text_is(text: str) -> None:
    assert split_words(text) == split_words(f"{text} é")[:-1]


def test_writing_without_spaces_is_cut_into_characters() -> None:
    assert split_words("東京 tower_2 カメラ") == ["東", "京", "tower", "2", "カ", "メ", "ラ"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "every ticket"),
        ("status:open tag:vip older:2d", "status is open and tagged vip and older than 2 days"),
        ("is:open -tag:vip", "status is new or open or pending or on_hold and not tagged vip"),
        ("-status:closed older<1d", "status is not closed and newer than 1 day"),
        (f"assignee:{ANN},none", "assignee is Ann or none"),
        ("assignee:me team:mine", "assignee is me and team is one of mine"),
        (
            'refund "late parcel" ref*',
            'mentions refund and mentions "late parcel" and mentions a word beginning with ref',
        ),
        ("tag:a (tag:b OR -(tag:c tag:d))", "tagged a and (tagged b or not (tagged c and tagged d))"),
        ("created>=2026-01-31 number>7", "created on or after 2026-01-31 and number is more than 7"),
        ("due:4h is:overdue", "due within 4 hours and overdue"),
        ("first_response<2h", "first response due within 2 hours"),
        ("limit:none -resolution:none", "limit is none and resolution due is not none"),
        ("is:snoozed idle:90m", "snoozed and unchanged for 90 minutes"),
        ("snoozed:none tag:none", "not snoozed and without tags"),
        ("custom_fields.order:A-7", "the field order is A-7"),
    ],
)
def test_a_condition_is_read_back_in_plain_words(text: str, told: str) -> None:
    assert read_back(parse_text(text), {ANN: "Ann"}) == told


def test_json_is_read_and_written() -> None:
    document = {
        "all": [
            {"any": [{"field": "team", "operator": "is", "values": ["Billing", None]}]},
            {"not": {"field": "older", "operator": "at_least", "values": ["2d"]}},
            {"field": "status", "operator": "changed_to", "values": ["open"]},
            {"field": "subject", "operator": "matches", "values": ["order *"]},
            {"field": "number", "operator": "above", "values": [7]},
            {"field": "created", "operator": "below", "values": ["2026-01-31T09:00:00Z"]},
        ]
    }
    assert format_json(parse_json(document)) == document


@pytest.mark.parametrize(
    ("document", "path", "right"),
    [
        ([], "condition", "must be an object with one of all, any, not"),
        ({"all": [], "any": []}, "condition", "must be an object with one of"),
        ({"any": []}, "condition", "must be an object with one of"),
        ({"all": [{"not": 7}]}, "all[0].not", "must be an object with one of"),
        (
            {"all": [{"field": "tag", "operator": "eq", "values": ["a"]}]},
            "all[0].operator",
            "must be one of is, contains",
        ),
        (
            {"field": "tag", "operator": "is", "values": ["a", True]},
            "values[1]",
            "must be text, a whole number or null",
        ),
        ({"any": [{"field": "colour", "operator": "is", "values": ["red"]}]}, "any[0]", "'colour' is no field"),
        ({"field": "status", "operator": "above", "values": ["open"]}, "condition", "use is or was or changed_to"),
        ({"field": "tag", "operator": "is", "values": []}, "condition", "write 1 to 100"),
        ({"field": "tag", "operator": "is", "values": ["a"], "x": 1}, "condition", "must be an object with one of"),
    ],
)
def test_each_wrong_node_is_named_by_its_path(document: object, path: str, right: str) -> None:
    with pytest.raises(Invalid) as refusal:
        parse_json(document)
    assert [found for found in refusal.value.violations if found.endswith(path)]
    assert right in str(refusal.value.violations)


def test_a_document_has_a_depth_and_a_size() -> None:
    deep: object = {"field": "tag", "operator": "is", "values": ["a"]}
    wide = {"all": [deep] * 101}
    for _ in range(2000):
        deep = {"not": deep}
    for document, right in ((deep, "nested deeper than 8"), (wide, "at most 100 tests")):
        with pytest.raises(Invalid, match=right):
            parse_json(document)


STATUS = {"was.status": ("open",), "status": ("pending",)}
SUBJECT = {"subject": ("Objednávka 1042: kde je?",)}


@pytest.mark.parametrize(
    ("facts", "test", "holds"),
    [
        (STATUS, ("status", Operator.WAS, "open"), True),
        (STATUS, ("status", Operator.WAS, "pending"), False),
        (STATUS, ("status", Operator.CHANGED_TO, "pending"), True),
        (STATUS, ("status", Operator.CHANGED_TO, "open"), False),
        ({"was.status": ("open",), "status": ("open",)}, ("status", Operator.CHANGED_TO, "open"), False),
        ({"was.assignee": (), "assignee": (ANN,)}, ("assignee", Operator.WAS, None), True),
        ({"was.assignee": (ANN,), "assignee": ()}, ("assignee", Operator.CHANGED_TO, None), True),
        (SUBJECT, ("subject", Operator.MATCHES, "objednavka *: *"), True),
        (SUBJECT, ("subject", Operator.MATCHES, "*kde*"), True),
        (SUBJECT, ("subject", Operator.MATCHES, "objednavka"), False),
        (SUBJECT, ("subject", Operator.MATCHES, "*kde*kde*"), False),
        ({"subject": ("ab",)}, ("subject", Operator.MATCHES, "ab*b"), False),
    ],
)
def test_what_only_rules_can_test(facts: Facts, test: tuple[str, Operator, str | UUID | None], holds: bool) -> None:
    field, operator, value = test
    condition = Test(field, operator, (value,))
    assert evaluate(condition, facts, now=NOW) is holds
    with pytest.raises(Invalid, match="use it in a rule") as refusal:
        check_for_lists(Not(condition))
    assert set(refusal.value.violations) == {"not"}


def test_no_pattern_takes_long() -> None:
    pattern = Test("subject", Operator.MATCHES, ("*a" * 99 + "b",))
    with processor_seconds(2):
        assert not evaluate(pattern, {"subject": ("a" * 100_000,)}, now=NOW)


@pytest.mark.parametrize(
    ("text", "at", "holds"),
    [
        ("created:2026-03-01", "2026-03-01T23:59:59.999999+00:00", True),
        ("created:2026-03-01", "2026-03-02T00:00:00+00:00", False),
        ("created>2026-03-01", "2026-03-01T23:59:59+00:00", False),
        ("created>2026-03-01", "2026-03-02T00:00:00+00:00", True),
        ("created>=2026-03-01", "2026-03-01T00:00:00+00:00", True),
        ("created<=2026-03-01", "2026-03-01T23:59:59+00:00", True),
        ("created<2026-03-01", "2026-03-01T00:00:00+00:00", False),
        ("created>2026-03-01T10:00Z", "2026-03-01T10:00:00+00:00", False),
    ],
)
def test_a_day_is_all_of_it(text: str, at: str, holds: bool) -> None:
    assert evaluate(parse_text(text), {"created": (datetime.fromisoformat(at),)}, now=NOW) is holds


@pytest.mark.parametrize(
    ("text", "hour", "holds"), [("older:2h", 10, True), ("older:2h", 11, False), ("older<2h", 10, False)]
)
def test_a_time_span_ends_on_its_instant(text: str, hour: int, holds: bool) -> None:
    assert evaluate(parse_text(text), {"older": (NOW.replace(hour=hour),)}, now=NOW) is holds


def test_names_become_ids_where_they_are_known() -> None:
    condition = parse_text('team:"Účtárna",mine -assignee:me,none brand:Acme')
    assert fields_with_names(condition) == {"team", "assignee", "brand"}
    ids: Ids = {"team": {"uctarna": (TEAM,), "mine": ()}, "assignee": {"me": (ANN, BEN)}}
    resolved = resolve_names(condition, ids)
    assert format_text(resolved) == f"team:{TEAM},{NOTHING} -assignee:{ANN},{BEN},none brand:Acme"
    with pytest.raises(Invalid, match="team:nowhere is not known: write an id or one of mine, uctarna"):
        resolve_names(parse_text("team:nowhere"), ids)


def test_orders_are_a_list_of_keys() -> None:
    assert parse_order("") == Order(OrderKey.CREATED, descends=True)
    assert parse_order("due") == Order(OrderKey.DUE, descends=False)
    for wrong in ("subject; DROP TABLE tickets", "relevance", "--due"):
        with pytest.raises(Invalid, match="use one of -created_at, created_at"):
            parse_order(wrong)


def test_a_condition_can_be_kept_in_a_set() -> None:
    conditions: set[Condition] = {parse_text("tag:a due:4h"), parse_text("tag:a due:4h")}
    assert len(conditions) == 1
