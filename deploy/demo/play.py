"""Plays one story: what its people do, each at their own instant, and all that follows from it."""

from datetime import datetime, timedelta
from random import Random
from uuid import UUID

from deploy.demo.cast import DISPATCHER
from deploy.demo.desk import PastDesk
from deploy.demo.mails import mail, signed
from deploy.demo.script import Ending, Speaker, Story, Turn
from deploy.demo.shop import Shop
from services.domain.message import NewMessage, Visibility
from services.domain.principal import Principal
from services.domain.ticket import Channel, NewTicket, TicketStatus

_SOON = timedelta(minutes=4)
# A ticket younger than this has not been looked at by anybody.
_UNSEEN = timedelta(hours=3)
_SNOOZE_REASONS = (
    "the new batch arrives",
    "ask the carrier again",
    "customer is on holiday",
    "workshop is back on Monday",
)


class Play:
    """One story and where it has come to."""

    def __init__(self, story: Story, desk: PastDesk, shop: Shop, *, now: datetime) -> None:
        self._story, self._desk, self._shop, self._now = story, desk, shop, now
        self._random = Random(story.key)  # noqa: S311 - a play, not a secret
        self._ticket_id = UUID(int=0)

    async def run(self) -> None:
        """From the first word to now."""
        story = self._story
        for number, turn in enumerate(story.turns):
            if number == 0:
                await self._begin(turn)
                continue
            if story.ending is Ending.FOLLOWED_UP and number == len(story.turns) - 1:
                await self._resolve()
            await self._until(self._now - turn.ago)
            await self._say(number, turn)
        await self._end()
        await self._until(self._now)
        await self._desk.nudge(self._ticket_id)

    async def _begin(self, turn: Turn) -> None:
        story, at = self._story, self._now - turn.ago
        self._desk.at(at)
        if story.by_mail:
            await self._mail(0, to=story.brand.address, at=at)
        else:
            new = NewTicket(
                subject=story.subject,
                body=signed(story, turn),
                requester_email=story.customer.email,
                requester_name=story.customer.name,
                brand=story.brand.name,
                channel=Channel.REST,
            )
            with self._desk.acting_as(self._dispatcher):
                self._ticket_id = (await self._desk.tickets.create_ticket(new)).id
        await self._until(at + _SOON)
        if story.ending is not Ending.NEW or turn.ago > _UNSEEN:
            await self._sort()

    async def _sort(self) -> None:
        """The dispatcher reads it, and gives it to those who know."""
        story, tickets = self._story, self._desk.tickets
        with self._desk.acting_as(self._dispatcher):
            fields = {"tags": story.tags, "priority": story.priority, "type": story.type}
            await tickets.update_ticket(self._ticket_id, fields)
            if story.ending is Ending.UNASSIGNED:
                await tickets.assign_ticket(self._ticket_id, assignee_id=None, team_id=self._shop.teams[story.team])
            elif story.team != "Support":
                member = UUID(self._shop.somebody(story.team, self._random).subject)
                await tickets.assign_ticket(self._ticket_id, assignee_id=member, team_id=self._shop.teams[story.team])

    async def _say(self, number: int, turn: Turn) -> None:
        if turn.speaker is Speaker.CUSTOMER:
            ticket = await self._desk.get_ticket(self._ticket_id)
            await self._mail(
                number, to=self._desk.reply_address(ticket, self._story.brand.address), at=self._now - turn.ago
            )
        elif turn.speaker is Speaker.AGENT:
            agent = await self._agent()
            text = f"{turn.text}\n\n{agent.name.split()[0]}\n{self._story.brand.name}"
            await self._write(agent, Visibility.PUBLIC, text)
        else:
            colleague = self._shop.somebody(self._story.team, self._random)
            await self._write(colleague, Visibility.INTERNAL, turn.text)

    async def _end(self) -> None:
        ending, status = self._story.ending, None
        ticket = await self._desk.get_ticket(self._ticket_id)
        if ending is Ending.ON_HOLD:
            status = TicketStatus.ON_HOLD
        elif ending is Ending.OPEN and ticket.status is TicketStatus.NEW:
            status = TicketStatus.OPEN
        if status is not None:
            await self._later()
            with self._desk.acting_as(await self._agent()):
                await self._desk.tickets.update_ticket(self._ticket_id, {"status": status})
        if ending is Ending.SNOOZED:
            await self._snooze()
        if ending in (Ending.RESOLVED, Ending.CLOSED):
            await self._resolve()

    async def _snooze(self) -> None:
        await self._later()
        until = self._now + timedelta(hours=self._random.randrange(9, 120))
        with self._desk.acting_as(await self._agent()):
            await self._desk.tickets.snooze_ticket(
                self._ticket_id, until=until, reason=self._random.choice(_SNOOZE_REASONS)
            )

    async def _resolve(self) -> None:
        await self._later()
        with self._desk.acting_as(await self._agent()):
            await self._desk.tickets.resolve_ticket(self._ticket_id)

    async def _write(self, author: Principal, visibility: Visibility, text: str) -> None:
        with self._desk.acting_as(author):
            await self._desk.tickets.create_message(self._ticket_id, NewMessage(visibility, text))

    async def _mail(self, number: int, *, to: str, at: datetime) -> None:
        raw = mail(self._story, number, to=to, at=at)
        self._ticket_id = await self._desk.take_mail(raw, sender=self._story.customer.email, recipient=to)

    async def _agent(self) -> Principal:
        """Whose ticket it is; anybody of the team when it is nobody's."""
        ticket = await self._desk.get_ticket(self._ticket_id)
        assignee = self._shop.by_id(ticket.assignee_id) if ticket.assignee_id else None
        return assignee or self._shop.somebody(self._story.team, self._random)

    async def _until(self, instant: datetime) -> None:
        await self._desk.pass_time(self._ticket_id, min(instant, self._now))

    async def _later(self) -> None:
        await self._until(self._desk.now + _SOON)

    @property
    def _dispatcher(self) -> Principal:
        return self._shop.staff[DISPATCHER.email]
