"""What tests of the orchestration half need: a running service, people who write, and a clock that can be moved."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, LiteralString
from uuid import UUID, uuid4

from duradesk.tickets.v1.orchestration_service_pb2_grpc import add_OrchestrationServiceServicer_to_server
from duradesk.tickets.v1.queue_service_pb2_grpc import add_QueueServiceServicer_to_server
from prometheus_client import CollectorRegistry

from services.common.auth import PrincipalSigner, SignedOnly
from services.common.channel import open_channel
from services.common.database import Database
from services.common.links import LinkSigner
from services.common.server import running_server
from services.common.settings import Settings
from services.domain.decide import decide
from services.domain.decision import Decision, Plan
from services.domain.facts import Facts
from services.domain.message import AuthorKind, Visibility
from services.domain.principal import Principal, Role
from services.domain.reply_address import ReplyAddresses
from services.domain.routing_facts import RoutingFacts
from services.domain.ticket import EventKind, Priority, TicketStatus
from services.domain.user import User
from services.tickets.client.orchestration import OrchestrationClient
from services.tickets.client.queue import QueueClient
from services.tickets.metrics import TicketMetrics
from services.tickets.servicer.orchestration import LOOK_SECONDS, OrchestrationServicer
from services.tickets.servicer.queue import QueueServicer
from services.tickets.store.events import append_event, enqueue, lock_ticket
from services.tickets.store.mails import MailMaker
from services.tickets.wakeup import Wakeup
from tests.unit.factories import make_routing

SIGNER = PrincipalSigner(b"k" * 32)
LINKS = LinkSigner(b"k" * 32, public_url="https://desk.example/")
REPLY_ADDRESSES = ReplyAddresses(b"k" * 32)
WORKER = Principal("worker", Role.SERVICE)


@dataclass
class Clock:
    """The business clock: the real one and what a test skipped."""

    skipped: timedelta = timedelta()

    async def instant(self) -> datetime:
        return datetime.now(UTC) + self.skipped


class WatchedWakeup(Wakeup):
    """Says when somebody looks."""

    def __init__(self, database_url: str) -> None:
        super().__init__(database_url)
        self.looked = asyncio.Event()

    def next(self) -> asyncio.Event:
        self.looked.set()
        return super().next()


@dataclass
class Staff:
    """Who works here, as the test says."""

    users: dict[UUID, User] = field(default_factory=dict)

    def add(self, user_id: UUID, role: Role = Role.AGENT, *, active: bool = True) -> User:
        name = f"Agent {user_id.int}"
        user = User(user_id, f"agent-{user_id.int}@desk.example", name, role, active, None, datetime.now(UTC))
        self.users[user_id] = user
        return user

    async def find_colleague(self, user_id: UUID) -> User | None:
        return self.users.get(user_id)


@dataclass
class Desk:
    """One service with its client; tickets are written as people's transactions write them."""

    url: str
    database: Database
    wakeup: WatchedWakeup
    client: OrchestrationClient
    clock: Clock
    colleagues: Staff
    queues: QueueClient
    routing: RoutingFacts = field(default_factory=make_routing)

    async def rows(self, statement: LiteralString, **parameters: Any) -> list[dict[str, Any]]:
        async with self.database.transaction() as conn:
            cursor = await conn.execute(statement, parameters)
            return await cursor.fetchall() if cursor.description else []

    async def row(self, statement: LiteralString, **parameters: Any) -> dict[str, Any]:
        (row,) = await self.rows(statement, **parameters)
        return row

    async def set_brand(
        self, *, acknowledge: bool, resolved_notice: bool, undo_seconds: int, staff_notices: bool = False
    ) -> None:
        await self.rows(
            "UPDATE brands SET acknowledge = %(acknowledge)s, resolved_notice = %(notice)s, undo_seconds = %(undo)s,"
            " staff_notices = %(staff)s",
            staff=staff_notices,
            acknowledge=acknowledge,
            notice=resolved_notice,
            undo=undo_seconds,
        )

    async def new_ticket(self, *, priority: Priority = Priority.NORMAL, subject: str = "Broken") -> UUID:
        contact = await self.row(
            "INSERT INTO contacts (email, name) VALUES (%(email)s, 'Cleo') RETURNING id", email=f"{uuid4()}@c.example"
        )
        async with self.database.transaction() as conn:
            row = await (
                await conn.execute(
                    "INSERT INTO tickets (brand_id, channel, subject, status, status_since, status_epoch, priority,"
                    " type, tags, custom_fields, requester_id, version, created_at, updated_at)"
                    " SELECT id, 'mail', %(subject)s, 'new', instant(), 0, %(priority)s, '', '{}', '{}', %(contact)s,"
                    " 0, instant(), instant() FROM brands RETURNING id",
                    {"subject": subject, "priority": priority, "contact": contact["id"]},
                )
            ).fetchone()
            assert row is not None
            ticket_id: UUID = row["id"]
            locked = await lock_ticket(conn, ticket_id)
            changes = {"status": TicketStatus.NEW}
            locked = await append_event(conn, locked, EventKind.TICKET_CREATED, actor="cleo", changes=changes)
            await enqueue(conn, locked.ticket)
        self.wakeup.set()
        return ticket_id

    async def write(
        self,
        ticket_id: UUID,
        author: AuthorKind,
        *,
        status: TicketStatus,
        body: str = "words",
        visibility: Visibility = Visibility.PUBLIC,
        rfc_message_id: str = "",
    ) -> UUID:
        async with self.database.transaction() as conn:
            locked = await lock_ticket(conn, ticket_id)
            author_id = locked.ticket.requester.id if author is AuthorKind.CUSTOMER else uuid4()
            row = await (
                await conn.execute(
                    "INSERT INTO messages (ticket_id, visibility, author_kind, author_id, author_name, body,"
                    " body_hash, rfc_message_id, created_at) VALUES (%(ticket_id)s, %(visibility)s, %(author)s,"
                    " %(author_id)s, 'name', %(body)s, %(hash)s, %(rfc)s, instant()) RETURNING id",
                    {
                        "ticket_id": ticket_id,
                        "visibility": visibility,
                        "author": author,
                        "author_id": str(author_id),
                        "body": body,
                        "hash": sha256(body.encode()).hexdigest(),
                        "rfc": rfc_message_id,
                    },
                )
            ).fetchone()
            assert row is not None
            locked = await append_event(
                conn,
                locked,
                EventKind.MESSAGE_ADDED,
                actor=str(author_id),
                changes={"status": status},
                message_id=row["id"],
            )
            await enqueue(conn, locked.ticket)
        self.wakeup.set()
        message_id: UUID = row["id"]
        return message_id

    async def agent_replies(self, ticket_id: UUID, body: str = "words") -> UUID:
        return await self.write(ticket_id, AuthorKind.AGENT, status=TicketStatus.PENDING, body=body)

    async def customer_replies(self, ticket_id: UUID, rfc_message_id: str = "") -> UUID:
        return await self.write(ticket_id, AuthorKind.CUSTOMER, status=TicketStatus.OPEN, rfc_message_id=rfc_message_id)

    async def set_status(self, ticket_id: UUID, kind: EventKind, status: TicketStatus) -> None:
        async with self.database.transaction() as conn:
            locked = await lock_ticket(conn, ticket_id)
            locked = await append_event(conn, locked, kind, actor="ann", changes={"status": status})
            await enqueue(conn, locked.ticket)

    async def decide(self, ticket_id: UUID) -> tuple[Decision, Facts]:
        facts = await self.client.get_for_decision(ticket_id)
        active = facts.ticket.assignee_id in {member.user_id for member in self.routing.members}
        self.routing = replace(self.routing, assignee_active=active)
        return decide(facts, self.routing), facts

    async def apply(self, decision: Decision, facts: Facts) -> Plan:
        return await self.client.apply_decision(decision, facts=facts, routing=self.routing)

    async def advance(self, ticket_id: UUID) -> Plan:
        return await self.apply(*await self.decide(ticket_id))

    async def events(self, ticket_id: UUID) -> list[dict[str, Any]]:
        return await self.rows("SELECT * FROM events WHERE ticket_id = %(id)s ORDER BY seq", id=ticket_id)

    async def effect(self, effect_id: UUID) -> dict[str, Any]:
        return await self.row("SELECT * FROM effects WHERE id = %(id)s", id=effect_id)

    async def expire_lease(self, effect_id: UUID) -> None:
        await self.rows(
            "UPDATE effects SET leased_until = clock_timestamp() - interval '1 second' WHERE id = %(id)s", id=effect_id
        )


@asynccontextmanager
async def running_desk(url: str, *, look_seconds: float = LOOK_SECONDS) -> AsyncIterator[Desk]:
    clock, colleagues = Clock(), Staff()
    async with (
        Database(url, schema="tickets", instant=clock.instant) as database,
        WatchedWakeup(url) as wakeup,
        running_server(
            Settings(),
            name="tickets",
            address=("127.0.0.1", 0),
            services=[
                (
                    add_OrchestrationServiceServicer_to_server,
                    OrchestrationServicer(
                        database,
                        wakeup,
                        MailMaker(LINKS, REPLY_ADDRESSES),
                        colleagues,
                        TicketMetrics(CollectorRegistry()),
                        look_seconds=look_seconds,
                    ),
                ),
                (add_QueueServiceServicer_to_server, QueueServicer(database, wakeup)),
            ],
            authenticator=SignedOnly(SIGNER),
        ) as port,
        open_channel(f"127.0.0.1:{port}", credentials=lambda: SIGNER.sign(WORKER)) as channel,
    ):
        desk = Desk(url, database, wakeup, OrchestrationClient(channel), clock, colleagues, QueueClient(channel))
        # Most tests are about one mail; those about the others switch them on.
        await desk.set_brand(acknowledge=False, resolved_notice=False, undo_seconds=0)
        yield desk
