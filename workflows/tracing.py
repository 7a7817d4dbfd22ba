"""Carries traces through Temporal: from the relay's signal by the workflow to its activities.

A header `traceparent` goes with a signal and with an activity, and nothing else: no event more, no command that is not
there without it, so that histories replay the same with tracing on and off. A workflow lives for weeks and a trace for
seconds, so an `advance` belongs to the trace of the latest signal that asked for it; one that a timer asked for begins
a trace in its activity. What follows from an advance (deliveries, cascades, the parent's signal) belongs to its trace.
"""

from collections.abc import Mapping
from typing import Any

from opentelemetry.trace import SpanKind
from temporalio import activity, workflow
from temporalio.client import Interceptor as ClientInterceptor
from temporalio.client import OutboundInterceptor, StartWorkflowInput, WorkflowHandle
from temporalio.converter import PayloadConverter
from temporalio.worker import (
    ActivityInboundInterceptor,
    ExecuteActivityInput,
    ExecuteWorkflowInput,
    HandleSignalInput,
    Interceptor,
    SignalExternalWorkflowInput,
    StartActivityInput,
    StartLocalActivityInput,
    WorkflowInboundInterceptor,
    WorkflowInterceptorClassInput,
    WorkflowOutboundInterceptor,
)
from temporalio.workflow import ActivityHandle

from services.common.tracing import HEADER, current_traceparent, span

ADVANCE = "advance"

Headers = Mapping[str, Any]


class TraceInterceptor(ClientInterceptor, Interceptor):
    """For the client, and thereby for the workers that use it."""

    def intercept_client(self, next: OutboundInterceptor) -> OutboundInterceptor:  # noqa: A002 # the library's name
        """What the client starts and signals."""
        return _ClientOutbound(next)

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:  # noqa: A002 # as above
        """What a worker is given to do."""
        return _ActivityInbound(next)

    def workflow_interceptor_class(self, input: WorkflowInterceptorClassInput) -> type[WorkflowInboundInterceptor]:  # noqa: A002 # as above
        """What happens to a workflow."""
        return _WorkflowInbound


class _ClientOutbound(OutboundInterceptor):
    async def start_workflow(self, input: StartWorkflowInput) -> WorkflowHandle[Any, Any]:  # noqa: A002 # as above
        input.headers = _with(input.headers, current_traceparent())
        return await super().start_workflow(input)


class _ActivityInbound(ActivityInboundInterceptor):
    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002 # as above
        info = activity.info()
        with span(
            f"activity {info.activity_type}",
            kind=SpanKind.CONSUMER,
            parent=_read(input.headers),
            workflow_id=info.workflow_id or "",
        ):
            return await super().execute_activity(input)


class _WorkflowInbound(WorkflowInboundInterceptor):
    """Knows the traces of one run: of the latest signal that no advance has answered yet, and of the last advance."""

    def __init__(self, next: WorkflowInboundInterceptor) -> None:  # noqa: A002 # as above
        super().__init__(next)
        self._asked = ""
        self._answered = ""

    def init(self, outbound: WorkflowOutboundInterceptor) -> None:
        super().init(_WorkflowOutbound(outbound, self))

    async def execute_workflow(self, input: ExecuteWorkflowInput) -> Any:  # noqa: A002 # as above
        self._hear(input.headers)
        return await super().execute_workflow(input)

    async def handle_signal(self, input: HandleSignalInput) -> None:  # noqa: A002 # as above
        self._hear(input.headers)
        await super().handle_signal(input)

    def _hear(self, headers: Headers) -> None:
        self._asked = _read(headers) or self._asked

    def trace_of(self, activity_type: str) -> str:
        """The trace that an activity belongs to; an advance answers what was asked, and shows that the workflow did."""
        if activity_type != ADVANCE:
            return self._answered
        self._answered, self._asked = self._asked, ""
        if self._answered and not workflow.unsafe.is_replaying():
            info = workflow.info()
            with span(f"workflow {info.workflow_type}", parent=self._answered, workflow_id=info.workflow_id):
                self._answered = current_traceparent()
        return self._answered

    @property
    def present_trace(self) -> str:
        """The trace of the last advance."""
        return self._answered


class _WorkflowOutbound(WorkflowOutboundInterceptor):
    def __init__(self, next: WorkflowOutboundInterceptor, inbound: _WorkflowInbound) -> None:  # noqa: A002 # as above
        super().__init__(next)
        self._inbound = inbound

    def start_activity(self, input: StartActivityInput) -> ActivityHandle[Any]:  # noqa: A002 # as above
        input.headers = _with(input.headers, self._inbound.trace_of(input.activity))
        return super().start_activity(input)

    def start_local_activity(self, input: StartLocalActivityInput) -> ActivityHandle[Any]:  # noqa: A002 # as above
        input.headers = _with(input.headers, self._inbound.trace_of(input.activity))
        return super().start_local_activity(input)

    async def signal_external_workflow(self, input: SignalExternalWorkflowInput) -> None:  # noqa: A002 # as above
        input.headers = _with(input.headers, self._inbound.present_trace)
        await super().signal_external_workflow(input)


def _with(headers: Headers, traceparent: str) -> Headers:
    if not traceparent:
        return headers
    return {**headers, HEADER: PayloadConverter.default.to_payload(traceparent)}


def _read(headers: Headers) -> str:
    payload = headers.get(HEADER)
    return str(PayloadConverter.default.from_payload(payload)) if payload is not None else ""
