"""Dataclasses and messages: what goes over the wire comes back equal, and what cannot be read names its field."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, timezone
from enum import StrEnum
from typing import Any, NewType
from uuid import UUID

import pytest
from google.protobuf import duration_pb2, struct_pb2, timestamp_pb2
from hypothesis import given
from hypothesis import strategies as st

from services.common.wire import from_message, to_message
from services.domain.errors import Invalid
from tests.protos import compile_proto

# The generated modules of the well-known types must be loaded before a proto that imports them.
WELL_KNOWN = (duration_pb2, struct_pb2, timestamp_pb2)

MESSAGES = compile_proto(
    "tests.wire",
    """
    import "google/protobuf/duration.proto";
    import "google/protobuf/struct.proto";
    import "google/protobuf/timestamp.proto";
    enum Mood { MOOD_UNSPECIFIED = 0; MOOD_GOOD = 1; MOOD_ON_EDGE = 2; }
    message Part { string id = 1; Mood mood = 2; repeated Part parts = 3; }
    message Thing {
      string id = 1; string parent_id = 2; optional string owner_id = 3; string name = 4; optional string nickname = 5;
      int64 number = 6; optional int32 rank = 7; double weight = 8; bool done = 9; bytes data = 10;
      google.protobuf.Timestamp made_at = 11; google.protobuf.Timestamp gone_at = 12;
      google.protobuf.Duration span = 13; google.protobuf.Duration pause = 14; Mood mood = 15; Mood past_mood = 16;
      repeated string tags = 17; repeated Mood moods = 18; repeated Part parts = 19; map<string, string> labels = 20;
      map<string, Part> by_name = 21; google.protobuf.Struct extra = 22; google.protobuf.Struct more = 23;
      Part main = 24; Part spare = 25; repeated google.protobuf.Timestamp dues = 26; string not_in_the_dataclass = 27;
    }
    message Narrow { string id = 1; int64 name = 2; Mood mood = 3; string nickname = 4; }
    """,
)


class Mood(StrEnum):
    GOOD = "good"
    ON_EDGE = "on_edge"


class OtherMood(StrEnum):
    GOOD = "good"


PartId = NewType("PartId", UUID)


@dataclass(frozen=True, slots=True)
class Part:
    id: PartId
    mood: Mood
    parts: tuple["Part", ...] = ()


@dataclass(frozen=True, slots=True)
class Thing:
    id: UUID
    parent_id: UUID | None
    owner_id: UUID | None
    name: str
    nickname: str | None
    number: int
    rank: int | None
    weight: float
    done: bool
    data: bytes
    made_at: datetime
    gone_at: datetime | None
    span: timedelta
    pause: timedelta | None
    mood: Mood
    past_mood: Mood | None
    tags: tuple[str, ...]
    moods: tuple[Mood, ...]
    parts: tuple[Part, ...]
    labels: dict[str, str]
    by_name: dict[str, Part]
    extra: dict[str, Any]
    more: dict[str, Any] | None
    main: Part
    spare: Part | None
    dues: tuple[datetime, ...]
    computed: int = field(default=7, init=False)


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
INSTANTS = st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=-5, minutes=-30))]))
SPANS = st.timedeltas(timedelta(days=-100_000), timedelta(days=100_000))
NUMBERS = st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
JSON = st.dictionaries(
    TEXT,
    st.recursive(
        st.none() | st.booleans() | NUMBERS | TEXT,
        lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXT, inner, max_size=2),
        max_leaves=4,
    ),
    max_size=3,
)
PARTS = st.builds(Part, st.uuids(), st.sampled_from(Mood), st.just(()) | st.tuples(st.builds(Part, st.uuids())))
THINGS = st.builds(
    Thing,
    name=TEXT,
    nickname=st.none() | TEXT,
    number=st.integers(-(2**63), 2**63 - 1),
    rank=st.none() | st.integers(-(2**31), 2**31 - 1),
    weight=st.floats(allow_nan=False),
    made_at=INSTANTS,
    gone_at=st.none() | INSTANTS,
    span=SPANS,
    pause=st.none() | SPANS,
    tags=st.lists(TEXT, max_size=3).map(tuple),
    parts=st.lists(PARTS, max_size=2).map(tuple),
    labels=st.dictionaries(TEXT, TEXT, max_size=3),
    by_name=st.dictionaries(TEXT, PARTS, max_size=2),
    extra=JSON,
    more=st.none() | JSON,
    main=PARTS,
    spare=st.none() | PARTS,
    dues=st.lists(INSTANTS, max_size=2).map(tuple),
)

ID = UUID("0198c0de-0000-7000-8000-000000000001")
PART = Part(PartId(ID), Mood.ON_EDGE)
THING = Thing(
    id=ID,
    parent_id=None,
    owner_id=None,
    name="",
    nickname=None,
    number=0,
    rank=None,
    weight=0.0,
    done=False,
    data=b"",
    made_at=datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC),
    gone_at=None,
    span=timedelta(),
    pause=None,
    mood=Mood.GOOD,
    past_mood=None,
    tags=(),
    moods=(),
    parts=(),
    labels={},
    by_name={},
    extra={},
    more=None,
    main=PART,
    spare=None,
    dues=(),
)


@given(THINGS)
def test_a_dataclass_comes_back_equal_over_the_wire(thing: Thing) -> None:
    sent = to_message(thing, MESSAGES["Thing"]).SerializeToString()
    assert from_message(MESSAGES["Thing"].FromString(sent), Thing) == thing


def test_an_empty_value_that_is_present_is_not_an_absent_one() -> None:
    thing = replace(THING, nickname="", rank=0, pause=timedelta(), more={})
    assert from_message(to_message(thing, MESSAGES["Thing"]), Thing) == thing
    assert from_message(to_message(THING, MESSAGES["Thing"]), Thing) == THING


def test_instants_and_enums_are_the_wire_s_own() -> None:
    message: Any = to_message(THING, MESSAGES["Thing"])
    assert message.made_at.ToJsonString() == "2026-01-02T03:04:05.678901Z"
    assert (message.main.mood, message.past_mood, message.id) == (2, 0, str(ID))


def test_whole_numbers_in_json_come_back_as_integers() -> None:
    back = from_message(to_message(replace(THING, extra={"a": [1, 1.5]}), MESSAGES["Thing"]), Thing)
    assert repr(back.extra) == "{'a': [1, 1.5]}"


def test_a_naive_datetime_is_refused() -> None:
    with pytest.raises(TypeError):
        to_message(replace(THING, made_at=datetime(2026, 1, 1)), MESSAGES["Thing"])  # noqa: DTZ001


@pytest.mark.parametrize(
    ("path", "change", "text"),
    [
        ("mood", {"mood": 0}, "is required; one of good, on_edge"),
        ("mood", {"mood": 9}, "is not known; one of good, on_edge"),
        ("past_mood", {"past_mood": 9}, "is not known; one of good, on_edge"),
        ("moods[1]", {"moods": [1, 0]}, "is required; one of good, on_edge"),
        ("id", {"id": ""}, "is required; a UUID"),
        ("id", {"id": "17"}, "is not a UUID"),
        ("parent_id", {"parent_id": "17"}, "is not a UUID"),
        ("main", {"main": None}, "is required"),
        ("made_at", {"made_at": None}, "is required"),
        ("span", {"span": None}, "is required"),
        (
            "made_at",
            {"made_at": timestamp_pb2.Timestamp(seconds=2**60)},
            "is not an instant between the years 1 and 9999",
        ),
        ("span", {"span": duration_pb2.Duration(seconds=2**60)}, "is not a duration that can be counted"),
        ("main.mood", {"main": MESSAGES["Part"](id=str(ID))}, "is required; one of good, on_edge"),
        ("parts[0].id", {"parts": [MESSAGES["Part"](mood=1)]}, "is required; a UUID"),
        ("by_name[x].id", {"by_name": {"x": MESSAGES["Part"](mood=1)}}, "is required; a UUID"),
    ],
)
def test_what_cannot_be_read_is_invalid_and_names_its_field(path: str, change: dict[str, Any], text: str) -> None:
    good: Any = to_message(THING, MESSAGES["Thing"])
    for name, value in change.items():
        good.ClearField(name)
        if value is not None:
            good.MergeFrom(MESSAGES["Thing"](**{name: value}))
    with pytest.raises(Invalid) as caught:
        from_message(good, Thing)
    assert caught.value.violations == {path: text}
    assert f"{path} {text}" in caught.value.message


def test_all_violations_are_told_at_once() -> None:
    with pytest.raises(Invalid) as caught:
        from_message(MESSAGES["Part"](), Part)
    assert list(caught.value.violations) == ["id", "mood"]


def test_an_empty_string_is_no_identifier_where_none_is_allowed() -> None:
    message: Any = to_message(THING, MESSAGES["Thing"])
    message.owner_id = ""
    assert from_message(message, Thing).owner_id is None


def misfits() -> list[tuple[type, str]]:
    @dataclass(frozen=True)
    class Missing:
        absent: str

    @dataclass(frozen=True)
    class WrongKind:
        name: str

    @dataclass(frozen=True)
    class WrongMembers:
        mood: OtherMood

    @dataclass(frozen=True)
    class NeverAbsent:
        nickname: str | None

    @dataclass(frozen=True)
    class TwoTypes:
        id: str | int | None

    return [
        (Missing, "lacks absent"),
        (WrongKind, "cannot carry"),
        (WrongMembers, "differ in"),
        (NeverAbsent, "declare it optional"),
        (TwoTypes, "union of several types"),
    ]


@pytest.mark.parametrize(("data_class", "problem"), misfits())
def test_classes_that_do_not_fit_are_told_at_first_use(data_class: type, problem: str) -> None:
    with pytest.raises(TypeError, match=problem):
        from_message(MESSAGES["Narrow"](id=str(ID)), data_class)
