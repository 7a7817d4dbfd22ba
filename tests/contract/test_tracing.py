"""Traces: nothing while they are off, and nothing of an exception's words while they are on."""

import json
import os
import subprocess
import sys
import time
from typing import Any

import pytest

from tests.stack import free_ports

PATHS = {"PYTHONPATH": os.pathsep.join(sys.path)}


def run(program: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A program of its own: what traces go to is set once for a whole process."""
    told = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")} | PATHS | environment
    return subprocess.run([sys.executable, "-c", program], env=told, capture_output=True, text=True, timeout=120)


def test_nothing_of_the_sdk_is_loaded_while_traces_are_off() -> None:
    program = """
import sys
import services.gateway.__main__, services.mail.__main__, services.tickets.__main__, workflows.__main__
from services.common.settings import Settings
from services.common.tracing import configure_tracing, is_tracing
configure_tracing(Settings(), "test")
print(is_tracing(), [name for name in sys.modules if name.startswith(("opentelemetry.sdk", "opentelemetry.exporter"))])
"""
    assert run(program).stdout == "False []\n"
    assert run(program, OTEL_EXPORTER_OTLP_ENDPOINT="").stdout == "False []\n"
    assert (
        run(program, OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9", OTEL_SDK_DISABLED="true").stdout == "False []\n"
    )


CONFIGURE = """
from services.common.settings import Settings
from services.common.tracing import configure_tracing, span
configure_tracing(Settings(), "test")
with span("work"):
    pass
"""


def test_a_collector_that_is_away_keeps_no_process_from_its_end() -> None:
    (nobody,) = free_ports(1)
    began = time.monotonic()
    assert run(CONFIGURE, OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{nobody}").returncode == 0
    # By itself the SDK would wait for half a minute.
    assert time.monotonic() - began < 25


def test_another_protocol_is_refused_with_a_sentence() -> None:
    answer = run(CONFIGURE, OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:9", OTEL_EXPORTER_OTLP_PROTOCOL="http/json")
    sentence = "OTEL_EXPORTER_OTLP_PROTOCOL must be grpc: traces are sent by no other protocol.\n"
    assert (answer.returncode, answer.stderr) == (1, sentence)


SPANS = """
import json
from contextlib import suppress
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from services.common.tracing import current_traceparent, inner_span, span

exporter, provider = InMemorySpanExporter(), TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(exporter))
trace.set_tracer_provider(provider)

with inner_span("nobody asked"):
    pass
with suppress(ValueError), span("failing"), inner_span("inside", db_system_name="postgresql"):
    raise ValueError("dear customer")
parent = "00-" + "1" * 32 + "-" + "2" * 16 + "-01"
with span("going on", parent=parent):
    told = current_traceparent()
with span("outsider", parent="dear customer"):
    pass
print(json.dumps([told, *(json.loads(each.to_json()) for each in exporter.get_finished_spans())]))
"""


@pytest.fixture(scope="module")
def spans() -> dict[str, Any]:
    """What the program told of its spans, by name, and under "told" what a process is told that it calls."""
    told, *spans = json.loads(run(SPANS).stdout)
    return {"told": told, **{span["name"]: span for span in spans}}


def test_spans_say_what_kind_of_error_it_was_and_none_of_its_words(spans: dict[str, Any]) -> None:
    named = dict(spans)
    assert "dear customer" not in json.dumps(spans)
    assert named.pop("told")
    assert named.keys() == {"inside", "failing", "going on", "outsider"}
    assert named["inside"]["status"] == {"status_code": "ERROR", "description": "ValueError"}
    assert named["inside"]["parent_id"] == named["failing"]["context"]["span_id"]
    assert named["inside"]["attributes"] == {"db.system.name": "postgresql"}
    assert all(span["events"] == [] for span in named.values())


def test_a_trace_goes_on_from_a_caller_who_names_it_rightly(spans: dict[str, Any]) -> None:
    assert spans["going on"]["parent_id"] == "0x" + "2" * 16
    assert spans["told"] == f"00-{'1' * 32}-{spans['going on']['context']['span_id'][2:]}-01"
    assert spans["outsider"]["parent_id"] is None
