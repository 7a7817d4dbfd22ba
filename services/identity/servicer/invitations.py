"""Invitations and password resets."""

from typing import Any

import grpc
from duradesk.identity.v1 import invitation_service_pb2 as pb
from duradesk.identity.v1 import invitation_service_pb2_grpc as pb_grpc

from services.common.auth import current_principal
from services.common.wire import from_message, to_message
from services.domain.account import LinkKind
from services.domain.errors import ResourceExhausted
from services.domain.user import Invitee, check_invited_user, check_password, check_user_name
from services.identity.convert import user_id_from, user_message
from services.identity.link_tokens import LinkTokens
from services.identity.passwords import Passwords
from services.identity.sign_in import SignIn, sign_in_failed
from services.identity.store.invitations import InvitationStore
from services.identity.store.sessions import SessionStore

Context = grpc.aio.ServicerContext[Any, Any]


class InvitationServicer(pb_grpc.InvitationServiceServicer):
    """Links for one person, good once."""

    def __init__(
        self,
        store: InvitationStore,
        sessions: SessionStore,
        *,
        passwords: Passwords,
        sign_in: SignIn,
        tokens: LinkTokens,
    ) -> None:
        self._store = store
        self._sessions = sessions
        self._passwords = passwords
        self._sign_in = sign_in
        self._tokens = tokens

    async def CreateInvitation(
        self, request: pb.CreateInvitationRequest, context: Context
    ) -> pb.CreateInvitationResponse:
        """An account to be, and a mail."""
        actor = current_principal()
        new = check_invited_user(from_message(request, Invitee).as_new_user(), actor)
        return pb.CreateInvitationResponse(
            user=user_message(await self._store.create_invitation(new, inviter=actor.name))
        )

    async def RenewInvitation(self, request: pb.RenewInvitationRequest, context: Context) -> pb.RenewInvitationResponse:
        """A new link, by mail or as the answer."""
        user_id, actor = user_id_from(request.user_id), current_principal()
        link_id = await self._store.renew_invitation(user_id, actor=actor, by_mail=request.by_mail)
        url = "" if request.by_mail else self._tokens.url(LinkKind.INVITATION, link_id)
        return pb.RenewInvitationResponse(url=url)

    async def WithdrawInvitation(
        self, request: pb.WithdrawInvitationRequest, context: Context
    ) -> pb.WithdrawInvitationResponse:
        """No link is good any more."""
        await self._store.withdraw_invitation(user_id_from(request.user_id), actor=current_principal())
        return pb.WithdrawInvitationResponse()

    async def ListInvitations(self, request: pb.ListInvitationsRequest, context: Context) -> pb.ListInvitationsResponse:
        """The newest of each account."""
        invitations = await self._store.list_invitations()
        return pb.ListInvitationsResponse(invitations=[to_message(each, pb.Invitation) for each in invitations])

    async def RequestPasswordReset(
        self, request: pb.RequestPasswordResetRequest, context: Context
    ) -> pb.RequestPasswordResetResponse:
        """A mail, or none: the answer is the same."""
        try:
            address = await self._sign_in.note_reset(request.email, source=request.source)
        except ResourceExhausted:
            return pb.RequestPasswordResetResponse()
        await self._store.create_password_reset(address)
        return pb.RequestPasswordResetResponse()

    async def GetAccountLink(self, request: pb.GetAccountLinkRequest, context: Context) -> pb.GetAccountLinkResponse:
        """Whose link it is."""
        return to_message(await self._store.find_link(self._tokens.read(request.token)), pb.GetAccountLinkResponse)

    async def UseAccountLink(self, request: pb.UseAccountLinkRequest, context: Context) -> pb.UseAccountLinkResponse:
        """Choose the password, and sign in."""
        link_id = self._tokens.read(request.token)
        check_password(request.password)
        name = check_user_name(request.name) if request.name else None
        await self._store.find_link(link_id)  # before the hashing, which is dear
        password_hash = await self._passwords.hash(request.password)
        email, credentials = await self._store.use_link(link_id, password_hash=password_hash, name=name)
        token = await self._sessions.create_session(credentials, source=request.source, user_agent=request.user_agent)
        if token is None:
            raise sign_in_failed()
        return pb.UseAccountLinkResponse(token=token, device=self._sign_in.mark(email))
