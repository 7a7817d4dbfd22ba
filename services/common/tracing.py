"""Traces (OpenTelemetry): one for each thing that comes in, through every process that has to do with it.

Off unless OTEL_EXPORTER_OTLP_ENDPOINT says where to send them; the SDK, which is not even loaded before, reads the
other standard variables. Spans are named by what the program is made of (routes, methods, queries, activities), and
their attributes are such names, codes and ids: never what somebody wrote, an address, or a parameter. From process to
process, and from callers, goes `traceparent` (W3C Trace Context) alone: tracestate and baggage could hold anything.
"""

import atexit
import os
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import Span, SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from services.common.settings import Settings

HEADER = "traceparent"
_PROPAGATOR = TraceContextTextMapPropagator()
_FLUSH_SECONDS = 1.0


def configure_tracing(settings: Settings, service: str) -> None:
    """Send this process's spans to the collector that the environment names, if it does.

    SystemExit, with one sentence, for another protocol than gRPC.
    """
    if not settings.traces_to:
        return
    if os.environ.get("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc") != "grpc":
        raise SystemExit("OTEL_EXPORTER_OTLP_PROTOCOL must be grpc: traces are sent by no other protocol.")
    from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    resource = Resource.create({"service.name": service, "service.namespace": "duradesk"})
    # By itself it would wait half a minute for a collector that is away.
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
    atexit.register(flush_traces)


def flush_traces() -> None:
    """Send what has not been sent, within a second: a collector that is away keeps no process from its end."""
    flush = getattr(trace.get_tracer_provider(), "force_flush", None)
    if flush is not None:
        flusher = Thread(target=flush, daemon=True)
        flusher.start()
        flusher.join(_FLUSH_SECONDS)


def is_tracing() -> bool:
    """Whether spans of this process go anywhere."""
    return not isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider)


def is_inside() -> bool:
    """Whether there is a span around this: what nobody's span surrounds begins no trace of its own."""
    return trace.get_current_span().is_recording()


def current_traceparent() -> str:
    """The span around this in the form that other processes are told; "" where there is none."""
    context = trace.get_current_span().get_span_context()
    if not context.is_valid:
        return ""
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"


@contextmanager
def span(
    name: str, *, kind: SpanKind = SpanKind.INTERNAL, parent: str | None = None, **attributes: str
) -> Iterator[Span]:
    """A span around the block: below `parent`, a traceparent, if one is given, else below the one around this.

    "" and what is no traceparent begin a trace. An exception leaves its class behind, and none of its words.
    """
    if not is_tracing():
        yield trace.INVALID_SPAN
        return
    context = None if parent is None else _PROPAGATOR.extract({HEADER: parent}, context=Context())
    tracer = trace.get_tracer("duradesk")
    with tracer.start_as_current_span(
        name,
        context=context,
        kind=kind,
        attributes={key.replace("_", "."): value for key, value in attributes.items()},
        record_exception=False,
        set_status_on_exception=False,
    ) as begun:
        try:
            yield begun
        except BaseException as error:
            begun.set_status(Status(StatusCode.ERROR, type(error).__name__))
            raise


@contextmanager
def inner_span(name: str, *, kind: SpanKind = SpanKind.INTERNAL, **attributes: str) -> Iterator[None]:
    """A span around the block where there is one around this already; else none."""
    if not is_inside():
        yield
        return
    with span(name, kind=kind, **attributes):
        yield
