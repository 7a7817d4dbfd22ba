"""Invitations and password resets, for the gateway."""

from uuid import UUID

import grpc
from duradesk.identity.v1 import invitation_service_pb2 as pb
from duradesk.identity.v1 import invitation_service_pb2_grpc as pb_grpc

from services.common.wire import from_message, to_message
from services.domain.account import AccountLink, Invitation
from services.domain.session import IssuedSession
from services.domain.user import Invitee, User


class InvitationClient:
    """Typed calls to identity's invitation service; raises the domain errors that the proto names."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = pb_grpc.InvitationServiceStub(channel)

    async def create_invitation(self, invitee: Invitee) -> User:
        """Invite somebody by mail; the account is theirs once they accept."""
        request = to_message(invitee, pb.CreateInvitationRequest)
        return from_message((await self._stub.CreateInvitation(request)).user, User)

    async def renew_invitation(self, user_id: UUID, *, by_mail: bool) -> str:
        """A new link in place of the one before: mailed, or, when it is not, the answer."""
        request = pb.RenewInvitationRequest(user_id=str(user_id), by_mail=by_mail)
        return (await self._stub.RenewInvitation(request)).url

    async def withdraw_invitation(self, user_id: UUID) -> None:
        """Make the link good no more."""
        await self._stub.WithdrawInvitation(pb.WithdrawInvitationRequest(user_id=str(user_id)))

    async def list_invitations(self) -> tuple[Invitation, ...]:
        """The newest invitation of each account, by e-mail."""
        response = await self._stub.ListInvitations(pb.ListInvitationsRequest())
        return tuple(from_message(each, Invitation) for each in response.invitations)

    async def request_password_reset(self, email: str, *, source: str) -> None:
        """Have a link mailed, if there is such an account."""
        await self._stub.RequestPasswordReset(pb.RequestPasswordResetRequest(email=email, source=source))

    async def get_account_link(self, token: str) -> AccountLink:
        """Whose link this is."""
        return from_message(await self._stub.GetAccountLink(pb.GetAccountLinkRequest(token=token)), AccountLink)

    async def use_account_link(
        self, token: str, password: str, *, name: str, source: str, user_agent: str
    ) -> IssuedSession:
        """Choose the password, and sign in."""
        request = pb.UseAccountLinkRequest(
            token=token, password=password, name=name, source=source, user_agent=user_agent
        )
        return from_message(await self._stub.UseAccountLink(request), IssuedSession)
