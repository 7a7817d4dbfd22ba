"""Writes that happen once: a request id belongs to a caller and a method, and stands for one content."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from services.domain.errors import AlreadyExists
from services.domain.principal import Principal, Role
from services.tickets.store.events import Connection
from services.tickets.store.scope import Scope, scope_of
from services.tickets.store.statements import QUERIES


@dataclass(frozen=True, slots=True)
class Request:
    """One write: who asks, by which method, and the SHA-256 of the content. An empty `request_id` is never the same."""

    principal: Principal
    method: str
    request_id: str
    digest: bytes

    @property
    def actor(self) -> str:
        """How events name the caller: a customer by their contact, the others by their own id or name."""
        customer = self.principal.role is Role.CUSTOMER
        return str(self.principal.contact_id) if customer else self.principal.subject

    @property
    def scope(self) -> Scope:
        """The tickets that the caller may see."""
        return scope_of(self.principal)

    @property
    def key(self) -> dict[str, Any]:
        """What it is known by."""
        return {"caller": self.principal.subject, "method": self.method, "request_id": self.request_id}

    def parameters(self, resource_id: UUID) -> dict[str, Any]:
        """What is kept of it, with what it makes or changes."""
        return self.key | {"digest": self.digest, "resource_id": resource_id}


async def first_resource(conn: Connection, request: Request, resource_id: UUID) -> UUID | None:
    """What this very request made or changed when it came first; None when it comes first now, for `resource_id`.

    A twin under way is waited for. Raises AlreadyExists when the id was used with other content.
    """
    if not request.request_id:
        return None
    if (await conn.execute(QUERIES["insert_request"], request.parameters(resource_id))).rowcount == 1:
        return None
    first = await known_resource(conn, request)
    if first is None:
        raise _used(request)
    return first


async def known_resource(conn: Connection, request: Request) -> UUID | None:
    """What the request made or changed that came first with this id, if one did; AlreadyExists for other content."""
    row = await (await conn.execute(QUERIES["get_request"], request.key)).fetchone()
    if row is None:
        return None
    if row["digest"] != request.digest:
        raise _used(request)
    first: UUID = row["resource_id"]
    return first


def _used(request: Request) -> AlreadyExists:
    return AlreadyExists(
        f"The request id {request.request_id!r} was used before with other content: use a new one.",
        reason="REQUEST_ID_USED",
    )
