"""What the REST API takes and gives of followers."""

from datetime import datetime
from uuid import UUID

from services.domain.ticket import FollowerKind
from services.gateway.models.base import Email, In, Name, Out
from services.gateway.models.tickets import ContactOut


class FollowerIn(In):
    """A customer who is to follow."""

    email: Email
    name: Name = ""


class FollowerOut(Out):
    """A follower: `id` is a contact's or a user's; a customer comes with their contact."""

    id: UUID
    kind: FollowerKind
    contact: ContactOut | None
    created_at: datetime
