"""The floor of intake and lists: the rows of a new ticket, and the newest fifty, by one bare statement each.

`python -m tests.bench.floor_rows` serves them as the methods of a bare gRPC server: no caller is asked for, nothing is
checked or looked up, and the words to find a ticket by are at hand.
"""

import asyncio
import os
from collections.abc import Mapping
from functools import cache, partial
from hashlib import sha256
from typing import Any, LiteralString
from uuid import UUID

import grpc
from duradesk.tickets.v1 import ticket_pb2
from duradesk.tickets.v1 import ticket_service_pb2 as pb
from psycopg.types.json import Jsonb
from psycopg_pool import AsyncConnectionPool

from services.common.ids import ordered_id
from services.tickets.words import PUBLIC, requester_vector, subject_vector, text_vector

_SERVICE = "duradesk.tickets.v1.TicketService"
CREATE, LIST = "CreateTicket", "ListTickets"
_CONNECTIONS = 10

_INSERT: LiteralString = """
WITH contact AS (
    INSERT INTO contacts (email, name, words) VALUES (%(email)s, %(name)s, %(requester_words)s::tsvector) RETURNING id
), ticket AS (
    INSERT INTO tickets (id, brand_id, channel, subject, status, status_since, status_epoch, priority, type, tags,
                         custom_fields, requester_id, version, created_at, updated_at)
    SELECT %(ticket_id)s, %(brand_id)s, 'grpc', %(subject)s, 'new', now(), 1, 'normal', '', %(tags)s, '{}', id, 1,
           now(), now()
    FROM contact
    RETURNING id, number, requester_id
), message AS (
    INSERT INTO messages (id, ticket_id, visibility, author_kind, author_id, author_name, body, body_hash, created_at)
    SELECT %(message_id)s, id, 'public', 'customer', requester_id::text, %(name)s, %(body)s, %(body_hash)s, now()
    FROM ticket
), words AS (
    INSERT INTO ticket_words (ticket_id, words) SELECT id, %(words)s::tsvector || day_words(now()) FROM ticket
), event AS (
    INSERT INTO events (ticket_id, seq, kind, actor, changes, message_id, occurred_at, effective_at)
    SELECT id, 1, 'ticket_created', requester_id::text, %(changes)s, %(message_id)s, now(), now() FROM ticket
), nudge AS (
    INSERT INTO outbox (ticket_id, seq, rank) SELECT id, 1, 2 FROM ticket
), request AS (
    INSERT INTO requests (caller, method, request_id, digest, resource_id)
    VALUES ('floor', 'CreateTicket', %(request_id)s, %(digest)s, %(ticket_id)s)
)
SELECT id, number FROM ticket
"""
_NEWEST: LiteralString = """
SELECT t.id, t.number, t.subject, t.status, t.priority, t.tags, t.created_at, t.updated_at, c.email, c.name
FROM tickets t JOIN contacts c ON c.id = t.requester_id ORDER BY t.created_at DESC, t.id DESC LIMIT 50
"""
_CHANGES = Jsonb(
    [
        {"field": name, "old": None, "new": "a value of some length"}
        for name in ("channel", "subject", "type", "tags", "custom_fields", "status", "follow_up_of", "priority")
    ]
    + [{"field": name, "old": None, "new": str(UUID(int=1))} for name in ("number", "brand_id", "requester_id")]
)

Pool = AsyncConnectionPool[Any]


def open_pool(database_url: str) -> Pool:
    """Connections as the service has them."""
    options = {"options": "-c search_path=tickets,public"}
    return AsyncConnectionPool(database_url, kwargs=options, min_size=1, max_size=_CONNECTIONS, open=False)


async def write_rows(pool: Pool, brand_id: UUID, new: pb.CreateTicketRequest) -> tuple[UUID, int]:
    """Write a ticket; its id and number."""
    parameters = {
        "ticket_id": ordered_id(),
        "message_id": ordered_id(),
        "brand_id": brand_id,
        "email": new.requester_email,
        "name": new.requester_name,
        "requester_words": requester_vector(new.requester_name, new.requester_email),
        "subject": new.subject,
        "body": new.body,
        "body_hash": sha256(new.body.encode()).hexdigest(),
        "words": _words(new.subject, new.body),
        "tags": [],
        "changes": _CHANGES,
        "request_id": new.request_id,
        "digest": b"\0" * 32,
    }
    async with pool.connection() as connection:
        row = await (await connection.execute(_INSERT, parameters)).fetchone()
    assert row is not None
    return row[0], row[1]


async def first_brand(pool: Pool) -> UUID:
    """The brand of all floors' tickets."""
    async with pool.connection() as connection:
        row = await (await connection.execute("SELECT id FROM brands ORDER BY created_at LIMIT 1")).fetchone()
    assert row is not None
    return UUID(str(row[0]))


@cache
def _words(subject: str, body: str) -> str:
    labels = subject_vector(subject, tags=(), type_="", custom_fields={})
    return f"{labels} {text_vector((PUBLIC, body))}"


def method(channel: grpc.aio.Channel, name: str) -> Any:
    """A method of the tickets service, or of the floor, as its client calls it."""
    request, response = _MESSAGES[name]
    return channel.unary_unary(
        f"/{_SERVICE}/{name}", request_serializer=request.SerializeToString, response_deserializer=response.FromString
    )


async def _create(request: pb.CreateTicketRequest, _context: Any, *, pool: Pool, brand_id: UUID) -> object:
    ticket_id, number = await write_rows(pool, brand_id, request)
    ticket = ticket_pb2.Ticket(id=str(ticket_id), number=number, subject=request.subject)
    return pb.CreateTicketResponse(ticket=ticket)


async def _list(_request: pb.ListTicketsRequest, _context: Any, *, pool: Pool) -> object:
    async with pool.connection() as connection:
        rows = await (await connection.execute(_NEWEST)).fetchall()
    return pb.ListTicketsResponse(tickets=[_ticket(row) for row in rows])


def _ticket(row: tuple[Any, ...]) -> ticket_pb2.Ticket:
    ticket_id, number, subject, status, priority, tags, created_at, updated_at, email, name = row
    return ticket_pb2.Ticket(
        id=str(ticket_id),
        number=number,
        subject=subject,
        status=f"TICKET_STATUS_{status.upper()}",  # type: ignore[arg-type]
        priority=f"PRIORITY_{priority.upper()}",  # type: ignore[arg-type]
        tags=tags,
        created_at=created_at,
        updated_at=updated_at,
        requester=ticket_pb2.Contact(email=email, name=name),
    )


_MESSAGES: Mapping[str, tuple[type[Any], type[Any]]] = {
    CREATE: (pb.CreateTicketRequest, pb.CreateTicketResponse),
    LIST: (pb.ListTicketsRequest, pb.ListTicketsResponse),
}


async def _serve() -> None:
    async with open_pool(os.environ["DURADESK_DATABASE_URL"]) as pool:
        calls = {CREATE: partial(_create, pool=pool, brand_id=await first_brand(pool)), LIST: partial(_list, pool=pool)}
        handlers = {
            name: grpc.unary_unary_rpc_method_handler(
                call,
                request_deserializer=_MESSAGES[name][0].FromString,
                response_serializer=_MESSAGES[name][1].SerializeToString,
            )
            for name, call in calls.items()
        }
        server = grpc.aio.server()
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(_SERVICE, handlers),))
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        print(f"floor.ready {port}", flush=True)
        await server.wait_for_termination()


if __name__ == "__main__":
    asyncio.run(_serve())
