"""OperationsService as the gateway calls it."""

import grpc
from duradesk.tickets.v1 import operations_service_pb2 as pb
from duradesk.tickets.v1 import operations_service_pb2_grpc

from services.common.wire import from_message
from services.domain.queues import Queues


class OperationsClient:
    """Calls over a channel of services.common.channel: domain objects out, domain errors raised."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = operations_service_pb2_grpc.OperationsServiceStub(channel)

    async def get_queues(self) -> Queues:
        """How much work waits."""
        return from_message((await self._stub.GetQueues(pb.GetQueuesRequest())).queues, Queues)
