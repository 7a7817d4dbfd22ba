"""Sessions on the pages."""

from typing import Any

import grpc
from duradesk.identity.v1 import session_service_pb2 as pb
from duradesk.identity.v1 import session_service_pb2_grpc as pb_grpc

from services.common.auth import PrincipalSigner
from services.common.wire import to_message
from services.domain.errors import Unauthenticated
from services.identity.convert import caller_id
from services.identity.sign_in import SignIn, sign_in_failed
from services.identity.store.sessions import SessionStore

Context = grpc.aio.ServicerContext[Any, Any]


class SessionServicer(pb_grpc.SessionServiceServicer):
    """Who is signed in to the pages."""

    def __init__(self, store: SessionStore, *, signer: PrincipalSigner, sign_in: SignIn) -> None:
        self._store = store
        self._signer = signer
        self._sign_in = sign_in

    async def CreateSession(self, request: pb.CreateSessionRequest, context: Context) -> pb.CreateSessionResponse:
        """E-mail and password for a new session."""
        credentials = await self._sign_in.check(
            request.email, request.password, source=request.source, device=request.device
        )
        token = await self._store.create_session(credentials, source=request.source, user_agent=request.user_agent)
        if token is None:
            raise sign_in_failed()
        return pb.CreateSessionResponse(token=token, device=self._sign_in.mark(request.email))

    async def ExchangeSession(self, request: pb.ExchangeSessionRequest, context: Context) -> pb.ExchangeSessionResponse:
        """A session's token for a signed principal."""
        principal = await self._store.find_principal(request.token)
        if principal is None:
            raise Unauthenticated("The session has ended: sign in again.")
        return pb.ExchangeSessionResponse(principal_token=self._signer.sign(principal))

    async def EndSession(self, request: pb.EndSessionRequest, context: Context) -> pb.EndSessionResponse:
        """Sign out."""
        await self._store.end_session(request.token)
        return pb.EndSessionResponse()

    async def ListSessions(self, request: pb.ListSessionsRequest, context: Context) -> pb.ListSessionsResponse:
        """The caller's open sessions."""
        sessions = await self._store.list_sessions(caller_id(), current=request.token)
        return pb.ListSessionsResponse(sessions=[to_message(session, pb.Session) for session in sessions])

    async def EndSessions(self, request: pb.EndSessionsRequest, context: Context) -> pb.EndSessionsResponse:
        """End the caller's sessions, but the named one."""
        await self._store.end_sessions(caller_id(), keep=request.keep_token)
        return pb.EndSessionsResponse()
