"""What the REST API takes and gives of categories."""

from uuid import UUID

from pydantic import ConfigDict, StrictBool, with_config
from typing_extensions import TypedDict

from services.domain.ticket import Priority
from services.gateway.models.base import In, Out, Title, Version


class CategoryIn(In):
    """A category to be made; without a parent it is at the top of the tree."""

    name: Title
    parent_id: UUID | None = None
    team_id: UUID | None = None
    priority: Priority | None = None


@with_config(ConfigDict(extra="forbid", json_schema_extra={"minProperties": 1}))
class CategoryPatch(TypedDict, total=False):
    """What is to be different in a category. One that is moved or archived takes those below it along."""

    name: Title
    parent_id: UUID | None
    team_id: UUID | None
    priority: Priority | None
    archived: StrictBool
    version: Version


class CategoryOut(Out):
    """What a ticket is about; `path` are the ids from the top of the tree down to its own."""

    id: UUID
    name: str
    parent_id: UUID | None
    team_id: UUID | None
    priority: Priority | None
    archived: bool
    path: tuple[UUID, ...]
    version: int
