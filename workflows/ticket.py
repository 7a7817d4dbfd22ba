"""TicketWorkflow: waits on one ticket for as long as it lives. SentinelWorkflow: shows that Temporal kept its memory.

             look, due, news of children, delivery or cascade ended
               ┌──────────────────────────────────┐
               ▼                                  │
    start ─► advance ─► show, tell the parent ─► deliver, run a cascade ─► keep one timer ─► wait
               │                  │
               │ long history     │ finished, nothing under way
               ▼                  ▼
        continue as new         end

The ticket itself, its dues and its deliveries are rows of the tickets service. The workflow holds no copy that could
keep it from looking: whatever wakes it, it advances, and `advance` reads the rows. So a lost, doubled or late wake-up
is harmless, and a run that was terminated goes on with the next `look`.

A look is answered in the step that it begins, by a local activity: the relay lets only so many through, the urgent
first, and each costs Temporal half of what an activity does. All other advances are activities that wait for their turn
by the ticket's priority, since after an outage thousands are due at once; so is one that a look has asked for in vain,
which operators see with its tries and their reasons. docs/decisions/0027-decisions-in-the-step.md has the figures.
"""

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from typing import ClassVar

from temporalio import workflow
from temporalio.common import Priority, RetryPolicy, SearchAttributeKey, SearchAttributeUpdate
from temporalio.exceptions import FailureError, is_cancelled_exception

from workflows.messages import (
    DELIVER_QUEUE,
    PRIORITY_KEYS,
    AdvanceResult,
    CascadePageResult,
    TicketInput,
    workflow_id,
)

TICKET_STATUS = SearchAttributeKey.for_keyword("TicketStatus")
TICKET_PRIORITY = SearchAttributeKey.for_keyword("TicketPriority")
TICKET_TEAM = SearchAttributeKey.for_keyword("TicketTeam")
TICKET_BRAND = SearchAttributeKey.for_keyword("TicketBrand")
NEXT_DUE_AT = SearchAttributeKey.for_datetime("NextDueAt")

# Its calls are bounded by 10 s each and mostly take 10 ms; a worker that is killed, or that Temporal's word never
# reached, is noticed by its silence.
_ADVANCE_TIMEOUT = timedelta(seconds=60)
_ADVANCE_SILENCE = timedelta(seconds=4)
# Longer than sending and recording may take together; a worker that is killed is noticed by its silence.
_DELIVER_TIMEOUT = timedelta(seconds=90)
_DELIVER_SILENCE = timedelta(seconds=15)
_ADVANCE_SUMMARY = "decide what follows by itself"
_ONCE = RetryPolicy(maximum_attempts=1)
_RETRY = RetryPolicy(initial_interval=timedelta(seconds=0.5), maximum_interval=timedelta(seconds=15))
_SHORTEST_WAIT_SECONDS = 0.25
# Children that are settled one after the other are read together.
_NEWS_SECONDS = 1.0
# After what single tickets need: a page changes a hundred of them.
_CASCADE_PRIORITY = Priority(priority_key=4)
_MOST_DELIVERIES = 50
# In this status a run may end as soon as nothing is left to deliver.
_CLOSED = "closed"


@workflow.defn(name="TicketWorkflow")
class TicketWorkflow:
    """One ticket, from its first event until it is closed for good."""

    history_limit: ClassVar[int] = 1_000

    @workflow.init
    def __init__(self, ticket: TicketInput) -> None:
        self._ticket = ticket
        self._nudged = True
        self._looked_at = False
        self._priority = Priority.default
        self._timer: asyncio.Task[None] | None = None
        self._armed_for: datetime | None = None
        self._deliveries: dict[str, asyncio.Task[None]] = {}
        self._children_told = False
        self._cascade: asyncio.Task[None] | None = None
        self._progress = ""
        self._plan: AdvanceResult | None = None

    @workflow.run
    async def run(self, ticket: TicketInput) -> None:
        """Advance, then wait for the next reason to advance, until nothing can follow any more."""
        # Started by hand under another ticket's id, it would swallow the wake-ups that are meant for that one.
        if workflow.info().workflow_id != workflow_id(ticket.ticket_id):
            return
        while True:
            plan = await self._advance()
            self._show(plan)
            await self._tell_parent(plan)
            if self._history_is_long():
                await workflow.wait_condition(workflow.all_handlers_finished)
                workflow.continue_as_new(replace(ticket, decides_in_step=True))
            self._start_deliveries(plan)
            self._start_cascade(plan)
            if plan.more:
                continue
            if plan.finished and not self._is_busy():
                return
            self._keep_timer(plan)
            await self._wait()

    @workflow.signal(description="The ticket changed, or somebody thinks so: read it and do what follows.")
    def look(self) -> None:
        """Wake up. It carries nothing, so any number of them count as one."""
        self._nudged = self._looked_at = True

    @workflow.signal(description="A child was settled or opened again: read what it has to tell.")
    def child_settled(self) -> None:
        """Wake up in a moment. What the child has to tell is a row; this may be lost or doubled."""
        self._children_told = True

    def _is_busy(self) -> bool:
        return bool(self._deliveries or self._cascade or self._nudged or self._children_told)

    async def _wait(self) -> None:
        await workflow.wait_condition(lambda: self._nudged or self._children_told)
        if not self._nudged:
            with suppress(asyncio.TimeoutError):
                await workflow.wait_condition(
                    lambda: self._nudged, timeout=_NEWS_SECONDS, timeout_summary="children settle one after the other"
                )

    async def _advance(self) -> AdvanceResult:
        in_step = self._looked_at and self._ticket.decides_in_step
        self._nudged = self._looked_at = self._children_told = False
        plan = (await self._advance_in_step() if in_step else None) or await self._advance_in_turn()
        self._priority = Priority(priority_key=PRIORITY_KEYS.get(plan.priority))
        return plan

    async def _advance_in_step(self) -> AdvanceResult | None:
        """Try once; None when it did not succeed."""
        try:
            plan: AdvanceResult = await workflow.execute_local_activity(
                "advance",
                self._ticket.ticket_id,
                result_type=AdvanceResult,
                start_to_close_timeout=_ADVANCE_TIMEOUT,
                retry_policy=_ONCE,
                summary=_ADVANCE_SUMMARY,
            )
        except FailureError as error:
            if is_cancelled_exception(error):
                raise
            return None
        return plan

    async def _advance_in_turn(self) -> AdvanceResult:
        plan: AdvanceResult = await workflow.execute_activity(
            "advance",
            self._ticket.ticket_id,
            result_type=AdvanceResult,
            start_to_close_timeout=_ADVANCE_TIMEOUT,
            heartbeat_timeout=_ADVANCE_SILENCE,
            retry_policy=_RETRY,
            priority=self._priority,
            summary=_ADVANCE_SUMMARY,
        )
        return plan

    def _show(self, plan: AdvanceResult) -> None:
        self._plan = plan
        workflow.set_current_details(_details(plan, self._progress))
        changes = list(_changed_attributes(plan))
        if changes:
            workflow.upsert_search_attributes(changes)

    async def _tell_parent(self, plan: AdvanceResult) -> None:
        """A parent that does not run just now reads it when it is nudged: within a minute, by the reconciliation."""
        if plan.parent_to_tell:
            parent = workflow.get_external_workflow_handle(workflow_id(plan.parent_to_tell))
            with suppress(FailureError):
                await parent.signal("child_settled")

    def _history_is_long(self) -> bool:
        info = workflow.info()
        return info.is_continue_as_new_suggested() or info.get_current_history_length() > self.history_limit

    def _start_deliveries(self, plan: AdvanceResult) -> None:
        for effect_id in plan.open_effects:
            if effect_id not in self._deliveries and len(self._deliveries) < _MOST_DELIVERIES:
                self._deliveries[effect_id] = asyncio.create_task(self._deliver(effect_id))

    async def _deliver(self, effect_id: str) -> None:
        done: bool | None = False
        try:
            done = await workflow.execute_activity(
                "deliver",
                effect_id,
                result_type=bool,
                task_queue=DELIVER_QUEUE,
                start_to_close_timeout=_DELIVER_TIMEOUT,
                heartbeat_timeout=_DELIVER_SILENCE,
                retry_policy=_RETRY,
                priority=self._priority,
                summary="deliver what was decided",
            )
        finally:
            del self._deliveries[effect_id]
            # Unless it is done and was all, the plan is read again. Earlier releases' deliveries did not say so.
            if not done or not self._can_wait_after(effect_id):
                self._nudged = True

    def _can_wait_after(self, effect_id: str) -> bool:
        """Whether a delivery that is done changes nothing in the plan but itself."""
        plan = self._plan
        if plan is None or plan.status == _CLOSED or len(plan.open_effects) > _MOST_DELIVERIES:
            return False
        left = tuple(effect for effect in plan.open_effects if effect != effect_id)
        self._plan = replace(plan, open_effects=left)
        workflow.set_current_details(_details(self._plan, self._progress))
        return True

    def _start_cascade(self, plan: AdvanceResult) -> None:
        if plan.cascade_id and self._cascade is None:
            self._cascade = asyncio.create_task(self._run_cascade(plan.cascade_id))

    async def _run_cascade(self, cascade_id: str) -> None:
        """Page after page, beside all else that happens to the ticket; a new run goes on where this one ended."""
        try:
            while not (await self._run_cascade_page(cascade_id)).finished and not self._history_is_long():
                continue
        finally:
            # However it ended, the plan is read again: it says whether there is another one.
            self._cascade, self._progress = None, ""
            self._nudged = True

    async def _run_cascade_page(self, cascade_id: str) -> CascadePageResult:
        page: CascadePageResult = await workflow.execute_activity(
            "run_cascade_page",
            cascade_id,
            result_type=CascadePageResult,
            start_to_close_timeout=_ADVANCE_TIMEOUT,
            heartbeat_timeout=_ADVANCE_SILENCE,
            retry_policy=_RETRY,
            priority=_CASCADE_PRIORITY,
            summary=self._progress or "settle the next children",
        )
        self._progress = page.progress
        if self._plan is not None:
            workflow.set_current_details(_details(self._plan, self._progress))
        return page

    def _keep_timer(self, plan: AdvanceResult) -> None:
        """Have one timer, for the next due or an earlier one: a timer that finds nothing costs less than moving it."""
        if plan.next_due_at is None or plan.due_in_seconds is None:
            return
        if self._timer is not None and self._armed_for is not None:
            if self._armed_for <= plan.next_due_at:
                return
            self._timer.cancel()
        self._armed_for = plan.next_due_at
        wait = timedelta(seconds=max(plan.due_in_seconds, _SHORTEST_WAIT_SECONDS))
        self._timer = asyncio.create_task(self._wake_after(wait, _next_due(plan)))

    async def _wake_after(self, wait: timedelta, summary: str) -> None:
        await workflow.sleep(wait, summary=summary)
        self._timer = self._armed_for = None
        self._nudged = True


@workflow.defn(name="SentinelWorkflow")
class SentinelWorkflow:
    """Does nothing for ever. When it is missing, Temporal lost its database, and every ticket's workflow with it."""

    @workflow.run
    async def run(self) -> None:
        """Wait for something that never comes."""
        await workflow.wait_condition(lambda: False)


def _details(plan: AdvanceResult, progress: str) -> str:
    # Temporal keeps a run's title only until it continues as new, so the table begins with it.
    title = f"#{plan.number} · {plan.channel} · {plan.brand}"
    rows = [
        ("Status", plan.status),
        ("Priority", plan.priority),
        ("Team", plan.team or "none"),
        ("Next due", _next_due(plan)),
        ("Open deliveries", str(len(plan.open_effects))),
        *([("Children", progress)] if progress else []),
    ]
    return "\n".join([f"| Ticket | {title} |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows)])


def _next_due(plan: AdvanceResult) -> str:
    if plan.next_due_at is None:
        return "nothing"
    return f"{plan.next_due_at:%Y-%m-%d %H:%M:%S} UTC: {plan.next_due_reason}"


def _changed_attributes(plan: AdvanceResult) -> Iterator[SearchAttributeUpdate[str] | SearchAttributeUpdate[datetime]]:
    """What differs from the search attributes that the run was started with or has set since."""
    known = workflow.info().typed_search_attributes
    labels = {
        TICKET_STATUS: plan.status,
        TICKET_PRIORITY: plan.priority,
        TICKET_TEAM: plan.team,
        TICKET_BRAND: plan.brand,
    }
    for key, label in labels.items():
        if label and label != known.get(key):
            yield key.value_set(label)
    if plan.next_due_at != known.get(NEXT_DUE_AT):
        yield NEXT_DUE_AT.value_unset() if plan.next_due_at is None else NEXT_DUE_AT.value_set(plan.next_due_at)
