"""What the REST API takes and gives of brands."""

from typing import Literal
from uuid import UUID

from pydantic import ConfigDict, StrictBool, with_config
from typing_extensions import TypedDict

from services.domain.family.policy import DownPolicy, UpPolicy
from services.gateway.models.base import Duration, Email, In, Out, Title, UndoSeconds, Version

Language = Literal["en", "cs", "it", "fi"]


class BrandIn(In):
    """A brand to be made; a time that is null or left out is switched off."""

    name: Title
    address: Email
    idle_remind_after: Duration | None = None
    idle_resolve_after: Duration | None = None
    auto_close_after: Duration | None = None
    acknowledge: StrictBool = True
    resolved_notice: StrictBool = True
    undo_seconds: UndoSeconds = 5
    staff_notices: StrictBool = True
    language: Language = "en"
    family_down: DownPolicy = DownPolicy.CASCADE
    family_up: UpPolicy = UpPolicy.SETTLE
    calendar_id: UUID | None = None


@with_config(ConfigDict(extra="forbid", json_schema_extra={"minProperties": 1}))
class BrandPatch(TypedDict, total=False):
    """What is to be different in a brand, also for tickets that wait already; null switches a time off."""

    name: Title
    address: Email
    idle_remind_after: Duration | None
    idle_resolve_after: Duration | None
    auto_close_after: Duration | None
    acknowledge: StrictBool
    resolved_notice: StrictBool
    undo_seconds: UndoSeconds
    staff_notices: StrictBool
    language: Language
    family_down: DownPolicy
    family_up: UpPolicy
    calendar_id: UUID | None
    version: Version


class BrandOut(Out):
    """A company front with its own address and times; a time that is null is switched off."""

    id: UUID
    name: str
    address: str
    idle_remind_after: Duration | None
    idle_resolve_after: Duration | None
    auto_close_after: Duration | None
    acknowledge: bool
    resolved_notice: bool
    undo_seconds: int
    staff_notices: bool
    language: str
    family_down: DownPolicy
    family_up: UpPolicy
    calendar_id: UUID | None
    version: int
