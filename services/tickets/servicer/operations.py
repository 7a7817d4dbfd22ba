"""OperationsService: what those who run the desk want to know."""

from duradesk.tickets.v1 import operations_service_pb2 as pb
from duradesk.tickets.v1 import operations_service_pb2_grpc

from services.common.database import Database
from services.common.interceptors import Context
from services.common.wire import to_message
from services.tickets.store import operations


class OperationsServicer(operations_service_pb2_grpc.OperationsServiceServicer):
    """Each method is one transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def GetQueues(self, request: pb.GetQueuesRequest, context: Context) -> pb.GetQueuesResponse:
        """The numbers."""
        async with self._database.transaction() as conn:
            queues = await operations.get_queues(conn)
        return pb.GetQueuesResponse(queues=to_message(queues, pb.Queues))
