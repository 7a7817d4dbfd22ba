"""The desk as the demo's people use it, at the instants at which they do."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from datetime import datetime, timedelta
from uuid import UUID

from deploy.demo.past import PastDatabase, past_tickets
from services.common.auth import PrincipalSigner
from services.common.channel import calling_as, open_channel
from services.common.objects import ObjectStore
from services.domain.principal import Principal, Role
from services.domain.reply_address import ReplyAddresses
from services.domain.ticket import Ticket
from services.mail.client import SmtpSender, SmtpSettings
from services.mail.intake import MailIntake
from services.mail.parsers import MailParsers
from services.routing.client import RoutingClient
from services.tickets.client.orchestration import OrchestrationClient
from services.tickets.client.tickets import TicketsClient
from services.tickets.settings import TicketsSettings
from services.tickets.wakeup import Wakeup
from workflows.activities import DeliverActivities, TicketActivities

_DOOR = Principal("mail", Role.SERVICE)
_WORKER = Principal("worker", Role.SERVICE)


class PastDesk:
    """One story at a time: what people do, and what follows by itself, each at its own instant."""

    def __init__(
        self,
        database: PastDatabase,
        wakeup: Wakeup,
        *,
        tickets: TicketsClient,
        orchestration: OrchestrationClient,
        routing: RoutingClient,
        intake: MailIntake,
        sender: SmtpSender,
        signer: PrincipalSigner,
        reply_addresses: ReplyAddresses,
    ) -> None:
        self.tickets = tickets
        self._database, self._wakeup, self._signer = database, wakeup, signer
        self._intake, self._orchestration, self._reply_addresses = intake, orchestration, reply_addresses
        self._decides = TicketActivities(orchestration, routing)
        self._delivers = DeliverActivities(orchestration, sender)

    @asynccontextmanager
    async def story(self, key: str) -> AsyncIterator[bool]:
        """All or nothing of what happens in the block; False when it happened at an earlier run."""
        async with self._database.story(key) as is_new:
            yield is_new
        self._wakeup.set()

    @property
    def now(self) -> datetime:
        """What the clock says."""
        return self._database.now

    def at(self, instant: datetime) -> None:
        """Let the clock say that it is `instant`."""
        self._database.now = instant

    @contextmanager
    def acting_as(self, person: Principal) -> Iterator[None]:
        """Let the calls of the block be this person's."""
        with calling_as(self._signer.sign(person)):
            yield

    async def take_mail(self, raw: bytes, *, sender: str, recipient: str) -> UUID:
        """A mail comes in; the ticket that has it."""
        with self.acting_as(_DOOR):
            ticket_id = await self._intake.take_mail(raw, envelope_sender=sender, recipients=[recipient])
        assert ticket_id is not None, "the demo's mails are all fit to be taken"
        return ticket_id

    async def get_ticket(self, ticket_id: UUID) -> Ticket:
        """The ticket as it is now."""
        with self.acting_as(_WORKER):
            return await self.tickets.get_ticket(ticket_id)

    def reply_address(self, ticket: Ticket, brand_address: str) -> str:
        """Where the requester's answers go."""
        return self._reply_addresses.make(
            brand_address, number=ticket.number, ticket_id=ticket.id, person=ticket.requester.email
        )

    async def pass_time(self, ticket_id: UUID, until: datetime) -> None:
        """Let everything happen by itself that is due until then, and let it be then."""
        with self.acting_as(_WORKER):
            while True:
                plan = await self._decides.advance(str(ticket_id))
                for effect_id in plan.open_effects:
                    await self._delivers.deliver(effect_id)
                if plan.more:
                    continue
                if plan.next_due_at is None or plan.next_due_at > until:
                    break
                self._database.now = max(self._database.now, plan.next_due_at) + timedelta(seconds=1)
        self._database.now = max(self._database.now, until)

    async def nudge(self, ticket_id: UUID) -> None:
        """Let the ticket's workflow begin; it goes on from here by the real clock."""
        with self.acting_as(_WORKER):
            await self._orchestration.nudge_tickets([ticket_id])


@asynccontextmanager
async def past_desk(settings: TicketsSettings, smtp: SmtpSettings) -> AsyncIterator[PastDesk]:
    """The desk of a running stack, whose past can be written."""
    key = settings.needed_principal_key
    signer = PrincipalSigner(key)
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        database, wakeup, address = await enter(past_tickets(settings))
        channel = await enter(open_channel(address))
        routing = await enter(open_channel(settings.routing_address))
        tickets = TicketsClient(channel)
        objects = ObjectStore(settings.object_store_url)
        intake = MailIntake(tickets, await enter(MailParsers()), objects)
        yield PastDesk(
            database,
            wakeup,
            tickets=tickets,
            orchestration=OrchestrationClient(channel),
            routing=RoutingClient(routing),
            intake=intake,
            sender=SmtpSender(smtp, objects),
            signer=signer,
            reply_addresses=ReplyAddresses(key),
        )
