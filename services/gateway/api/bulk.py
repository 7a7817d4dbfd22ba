"""/bulk: the same change on many tickets."""

from uuid import UUID

from fastapi import APIRouter, Response

from services.gateway.api import CHANGED, FOUND, MADE, PREFIX
from services.gateway.assignments import check_team
from services.gateway.deps import Desk, RequestId, Routing, SignedIn
from services.gateway.models.bulk import BulkIn, BulkOut

router = APIRouter(prefix=f"{PREFIX}/bulk", tags=["bulk"], dependencies=[SignedIn])


@router.post("", status_code=202, responses=MADE)
async def change_tickets(
    new: BulkIn, desk: Desk, routing: Routing, request_id: RequestId, response: Response
) -> BulkOut:
    """Begin to change many tickets; it goes on by itself, also after a restart."""
    await check_team(new.change.team_id, routing)
    job = await desk.change_tickets(
        new.change.as_change(), ticket_ids=new.ticket_ids, filter=new.filter, request_id=request_id
    )
    response.headers["Location"] = f"{PREFIX}/bulk/{job.id}"
    return BulkOut.model_validate(job)


@router.get("/{job_id}", responses=FOUND)
async def get_bulk_job(job_id: UUID, desk: Desk) -> BulkOut:
    """How far it is, and which tickets were not changed."""
    return BulkOut.model_validate(await desk.get_bulk_job(job_id))


@router.post("/{job_id}/cancel", responses=FOUND)
async def cancel_bulk_job(job_id: UUID, desk: Desk) -> BulkOut:
    """Change no more tickets; those that are changed stay so."""
    return BulkOut.model_validate(await desk.cancel_bulk_job(job_id))


@router.post("/{job_id}/undo", status_code=202, responses=CHANGED)
async def undo_bulk_job(job_id: UUID, desk: Desk, request_id: RequestId, response: Response) -> BulkOut:
    """Change back the tickets that nobody has changed since, as a bulk of its own; 409 when it is too late."""
    job = await desk.undo_bulk_job(job_id, request_id=request_id)
    response.headers["Location"] = f"{PREFIX}/bulk/{job.id}"
    return BulkOut.model_validate(job)
