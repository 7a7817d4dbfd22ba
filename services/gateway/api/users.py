"""/users: accounts."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Body

from services.domain.errors import Invalid
from services.domain.principal import Role
from services.domain.user import NewUser, UserChange
from services.gateway.api import CHANGED, MADE, PREFIX
from services.gateway.deps import Cursor, Identity, Limit, SignedIn, Tickets, require_something
from services.gateway.models.base import Page
from services.gateway.models.people import UserIn, UserOut, UserPatch
from services.tickets.client.tickets import TicketsClient

router = APIRouter(prefix=f"{PREFIX}/users", tags=["users"], dependencies=[SignedIn])


@router.get("")
async def list_users(
    identity: Identity, include_customers: bool = False, cursor: Cursor = "", limit: Limit = 50
) -> Page[UserOut]:
    """Accounts by e-mail; the staff's unless customers are asked for too."""
    users, following = await identity.list_users_page(
        include_customers=include_customers, page_size=limit, page_token=cursor
    )
    return Page(items=[UserOut.model_validate(user) for user in users], next_cursor=following or None)


@router.post("", status_code=201, responses=MADE)
async def create_user(new: UserIn, identity: Identity, tickets: Tickets) -> UserOut:
    """Make an account; a customer's points to the contact with the same address."""
    role = Role(new.role)
    contact_id = await _contact_id(new, tickets) if role is Role.CUSTOMER else None
    user = await identity.create_user(NewUser(new.email, new.name, role, contact_id), new.password)
    return UserOut.model_validate(user)


@router.patch("/{user_id}", responses=CHANGED)
async def update_user(user_id: UUID, patch: Annotated[UserPatch, Body()], identity: Identity) -> UserOut:
    """Change an account."""
    changes: dict[str, Any] = dict(patch)
    require_something(changes)
    if "role" in changes:
        changes["role"] = Role(changes["role"])
    return UserOut.model_validate(await identity.update_user(user_id, UserChange(**changes)))


async def _contact_id(new: UserIn, tickets: TicketsClient) -> UUID:
    try:
        return (await tickets.create_contact(new.email, new.name)).id
    except Invalid as error:
        raise Invalid(error.message, violations={"email": error.message}) from error
