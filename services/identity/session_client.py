"""Sessions on the pages, for the gateway."""

import time
from collections.abc import Callable

import grpc
from duradesk.identity.v1 import session_service_pb2 as pb
from duradesk.identity.v1 import session_service_pb2_grpc as pb_grpc

from services.common.auth import PrincipalSigner
from services.common.wire import from_message
from services.domain.errors import Unauthenticated
from services.domain.principal import Principal
from services.domain.session import IssuedSession, Session
from services.identity.kept import KeptPrincipals
from services.identity.tokens import SESSION_PREFIX


class SessionClient:
    """Typed calls to identity's session service; raises the domain errors that the proto names."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = pb_grpc.SessionServiceStub(channel)

    async def create_session(
        self, email: str, password: str, *, source: str, user_agent: str, device: str
    ) -> IssuedSession:
        """Sign in; `source` is where the caller comes from and `device` the mark that the browser has, if any."""
        request = pb.CreateSessionRequest(
            email=email, password=password, source=source, user_agent=user_agent, device=device
        )
        return from_message(await self._stub.CreateSession(request), IssuedSession)

    async def exchange_session(self, token: str) -> str:
        """The signed principal that the session stands for, valid for 60 s."""
        return (await self._stub.ExchangeSession(pb.ExchangeSessionRequest(token=token))).principal_token

    async def end_session(self, token: str) -> None:
        """Sign out."""
        await self._stub.EndSession(pb.EndSessionRequest(token=token))

    async def list_sessions(self, token: str) -> tuple[Session, ...]:
        """The caller's open sessions; the one of this token is the current one."""
        response = await self._stub.ListSessions(pb.ListSessionsRequest(token=token))
        return tuple(from_message(session, Session) for session in response.sessions)

    async def end_sessions(self, *, keep_token: str = "") -> None:
        """End the caller's sessions, all or all but one."""
        await self._stub.EndSessions(pb.EndSessionsRequest(keep_token=keep_token))


class SessionAuthenticator:
    """Takes the tokens of sessions and nothing else; one that ended is refused within 5 s."""

    def __init__(
        self, client: SessionClient, signer: PrincipalSigner, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._kept = KeptPrincipals(client.exchange_session, signer, clock=clock)

    async def authenticate(self, token: str, *, anew: bool = False) -> Principal:
        """Whose session it is; Unauthenticated, or Unavailable when identity does not answer."""
        if not token.startswith(SESSION_PREFIX):
            raise Unauthenticated("There is no session: sign in.")
        return await self._kept.find(token, anew=anew)

    def forget(self, token: str) -> None:
        """Refuse the token from now on rather than within 5 s: it has ended."""
        self._kept.forget(token)
