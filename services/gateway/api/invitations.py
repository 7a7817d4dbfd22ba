"""/invitations: asking people to work here, by a mail with a link or by a link alone."""

from uuid import UUID

from fastapi import APIRouter

from services.domain.principal import Role
from services.domain.user import Invitee
from services.gateway.api import CHANGED, MADE, PREFIX
from services.gateway.deps import Behind, SignedIn
from services.gateway.models.base import Items
from services.gateway.models.invitations import InvitationIn, InvitationLinkOut, InvitationOut, InvitationRenewalIn
from services.gateway.models.people import UserOut

router = APIRouter(prefix=f"{PREFIX}/invitations", tags=["users"], dependencies=[SignedIn])


@router.get("")
async def list_invitations(behind: Behind) -> Items[InvitationOut]:
    """The newest invitation of each account that was invited, by e-mail."""
    found = await behind.invitations.list_invitations()
    return Items(items=[InvitationOut.model_validate(invitation) for invitation in found])


@router.post("", status_code=201, responses=MADE)
async def create_invitation(new: InvitationIn, behind: Behind) -> UserOut:
    """Invite somebody by mail; the account can be used once they have chosen a password."""
    invited = await behind.invitations.create_invitation(Invitee(new.email, new.name, Role(new.role)))
    for team_id in new.team_ids:
        await behind.routing.add_team_member(team_id, invited.id)
    return UserOut.model_validate(invited)


@router.post("/{user_id}/renew", responses=CHANGED)
async def renew_invitation(user_id: UUID, renewal: InvitationRenewalIn, behind: Behind) -> InvitationLinkOut:
    """A new link in place of the one before: mailed, or as the answer, which alone has it."""
    url = await behind.invitations.renew_invitation(user_id, by_mail=renewal.by_mail)
    return InvitationLinkOut(url=url or None)


@router.delete("/{user_id}", status_code=204, responses=CHANGED)
async def withdraw_invitation(user_id: UUID, behind: Behind) -> None:
    """Make the link good no more."""
    await behind.invitations.withdraw_invitation(user_id)
