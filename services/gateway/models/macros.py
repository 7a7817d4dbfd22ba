"""What the REST API takes and gives of macros."""

from typing import Annotated
from uuid import UUID

from pydantic import ConfigDict, Field, StrictBool, with_config
from typing_extensions import TypedDict

from services.domain.actions import MOST_ACTIONS
from services.domain.message import Visibility
from services.gateway.models.actions import ActionIn, ActionOut
from services.gateway.models.base import LARGEST_WHOLE, Body, In, Out, Title, Uploads, Version
from services.gateway.models.messages import MessageOut
from services.gateway.models.tickets import TicketOut

Actions = Annotated[tuple[ActionIn, ...], Field(max_length=MOST_ACTIONS)]
Seen = Annotated[int, Field(strict=True, ge=0, le=LARGEST_WHOLE)]


class MacroIn(In):
    """A macro to be made: your own (`user_id` is yours), a team's, or everybody's; without actions a canned reply."""

    name: Title
    user_id: UUID | None = None
    team_id: UUID | None = None
    reply: Body = ""
    visibility: Visibility = Visibility.PUBLIC
    actions: Actions = ()


@with_config(ConfigDict(extra="forbid", json_schema_extra={"minProperties": 1}))
class MacroPatch(TypedDict, total=False):
    """What is to be different in a macro."""

    name: Title
    user_id: UUID | None
    team_id: UUID | None
    reply: Body
    visibility: Visibility
    actions: Actions
    version: Version


class MacroOut(Out):
    """A macro; `{name}`, `{first_name}`, `{number}`, `{subject}`, `{brand}` and `{agent}` of its reply are replaced."""

    id: UUID
    name: str
    user_id: UUID | None
    team_id: UUID | None
    reply: str
    visibility: Visibility
    actions: tuple[ActionOut, ...]
    version: int


class FilledMacroOut(Out):
    """A macro with its reply as it would be written on a ticket."""

    reply: str
    macro: MacroOut


class MacroRunIn(In):
    """How a macro is run; without `body` its reply is sent as it has it, with an empty one none is.

    A reply is held when others wrote after `seen_seq`, unless it is to be sent anyway.
    """

    body: Body | None = None
    version: Version | None = None
    seen_seq: Seen = 0
    send_anyway: StrictBool = False
    uploads: Uploads = ()


class MacroRunOut(Out):
    """The ticket after it, and what was said if anything was."""

    ticket: TicketOut
    message: MessageOut | None
