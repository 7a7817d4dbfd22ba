"""identity for other services: its methods on domain objects, and the authenticator of the public doors."""

import time
from collections.abc import Callable
from uuid import UUID

import grpc
from duradesk.identity.v1 import identity_service_pb2 as pb
from duradesk.identity.v1 import identity_service_pb2_grpc as pb_grpc

from services.common.auth import PrincipalSigner
from services.common.wire import from_message, to_message
from services.domain.principal import Principal
from services.domain.user import IssuedToken, NewUser, User, UserChange
from services.identity.convert import update_request
from services.identity.kept import KeptPrincipals
from services.identity.tokens import PREFIX

_PAGE = 1000


class IdentityClient:
    """Typed calls to identity; raises the domain errors that the proto names."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = pb_grpc.IdentityServiceStub(channel)

    async def create_token(self, email: str, password: str, *, source: str) -> IssuedToken:
        """Sign in; `source` is where the caller comes from, e.g. an IP address."""
        request = pb.CreateTokenRequest(email=email, password=password, source=source)
        return from_message(await self._stub.CreateToken(request), IssuedToken)

    async def exchange_token(self, token: str) -> str:
        """The signed principal that the opaque token stands for, valid for 60 s."""
        return (await self._stub.ExchangeToken(pb.ExchangeTokenRequest(token=token))).principal_token

    async def revoke_token(self, token: str) -> None:
        """Sign out."""
        await self._stub.RevokeToken(pb.RevokeTokenRequest(token=token))

    async def create_user(self, new: NewUser, password: str) -> User:
        """Make an account."""
        request = pb.CreateUserRequest(user=to_message(new, pb.User), password=password)
        return from_message((await self._stub.CreateUser(request)).user, User)

    async def get_user(self, user_id: UUID) -> User:
        """One account."""
        return from_message((await self._stub.GetUser(pb.GetUserRequest(user_id=str(user_id)))).user, User)

    async def list_users(self, *, include_customers: bool = False) -> tuple[User, ...]:
        """All accounts by e-mail, page after page; the staff's unless customers are asked for too."""
        users, page_token = await self.list_users_page(include_customers=include_customers)
        while page_token:
            more, page_token = await self.list_users_page(include_customers=include_customers, page_token=page_token)
            users += more
        return users

    async def list_users_page(
        self, *, include_customers: bool = False, page_size: int = _PAGE, page_token: str = ""
    ) -> tuple[tuple[User, ...], str]:
        """Some accounts by e-mail, and the token of the next page; an empty one on the last."""
        request = pb.ListUsersRequest(include_customers=include_customers, page_size=page_size, page_token=page_token)
        response = await self._stub.ListUsers(request)
        return tuple(from_message(user, User) for user in response.users), response.next_page_token

    async def update_user(self, user_id: UUID, change: UserChange) -> User:
        """Change an account."""
        return from_message((await self._stub.UpdateUser(update_request(user_id, change))).user, User)


class ExchangingAuthenticator:
    """For doors that users reach: takes their opaque tokens, and signed principals of our own processes.

    A token that ended is refused within 5 s.
    """

    def __init__(
        self,
        client: IdentityClient,
        signer: PrincipalSigner,
        *,
        keep_at_most: int = 10_000,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._signer = signer
        self._kept = KeptPrincipals(client.exchange_token, signer, keep_at_most=keep_at_most, clock=clock)

    async def authenticate(self, token: str, *, anew: bool = False) -> Principal:
        """Whom the token stands for; Unauthenticated, or Unavailable when identity does not answer."""
        return await self._kept.find(token, anew=anew) if token.startswith(PREFIX) else self._signer.verify(token)
