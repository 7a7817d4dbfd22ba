"""A help desk in memory that speaks as the tickets and routing services do, with the real `decide` inside.

It stands in for their databases alone: what is decided, and when, is the product's own code. Its clock is given, so
that months can pass in seconds.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from services.domain.decide import decide
from services.domain.decision import Decision, Nudge, Plan
from services.domain.effects import ClaimedEffect, EffectOutcome, OutgoingMail, PlannedEffect
from services.domain.errors import Conflict, InvalidTransition, NotFound
from services.domain.facts import EventFacts, FactNeed, Facts, FiredDue, TicketFacts
from services.domain.message import AuthorKind, Visibility
from services.domain.routing_facts import Candidate, RoutingFacts
from services.domain.ticket import Brand, Channel, Due, EventKind, Priority, TicketStatus
from tests.workflow.cascades import Cascades

CANARIES = ("canary subject", "canary text", "Canary Name", "canary@example.com")
BRAND = Brand(
    id=uuid4(),
    name="Acme",
    address="support@acme.example",
    idle_remind_after=timedelta(days=3),
    idle_resolve_after=timedelta(days=7),
    auto_close_after=timedelta(days=4),
    version=1,
    acknowledge=False,
    resolved_notice=False,
    undo_seconds=0,
)
TEAM = RoutingFacts(uuid4(), "Billing", 1, (Candidate(uuid4(), "active member"),), assignee_active=True)


@dataclass
class Effect:
    """A delivery as the desk keeps it."""

    planned: PlannedEffect
    not_before: datetime
    id: UUID = field(default_factory=uuid4)
    state: str = "ready"
    fence: int = 0
    leased_until: datetime | None = None
    details: list[str] = field(default_factory=list)

    @property
    def is_open(self) -> bool:
        return self.state in ("ready", "claimed", "sending")


@dataclass
class Row:
    """A ticket as the desk keeps it; `log` holds kinds, the instants they count from, and when they were done."""

    facts: TicketFacts
    brand: Brand
    decided_seq: int = 0
    events: list[EventFacts] = field(default_factory=list)
    dues: tuple[Due, ...] = ()
    fired: list[FiredDue] = field(default_factory=list)
    effects: list[Effect] = field(default_factory=list)
    log: list[tuple[EventKind, datetime, datetime]] = field(default_factory=list)


class Desk:
    """Tickets, their outbox and their effects. `now` tells the time; `advances` counts the decisions applied."""

    def __init__(self, now: Callable[[], Awaitable[datetime]]) -> None:
        self._now = now
        self.rows: dict[UUID, Row] = {}
        self.outbox: dict[UUID, bool] = {}
        self.advances = 0
        self.conflicts_to_raise = 0
        self.failures: list[Exception] = []
        self.cascades = Cascades()
        self.parents_to_tell: dict[UUID, UUID] = {}
        self.claim_failures: list[Exception] = []
        self.finish_failures: list[Exception] = []
        self.released = 0
        self.houses_kept = 0
        self.leased_elsewhere_until: datetime | None = None
        self.overdue: list[UUID] = []
        self._changed = asyncio.Condition()
        self._woken = False

    async def wake_up(self) -> None:
        """Let nobody wait for the outbox any more."""
        async with self._changed:
            self._woken = True
            self._changed.notify_all()

    # What people do.

    async def create_ticket(self, *, priority: Priority = Priority.NORMAL, brand: Brand = BRAND) -> UUID:
        now, ticket_id = await self._now(), uuid4()
        facts = TicketFacts(
            id=ticket_id,
            number=len(self.rows) + 1,
            channel=Channel.MAIL,
            status=TicketStatus.NEW,
            status_since=now,
            status_epoch=1,
            priority=priority,
            team_id=None,
            assignee_id=None,
            requester_reachable=True,
            sender_proven=True,
            version=0,
        )
        self.rows[ticket_id] = Row(facts, brand)
        await self._commit(ticket_id, EventKind.TICKET_CREATED, TicketStatus.NEW)
        return ticket_id

    async def agent_replies(self, ticket_id: UUID) -> None:
        await self._commit(ticket_id, EventKind.MESSAGE_ADDED, TicketStatus.PENDING, author=AuthorKind.AGENT)

    async def customer_replies(self, ticket_id: UUID) -> None:
        await self._commit(ticket_id, EventKind.MESSAGE_ADDED, TicketStatus.OPEN, author=AuthorKind.CUSTOMER)

    async def resolve(self, ticket_id: UUID) -> None:
        await self._commit(ticket_id, EventKind.TICKET_RESOLVED, TicketStatus.RESOLVED)

    async def close(self, ticket_id: UUID) -> None:
        await self._commit(ticket_id, EventKind.TICKET_CLOSED, TicketStatus.CLOSED)

    async def snooze(self, ticket_id: UUID, until: datetime) -> None:
        row = self.rows[ticket_id]
        row.facts = replace(row.facts, snoozed_until=until, snooze_epoch=row.facts.version + 1)
        await self._commit(ticket_id, EventKind.TICKET_SNOOZED, row.facts.status)

    async def update(self, ticket_id: UUID, *, priority: Priority | None = None) -> None:
        row = self.rows[ticket_id]
        row.facts = replace(row.facts, priority=priority or row.facts.priority)
        await self._commit(ticket_id, EventKind.TICKET_UPDATED, row.facts.status)

    async def shorten_grace(self, ticket_id: UUID, auto_close_after: timedelta) -> None:
        row = self.rows[ticket_id]
        row.brand = replace(row.brand, auto_close_after=auto_close_after)

    async def _commit(
        self, ticket_id: UUID, kind: EventKind, status: TicketStatus, *, author: AuthorKind | None = None
    ) -> None:
        row, now = self.rows[ticket_id], await self._now()
        seq = row.facts.version + 1
        row.facts = replace(row.facts, version=seq)
        if status is not row.facts.status or author is AuthorKind.AGENT:
            row.facts = replace(row.facts, status=status, status_since=now, status_epoch=seq)
        visibility = Visibility.PUBLIC if author else None
        row.events.append(EventFacts(seq, kind, now, uuid4() if author else None, "", visibility, author))
        row.log.append((kind, now, now))
        await self._nudge(ticket_id)

    async def _nudge(self, ticket_id: UUID) -> None:
        async with self._changed:
            self.outbox[ticket_id] = False
            self._changed.notify_all()

    # What routing answers.

    async def decide(self, facts: Facts) -> tuple[Decision, RoutingFacts]:
        return decide(facts, TEAM), TEAM

    async def cut_rule(self, rule_id: UUID, *, version: int, reason: str) -> None:
        raise NotFound("This desk has no rules.")

    # What the tickets service answers.

    async def confirm_cut(self, rule_id: UUID, *, rule_version: int) -> None:
        raise NotFound("This desk has no rules.")

    async def get_for_decision(self, ticket_id: UUID, *, needs: Sequence[FactNeed] = ()) -> Facts:
        if self.failures:
            raise self.failures.pop()
        row, now = self._row(ticket_id), await self._now()
        undecided = tuple(event for event in row.events if event.seq > row.decided_seq)
        return Facts(now, row.facts, row.brand, undecided[:200], len(undecided) > 200, row.dues, tuple(row.fired))

    async def apply_decision(self, decision: Decision, *, facts: Facts, routing: RoutingFacts) -> Plan:
        row, now = self._row(decision.ticket_id), await self._now()
        if self.conflicts_to_raise:
            self.conflicts_to_raise -= 1
            raise Conflict("canary text")
        if decision.expected_version != row.facts.version:
            raise Conflict("The ticket changed.")
        self.advances += 1
        row.decided_seq = decision.decided_seq
        for step in decision.steps:
            seq = row.facts.version + 1
            row.facts = replace(row.facts, version=seq)
            row.decided_seq = max(row.decided_seq, seq) if not facts.more else row.decided_seq
            for change in step.changes:
                if change.field == "snoozed_until":
                    row.facts = replace(row.facts, snoozed_until=None)
                    continue
                status = TicketStatus(change.new.strip('"'))
                row.facts = replace(row.facts, status=status, status_since=step.effective_at, status_epoch=seq)
            row.fired.append(FiredDue(step.due_key, facts.now))
            row.log.append((step.kind, step.effective_at, now))
        if decision.assignment and decision.assignment.candidates:
            chosen = decision.assignment.candidates[0].user_id
            row.facts = replace(row.facts, team_id=decision.assignment.team_id, assignee_id=chosen)
        row.dues = decision.dues
        row.effects += [
            Effect(planned, planned.not_before, leased_until=self.leased_elsewhere_until)
            for planned in decision.effects
        ]
        self.outbox.pop(decision.ticket_id, None)
        return self._plan(row, now)

    def _plan(self, row: Row, now: datetime) -> Plan:
        waiting = [effect for effect in row.effects if effect.is_open and effect.not_before > now]
        times = [(due.due_at, due.reason) for due in row.dues]
        times += [(effect.not_before, "try the delivery again") for effect in waiting]
        due_at, reason = min(times, default=(None, ""))
        return Plan(
            ticket_id=row.facts.id,
            number=row.facts.number,
            status=row.facts.status,
            priority=row.facts.priority,
            channel=row.facts.channel,
            brand_name=row.brand.name,
            next_due_at=due_at,
            due_in_seconds=(due_at - now).total_seconds() if due_at else 0.0,
            next_due_reason=reason,
            open_effects=tuple(effect.id for effect in row.effects if effect.is_open and effect not in waiting),
            more=row.decided_seq < row.facts.version,
            parent_to_tell=self.parents_to_tell.get(row.facts.id),
            cascade_id=self.cascades.running.get(row.facts.id),
        )

    async def claim_outbox(
        self, *, window: int, urgent_places: int, wait: timedelta, signalled: Sequence[UUID]
    ) -> Sequence[Nudge]:
        if self.claim_failures:
            raise self.claim_failures.pop()
        async with self._changed:
            try:
                async with asyncio.timeout(wait.total_seconds()):
                    await self._changed.wait_for(lambda: self._woken or not all(self.outbox.values()))
            except TimeoutError:
                return []
            taken = [ticket_id for ticket_id, signalled in self.outbox.items() if not signalled][:window]
            self.outbox |= dict.fromkeys(taken, True)
        return [self.nudge_of(ticket_id) for ticket_id in taken]

    def nudge_of(self, ticket_id: UUID) -> Nudge:
        facts = self.rows[ticket_id].facts
        due_at = min((due.due_at for due in self.rows[ticket_id].dues), default=None)
        return Nudge(ticket_id, facts.number, facts.channel, BRAND.name, facts.status, facts.priority, due_at)

    async def release_outbox(self, ticket_ids: Sequence[UUID]) -> None:
        self.released += len(ticket_ids)
        for ticket_id in ticket_ids:
            await self._nudge(ticket_id)

    async def nudge_overdue(self, older_than: timedelta) -> int:
        return await self.nudge_tickets(self.overdue)

    async def nudge_tickets(self, ticket_ids: Sequence[UUID]) -> int:
        live = [ticket_id for ticket_id in ticket_ids if ticket_id in self.rows and self._is_live(ticket_id)]
        for ticket_id in live:
            await self._nudge(ticket_id)
        return len(live)

    async def list_live_tickets(self, *, page_size: int, page_token: str) -> tuple[Sequence[UUID], str]:
        start = int(page_token or 0)
        live = [ticket_id for ticket_id in self.rows if self._is_live(ticket_id)]
        return live[start : start + page_size], str(start + page_size) if start + page_size < len(live) else ""

    def _is_live(self, ticket_id: UUID) -> bool:
        row = self.rows[ticket_id]
        undone = row.decided_seq < row.facts.version or any(effect.is_open for effect in row.effects)
        return undone or row.facts.status is not TicketStatus.CLOSED

    async def keep_house(self) -> int:
        self.houses_kept += 1
        return 0

    async def claim_effect(self, effect_id: UUID, *, lease: timedelta) -> ClaimedEffect:
        effect, now = self._effect(effect_id), await self._now()
        if not effect.is_open or effect.not_before > now:
            raise InvalidTransition("Nothing to deliver now.")
        if effect.leased_until and effect.leased_until > now:
            raise Conflict("Somebody else delivers it.")
        effect.state, effect.leased_until, effect.fence = "claimed", now + lease, effect.fence + 1
        subject, text, name, address = CANARIES
        mail = OutgoingMail(BRAND.address, BRAND.name, address, name, subject, text, f"<{effect_id}@acme>", (), "no")
        return ClaimedEffect(effect.fence, effect.fence, mail)

    async def begin_effect(self, effect_id: UUID, *, fence: int) -> None:
        self._leased(effect_id, fence).state = "sending"

    async def renew_effect(self, effect_id: UUID, *, fence: int, lease: timedelta) -> None:
        self._leased(effect_id, fence).leased_until = await self._now() + lease

    async def finish_effect(self, effect_id: UUID, *, fence: int, outcome: EffectOutcome, detail: str) -> None:
        if self.finish_failures:
            raise self.finish_failures.pop()
        effect = self._leased(effect_id, fence)
        effect.details.append(detail)
        effect.leased_until = None
        effect.state = {EffectOutcome.RETRY: "ready"}.get(outcome, outcome.value)

    def _leased(self, effect_id: UUID, fence: int) -> Effect:
        effect = self._effect(effect_id)
        if effect.fence != fence or not effect.is_open:
            raise Conflict("The lease was lost.")
        return effect

    def _effect(self, effect_id: UUID) -> Effect:
        for row in self.rows.values():
            for effect in row.effects:
                if effect.id == effect_id:
                    return effect
        raise NotFound("No such effect.")

    def _row(self, ticket_id: UUID) -> Row:
        if ticket_id not in self.rows:
            raise NotFound("No such ticket.")
        return self.rows[ticket_id]
