"""The floor of REST: a route that makes a ticket and one that lists the newest, before the bare gRPC methods.

`python -m tests.bench.floor_http ADDRESS` serves them for the bare methods at that address: no caller is asked for,
nothing is checked, and a ticket that is listed has the ten fields that the bare method reads.
"""

import socket
import sys
from typing import Annotated, Any

import grpc
import uvicorn
import uvloop
from duradesk.tickets.v1 import ticket_pb2
from duradesk.tickets.v1 import ticket_service_pb2 as pb
from fastapi import FastAPI, Header

from tests.bench.floor_rows import CREATE, LIST, method

# A client waits for its next turn that long.
_KEEP_ALIVE_SECONDS = 3_600


def _create_app(channel: grpc.aio.Channel) -> FastAPI:
    app, create, newest = FastAPI(), method(channel, CREATE), method(channel, LIST)

    @app.post("/tickets", status_code=201)
    async def create_ticket(new: dict[str, Any], idempotency_key: Annotated[str, Header()]) -> dict[str, Any]:
        requester = new["requester"]
        request = pb.CreateTicketRequest(
            request_id=idempotency_key,
            subject=new["subject"],
            body=new["body"],
            requester_email=requester["email"],
            requester_name=requester["name"],
        )
        return _told((await create(request, timeout=60)).ticket)

    @app.get("/tickets")
    async def list_tickets() -> list[dict[str, Any]]:
        return [_told(ticket) for ticket in (await newest(pb.ListTicketsRequest(), timeout=60)).tickets]

    return app


def _told(ticket: ticket_pb2.Ticket) -> dict[str, Any]:
    return {
        "id": ticket.id,
        "number": ticket.number,
        "subject": ticket.subject,
        "status": ticket.status,
        "priority": ticket.priority,
        "tags": list(ticket.tags),
        "created_at": ticket.created_at.ToDatetime(),
        "updated_at": ticket.updated_at.ToDatetime(),
        "requester": {"email": ticket.requester.email, "name": ticket.requester.name},
    }


async def _serve(address: str) -> None:
    async with grpc.aio.insecure_channel(address) as channel:
        app = _create_app(channel)
        config = uvicorn.Config(
            app, http="h11", log_config=None, access_log=False, ws="none", timeout_keep_alive=_KEEP_ALIVE_SECONDS
        )
        with socket.create_server(("127.0.0.1", 0)) as listener:
            print(f"floor.ready {listener.getsockname()[1]}", flush=True)
            await uvicorn.Server(config).serve(sockets=[listener])


if __name__ == "__main__":
    uvloop.run(_serve(sys.argv[1]))
