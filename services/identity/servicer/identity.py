"""Accounts and API tokens."""

from typing import Any

import grpc
from duradesk.identity.v1 import identity_service_pb2 as pb
from duradesk.identity.v1 import identity_service_pb2_grpc as pb_grpc

from services.common.auth import PrincipalSigner, current_principal
from services.common.wire import from_message, to_message
from services.domain.errors import Unauthenticated
from services.domain.user import NewUser, check_new_user, check_password
from services.identity.convert import (
    change_from_request,
    email_from_page_token,
    page_token_after,
    user_id_from,
    user_message,
)
from services.identity.passwords import Passwords
from services.identity.sign_in import SignIn, sign_in_failed
from services.identity.store.users import IdentityStore

Context = grpc.aio.ServicerContext[Any, Any]

_PAGE = 100
_LONGEST_PAGE = 1000


class IdentityServicer(pb_grpc.IdentityServiceServicer):
    """Who people are."""

    def __init__(self, store: IdentityStore, *, passwords: Passwords, signer: PrincipalSigner, sign_in: SignIn) -> None:
        self._store = store
        self._passwords = passwords
        self._signer = signer
        self._sign_in = sign_in

    async def CreateToken(self, request: pb.CreateTokenRequest, context: Context) -> pb.CreateTokenResponse:
        """E-mail and password for an opaque token."""
        credentials = await self._sign_in.check(request.email, request.password, source=request.source)
        issued = await self._store.create_token(credentials)
        if issued is None:
            raise sign_in_failed()
        return to_message(issued, pb.CreateTokenResponse)

    async def ExchangeToken(self, request: pb.ExchangeTokenRequest, context: Context) -> pb.ExchangeTokenResponse:
        """An opaque token for a signed principal."""
        principal = await self._store.find_principal(request.token)
        if principal is None:
            raise Unauthenticated("The token is not valid, or not any more: sign in again.")
        return pb.ExchangeTokenResponse(principal_token=self._signer.sign(principal))

    async def RevokeToken(self, request: pb.RevokeTokenRequest, context: Context) -> pb.RevokeTokenResponse:
        """End an opaque token."""
        await self._store.revoke_token(request.token)
        return pb.RevokeTokenResponse()

    async def CreateUser(self, request: pb.CreateUserRequest, context: Context) -> pb.CreateUserResponse:
        """Make an account."""
        new = check_new_user(from_message(request.user, NewUser), current_principal())
        check_password(request.password)
        user = await self._store.create_user(new, await self._passwords.hash(request.password))
        return pb.CreateUserResponse(user=user_message(user))

    async def GetUser(self, request: pb.GetUserRequest, context: Context) -> pb.GetUserResponse:
        """One account."""
        return pb.GetUserResponse(user=user_message(await self._store.get_user(user_id_from(request.user_id))))

    async def ListUsers(self, request: pb.ListUsersRequest, context: Context) -> pb.ListUsersResponse:
        """A page of accounts by e-mail."""
        limit = min(request.page_size, _LONGEST_PAGE) if request.page_size > 0 else _PAGE
        after = email_from_page_token(request.page_token)
        users = await self._store.list_users(include_customers=request.include_customers, after=after, limit=limit)
        return pb.ListUsersResponse(users=map(user_message, users), next_page_token=page_token_after(users, limit))

    async def UpdateUser(self, request: pb.UpdateUserRequest, context: Context) -> pb.UpdateUserResponse:
        """Change an account."""
        user_id, change = user_id_from(request.user.id), change_from_request(request)
        password_hash = None
        if change.password is not None:
            check_password(change.password)
            password_hash = await self._passwords.hash(change.password)
        user = await self._store.update_user(user_id, change, actor=current_principal(), password_hash=password_hash)
        return pb.UpdateUserResponse(user=user_message(user))
