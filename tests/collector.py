"""A collector of traces: takes what OpenTelemetry sends over gRPC, and keeps it for tests to look at."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

import grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as pb
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2_grpc


@dataclass(frozen=True)
class Span:
    """A span as it was sent, its ids in hex; `text` is all of it."""

    service: str
    name: str
    trace_id: str
    span_id: str
    parent_id: str
    text: str


class Collector(trace_service_pb2_grpc.TraceServiceServicer):
    """Keeps every span."""

    def __init__(self) -> None:
        self.port = 0
        self._spans: list[Span] = []

    def Export(self, request: pb.ExportTraceServiceRequest, context: object) -> pb.ExportTraceServiceResponse:  # noqa: N802
        for resource in request.resource_spans:
            names = {each.key: each.value.string_value for each in resource.resource.attributes}
            self._spans += [
                Span(
                    service=names["service.name"],
                    name=span.name,
                    trace_id=span.trace_id.hex(),
                    span_id=span.span_id.hex(),
                    parent_id=span.parent_span_id.hex(),
                    text=f"{resource.resource} {span}",
                )
                for scope in resource.scope_spans
                for span in scope.spans
            ]
        return pb.ExportTraceServiceResponse()

    @property
    def environment(self) -> dict[str, str]:
        """What a stack is told so that it sends its traces here, and soon."""
        return {
            "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{self.port}",
            "OTEL_BSP_SCHEDULE_DELAY": "1000",
        }

    @property
    def spans(self) -> list[Span]:
        """All that came so far."""
        return list(self._spans)

    def trace(self, trace_id: str) -> list[Span]:
        """What came of one trace."""
        return [span for span in self.spans if span.trace_id == trace_id]


def ancestry(span: Span, spans: list[Span]) -> list[str]:
    """The names from a span up to the first one of its trace that is known."""
    known = {each.span_id: each for each in spans}
    names = [span.name]
    while (above := known.get(span.parent_id)) is not None:
        names.append(above.name)
        span = above
    return names


@contextmanager
def running_collector() -> Iterator[Collector]:
    """A collector that listens inside the block."""
    collector = Collector()
    server = grpc.server(ThreadPoolExecutor(max_workers=2))
    trace_service_pb2_grpc.add_TraceServiceServicer_to_server(collector, server)  # type: ignore[no-untyped-call]
    collector.port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield collector
    finally:
        server.stop(grace=None).wait(10)
