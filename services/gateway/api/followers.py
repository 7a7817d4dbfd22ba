"""/tickets/{ticket}/followers: who gets its public replies, and who of the staff is told what happens on it."""

from uuid import UUID

from fastapi import APIRouter

from services.gateway.api import CHANGED, FOUND, PREFIX
from services.gateway.deps import Followers, SignedIn, TicketId
from services.gateway.models.base import Items
from services.gateway.models.followers import FollowerIn, FollowerOut

router = APIRouter(prefix=f"{PREFIX}/tickets/{{ticket_id}}/followers", tags=["followers"], dependencies=[SignedIn])


@router.get("", responses=FOUND)
async def list_followers(ticket_id: TicketId, followers: Followers) -> Items[FollowerOut]:
    """All followers of a ticket, oldest first."""
    found = await followers.list_followers(ticket_id)
    return Items(items=[FollowerOut.model_validate(follower) for follower in found])


@router.post("", status_code=201, responses=CHANGED)
async def add_customer(ticket_id: TicketId, new: FollowerIn, followers: Followers) -> FollowerOut:
    """Let a customer get the public replies from now on, e.g. whom a mail named as Cc; nothing earlier is sent."""
    return FollowerOut.model_validate(await followers.add_customer(ticket_id, new.email, name=new.name))


@router.put("/{user_id}", responses=CHANGED)
async def add_colleague(ticket_id: TicketId, user_id: UUID, followers: Followers) -> FollowerOut:
    """Let a member of the staff be told by mail what customers write and what colleagues note."""
    return FollowerOut.model_validate(await followers.add_colleague(ticket_id, user_id))


@router.delete("/{follower_id}", status_code=204, responses=CHANGED)
async def remove_follower(ticket_id: TicketId, follower_id: UUID, followers: Followers) -> None:
    """End it at once, for mails that wait, too; a customer's answers to earlier ones reach the ticket no more."""
    await followers.remove_follower(ticket_id, follower_id)
