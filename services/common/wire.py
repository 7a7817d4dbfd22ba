"""Frozen dataclasses to protobuf messages and back, field by field of the same name, typed by the dataclass.

str, int, float, bool and bytes stay themselves; UUID is a string; an aware datetime is a Timestamp and a timedelta a
Duration (both in microseconds); a StrEnum is an enum whose values are named `<PREFIX>_<MEMBER>`; tuple[T, ...] is
repeated; dict[str, T] is a map; dict[str, Any] is a google.protobuf.Struct (whole numbers come back as int, exact up to
2**53); a dataclass is a message; `X | None` is presence. Every field of the dataclass must be in the message; a message
may have more. Maps and Structs do not keep the order of their keys.

How a pair of classes fits is worked out once, at its first use: TypeError when it does not. A dataclass is made of its
fields in their order, by which Python is faster than by their names: none may be for keywords only.
"""

import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import cache
from operator import attrgetter
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints
from uuid import UUID

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from google.protobuf.struct_pb2 import Struct, Value
from google.protobuf.timestamp_pb2 import Timestamp

from services.common.ids import id_text, read_id
from services.domain.errors import Invalid

M = TypeVar("M", bound=Message)
D = TypeVar("D")
F = TypeVar("F", bound=Callable[..., Any])
Convert = Callable[[Any], Any]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY_SECONDS = 24 * 60 * 60
_MICROSECOND = timedelta(microseconds=1)
_INTEGERS = frozenset(
    {
        FieldDescriptor.CPPTYPE_INT32,
        FieldDescriptor.CPPTYPE_INT64,
        FieldDescriptor.CPPTYPE_UINT32,
        FieldDescriptor.CPPTYPE_UINT64,
    }
)
_EMPTY_BY_DEFAULT = (str, bytes, bool, int)
_FLOATS = frozenset({FieldDescriptor.CPPTYPE_DOUBLE, FieldDescriptor.CPPTYPE_FLOAT})


@dataclass(frozen=True, slots=True)
class _Codec:
    """How one value crosses; None for `encode` or `decode` means that it stays itself."""

    encode: Convert | None = None
    decode: Convert | None = None


def to_message(value: Any, message_class: type[M]) -> M:
    """The dataclass as a message; raises Invalid for what no message can hold: half a character, a huge number."""
    try:
        message = message_class(**_encoder(type(value), message_class)(value))
    except UnicodeEncodeError as error:
        raise Invalid(f"The input has text that is not Unicode at character {error.start}.") from None
    return message


def from_message(message: Message, data_class: type[D]) -> D:
    """The message as a dataclass; raises Invalid with the path of every field that is missing or malformed."""
    value: D = _decoder(data_class, type(message))(message)
    return value


def _once(function: F) -> F:
    """`cache` under the function's own type: to the stubs a class of messages is not hashable."""
    return cast(F, cache(function))


@_once
def _encoder(data_class: type, message_class: type[Message]) -> Convert:
    """What the message's constructor takes for a value. It takes such of the messages inside, too, and makes them."""
    plan = [
        (name, _field_encoder(hint, field), _tells_empty(hint, field))
        for name, hint, field in _pairs(data_class, message_class)
    ]

    def encode(value: Any) -> dict[str, Any]:
        arguments = {}
        for name, convert, tells_empty in plan:
            item = getattr(value, name)
            if item or (tells_empty and item is not None):
                arguments[name] = item if convert is None else convert(item)
        return arguments

    return encode


def _tells_empty(hint: Any, field: FieldDescriptor) -> bool:
    """Whether a message with an empty value is another one than a message without."""
    return not field.is_repeated and (field.has_presence or hint not in _EMPTY_BY_DEFAULT)


@_once
def _decoder(data_class: type, message_class: type[Message]) -> Convert:
    plan = [(name, _field_reader(hint, field)) for name, hint, field in _pairs(data_class, message_class)]

    def decode(message: Message) -> Any:
        values: list[Any] = []
        violations: dict[str, str] = {}
        for name, read in plan:
            try:
                values.append(read(message))
            except Invalid as invalid:
                violations |= _under(name, invalid)
        if violations:
            told = "; ".join(f"{path} {text}" for path, text in violations.items())
            raise Invalid(f"The request is not valid: {told}.", violations=violations)
        return data_class(*values)

    return decode


def _pairs(data_class: type, message_class: type[Message]) -> list[tuple[str, Any, FieldDescriptor]]:
    hints = get_type_hints(data_class)
    known = cast(Mapping[str, FieldDescriptor], message_class.DESCRIPTOR.fields_by_name)
    names = [field.name for field in fields(data_class) if field.init]
    missing = [name for name in names if name not in known]
    if missing:
        raise TypeError(f"{message_class.DESCRIPTOR.full_name} lacks {', '.join(missing)} of {data_class.__name__}.")
    return [(name, hints[name], known[name]) for name in names]


def _field_encoder(hint: Any, field: FieldDescriptor) -> Convert | None:
    hint, _ = _without_none(hint)
    if _is_map(field):
        convert = _codec(get_args(hint)[1], _map_value(field)).encode or _same
        return lambda items: {key: convert(item) for key, item in items.items()}
    if field.is_repeated:
        convert = _codec(_element(hint, field), field).encode or _same
        return lambda items: [convert(item) for item in items]
    return _codec(hint, field).encode


def _field_reader(hint: Any, field: FieldDescriptor) -> Convert:
    hint, optional = _without_none(hint)
    get, name = attrgetter(field.name), field.name
    if _is_map(field):
        each = _codec(get_args(hint)[1], _map_value(field)).decode or _same
        return lambda message: {key: _at(key, each, item) for key, item in get(message).items()}
    if field.is_repeated:
        element = _codec(_element(hint, field), field).decode
        if element is None:
            return lambda message: tuple(get(message))
        return lambda message: tuple(_at(index, element, item) for index, item in enumerate(get(message)))
    decode = _codec(hint, field).decode
    if not optional:
        return _required_reader(field, decode)
    if decode is not None and (field.enum_type is not None or hint is UUID):
        # Zero and the empty string stand for nothing here, whether the field has presence or not.
        return lambda message: decode(item) if (item := get(message)) else None
    if not field.has_presence:
        raise TypeError(f"{field.full_name} cannot be absent: declare it optional in the proto.")
    present = decode or _same
    return lambda message: present(get(message)) if message.HasField(name) else None


def _required_reader(field: FieldDescriptor, decode: Convert | None) -> Convert:
    get, name = attrgetter(field.name), field.name
    if decode is None:
        return get
    if field.message_type is None or field.message_type.full_name == Struct.DESCRIPTOR.full_name:
        return lambda message: decode(get(message))

    def read(message: Message) -> Any:
        if not message.HasField(name):
            raise _wrong("is required")
        return decode(get(message))

    return read


def _codec(hint: Any, field: FieldDescriptor) -> _Codec:
    """How one value of this type crosses as one value of the field."""
    hint = getattr(hint, "__supertype__", hint)
    if field.message_type is not None:
        return _message_codec(hint, field)
    if field.enum_type is not None and isinstance(hint, type) and issubclass(hint, StrEnum):
        return _enum_codec(hint, field)
    if hint is UUID and field.type == FieldDescriptor.TYPE_STRING:
        return _Codec(id_text, _read_uuid)
    fits = {
        str: field.type == FieldDescriptor.TYPE_STRING,
        bytes: field.type == FieldDescriptor.TYPE_BYTES,
        bool: field.type == FieldDescriptor.TYPE_BOOL,
        int: field.cpp_type in _INTEGERS,
        float: field.cpp_type in _FLOATS,
    }
    if field.enum_type is None and fits.get(hint):
        return _Codec()
    raise _misfit(hint, field)


def _message_codec(hint: Any, field: FieldDescriptor) -> _Codec:
    known = {
        Timestamp.DESCRIPTOR.full_name: (datetime, _Codec(_write_instant, _read_instant)),
        Duration.DESCRIPTOR.full_name: (timedelta, _Codec(_write_span, _read_span)),
    }
    assert field.message_type is not None
    name = field.message_type.full_name
    if name in known and known[name][0] is hint:
        return known[name][1]
    if name == Struct.DESCRIPTOR.full_name and get_origin(hint) in (dict, Mapping):
        return _Codec(_write_struct, _read_struct)
    if is_dataclass(hint) and isinstance(hint, type):
        message_class, data_class = GetMessageClass(field.message_type), hint
        # Looked up at each use, so that a dataclass may contain itself.
        return _Codec(
            lambda value: _encoder(data_class, message_class)(value),
            lambda message: _decoder(data_class, message_class)(message),
        )
    raise _misfit(hint, field)


def _enum_codec(kind: type[StrEnum], field: FieldDescriptor) -> _Codec:
    assert field.enum_type is not None
    prefix = field.enum_type.values_by_number[0].name.removesuffix("UNSPECIFIED")
    numbers = {value.name: value.number for value in field.enum_type.values if value.number}
    members = {f"{prefix}{member.name.upper()}": member for member in kind}
    if numbers.keys() != members.keys():
        raise TypeError(
            f"{field.enum_type.full_name} and {kind.__name__} differ in {sorted(numbers ^ members.keys())}."
        )
    by_number = {numbers[name]: member for name, member in members.items()}
    by_member = {member: number for number, member in by_number.items()}
    choices = f"one of {', '.join(kind)}"

    def read(number: int) -> StrEnum:
        member = by_number.get(number)
        if member is None:
            raise _wrong(f"is not known; {choices}" if number else f"is required; {choices}")
        return member

    return _Codec(by_member.__getitem__, read)


def _read_uuid(text: str) -> UUID:
    try:
        return read_id(text)
    except ValueError:
        raise _wrong("is not a UUID" if text else "is required; a UUID") from None


def _write_instant(value: datetime) -> dict[str, int]:
    since = value - _EPOCH
    return {"seconds": since.days * _DAY_SECONDS + since.seconds, "nanos": since.microseconds * 1000}


def _read_instant(message: Timestamp) -> datetime:
    try:
        return _EPOCH + timedelta(0, message.seconds, message.nanos // 1000)
    except OverflowError:
        raise _wrong("is not an instant between the years 1 and 9999") from None


def _write_span(value: timedelta) -> dict[str, int]:
    # Both parts of a Duration carry the same sign, unlike those of a timedelta.
    sign = -1 if value < timedelta() else 1
    seconds, microseconds = divmod(abs(value) // _MICROSECOND, 1_000_000)
    return {"seconds": sign * seconds, "nanos": sign * microseconds * 1000}


def _read_span(message: Duration) -> timedelta:
    try:
        return timedelta(seconds=message.seconds, microseconds=int(message.nanos / 1000))
    except OverflowError:
        raise _wrong("is not a duration that can be counted") from None


def _write_struct(value: Mapping[str, Any]) -> Struct:
    message = Struct()
    try:
        message.update(dict(value))
    except OverflowError:
        raise Invalid("The input has a number that is out of range.") from None
    return message


def _read_struct(message: Struct) -> dict[str, Any]:
    return {key: _read_value(item) for key, item in message.fields.items()}


def _read_value(value: Value) -> Any:
    match value.WhichOneof("kind"):
        case "struct_value":
            return _read_struct(value.struct_value)
        case "list_value":
            return [_read_value(item) for item in value.list_value.values]
        case "number_value":
            number = value.number_value
            return int(number) if number.is_integer() else number
        case "string_value":
            return value.string_value
        case "bool_value":
            return value.bool_value
        case _:
            return None


def _without_none(hint: Any) -> tuple[Any, bool]:
    if get_origin(hint) not in (types.UnionType, Union) or type(None) not in get_args(hint):
        return hint, False
    rest = [part for part in get_args(hint) if part is not type(None)]
    if len(rest) != 1:
        raise TypeError(f"A union of several types cannot cross the wire: {hint}.")
    return rest[0], True


def _is_map(field: FieldDescriptor) -> bool:
    return field.is_repeated and field.message_type is not None and field.message_type.GetOptions().map_entry


def _map_value(field: FieldDescriptor) -> FieldDescriptor:
    assert field.message_type is not None
    return field.message_type.fields_by_name["value"]


def _element(hint: Any, field: FieldDescriptor) -> Any:
    if get_origin(hint) is not tuple or get_args(hint)[1:] != (...,):
        raise _misfit(hint, field)
    return get_args(hint)[0]


def _same(value: Any) -> Any:
    return value


def _at(place: int | str, decode: Convert, item: Any) -> Any:
    try:
        return decode(item)
    except Invalid as invalid:
        raise Invalid(invalid.message, violations=_under(f"[{place}]", invalid)) from None


def _wrong(text: str) -> Invalid:
    """A violation of the value at hand; the fields around it add their names to its empty path."""
    return Invalid(text, violations={"": text})


def _under(name: str, invalid: Invalid) -> dict[str, str]:
    """The violations with this name before their paths."""
    violations = invalid.violations or {"": invalid.message}
    return {
        f"{name}{path}" if not path or path.startswith("[") else f"{name}.{path}": text
        for path, text in violations.items()
    }


def _misfit(hint: Any, field: FieldDescriptor) -> TypeError:
    return TypeError(f"{field.full_name} cannot carry {hint}.")
