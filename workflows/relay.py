"""The relay: takes tickets that their workflow must look at out of the tickets service, and signals the workflows.

It keeps nothing. How many tickets may be signalled and undecided at once is counted by the tickets service, over all
relays; a signal that is lost or sent twice is made good there or does no harm.
"""

import asyncio
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import timedelta
from uuid import UUID

import structlog
from opentelemetry.trace import SpanKind
from temporalio.client import Client
from temporalio.common import Priority, WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.service import RPCError

from services.common.tracing import span
from services.domain.decision import Nudge
from services.domain.errors import DuradeskError
from workflows.messages import PRIORITY_KEYS, TICKETS_QUEUE, TicketInput, workflow_id
from workflows.patience import Outage, cut_off_by, pause
from workflows.ports import Orchestration
from workflows.search_attributes import attributes_of, register_search_attributes
from workflows.ticket import TicketWorkflow
from workflows.window import Window

_URGENT_PLACES = 4
# Short: an answer that is lost on its way keeps the rows that it brings, and this relay, until the call's deadline.
_WAIT = timedelta(seconds=2)
# Shorter than a claim lasts by itself, so that nobody else signals meanwhile.
_SIGNAL_TIMEOUT = timedelta(seconds=5)
# A step that Temporal hands out and that reaches nobody is handed out again after this long; of one that takes longer
# its worker says in time that it lives. docs/decisions/0029-lost-steps-cost-seconds.md
_STEP_TIMEOUT = timedelta(seconds=3)
_LONGEST_BRAND = 40

log = structlog.get_logger()


class Relay:
    """Signals workflows, starting those that do not run; some places of its window are for urgent tickets only."""

    def __init__(self, client: Client, orchestration: Orchestration) -> None:
        self._client = client
        self._orchestration = orchestration
        self._window = Window()
        self._tickets = Outage("tickets")
        self._temporal = Outage("temporal")

    async def run(self, stopping: asyncio.Event) -> None:
        """Relay until the process is to stop; what is claimed by then is still signalled."""
        signalled: Sequence[UUID] = ()
        while not stopping.is_set():
            try:
                claim = self._orchestration.claim_outbox(
                    window=self._window.size, urgent_places=_URGENT_PLACES, wait=_WAIT, signalled=signalled
                )
                nudges = await cut_off_by(stopping, claim) or ()
                self._tickets.is_over()
                self._window.claimed(len(nudges))
                signalled = await self._signal_all(nudges, stopping)
            except DuradeskError as error:
                await pause(self._tickets.goes_on(error), stopping)

    async def _signal_all(self, nudges: Sequence[Nudge], stopping: asyncio.Event) -> list[UUID]:
        """Signal the tickets, and say of which Temporal took it."""
        errors = await asyncio.gather(*(self._signal(nudge) for nudge in nudges))
        failed = {nudge.ticket_id: error for nudge, error in zip(nudges, errors, strict=True) if error is not None}
        if failed:
            await self._step_back(failed, stopping)
        elif nudges:
            self._temporal.is_over()
        return [nudge.ticket_id for nudge in nudges if nudge.ticket_id not in failed]

    async def _signal(self, nudge: Nudge) -> Exception | None:
        try:
            with trace_of(nudge):
                await signal_with_start(self._client, nudge)
        except RPCError as error:
            return error
        log.debug("relay.signalled", ticket_id=str(nudge.ticket_id))
        return None

    async def _step_back(self, failed: dict[UUID, Exception], stopping: asyncio.Event) -> None:
        """Give back what could not be signalled, and wait; Temporal may also have come back with an empty database."""
        await self._orchestration.release_outbox(list(failed))
        await pause(self._temporal.goes_on(next(iter(failed.values()))), stopping)
        try:
            await register_search_attributes(self._client)
        except RPCError as error:
            self._temporal.goes_on(error)


def trace_of(nudge: Nudge) -> AbstractContextManager[object]:
    """The signal belongs to the trace of the change that asked for it; one that nobody traces begins none."""
    if not nudge.traceparent:
        return nullcontext()
    return span("relay signal", kind=SpanKind.PRODUCER, parent=nudge.traceparent)


async def signal_with_start(client: Client, nudge: Nudge) -> None:
    """Tell the ticket's workflow to look, and start it if it does not run; RPCError when Temporal does not take it."""
    ticket_id = str(nudge.ticket_id)
    await client.start_workflow(
        TicketWorkflow.run,
        TicketInput(ticket_id, decides_in_step=True),
        id=workflow_id(ticket_id),
        task_queue=TICKETS_QUEUE,
        start_signal="look",
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
        static_summary=f"#{nudge.number} · {nudge.channel} · {nudge.brand_name[:_LONGEST_BRAND]}",
        search_attributes=attributes_of(nudge),
        priority=Priority(priority_key=PRIORITY_KEYS[nudge.priority]),
        rpc_timeout=_SIGNAL_TIMEOUT,
        task_timeout=_STEP_TIMEOUT,
    )
