"""OrchestrationService as our own relay, workers and reconciler call it."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import grpc
from duradesk.tickets.v1 import decision_pb2, orchestration_service_pb2_grpc
from duradesk.tickets.v1 import orchestration_service_pb2 as pb
from google.protobuf.duration_pb2 import Duration

from services.common.channel import DEADLINE_SECONDS
from services.common.wire import from_message, to_message
from services.domain.categories import on_lines
from services.domain.decision import Decision, Nudge, Plan
from services.domain.effects import ClaimedEffect, EffectOutcome
from services.domain.facts import FactNeed, Facts
from services.domain.routing_facts import RoutingFacts

_OUTCOMES = {
    EffectOutcome.DONE: pb.EFFECT_OUTCOME_DONE,
    EffectOutcome.RETRY: pb.EFFECT_OUTCOME_RETRY,
    EffectOutcome.FAILED: pb.EFFECT_OUTCOME_FAILED,
}


class OrchestrationClient:
    """Calls over a channel of services.common.channel: domain objects in and out, domain errors raised."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = orchestration_service_pb2_grpc.OrchestrationServiceStub(channel)

    async def get_for_decision(self, ticket_id: UUID, *, needs: Iterable[FactNeed] = ()) -> Facts:
        """The facts a decision may look at, with what rules need; NotFound."""
        numbers = [decision_pb2.FactNeed.Value(f"FACT_NEED_{need.name}") for need in needs]
        response = await self._stub.GetForDecision(pb.GetForDecisionRequest(ticket_id=str(ticket_id), needs=numbers))
        return from_message(response.facts, Facts)

    async def apply_decision(self, decision: Decision, *, facts: Facts, routing: RoutingFacts) -> Plan:
        """Store the decision made of these facts; Conflict means read and decide again."""
        kept = replace(facts, words=None, categories=on_lines(facts.categories, routing.rule_categories))
        request = pb.ApplyDecisionRequest(
            decision=to_message(decision, decision_pb2.Decision),
            facts=to_message(kept, decision_pb2.Facts),
            routing=to_message(routing, decision_pb2.RoutingFacts),
        )
        return from_message((await self._stub.ApplyDecision(request)).plan, Plan)

    async def confirm_cut(self, rule_id: UUID, *, rule_version: int) -> None:
        """Routing has paused a rule that was cut."""
        await self._stub.ConfirmCut(pb.ConfirmCutRequest(rule_id=str(rule_id), rule_version=rule_version))

    async def claim_outbox(
        self, *, window: int, urgent_places: int, wait: timedelta, signalled: Iterable[UUID] = ()
    ) -> tuple[Nudge, ...]:
        """Tickets to signal now; waits up to `wait` (at most 30 s) for the first, () when none came.

        `signalled` are those of earlier claims whose signal went out; a claim that is not spoken of ends within 6 s.
        """
        request = pb.ClaimOutboxRequest(
            window=window,
            urgent_places=urgent_places,
            wait=_duration(wait),
            signalled_ticket_ids=map(str, signalled),
        )
        response = await self._stub.ClaimOutbox(request, timeout=wait.total_seconds() + DEADLINE_SECONDS)
        return tuple(from_message(nudge, Nudge) for nudge in response.nudges)

    async def release_outbox(self, ticket_ids: Iterable[UUID]) -> None:
        """Give claimed rows back because they could not be signalled."""
        await self._stub.ReleaseOutbox(pb.ReleaseOutboxRequest(ticket_ids=map(str, ticket_ids)))

    async def nudge_overdue(self, older_than: timedelta) -> int:
        """Nudge what waits longer than that for a due or a decision, at most 1,000 tickets; how many."""
        return (await self._stub.NudgeOverdue(pb.NudgeOverdueRequest(older_than=_duration(older_than)))).nudged

    async def nudge_tickets(self, ticket_ids: Iterable[UUID]) -> int:
        """Nudge these, at most 1,000; how many of them have something left to do."""
        return (await self._stub.NudgeTickets(pb.NudgeTicketsRequest(ticket_ids=map(str, ticket_ids)))).nudged

    async def list_live_tickets(self, *, page_size: int = 1000, page_token: str = "") -> tuple[tuple[UUID, ...], str]:
        """A page of tickets whose workflow should run, soonest due first, and the next page's token ("" at the end)."""
        request = pb.ListLiveTicketsRequest(page_size=page_size, page_token=page_token)
        response = await self._stub.ListLiveTickets(request)
        return tuple(UUID(ticket_id) for ticket_id in response.ticket_ids), response.next_page_token

    async def keep_house(self) -> int:
        """Remove a piece of what nobody asks for any more; how many rows."""
        return (await self._stub.KeepHouse(pb.KeepHouseRequest())).requests

    async def claim_effect(self, effect_id: UUID, *, lease: timedelta) -> ClaimedEffect:
        """Take an effect for delivery; NotFound, Conflict (leased), InvalidTransition (over, or not yet due)."""
        request = pb.ClaimEffectRequest(effect_id=str(effect_id), lease=_duration(lease))
        return from_message(await self._stub.ClaimEffect(request), ClaimedEffect)

    async def begin_effect(self, effect_id: UUID, *, fence: int) -> None:
        """Mark the point of no return; Conflict when the lease was lost."""
        await self._stub.BeginEffect(pb.BeginEffectRequest(effect_id=str(effect_id), fence=fence))

    async def renew_effect(self, effect_id: UUID, *, fence: int, lease: timedelta) -> None:
        """Keep the lease for as long again; Conflict when it was lost."""
        request = pb.RenewEffectRequest(effect_id=str(effect_id), fence=fence, lease=_duration(lease))
        await self._stub.RenewEffect(request)

    async def finish_effect(self, effect_id: UUID, *, fence: int, outcome: EffectOutcome, detail: str) -> None:
        """Record the outcome; Conflict when somebody claimed the effect since."""
        request = pb.FinishEffectRequest(
            effect_id=str(effect_id), fence=fence, outcome=_OUTCOMES[outcome], detail=detail
        )
        await self._stub.FinishEffect(request)


def _duration(span: timedelta) -> Duration:
    duration = Duration()
    duration.FromTimedelta(span)
    return duration
