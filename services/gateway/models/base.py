"""What all models of the REST API share: their types, with the limits that OpenAPI tells, and pages."""

import math
import re
from datetime import timedelta
from typing import Annotated, Any, Generic, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    PlainSerializer,
    WithJsonSchema,
)

from services.domain.attachments import MOST_UPLOADS
from services.domain.intake import BODY_LENGTH, LONGEST_UNDO_SECONDS, NAME_LENGTH, SUBJECT_LENGTH, TAG_LENGTH, TAGS
from services.domain.team import TEAM_NAME_LENGTH
from services.domain.user import LONGEST_PASSWORD, SHORTEST_PASSWORD

T = TypeVar("T")

STRICT = ConfigDict(extra="forbid")
_DEEPEST = 20
LARGEST_WHOLE = 2**53
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_DURATION = (
    r"^P(?=[0-9T])(?:(?P<weeks>[0-9]{1,6})W)?(?:(?P<days>[0-9]{1,6})D)?"
    r"(?:T(?=[0-9])(?:(?P<hours>[0-9]{1,9})H)?(?:(?P<minutes>[0-9]{1,9})M)?(?:(?P<seconds>[0-9]{1,9})S)?)?$"
)


def parse_duration(value: object) -> timedelta:
    """An ISO 8601 duration in weeks, days, hours, minutes and whole seconds; years and months have no one length."""
    if isinstance(value, timedelta):
        return value
    match = re.match(_DURATION, value, re.ASCII) if isinstance(value, str) else None
    if match is None:
        raise ValueError("must be an ISO 8601 duration of weeks, days, hours, minutes or seconds, e.g. P3D or PT10S")
    return timedelta(**{unit: int(number) for unit, number in match.groupdict().items() if number})


def format_duration(value: timedelta) -> str:
    """The duration as ISO 8601 in days and seconds, e.g. P3D, PT10S or P1DT60S."""
    days = f"{value.days}D" if value.days else ""
    seconds = f"T{value.seconds}S" if value.seconds or not days else ""
    return f"P{days}{seconds}"


Duration = Annotated[
    timedelta,
    BeforeValidator(parse_duration),
    PlainSerializer(format_duration),
    WithJsonSchema({"type": "string", "format": "duration", "examples": ["P3D", "PT10S"]}),
]


def _carried(value: Any) -> Any:
    """JSON can spell what cannot be carried on: half a surrogate pair, NaN, numbers that no double is equal to."""
    _check(value, depth=0)
    return value


def _check(value: Any, *, depth: int) -> None:
    if depth > _DEEPEST:
        raise ValueError(f"must not be nested deeper than {_DEEPEST} levels")
    if isinstance(value, str) and _SURROGATE.search(value):
        raise ValueError("must be Unicode text")
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("must have finite numbers only")
    if isinstance(value, int) and abs(value) > LARGEST_WHOLE:
        raise ValueError("must have whole numbers up to 2**53 only: write larger ones as text")
    if isinstance(value, dict):
        value = [*value.keys(), *value.values()]
    if isinstance(value, list):
        for item in value:
            _check(item, depth=depth + 1)


_LINE = r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]*$"
_TAG = r"^[^\s,:\"\x00-\x1f\x7f-\x9f]+$"

# The domain checks these; what follows a type is only said in OpenAPI.
Text = Annotated[str, AfterValidator(_carried)]
Subject = Annotated[Text, Field(json_schema_extra={"minLength": 1, "maxLength": SUBJECT_LENGTH})]
Body = Annotated[Text, Field(json_schema_extra={"maxLength": BODY_LENGTH})]
Words = Annotated[Text, Field(json_schema_extra={"minLength": 1, "maxLength": BODY_LENGTH})]
Email = Annotated[Text, Field(json_schema_extra={"format": "email"})]
Name = Annotated[Text, Field(json_schema_extra={"maxLength": NAME_LENGTH})]
UserName = Annotated[Text, Field(json_schema_extra={"minLength": 1, "maxLength": NAME_LENGTH})]
Title = Annotated[Text, Field(json_schema_extra={"minLength": 1, "maxLength": TEAM_NAME_LENGTH})]
Type = Annotated[Text, Field(json_schema_extra={"maxLength": TAG_LENGTH, "pattern": _LINE})]
Tag = Annotated[Text, Field(json_schema_extra={"minLength": 1, "maxLength": TAG_LENGTH, "pattern": _TAG})]
Tags = Annotated[tuple[Tag, ...], Field(json_schema_extra={"maxItems": TAGS})]
Password = Annotated[Text, Field(json_schema_extra={"minLength": SHORTEST_PASSWORD, "maxLength": LONGEST_PASSWORD})]
JsonFields = Annotated[dict[str, JsonValue], AfterValidator(_carried)]
Uploads = Annotated[tuple[Annotated[Text, Field(max_length=2000)], ...], Field(max_length=MOST_UPLOADS)]
UndoSeconds = Annotated[int, Field(strict=True, ge=0, le=LONGEST_UNDO_SECONDS)]
Version = Annotated[int, Field(strict=True, ge=1, le=LARGEST_WHOLE)]


class In(BaseModel):
    """What comes in: unknown fields are refused, rules are left to the domain."""

    model_config = STRICT


class Out(BaseModel):
    """What goes out, read from a domain object."""

    model_config = ConfigDict(from_attributes=True)


class Page(BaseModel, Generic[T]):
    """Some items of a list; `next_cursor` asks for the following ones and is null on the last page."""

    items: list[T]
    next_cursor: str | None


class Items(BaseModel, Generic[T]):
    """A whole list."""

    items: list[T]
