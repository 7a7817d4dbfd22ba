"""What a process tells on its metrics port: its numbers, whether it lives, and whom it lacks."""

import socket
import threading
from collections.abc import Sequence

import httpx
import pytest
from prometheus_client import CollectorRegistry, Counter

from services.common.metrics import new_registry, serving_metrics
from services.common.settings import Settings


def given_socket() -> tuple[Settings, str]:
    """Settings that hand over a listening socket, and its URL."""
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    return Settings(metrics_fd=listener.detach()), f"http://127.0.0.1:{port}"


async def test_metrics_are_told_on_a_socket_that_the_parent_opened() -> None:
    settings, url = given_socket()
    registry = new_registry()
    Counter("duradesk_greetings", "Greetings.", registry=registry).inc(3)
    async with serving_metrics(settings, registry), httpx.AsyncClient() as client:
        answer = await client.get(f"{url}/metrics")
        elsewhere = await client.get(f"{url}/anything")
    assert answer.headers["content-type"].startswith("text/plain")
    assert "duradesk_greetings_total 3.0" in answer.text.splitlines()
    assert "process_cpu_seconds_total" in answer.text
    assert "_created" not in answer.text
    assert elsewhere.status_code == 404


async def test_a_process_that_lacks_somebody_lives_and_is_not_ready() -> None:
    settings, url = given_socket()
    absent: list[str] = []

    async def missing() -> Sequence[str]:
        return absent

    async with serving_metrics(settings, CollectorRegistry(), missing=missing), httpx.AsyncClient() as client:
        assert (await client.get(f"{url}/readyz")).status_code == 200
        absent += ["temporal", "tickets"]
        ready, live = await client.get(f"{url}/readyz"), await client.get(f"{url}/healthz")
    assert (ready.status_code, ready.json()) == (503, {"status": "waits for temporal, tickets"})
    assert (live.status_code, live.json()) == (200, {"status": "ok"})


async def test_a_process_whose_event_loop_is_stuck_does_not_live() -> None:
    settings, url = given_socket()
    answered, answers = threading.Event(), list[httpx.Response]()

    def ask() -> None:
        answers.append(httpx.get(f"{url}/healthz", timeout=30))
        answered.set()

    async with serving_metrics(settings, CollectorRegistry(), patience=0.2):
        asker = threading.Thread(target=ask)
        asker.start()
        # The event loop stands still until the answer is there.
        assert answered.wait(30)
        asker.join()
    assert (answers[0].status_code, answers[0].json()) == (503, {"status": "stuck"})


async def test_busy_port_is_one_sentence_that_names_the_variable() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(SystemExit, match=r"set DURADESK_METRICS_PORT to another\.$"):
            async with serving_metrics(Settings(metrics_port=port), CollectorRegistry()):
                pass
