"""OrchestrationService: what the relay, the workers and the reconciler ask of the tickets."""

from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

from duradesk.tickets.v1 import decision_pb2, orchestration_service_pb2_grpc
from duradesk.tickets.v1 import orchestration_service_pb2 as pb
from google.protobuf.duration_pb2 import Duration
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message

from services.common.database import Database
from services.common.interceptors import Context
from services.common.waiting import look_until, wait_of
from services.common.wire import from_message, to_message
from services.domain.decision import Decision, Nudge
from services.domain.effects import EffectOutcome
from services.domain.errors import Invalid, InvalidTransition
from services.domain.facts import FactNeed, Facts
from services.domain.ticket import JsonObject
from services.tickets.colleagues import Colleagues
from services.tickets.metrics import TicketMetrics
from services.tickets.store import decisions, effects, operations, outbox, reconcile, rules, waiting
from services.tickets.store.decisions import DecisionRecord
from services.tickets.store.mails import MailMaker
from services.tickets.wakeup import Wakeup

# A claimer looks by itself this often: rows also become due by time.
LOOK_SECONDS = 1.0
LARGEST_WINDOW = 1000
LONGEST_LEASE = timedelta(minutes=10)

_NEEDS = {
    decision_pb2.FACT_NEED_RULES: FactNeed.RULES,
    decision_pb2.FACT_NEED_WORDS: FactNeed.WORDS,
    decision_pb2.FACT_NEED_HISTORY: FactNeed.HISTORY,
    decision_pb2.FACT_NEED_CUSTOM_FIELDS: FactNeed.CUSTOM_FIELDS,
    decision_pb2.FACT_NEED_CATEGORIES: FactNeed.CATEGORIES,
}
_OUTCOMES = {
    pb.EFFECT_OUTCOME_DONE: EffectOutcome.DONE,
    pb.EFFECT_OUTCOME_RETRY: EffectOutcome.RETRY,
    pb.EFFECT_OUTCOME_FAILED: EffectOutcome.FAILED,
}


class OrchestrationServicer(orchestration_service_pb2_grpc.OrchestrationServiceServicer):
    """Each method is one transaction; what frees a place or brings tickets wakes the claimers after its commit."""

    def __init__(
        self,
        database: Database,
        wakeup: Wakeup,
        mails: MailMaker,
        colleagues: Colleagues,
        metrics: TicketMetrics,
        *,
        look_seconds: float = LOOK_SECONDS,
    ) -> None:
        self._database = database
        self._wakeup = wakeup
        self._mails = mails
        self._colleagues = colleagues
        self._metrics = metrics
        self._look_seconds = look_seconds

    async def GetForDecision(self, request: pb.GetForDecisionRequest, context: Context) -> pb.GetForDecisionResponse:
        """The facts of one moment."""
        async with self._database.connection() as conn:
            needs = [_NEEDS[need] for need in request.needs if need in _NEEDS]
            facts = await decisions.get_for_decision(conn, _id(request.ticket_id, "ticket_id"), needs=needs)
        return pb.GetForDecisionResponse(facts=to_message(facts, decision_pb2.Facts))

    async def ApplyDecision(self, request: pb.ApplyDecisionRequest, context: Context) -> pb.ApplyDecisionResponse:
        """One transaction; the place in the window that it frees is for the next claimer."""
        decision, facts = from_message(request.decision, Decision), from_message(request.facts, Facts)
        # What people wrote is not kept a second time.
        request.facts.ClearField("words")
        revision = request.routing.service_levels_revision
        record = DecisionRecord(_json(request.facts), _json(request.routing), _json(request.decision), revision)
        async with self._database.transaction() as conn:
            plan = await decisions.apply_decision(conn, decision, facts=facts, record=record)
        self._wakeup.set()
        self._metrics.decided(decision, facts)
        return pb.ApplyDecisionResponse(plan=to_message(plan, decision_pb2.Plan))

    async def ConfirmCut(self, request: pb.ConfirmCutRequest, context: Context) -> pb.ConfirmCutResponse:
        """It is paused."""
        async with self._database.transaction() as conn:
            await rules.confirm_cut(conn, _id(request.rule_id, "rule_id"), rule_version=request.rule_version)
        return pb.ConfirmCutResponse()

    async def ClaimOutbox(self, request: pb.ClaimOutboxRequest, context: Context) -> pb.ClaimOutboxResponse:
        """Note what was signalled, then look, and while there is nothing wait for a change, up to the time given."""
        signalled = _ids(request.signalled_ticket_ids, "signalled_ticket_ids")
        if not 1 <= request.window <= LARGEST_WINDOW:
            raise _wrong("window", f"must be 1 to {LARGEST_WINDOW}")
        if not 0 <= request.urgent_places < request.window:
            raise _wrong("urgent_places", "must be 0 or more and below the window")
        nudges = await look_until(
            partial(self._claim, request, signalled),
            wait=wait_of(request.wait),
            every=self._look_seconds,
            next_change=self._wakeup.next,
        )
        return pb.ClaimOutboxResponse(nudges=[to_message(nudge, pb.Nudge) for nudge in nudges])

    async def ReleaseOutbox(self, request: pb.ReleaseOutboxRequest, context: Context) -> pb.ReleaseOutboxResponse:
        """Rows that could not be signalled are for whoever can."""
        async with self._database.transaction() as conn:
            await outbox.release_outbox(conn, _ids(request.ticket_ids))
        self._wakeup.set()
        return pb.ReleaseOutboxResponse()

    async def NudgeOverdue(self, request: pb.NudgeOverdueRequest, context: Context) -> pb.NudgeOverdueResponse:
        """What waited too long."""
        async with self._database.transaction() as conn:
            nudged = await reconcile.nudge_overdue(conn, older_than=_span(request.older_than, "older_than"))
        self._wake_if(nudged)
        return pb.NudgeOverdueResponse(nudged=nudged)

    async def NudgeTickets(self, request: pb.NudgeTicketsRequest, context: Context) -> pb.NudgeTicketsResponse:
        """The tickets named."""
        async with self._database.transaction() as conn:
            nudged = await reconcile.nudge_tickets(conn, _ids(request.ticket_ids))
        self._wake_if(nudged)
        return pb.NudgeTicketsResponse(nudged=nudged)

    async def ListLiveTickets(self, request: pb.ListLiveTicketsRequest, context: Context) -> pb.ListLiveTicketsResponse:
        """One page."""
        async with self._database.transaction() as conn:
            ids, token = await reconcile.list_live_tickets(
                conn, page_size=request.page_size, page_token=request.page_token
            )
        return pb.ListLiveTicketsResponse(ticket_ids=map(str, ids), next_page_token=token)

    async def KeepHouse(self, request: pb.KeepHouseRequest, context: Context) -> pb.KeepHouseResponse:
        """One piece."""
        async with self._database.transaction() as conn:
            forgotten = await operations.forget_requests(conn)
        return pb.KeepHouseResponse(requests=forgotten)

    async def ClaimEffect(self, request: pb.ClaimEffectRequest, context: Context) -> pb.ClaimEffectResponse:
        """The lease and the mail; a refusal is told after what it wrote is committed."""
        effect_id, lease = _id(request.effect_id, "effect_id"), _lease(request.lease)
        async with self._database.connection() as conn:
            addressee = await effects.get_addressee(conn, effect_id)
        colleague = await self._colleagues.find_colleague(addressee) if addressee else None
        async with self._database.transaction() as conn:
            claimed = await effects.claim_effect(conn, effect_id, lease=lease, mails=self._mails, colleague=colleague)
        if isinstance(claimed, InvalidTransition):
            raise claimed
        return to_message(claimed, pb.ClaimEffectResponse)

    async def BeginEffect(self, request: pb.BeginEffectRequest, context: Context) -> pb.BeginEffectResponse:
        """The point of no return."""
        async with self._database.transaction() as conn:
            await effects.begin_effect(conn, _id(request.effect_id, "effect_id"), fence=request.fence)
        return pb.BeginEffectResponse()

    async def RenewEffect(self, request: pb.RenewEffectRequest, context: Context) -> pb.RenewEffectResponse:
        """A longer lease."""
        effect_id, lease = _id(request.effect_id, "effect_id"), _lease(request.lease)
        async with self._database.transaction() as conn:
            await effects.renew_effect(conn, effect_id, fence=request.fence, lease=lease)
        return pb.RenewEffectResponse()

    async def FinishEffect(self, request: pb.FinishEffectRequest, context: Context) -> pb.FinishEffectResponse:
        """The outcome; a failure is an event of the ticket."""
        effect_id, outcome = _id(request.effect_id, "effect_id"), _OUTCOMES.get(request.outcome)
        if outcome is None:
            raise _wrong("outcome", "is required: done, retry or failed")
        async with self._database.transaction() as conn:
            await effects.finish_effect(conn, effect_id, fence=request.fence, outcome=outcome, detail=request.detail)
        self._metrics.delivered(outcome)
        return pb.FinishEffectResponse()

    async def _claim(self, request: pb.ClaimOutboxRequest, signalled: list[UUID]) -> tuple[Nudge, ...]:
        """What can be signalled now; `signalled` were, which is noted once."""
        if not signalled and not await self._is_due():
            return ()
        async with self._database.transaction() as conn:
            if signalled:
                await outbox.confirm_outbox(conn, signalled)
                signalled.clear()
            await outbox.lock_claims(conn)
            await waiting.nudge_freed(conn)
            return await outbox.claim_outbox(conn, window=request.window, urgent_places=request.urgent_places)

    async def _is_due(self) -> bool:
        async with self._database.connection() as conn:
            return await outbox.is_outbox_due(conn)

    def _wake_if(self, nudged: int) -> None:
        if nudged:
            self._wakeup.set()


def _id(text: str, field: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise _wrong(field, "is not a UUID") from None


def _ids(texts: Any, field: str = "ticket_ids") -> list[UUID]:
    return [_id(text, f"{field}[{index}]") for index, text in enumerate(texts)]


def _lease(duration: Duration) -> timedelta:
    lease = _span(duration, "lease")
    if not timedelta() < lease <= LONGEST_LEASE:
        raise _wrong("lease", "must be above 0 and at most 10 minutes")
    return lease


def _span(duration: Duration, field: str) -> timedelta:
    try:
        return duration.ToTimedelta()
    except (ValueError, OverflowError):
        raise _wrong(field, "is not a duration") from None


def _json(message: Message) -> JsonObject:
    return MessageToDict(message, preserving_proto_field_name=True)


def _wrong(field: str, what: str) -> Invalid:
    return Invalid(f"The request is not valid: {field} {what}.", violations={field: what})
