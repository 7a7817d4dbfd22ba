"""FollowerService as the gateway calls it."""

from uuid import UUID

import grpc
from duradesk.tickets.v1 import follower_service_pb2 as pb
from duradesk.tickets.v1 import follower_service_pb2_grpc

from services.common.wire import from_message
from services.domain.followers import Follower


class FollowersClient:
    """Calls over a channel of services.common.channel: domain objects in and out, domain errors raised."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = follower_service_pb2_grpc.FollowerServiceStub(channel)

    async def add_colleague(self, ticket_id: UUID, user_id: UUID) -> Follower:
        """A member of the staff follows from now on; NotFound, Invalid (too many)."""
        request = pb.AddFollowerRequest(ticket_id=str(ticket_id), user_id=str(user_id))
        return from_message((await self._stub.AddFollower(request)).follower, Follower)

    async def add_customer(self, ticket_id: UUID, email: str, *, name: str = "") -> Follower:
        """The customer with this address follows from now on; NotFound, Invalid (the requester, too many)."""
        request = pb.AddFollowerRequest(ticket_id=str(ticket_id), email=email, name=name)
        return from_message((await self._stub.AddFollower(request)).follower, Follower)

    async def remove_follower(self, ticket_id: UUID, follower_id: UUID) -> None:
        """They get nothing from now on; NotFound."""
        await self._stub.RemoveFollower(
            pb.RemoveFollowerRequest(ticket_id=str(ticket_id), follower_id=str(follower_id))
        )

    async def list_followers(self, ticket_id: UUID) -> tuple[Follower, ...]:
        """All followers, oldest first; NotFound."""
        response = await self._stub.ListFollowers(pb.ListFollowersRequest(ticket_id=str(ticket_id)))
        return tuple(from_message(follower, Follower) for follower in response.followers)
