"""BulkService as our own relay and workers call it."""

from datetime import timedelta
from uuid import UUID

import grpc
from duradesk.tickets.v1 import bulk_service_pb2 as pb
from duradesk.tickets.v1 import bulk_service_pb2_grpc

from services.common.channel import DEADLINE_SECONDS
from services.common.wire import from_message
from services.domain.bulk import BulkProgress


class BulkClient:
    """Calls over a channel of services.common.channel: domain objects in and out, domain errors raised."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = bulk_service_pb2_grpc.BulkServiceStub(channel)

    async def claim_bulk_jobs(self, *, wait: timedelta) -> tuple[UUID, ...]:
        """Bulks whose workflow is to be started now; waits up to `wait` (at most 30 s), () when none came."""
        request = pb.ClaimBulkJobsRequest()
        request.wait.FromTimedelta(wait)
        response = await self._stub.ClaimBulkJobs(request, timeout=wait.total_seconds() + DEADLINE_SECONDS)
        return tuple(UUID(job_id) for job_id in response.job_ids)

    async def run_bulk_page(self, job_id: UUID) -> BulkProgress:
        """Change the next tickets of a bulk, at most 100; NotFound."""
        return from_message(await self._stub.RunBulkPage(pb.RunBulkPageRequest(job_id=str(job_id))), BulkProgress)
