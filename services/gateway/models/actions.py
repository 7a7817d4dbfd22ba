"""What the REST API takes and gives of actions: those of rules and macros."""

from uuid import UUID

from pydantic import Field

from services.domain.actions import Action, ActionKind
from services.domain.routing_facts import AssignmentStrategy
from services.domain.ticket import Priority, TicketStatus
from services.gateway.models.base import Body, Duration, In, Out, Text


class ActionIn(In):
    """What is done; each kind looks at its own fields. `raise_priority` without a priority raises it by one.

    `reply` writes `text` to the customer, with `{name}`, `{subject}`, `{number}` and `{brand}` filled in.
    """

    kind: ActionKind
    priority: Priority | None = None
    team_id: UUID | None = None
    user_id: UUID | None = None
    tag: Text = ""
    note: Text = ""
    status: TicketStatus | None = None
    type: Text = ""
    category_id: UUID | None = None
    field: Text = ""
    value: Text = ""
    policy_id: UUID | None = None
    duration: Duration | None = Field(default=None, examples=["PT4H"])
    calendar_id: UUID | None = None
    text: Body = ""
    parent_id: UUID | None = None
    strategy: AssignmentStrategy | None = None

    def action(self) -> Action:
        """The action that is meant."""
        return Action(**dict(self))


class ActionOut(Out):
    """What is done."""

    kind: ActionKind
    priority: Priority | None
    team_id: UUID | None
    user_id: UUID | None
    tag: str
    note: str
    status: TicketStatus | None
    type: str
    category_id: UUID | None
    field: str
    value: str
    policy_id: UUID | None
    duration: Duration | None
    calendar_id: UUID | None
    text: str
    parent_id: UUID | None
    strategy: AssignmentStrategy | None
