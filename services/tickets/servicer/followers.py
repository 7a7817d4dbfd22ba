"""FollowerService: who follows a ticket."""

from duradesk.tickets.v1 import follower_service_pb2 as pb
from duradesk.tickets.v1 import follower_service_pb2_grpc

from services.common.auth import current_principal
from services.common.interceptors import Context
from services.common.wire import to_message
from services.domain.intake import NAME_LENGTH, clean_email, clean_line
from services.tickets.colleagues import Colleagues, check_colleague
from services.tickets.servicer import requests as read
from services.tickets.store import Store
from services.tickets.store.scope import scope_of


class FollowerServicer(follower_service_pb2_grpc.FollowerServiceServicer):
    """Each change is one transaction with its event."""

    def __init__(self, store: Store, colleagues: Colleagues) -> None:
        self._followers, self._brands = store.followers, store.brands
        self._colleagues = colleagues

    async def AddFollower(self, request: pb.AddFollowerRequest, context: Context) -> pb.AddFollowerResponse:
        """A member of the staff, or the customer with an address."""
        ticket_id, write = read.ticket_id(request.ticket_id), read.unrepeated("AddFollower")
        if user_id := read.optional_id(request.user_id, "user_id"):
            await check_colleague(self._colleagues, user_id, field="user_id")
            follower = await self._followers.add_colleague(ticket_id, user_id, write)
        else:
            name, email = clean_line(request.name)[:NAME_LENGTH], clean_email(request.email)
            await self._brands.check_foreign(email, field="email")
            follower = await self._followers.add_customer(ticket_id, email, write, name=name)
        return pb.AddFollowerResponse(follower=to_message(follower, pb.Follower))

    async def RemoveFollower(self, request: pb.RemoveFollowerRequest, context: Context) -> pb.RemoveFollowerResponse:
        """No more."""
        follower_id = read.known_id(request.follower_id, "follower")
        await self._followers.remove_follower(
            read.ticket_id(request.ticket_id), follower_id, read.unrepeated("RemoveFollower")
        )
        return pb.RemoveFollowerResponse()

    async def ListFollowers(self, request: pb.ListFollowersRequest, context: Context) -> pb.ListFollowersResponse:
        """All of them."""
        followers = await self._followers.list_followers(
            read.ticket_id(request.ticket_id), scope=scope_of(current_principal())
        )
        return pb.ListFollowersResponse(followers=(to_message(follower, pb.Follower) for follower in followers))
