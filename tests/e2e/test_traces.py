"""One trace from each door to the last statement, and in it nothing that anybody wrote."""

import json
from uuid import uuid4

import grpc
import httpx
import pytest
from duradesk.tickets.v1 import ticket_service_pb2 as pb
from duradesk.tickets.v1 import ticket_service_pb2_grpc
from prometheus_client.parser import text_string_to_metric_families

from tests.collector import Collector, Span, ancestry
from tests.stack import Stack, make_mail, wait_for

CANARY = "Xylophagous"
# From the statement that ends the first decision up to the door's own call of the tickets service.
PATH = [
    "mark_decided",
    "tickets transaction",
    *["tickets.v1.OrchestrationService/ApplyDecision"] * 2,
    "activity advance",
    "workflow TicketWorkflow",
    "relay signal",
    "tickets transaction",
]
CREATE = "tickets.v1.TicketService/CreateTicket"
CLAIM = "tickets.v1.OrchestrationService/ClaimOutbox"


def decided(spans: list[Span]) -> list[list[str]]:
    """How each decision of a trace came about."""
    return [ancestry(span, spans) for span in spans if span.name == "mark_decided"]


def wait_for_the_way(collector: Collector, trace_id: str, door: list[str]) -> None:
    """Wait until a decision of this trace is known to have come about by that door: each process sends its own part."""

    def whole() -> bool:
        return [*PATH, *door] in decided(collector.trace(trace_id))

    wait_for(whole, what=f"a way from the last statement up to {door[-1]}")


def make_trace() -> tuple[str, dict[str, str]]:
    """The id of a new trace, and what a caller sends who is in it; besides, what could carry anything."""
    trace_id = uuid4().hex
    carried = {"traceparent": f"00-{trace_id}-{uuid4().hex[:16]}-01", "tracestate": f"x={CANARY}"}
    return trace_id, carried | {"baggage": f"who={CANARY}"}


@pytest.fixture(scope="module")
def by_rest(api: httpx.Client, collector: Collector) -> tuple[str, str]:
    """The ids of a ticket that came by REST and was decided, and of its trace."""
    trace_id, headers = make_trace()
    requester = {"email": f"{CANARY}.{uuid4().hex}@example.com", "name": CANARY}
    new = {"subject": CANARY, "body": CANARY, "requester": requester}
    ticket = api.post(f"/tickets?{CANARY}=1", headers=headers, json=new).json()
    wait_for_the_way(collector, trace_id, [*[CREATE] * 2, "POST /api/v1/tickets"])
    return ticket["id"], trace_id


def test_a_ticket_by_rest_is_one_trace(collector: Collector, by_rest: tuple[str, str]) -> None:
    _, trace_id = by_rest
    # Not identity: who a token stands for is known for seconds.
    services = {"gateway", "tickets", "relay", "worker", "routing"}
    wait_for(lambda: services <= {span.service for span in collector.trace(trace_id)}, what="all services")


def test_a_history_has_a_traceparent_and_no_word_of_anybody(stack: Stack, by_rest: tuple[str, str]) -> None:
    history = stack.temporal("workflow", "show", "--workflow-id", f"ticket/{by_rest[0]}")
    signals = [event for event in history["events"] if event["eventType"] == "EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED"]
    assert list(signals[0]["workflowExecutionSignaledEventAttributes"]["header"]["fields"]) == ["traceparent"]
    assert CANARY.lower() not in json.dumps(history).lower()


def test_a_call_of_grpc_is_one_trace(stack: Stack, api: httpx.Client, collector: Collector) -> None:
    trace_id, metadata = make_trace()
    metadata["authorization"] = api.headers["authorization"]
    email = f"{CANARY.lower()}.{uuid4().hex}@example.com"
    new = pb.CreateTicketRequest(subject=CANARY, body=CANARY, requester_email=email, requester_name=CANARY)
    with grpc.insecure_channel(f"127.0.0.1:{stack.ports['GRPC_PORT']}") as channel:
        stub = ticket_service_pb2_grpc.TicketServiceStub(channel)
        stub.CreateTicket(new, metadata=tuple(metadata.items()), timeout=30)
    wait_for_the_way(collector, trace_id, [CREATE])


def test_a_mail_is_one_trace(stack: Stack, collector: Collector) -> None:
    before = {span.trace_id for span in collector.spans}
    stack.send_mail(make_mail(f"{CANARY}.{uuid4().hex}@example.com", CANARY, CANARY))

    def whole() -> bool:
        traces = {span.trace_id for span in collector.spans if span.name == "mail"} - before
        return [*PATH, *[CREATE] * 2, "mail"] in [way for each in traces for way in decided(collector.trace(each))]

    wait_for(whole, what="the whole trace of a mail")


@pytest.mark.usefixtures("by_rest")
def test_what_nobody_caused_is_no_trace(collector: Collector, stack: Stack, api: httpx.Client) -> None:
    before, claims = len(collector.spans), claims_of(stack)
    for path in ("healthz", "readyz", "metrics"):
        httpx.get(f"{stack.url}/{path}", timeout=20).raise_for_status()
    wait_for(lambda: claims_of(stack) > claims + 1, what="the relay to ask for work")
    # What comes after that is sent after it.
    trace_id, headers = make_trace()
    api.get("/tickets", headers=headers).raise_for_status()
    wait_for(lambda: {"gateway", "tickets"} <= {span.service for span in collector.trace(trace_id)}, what="the spans")
    names = {span.name for span in collector.spans[before:]}
    assert not names & {"GET /metrics", "GET /healthz", "GET /readyz", "grpc.health.v1.Health/Check"}
    assert CLAIM not in names
    assert "tickets.v1.DeskService/WatchEvents" not in names


def claims_of(stack: Stack) -> float:
    """How often the relay has asked for work."""
    found = text_string_to_metric_families(stack.metrics("tickets"))
    samples = [sample for family in found if family.name == "duradesk_grpc_call_seconds" for sample in family.samples]
    return sum(each.value for each in samples if each.name.endswith("_count") and each.labels["method"] == CLAIM)


@pytest.mark.parametrize("word", [CANARY, "example.com", "support@", "Bearer"])
@pytest.mark.usefixtures("by_rest")
def test_a_trace_has_no_word_of_anybody(collector: Collector, word: str) -> None:
    assert [span.name for span in collector.spans if word.lower() in span.text.lower()] == []
