"""What a request says, as the domain has it."""

from collections.abc import Collection
from dataclasses import asdict, dataclass, fields, replace
from hashlib import sha256
from typing import Any, Protocol
from uuid import UUID, uuid4

from duradesk.tickets.v1 import family_service_pb2, ticket_pb2
from duradesk.tickets.v1 import ticket_service_pb2 as pb
from google.protobuf.field_mask_pb2 import FieldMask

from services.common.auth import current_principal
from services.common.wire import from_message
from services.domain.conditions.fields import CUSTOM
from services.domain.errors import Invalid, NotFound
from services.domain.intake import NAME_LENGTH, SUBJECT_LENGTH, check_brand, check_request_id, clean_line, clean_text
from services.domain.links import CustomerAnswer
from services.domain.mail_reports import NewMailReport
from services.domain.message import EffectState, NewMessage
from services.domain.quarantine import NewQuarantinedItem, QuarantineState
from services.domain.ticket import Brand, NewTicket
from services.tickets.convert import BrandFields, TicketFields
from services.tickets.store.pages import Page
from services.tickets.store.requests import Request

_MOST_DIGITS = 18
_REPORT_LENGTH = 20_000
_QUARANTINE_STATES = {
    pb.QUARANTINE_STATE_KEPT: QuarantineState.KEPT,
    pb.QUARANTINE_STATE_RELEASING: QuarantineState.RELEASING,
    pb.QUARANTINE_STATE_RETRYING: QuarantineState.RETRYING,
    pb.QUARANTINE_STATE_TAKEN: QuarantineState.TAKEN,
    pb.QUARANTINE_STATE_DELETED: QuarantineState.DELETED,
}
# What a brand has a default for.
_SETTINGS = ("acknowledge", "resolved_notice", "undo_seconds", "staff_notices", "language", "family_down", "family_up")


class _Write(Protocol):
    """A request that can be made again under its id."""

    @property
    def request_id(self) -> str: ...

    def SerializeToString(self, *, deterministic: bool = ...) -> bytes: ...  # protobuf's name


_Listing = (
    pb.ListTicketsRequest
    | pb.ListMessagesRequest
    | pb.ListEventsRequest
    | pb.ListQuarantineRequest
    | pb.ListDeliveriesRequest
    | family_service_pb2.ListChildrenRequest
)


@dataclass(frozen=True, slots=True)
class _DeliveryFilter:
    state: EffectState | None


@dataclass(frozen=True, slots=True)
class _Answer:
    answer: CustomerAnswer


def write(method: str, request: _Write) -> Request:
    """Who makes this write, under which request id, with which content."""
    check_request_id(request.request_id)
    digest = sha256(request.SerializeToString(deterministic=True)).digest()
    return Request(current_principal(), method, request.request_id, digest)


def unrepeated(method: str) -> Request:
    """Who makes this write, which is harmless when it comes twice."""
    return Request(current_principal(), method, "", b"")


def delivery_state(request: pb.ListDeliveriesRequest) -> EffectState | None:
    """The state asked for; None for any."""
    return from_message(request, _DeliveryFilter).state


def customer_answer(request: pb.AnswerTicketRequest) -> CustomerAnswer:
    """What the customer says."""
    return from_message(request, _Answer).answer


def new_ticket(request: pb.CreateTicketRequest) -> NewTicket:
    """The ticket asked for; the channel has a default."""
    request.channel = request.channel or ticket_pb2.CHANNEL_GRPC
    return from_message(request, NewTicket)


def new_message(request: pb.CreateMessageRequest) -> NewMessage:
    """The message asked for."""
    return from_message(request, NewMessage)


def ticket_fields(request: pb.UpdateTicketRequest) -> dict[str, Any]:
    """The fields that the mask names, with their new values; `some_custom_fields` are those it names one by one."""
    paths = [path for path in request.update_mask.paths if not path.startswith(CUSTOM)]
    keys = [path.removeprefix(CUSTOM) for path in request.update_mask.paths if path.startswith(CUSTOM)]
    said = from_message(request.ticket, TicketFields)
    some = {"some_custom_fields": {key: said.custom_fields.get(key) for key in keys}} if keys else {}
    if keys and not paths:
        return some
    return masked(said, FieldMask(paths=paths), needed=("status", "priority")) | some


def brand_fields(request: pb.UpdateBrandRequest) -> dict[str, Any]:
    """The fields that the mask names, with their new values."""
    return masked(_brand(request.brand), request.update_mask, needed=_SETTINGS)


def new_brand(request: pb.CreateBrandRequest) -> Brand:
    """The brand asked for, checked."""
    said = asdict(_brand(request.brand))
    unsaid = {name for name in _SETTINGS if said[name] is None}
    brand = Brand(id=uuid4(), version=1, **{name: value for name, value in said.items() if name not in unsaid})
    check_brand(brand)
    return brand


def new_quarantined_item(request: pb.QuarantineItemRequest) -> NewQuarantinedItem:
    """The item that could not be taken; only its texts are cleaned, because no item may be lost."""
    item = from_message(request, NewQuarantinedItem)
    envelope = tuple(clean_line(recipient) for recipient in item.recipients)
    return replace(
        item,
        code=clean_line(item.code),
        reason=clean_line(item.reason),
        envelope_sender=clean_line(item.envelope_sender),
        recipients=envelope,
    )


def quarantine_state(request: pb.ListQuarantineRequest) -> QuarantineState | None:
    """The state asked for; None means any."""
    return _QUARANTINE_STATES.get(request.state)


def new_mail_report(request: pb.RecordMailReportRequest) -> NewMailReport:
    """The report, its texts cleaned and cut to what is worth reading."""
    report = from_message(request, NewMailReport)
    return replace(
        report,
        rfc_message_ids=tuple(clean_line(name) for name in report.rfc_message_ids),
        failed=tuple(clean_line(address) for address in report.failed),
        delayed=tuple(clean_line(address) for address in report.delayed),
        sender=clean_line(report.sender)[:NAME_LENGTH],
        subject=clean_line(report.subject)[:SUBJECT_LENGTH],
        text=clean_text(report.text)[:_REPORT_LENGTH],
    )


def page(request: _Listing) -> Page:
    """The page asked for."""
    return Page(request.page_size, request.page_token)


def ticket_key(text: str) -> UUID | int:
    """A ticket's id or number; NotFound for what can be neither."""
    if text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS:
        return int(text)
    return ticket_id(text)


def ticket_id(text: str) -> UUID:
    """A ticket's id; NotFound for what cannot be one."""
    return known_id(text, "ticket")


def known_id(text: str, what: str) -> UUID:
    """The id of an existing thing; NotFound for what cannot be one."""
    try:
        return UUID(text)
    except ValueError:
        raise NotFound(f"This {what} does not exist.") from None


def optional_id(text: str, field: str) -> UUID | None:
    """An id, or None for an empty one; Invalid for anything else."""
    try:
        return UUID(text) if text else None
    except ValueError:
        raise Invalid(f"The {field} is not a UUID.", violations={field: "is not a UUID"}) from None


def _brand(message: ticket_pb2.Brand) -> BrandFields:
    brand = from_message(message, BrandFields)
    return replace(brand, name=clean_line(brand.name), address=brand.address.strip().lower())


def masked(values: Any, mask: FieldMask, *, needed: Collection[str] = ()) -> dict[str, Any]:
    """The fields that the mask names, with these values; Invalid for others, for none and for `needed` ones without."""
    names = [field.name for field in fields(values)]
    wrong = {path: f"use {', '.join(names)}" for path in mask.paths if path not in names}
    if wrong or not mask.paths:
        told = f"{', '.join(wrong)} cannot be changed here" if wrong else "the update_mask names no field"
        raise Invalid(f"The request is not valid: {told}; the fields are {', '.join(names)}.", violations=wrong)
    chosen = {path: getattr(values, path) for path in mask.paths}
    missing = {path: "is required" for path in needed if chosen.get(path, path) is None}
    if missing:
        raise Invalid(f"The new {' and '.join(missing)} must be said.", violations=missing)
    return chosen
