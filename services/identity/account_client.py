"""One's own account, for the gateway."""

from uuid import UUID

import grpc
from duradesk.identity.v1 import account_service_pb2 as pb
from duradesk.identity.v1 import account_service_pb2_grpc as pb_grpc

from services.common.wire import from_message
from services.domain.account import ApiToken
from services.domain.session import IssuedSession
from services.domain.user import IssuedToken, User


class AccountClient:
    """Typed calls to identity's account service; raises the domain errors that the proto names."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = pb_grpc.AccountServiceStub(channel)

    async def get_account(self) -> User:
        """The caller's account."""
        return from_message((await self._stub.GetAccount(pb.GetAccountRequest())).user, User)

    async def update_account(self, name: str) -> User:
        """Call oneself something else."""
        return from_message((await self._stub.UpdateAccount(pb.UpdateAccountRequest(name=name))).user, User)

    async def change_password(
        self, current_password: str, new_password: str, *, source: str, user_agent: str, device: str
    ) -> IssuedSession:
        """Choose another password: all sessions and API tokens end, and a new session begins."""
        request = pb.ChangePasswordRequest(
            current_password=current_password,
            new_password=new_password,
            source=source,
            user_agent=user_agent,
            device=device,
        )
        return from_message(await self._stub.ChangePassword(request), IssuedSession)

    async def create_api_token(self, name: str) -> IssuedToken:
        """A token for the caller."""
        return from_message(await self._stub.CreateApiToken(pb.CreateApiTokenRequest(name=name)), IssuedToken)

    async def list_api_tokens(self) -> tuple[ApiToken, ...]:
        """The caller's tokens, the newest first."""
        response = await self._stub.ListApiTokens(pb.ListApiTokensRequest())
        return tuple(from_message(token, ApiToken) for token in response.tokens)

    async def revoke_api_token(self, token_id: UUID) -> None:
        """End one of the caller's tokens."""
        await self._stub.RevokeApiToken(pb.RevokeApiTokenRequest(token_id=str(token_id)))
