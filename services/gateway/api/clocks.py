"""/tickets/{id}/clocks and /upcoming/{key}: what is measured, its ledger, and what people do to what happens next."""

from typing import Annotated

from fastapi import APIRouter, Path, Response

from services.gateway.api import CHANGED, FOUND, PREFIX
from services.gateway.deps import Clocks, RequestId, SignedIn, TicketId
from services.gateway.ledger import ledger_csv
from services.gateway.models.base import Items
from services.gateway.models.clocks import ClockOut, DueMoveIn, PromiseIn, PromiseOut, ReminderIn, ReminderOut

router = APIRouter(prefix=f"{PREFIX}/tickets/{{ticket_id}}", tags=["clocks"], dependencies=[SignedIn])

DueKey = Annotated[str, Path(max_length=200, description="A due's `key`, e.g. `auto_close/7`.")]


@router.get("/clocks", responses=FOUND)
async def list_clocks(ticket_id: TicketId, clocks: Clocks) -> Items[ClockOut]:
    """What is measured of a ticket, with running and paused segments that add up exactly."""
    return Items(items=[ClockOut.model_validate(clock) for clock in await clocks.list_clocks(ticket_id)])


@router.get("/clocks.csv", responses=FOUND, response_class=Response)
async def export_ledger(ticket_id: TicketId, clocks: Clocks) -> Response:
    """The ledger of a ticket's clocks as evidence: a row per segment, in UTC and seconds."""
    text = ledger_csv(await clocks.list_clocks(ticket_id))
    headers = {"content-disposition": f'attachment; filename="clocks-{ticket_id}.csv"'}
    return Response(text, media_type="text/csv; charset=utf-8", headers=headers)


@router.post("/reminders", status_code=201, responses=CHANGED)
async def remind_me(ticket_id: TicketId, reminder: ReminderIn, clocks: Clocks, request_id: RequestId) -> ReminderOut:
    """Get a mail about the ticket at an instant; `/upcoming/{key}` moves or skips it."""
    key = await clocks.remind_me(ticket_id, reminder.at, text=reminder.text, request_id=request_id)
    return ReminderOut(key=key)


@router.post("/promise", status_code=201, responses=CHANGED)
async def promise_update(ticket_id: TicketId, promise: PromiseIn, clocks: Clocks, request_id: RequestId) -> PromiseOut:
    """Promise the customer an update by an instant, in place of an earlier promise; the next public reply keeps it."""
    key = await clocks.promise_update(ticket_id, promise.promised_at, text=promise.text, request_id=request_id)
    return PromiseOut(key=key)


@router.post("/upcoming/{key:path}/move", status_code=204, responses=CHANGED)
async def move_due(ticket_id: TicketId, key: DueKey, move: DueMoveIn, clocks: Clocks, request_id: RequestId) -> None:
    """Have something happen at another instant than planned."""
    await clocks.move_due(ticket_id, key, due_at=move.due_at, request_id=request_id)


@router.post("/upcoming/{key:path}/run", status_code=204, responses=CHANGED)
async def run_due(ticket_id: TicketId, key: DueKey, clocks: Clocks, request_id: RequestId) -> None:
    """Have something happen now that is planned for later."""
    await clocks.move_due(ticket_id, key, request_id=request_id)


@router.post("/upcoming/{key:path}/skip", status_code=204, responses=CHANGED)
async def skip_due(ticket_id: TicketId, key: DueKey, clocks: Clocks, request_id: RequestId) -> None:
    """Have something that is planned not happen at all."""
    await clocks.skip_due(ticket_id, key, request_id=request_id)
