"""BulkService: what the relay and the workers ask of bulks."""

from duradesk.tickets.v1 import bulk_service_pb2 as pb
from duradesk.tickets.v1 import bulk_service_pb2_grpc

from services.common.interceptors import Context
from services.common.waiting import look_until, wait_of
from services.common.wire import to_message
from services.tickets.colleagues import Colleagues
from services.tickets.servicer import requests as read
from services.tickets.store.bulk import BulkStore
from services.tickets.wakeup import Wakeup

# A claimer looks by itself this often: a bulk also becomes due by time.
_LOOK_SECONDS = 5.0
# And no more often than this: mostly it was a ticket that changed.
_GATHER_SECONDS = 0.25


class BulkServicer(bulk_service_pb2_grpc.BulkServiceServicer):
    """Each method is one transaction; a new bulk wakes the claimers as a change of a ticket does."""

    def __init__(self, bulk: BulkStore, wakeup: Wakeup, colleagues: Colleagues) -> None:
        self._bulk = bulk
        self._colleagues = colleagues
        self._wakeup = wakeup

    async def ClaimBulkJobs(self, request: pb.ClaimBulkJobsRequest, context: Context) -> pb.ClaimBulkJobsResponse:
        """Look, and while there is none wait for a change, up to the time given."""
        job_ids = await look_until(
            self._bulk.claim_bulk_jobs,
            wait=wait_of(request.wait),
            every=_LOOK_SECONDS,
            gather=_GATHER_SECONDS,
            next_change=self._wakeup.next,
        )
        return pb.ClaimBulkJobsResponse(job_ids=map(str, job_ids))

    async def RunBulkPage(self, request: pb.RunBulkPageRequest, context: Context) -> pb.RunBulkPageResponse:
        """The next tickets, with the role that its maker has by now."""
        job_id = read.known_id(request.job_id, "bulk")
        maker = await self._colleagues.find_colleague(await self._bulk.get_bulk_maker(job_id))
        role = maker.role if maker is not None and maker.is_active_staff else None
        progress = await self._bulk.run_bulk_page(job_id, role=role)
        return to_message(progress, pb.RunBulkPageResponse)
