"""Documents, messages and domain objects of service levels."""

from collections.abc import Iterable, Sequence
from typing import Any, TypeVar
from uuid import UUID

from duradesk.routing.v1 import service_level_service_pb2 as pb
from google.protobuf.json_format import MessageToDict, ParseDict

from services.common.wire import from_message, to_message
from services.domain.calendars.model import Calendar
from services.domain.clocks.policy import Ladder, Policy, ServiceLevels
from services.domain.clocks.whole import CompiledCalendars, compile_service_levels
from services.routing.service_levels.store import Document

Thing = Calendar | Ladder | Policy
T = TypeVar("T", Calendar, Ladder, Policy)

_MESSAGES: dict[type[Thing], Any] = {Calendar: pb.Calendar, Ladder: pb.EscalationLadder, Policy: pb.SlaPolicy}
KINDS: dict[type[Thing], str] = {Calendar: "calendar", Ladder: "escalation_ladder", Policy: "sla_policy"}


def message_of(thing: Thing) -> Any:
    """A calendar, a ladder or a policy as its message."""
    return to_message(thing, _MESSAGES[type(thing)])


def document_of(thing: Thing) -> Document:
    """What is stored of it; id and version are columns."""
    definition = MessageToDict(message_of(thing), preserving_proto_field_name=True)
    for column in ("id", "version"):
        definition.pop(column, None)
    return Document(thing.id, KINDS[type(thing)], thing.name, definition, thing.version)


def things_of(documents: Iterable[Document], kind: type[T]) -> list[T]:
    """The calendars, ladders or policies among the documents."""
    return [_thing_of(document, kind) for document in documents if document.kind == KINDS[kind]]


def service_levels_of(
    documents: Sequence[Document], *, revision: int = 0, known: CompiledCalendars | None = None
) -> ServiceLevels:
    """All documents, ready for decisions."""
    return compile_service_levels(
        things_of(documents, Policy),
        things_of(documents, Ladder),
        things_of(documents, Calendar),
        revision=revision,
        known=known,
    )


def _thing_of(document: Document, kind: type[T]) -> T:
    message = ParseDict(dict(document.definition), _MESSAGES[kind](), ignore_unknown_fields=True)
    message.id, message.version = str(document.id), document.version
    return from_message(message, kind)


def new_thing(message: Any, kind: type[T], new_id: UUID) -> T:
    """What somebody wants to be made."""
    message.id, message.version = str(new_id), 1
    return from_message(message, kind)
