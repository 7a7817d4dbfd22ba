"""Domain errors on the wire and back: the class as a gRPC code, the rest as google.rpc details (AIP-193)."""

from typing import Any

import grpc
from google.protobuf.message import DecodeError
from google.rpc import code_pb2, error_details_pb2, status_pb2  # type: ignore[import-untyped]

from services.domain.errors import (
    AlreadyExists,
    Conflict,
    DuradeskError,
    Forbidden,
    Invalid,
    InvalidTransition,
    NotFound,
    ResourceExhausted,
    Unauthenticated,
    Unavailable,
)

DOMAIN = "duradesk"
DETAILS_KEY = "grpc-status-details-bin"

CODES: dict[type[DuradeskError], grpc.StatusCode] = {
    NotFound: grpc.StatusCode.NOT_FOUND,
    Invalid: grpc.StatusCode.INVALID_ARGUMENT,
    InvalidTransition: grpc.StatusCode.FAILED_PRECONDITION,
    AlreadyExists: grpc.StatusCode.ALREADY_EXISTS,
    Conflict: grpc.StatusCode.ABORTED,
    Unauthenticated: grpc.StatusCode.UNAUTHENTICATED,
    Forbidden: grpc.StatusCode.PERMISSION_DENIED,
    ResourceExhausted: grpc.StatusCode.RESOURCE_EXHAUSTED,
    Unavailable: grpc.StatusCode.UNAVAILABLE,
    DuradeskError: grpc.StatusCode.INTERNAL,
}
CLASSES = {code: error_class for error_class, code in CODES.items()}

# A peer drops a call whose trailing metadata is over 8 KiB, in which the message stands twice, once with three
# characters for each byte that is not ASCII, and the details take a third more: so texts are cut, in bytes.
_VIOLATIONS_BYTES = 2000
_LONGEST_TEXT = 200
_LONGEST_MESSAGE = 1000


def code_of(error: DuradeskError) -> grpc.StatusCode:
    """The gRPC code of the error's class."""
    return next(CODES[kind] for kind in type(error).__mro__ if kind in CODES)


def words_of(error: DuradeskError) -> str:
    """The error's message, cut to what arrives at a peer."""
    return _cut(error.message, _LONGEST_MESSAGE)


def to_status(error: DuradeskError) -> status_pb2.Status:
    """The error as google.rpc.Status: ErrorInfo always, BadRequest when fields are at fault."""
    status = status_pb2.Status(code=code_pb2.Code.Value(code_of(error).name), message=words_of(error))
    info = error_details_pb2.ErrorInfo(reason=error.reason, domain=DOMAIN, metadata=error.metadata)
    status.details.add().Pack(info)
    if isinstance(error, Invalid) and error.violations:
        request = error_details_pb2.BadRequest()
        for field, description in error.violations.items():
            request.field_violations.add(field=_cut(field, _LONGEST_TEXT), description=_cut(description, _LONGEST_TEXT))
            if request.ByteSize() > _VIOLATIONS_BYTES:
                break
        status.details.add().Pack(request)
    return status


def restore(error: grpc.aio.AioRpcError) -> DuradeskError:
    """The error as the service raised it; for failures of the transport the nearest class and our own words."""
    status = _status(error)
    if status is None:
        return _without_details(error.code())
    info, request = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
    for detail in status.details:
        _ = detail.Unpack(info) or detail.Unpack(request)
    error_class = CLASSES.get(error.code(), DuradeskError)
    reason, metadata = info.reason or None, dict(info.metadata)
    if error_class is Invalid:
        violations = {violation.field: violation.description for violation in request.field_violations}
        return Invalid(status.message, violations=violations, reason=reason, metadata=metadata)
    return error_class(status.message, reason=reason, metadata=metadata)


def _cut(text: str, most_bytes: int) -> str:
    return text.encode(errors="replace")[:most_bytes].decode(errors="ignore")


def _status(error: grpc.aio.AioRpcError) -> status_pb2.Status | None:
    trailing: Any = error.trailing_metadata()
    packed = dict(trailing or ()).get(DETAILS_KEY)
    try:
        return status_pb2.Status.FromString(packed) if packed else None
    except DecodeError:
        return None


def _without_details(code: grpc.StatusCode) -> DuradeskError:
    """What the library itself reports; its words name hosts and source files, so they are left to the cause."""
    match code:
        case grpc.StatusCode.UNAVAILABLE | grpc.StatusCode.CANCELLED:
            return Unavailable("A service does not answer just now: try again in a few seconds.")
        case grpc.StatusCode.DEADLINE_EXCEEDED:
            return Unavailable("A service did not answer in time: try again in a few seconds.")
        case grpc.StatusCode.RESOURCE_EXHAUSTED:
            return ResourceExhausted("The message is larger than a service takes (16 MiB).")
        case _:
            error_class = CLASSES.get(code, DuradeskError)
            if error_class in (Invalid, DuradeskError):
                return DuradeskError("A service failed for a reason of its own; its log says which.")
            return error_class("A service refused the call without saying why.")
