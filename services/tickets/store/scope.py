"""Which tickets a caller may see: a filter in SQL, so that nothing outside it is ever read."""

from dataclasses import dataclass
from uuid import UUID

from psycopg.sql import SQL, Composable

from services.domain.principal import Principal, Role

_NOBODY = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Scope:
    """Only tickets of this requester, only those of this assignee; None means any. Customers see no internal word.

    A requester sees no ticket that came by mail from nobody knows whom, as long as they have not answered a mail on it.
    """

    requester_id: UUID | None = None
    assignee_id: UUID | None = None

    def parameters(self) -> dict[str, UUID | None]:
        """The named parameters of the statements that filter by scope."""
        return {"only_requester_id": self.requester_id, "only_assignee_id": self.assignee_id}

    def conditions(self) -> list[Composable]:
        """What they filter tickets `t` by; none where all may be seen."""
        conditions: list[Composable] = []
        if self.requester_id is not None:
            conditions.append(SQL("t.requester_id = %(only_requester_id)s AND t.sender_proven"))
        if self.assignee_id is not None:
            conditions.append(SQL("t.assignee_id = %(only_assignee_id)s"))
        return conditions

    @property
    def internal(self) -> bool:
        """Whether internal messages are inside."""
        return self.requester_id is None


EVERYTHING = Scope()


def scope_of(principal: Principal) -> Scope:
    """Customers see what they asked, light agents what is assigned to them, the others everything."""
    if principal.role is Role.CUSTOMER:
        return Scope(requester_id=principal.contact_id or _NOBODY)
    if principal.role is Role.LIGHT_AGENT:
        return Scope(assignee_id=_user_id(principal.subject))
    return EVERYTHING


def _user_id(subject: str) -> UUID:
    try:
        return UUID(subject)
    except ValueError:
        return _NOBODY
