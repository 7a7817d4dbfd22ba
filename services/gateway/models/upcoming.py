"""What the REST API gives of what happens by itself on many tickets."""

from uuid import UUID

from services.domain.ticket import Priority, TicketStatus
from services.gateway.models.base import Out
from services.gateway.models.tickets import DueOut


class UpcomingDueOut(Out):
    """A due and the ticket on which it will come."""

    ticket_id: UUID
    number: int
    subject: str
    status: TicketStatus
    priority: Priority
    team_id: UUID | None
    assignee_id: UUID | None
    due: DueOut
