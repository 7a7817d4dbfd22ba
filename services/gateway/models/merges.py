"""What the REST API takes and gives of merges, splits and duplicates."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from services.domain.merging import MOST_AT_ONCE
from services.gateway.models.base import In, Out, Subject, Text
from services.gateway.models.tickets import ContactOut, TicketOut

TicketName = Annotated[Text, Field(json_schema_extra={"minLength": 1, "maxLength": 40})]


class MergeIn(In):
    """Into which ticket, by id or number; its customers follow the survivor only with `include_customers`."""

    into: TicketName
    include_customers: bool = False


class MergesIn(In):
    """Which tickets, and into which."""

    ticket_ids: Annotated[tuple[UUID, ...], Field(min_length=1, max_length=MOST_AT_ONCE)]
    into: TicketName
    include_customers: bool = False


class MergePreviewOut(Out):
    """What a merge would do; `refusal` says why it cannot be done, and is empty when it can."""

    ticket: TicketOut
    into: TicketOut
    messages: int
    added_tags: tuple[str, ...]
    staff_followers: int
    customers: tuple[ContactOut, ...]
    opens: bool
    refusal: str


class MergeOutcomeOut(Out):
    """What became of one ticket; an empty `refusal` says that it is merged."""

    ticket_id: UUID
    refusal: str


class UnmergedOut(Out):
    """The ticket as it was, and what could not be put back, in words."""

    ticket: TicketOut
    kept: tuple[str, ...]


class SplitIn(In):
    """The new ticket's subject; without one it has that of the old one."""

    subject: Subject | None = None


class DuplicateIn(In):
    """With which ticket it is settled, by id or number."""

    original: TicketName
