"""What the REST API takes and gives of custom fields' definitions."""

from typing import Annotated
from uuid import UUID

from pydantic import ConfigDict, Field, StrictBool, with_config
from typing_extensions import TypedDict

from services.domain.ticket_fields import FieldKind
from services.gateway.models.base import In, Out, Text, Title, Version

Key = Annotated[Text, Field(json_schema_extra={"pattern": "^[a-z][a-z0-9_]{0,49}$"})]
Position = Annotated[int, Field(strict=True, ge=0, le=999_999)]


class TicketFieldIn(In):
    """A field to be made; without brands it is of all of them."""

    key: Key
    label: Title
    kind: FieldKind
    choices: tuple[Text, ...] = ()
    required_to_create: StrictBool = False
    required_to_resolve: StrictBool = False
    brand_ids: tuple[UUID, ...] = ()
    position: Position = 0


@with_config(ConfigDict(extra="forbid", json_schema_extra={"minProperties": 1}))
class TicketFieldPatch(TypedDict, total=False):
    """What is to be different in a field; its key and its kind never are."""

    label: Title
    choices: tuple[Text, ...]
    required_to_create: StrictBool
    required_to_resolve: StrictBool
    brand_ids: tuple[UUID, ...]
    position: Position
    archived: StrictBool
    version: Version


class TicketFieldOut(Out):
    """What a desk wants to know of its tickets; values are in a ticket's `custom_fields` under the key."""

    id: UUID
    key: str
    label: str
    kind: FieldKind
    choices: tuple[str, ...]
    required_to_create: bool
    required_to_resolve: bool
    brand_ids: tuple[UUID, ...]
    position: int
    archived: bool
    version: int
