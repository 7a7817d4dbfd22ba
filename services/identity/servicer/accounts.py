"""What people do with their own account."""

from typing import Any

import grpc
from duradesk.identity.v1 import account_service_pb2 as pb
from duradesk.identity.v1 import account_service_pb2_grpc as pb_grpc

from services.common.wire import to_message
from services.domain.account import check_token_name
from services.domain.errors import Invalid, Unauthenticated
from services.domain.user import check_password, check_user_name
from services.identity.convert import caller_id, token_id_from, user_message
from services.identity.passwords import Passwords
from services.identity.sign_in import SignIn, sign_in_failed
from services.identity.store.api_tokens import ApiTokenStore
from services.identity.store.sessions import SessionStore
from services.identity.store.users import IdentityStore

Context = grpc.aio.ServicerContext[Any, Any]


class AccountServicer(pb_grpc.AccountServiceServicer):
    """One's own name, password and API tokens."""

    def __init__(
        self,
        users: IdentityStore,
        sessions: SessionStore,
        tokens: ApiTokenStore,
        *,
        passwords: Passwords,
        sign_in: SignIn,
    ) -> None:
        self._users = users
        self._sessions = sessions
        self._tokens = tokens
        self._passwords = passwords
        self._sign_in = sign_in

    async def GetAccount(self, request: pb.GetAccountRequest, context: Context) -> pb.GetAccountResponse:
        """The caller's account."""
        return pb.GetAccountResponse(user=user_message(await self._users.get_user(caller_id())))

    async def UpdateAccount(self, request: pb.UpdateAccountRequest, context: Context) -> pb.UpdateAccountResponse:
        """Another name."""
        user = await self._users.update_name(caller_id(), check_user_name(request.name))
        return pb.UpdateAccountResponse(user=user_message(user))

    async def ChangePassword(self, request: pb.ChangePasswordRequest, context: Context) -> pb.ChangePasswordResponse:
        """Another password, and a new session in place of all others."""
        user = await self._users.get_user(caller_id())
        _check_new_password(request.new_password)
        try:
            await self._sign_in.check(
                user.email, request.current_password, source=request.source, device=request.device
            )
        except Unauthenticated:
            problem = "is not your present password"
            raise Invalid(f"This {problem}.", violations={"current_password": problem}) from None
        credentials = await self._users.update_password(user.id, await self._passwords.hash(request.new_password))
        token = await self._sessions.create_session(credentials, source=request.source, user_agent=request.user_agent)
        if token is None:
            raise sign_in_failed()
        return pb.ChangePasswordResponse(token=token, device=self._sign_in.mark(user.email))

    async def CreateApiToken(self, request: pb.CreateApiTokenRequest, context: Context) -> pb.CreateApiTokenResponse:
        """A named token."""
        issued = await self._tokens.create_api_token(caller_id(), check_token_name(request.name))
        return to_message(issued, pb.CreateApiTokenResponse)

    async def ListApiTokens(self, request: pb.ListApiTokensRequest, context: Context) -> pb.ListApiTokensResponse:
        """The caller's tokens."""
        tokens = await self._tokens.list_api_tokens(caller_id())
        return pb.ListApiTokensResponse(tokens=[to_message(token, pb.ApiToken) for token in tokens])

    async def RevokeApiToken(self, request: pb.RevokeApiTokenRequest, context: Context) -> pb.RevokeApiTokenResponse:
        """End a token."""
        await self._tokens.revoke_api_token(caller_id(), token_id_from(request.token_id))
        return pb.RevokeApiTokenResponse()


def _check_new_password(password: str) -> None:
    try:
        check_password(password)
    except Invalid as error:
        raise Invalid(error.message, violations={"new_password": error.violations["password"]}) from None
