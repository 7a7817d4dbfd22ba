"""The steps that touch the world: `advance` decides what follows on a ticket, `deliver` carries out one effect.

What an activity returns or raises stays in a history for as long as it is kept, so errors leave as a code in our own
words: never another part's message, an address, or what a mail server said.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import timedelta
from functools import partial
from uuid import UUID

import structlog
from opentelemetry.trace import SpanKind
from temporalio import activity
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from services.common.tracing import inner_span
from services.domain.decision import Plan
from services.domain.effects import ClaimedEffect, EffectOutcome
from services.domain.errors import Conflict, DuradeskError, InvalidTransition, NotFound, Unavailable
from services.domain.facts import FactNeed, RuleCut
from services.domain.family.cascade import progress_words
from services.domain.routing_facts import RoutingFacts
from services.domain.ticket import TicketStatus
from workflows.messages import AdvanceResult, BulkPageResult, CascadePageResult
from workflows.ports import Bulks, Cascades, Effects, MailSender, Orchestration, Routing, SendResult

_DECISION_TRIES = 5
# What a worker that was killed costs the mails it was sending. A living one keeps its leases for as long as it needs.
_LEASE = timedelta(seconds=20)
_RENEWAL_SECONDS = 5.0
_SIGN_OF_LIFE_SECONDS = 1.0
_LEASED_ELSEWHERE_DELAY = timedelta(seconds=5)
# Until when, from the claim on, recording the outcome is tried: before Temporal takes the activity for lost.
_RECORDING_SECONDS = 85.0
_RECORDING_PAUSE_SECONDS = 0.5

log = structlog.get_logger()


class TicketActivities:
    """`advance`, on the queue of the tickets' workflows."""

    def __init__(self, orchestration: Orchestration, routing: Routing) -> None:
        self._orchestration = orchestration
        self._routing = routing
        # What the rules needed of a ticket when they were last asked.
        self._needs: tuple[FactNeed, ...] = ()

    @activity.defn
    async def advance(self, ticket_id: str) -> AdvanceResult:
        """Decide and apply what follows by itself on the ticket now; the plan to wait on. Safe to repeat."""
        with _told_by_code():
            async with _alive():
                try:
                    return _result(*await self._decide(_known_id(ticket_id)))
                except NotFound:
                    # Taken and lost: the database is older than Temporal.
                    log.warning("advance.lost", ticket_id=ticket_id)
                    return AdvanceResult(finished=True)

    async def _decide(self, ticket_id: UUID) -> tuple[Plan, RoutingFacts]:
        for _ in range(_DECISION_TRIES):
            facts = await self._orchestration.get_for_decision(ticket_id, needs=self._needs)
            decision, routing = await self._routing.decide(facts)
            self._needs = routing.needs
            if not set(routing.needs) <= set(facts.needs):
                # Rules ask for more than they did the last time.
                continue
            try:
                plan = await self._orchestration.apply_decision(decision, facts=facts, routing=routing)
            except Conflict:
                continue
            await self._pause((*facts.cut_rules, *decision.cuts))
            return plan, routing
        raise Conflict("The ticket changed at every try: decide again a little later.")

    async def _pause(self, cuts: Iterable[RuleCut]) -> None:
        """Have rules paused that ran in a circle; one that is left here is seen by the next decision on any ticket."""
        for cut in cuts:
            await self._routing.cut_rule(cut.rule_id, version=cut.rule_version, reason=cut.reason)
            await self._orchestration.confirm_cut(cut.rule_id, rule_version=cut.rule_version)


class BulkActivities:
    """`run_bulk_page`, on the same queue, after what single tickets need."""

    def __init__(self, bulks: Bulks) -> None:
        self._bulks = bulks

    @activity.defn
    async def run_bulk_page(self, job_id: str) -> BulkPageResult:
        """Make the change on the next tickets of the bulk. Safe to repeat."""
        with _told_by_code():
            try:
                async with _alive():
                    progress = await self._bulks.run_bulk_page(_known_id(job_id))
            except NotFound:
                return BulkPageResult(finished=True)
            return BulkPageResult(progress.finished, progress.handled, progress.total)


class CascadeActivities:
    """`run_cascade_page`, on the same queue."""

    def __init__(self, cascades: Cascades) -> None:
        self._cascades = cascades

    @activity.defn
    async def run_cascade_page(self, cascade_id: str) -> CascadePageResult:
        """Change the next children of a parent. Safe to repeat."""
        with _told_by_code():
            try:
                async with _alive():
                    done = await self._cascades.run_cascade_page(_known_id(cascade_id))
            except NotFound:
                return CascadePageResult(finished=True)
            words = progress_words(done.act, handled=done.handled, total=done.total)
            return CascadePageResult(done.finished, done.handled, done.total, words)


class DeliverActivities:
    """`deliver`, on a queue of its own, so that a slow mail server keeps no ticket waiting."""

    def __init__(self, effects: Effects, sender: MailSender) -> None:
        self._effects = effects
        self._sender = sender

    @activity.defn
    async def deliver(self, effect_id: str) -> bool:
        """Carry out the effect under a lease, and record how it went.

        True when it is done and asks for nothing more; else somebody should look what is left to do.
        """
        effect = UUID(effect_id)
        deadline = asyncio.get_running_loop().time() + _RECORDING_SECONDS
        with _told_by_code():
            try:
                claimed = await self._effects.claim_effect(effect, lease=_LEASE)
            except (InvalidTransition, NotFound):
                return False
            except Conflict:
                raise _failure("LEASED", delay=_LEASED_ELSEWHERE_DELAY) from None
            async with self._keeping(effect, claimed.fence):
                result = await self._send(effect, claimed)
                await self._record(effect, claimed.fence, result, deadline=deadline)
            if result.outcome is EffectOutcome.RETRY:
                raise _failure("REFUSED_FOR_NOW", delay=_patience(claimed.attempt))
            return result.outcome is EffectOutcome.DONE

    @asynccontextmanager
    async def _keeping(self, effect: UUID, fence: int) -> AsyncIterator[None]:
        """Inside the block Temporal and the tickets service are told that the delivery is still ours."""
        keeper = asyncio.create_task(self._keep(effect, fence))
        try:
            yield
        finally:
            keeper.cancel()
            await asyncio.wait([keeper])

    async def _keep(self, effect: UUID, fence: int) -> None:
        while True:
            await asyncio.sleep(_RENEWAL_SECONDS)
            activity.heartbeat()
            # Lost, it shows at the next step that needs it.
            with suppress(DuradeskError):
                await self._effects.renew_effect(effect, fence=fence, lease=_LEASE)

    async def _send(self, effect: UUID, claimed: ClaimedEffect) -> SendResult:
        begin = partial(self._effects.begin_effect, effect, fence=claimed.fence)
        try:
            with inner_span("mail", kind=SpanKind.CLIENT):
                return await self._sender.send(claimed.mail, begin=begin)
        except DuradeskError:
            raise
        except Exception as error:
            # Nobody knows whether the mail went out. The effect stays as it is until the lease has run out: the next
            # claim then sees how far it came, and allows one more try if it may have gone out.
            log.warning("delivery.in_doubt", effect_id=str(effect), error=type(error).__name__)
            raise _failure("DELIVERY_IN_DOUBT", delay=_LEASE) from None

    async def _record(self, effect: UUID, fence: int, result: SendResult, *, deadline: float) -> None:
        try:
            async with asyncio.timeout_at(deadline):
                while True:
                    try:
                        return await self._effects.finish_effect(
                            effect, fence=fence, outcome=result.outcome, detail=result.detail
                        )
                    except Unavailable:
                        await asyncio.sleep(_RECORDING_PAUSE_SECONDS)
        except TimeoutError:
            raise _failure("NOT_RECORDED") from None


@asynccontextmanager
async def _alive() -> AsyncIterator[None]:
    """Inside the block Temporal is told that this worker lives; of a local activity its step tells that."""
    if not activity.in_activity() or activity.info().is_local:
        yield
        return
    teller = asyncio.create_task(_tell_life())
    try:
        yield
    finally:
        teller.cancel()
        await asyncio.wait([teller])


async def _tell_life() -> None:
    while True:
        await asyncio.sleep(_SIGN_OF_LIFE_SECONDS)
        activity.heartbeat()


def _known_id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise NotFound("Nothing has such an id: somebody started this workflow by hand.") from None


def _patience(attempt: int) -> timedelta:
    """How long to wait after the attempt, the first being 1: from 5 s, doubling, to 5 minutes."""
    return timedelta(seconds=min(5 * 2 ** min(attempt - 1, 10), 300))


def _result(plan: Plan, routing: RoutingFacts) -> AdvanceResult:
    nothing_left = not (plan.more or plan.open_effects or plan.cascade_id) and plan.next_due_at is None
    return AdvanceResult(
        finished=nothing_left and plan.status is TicketStatus.CLOSED,
        number=plan.number,
        channel=plan.channel.value,
        brand=plan.brand_name,
        status=plan.status.value,
        priority=plan.priority.value,
        team=routing.team_name,
        next_due_at=plan.next_due_at,
        due_in_seconds=None if plan.next_due_at is None else plan.due_in_seconds,
        next_due_reason=plan.next_due_reason,
        open_effects=tuple(str(effect) for effect in plan.open_effects),
        more=plan.more,
        parent_to_tell=str(plan.parent_to_tell or ""),
        cascade_id=str(plan.cascade_id or ""),
    )


@contextmanager
def _told_by_code() -> Iterator[None]:
    """Let nothing out but our own codes; what we did not expect is logged here, since nobody else will see it."""
    try:
        yield
    except ApplicationError:
        raise
    except DuradeskError as error:
        raise _failure(error.reason) from None
    except Exception:
        log.exception("activity.failed", activity=activity.info().activity_type)
        raise _failure("INTERNAL") from None


def _failure(code: str, *, delay: timedelta | None = None) -> ApplicationError:
    # Benign: an outage is logged and counted where it is, not once more at each try of every ticket.
    return ApplicationError(
        f"Not possible just now ({code}): it is tried again.",
        type=code,
        next_retry_delay=delay,
        category=ApplicationErrorCategory.BENIGN,
    )
