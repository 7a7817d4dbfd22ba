"""Five times what the desk can do: what is in bulk waits, what escalates does not."""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.e2e.test_service_levels import items, made
from tests.e2e.test_story import create, quick_brand
from tests.faults.judge import compare, subjects, wait_until_quiet, wait_until_settled
from tests.faults.sizes import sized
from tests.faults.verdict import Verdict, pronounce
from tests.faults.watching import most, watching
from tests.faults.wired import Wired
from tests.stack import OWNER, wait_for

CLIENTS = 10
BULK = sized(everyday=20, short=50, full=1_000)
FLOOD_SECONDS = sized(everyday=5, short=10, full=120)
ESCALATING = sized(everyday=2, short=10, full=100)
# What a flood leaves waiting takes several times as long where others keep the machine busy.
DRAINED_SECONDS = sized(everyday=900, short=900, full=3_600)
METRIC = "duradesk_outbox_oldest_seconds"

pytestmark = pytest.mark.faults_only


def test_escalations_are_punctual_in_a_flood(wired: Wired) -> None:
    run = uuid4().hex[:8]
    with wired.api(OWNER) as api:
        brand, kind = quick_brand(api)["name"], _escalating(api)
        bulk = [create(api, brand=brand)["id"] for _ in range(BULK)]
        wait_until_quiet(wired, within=300)
        with watching(wired) as seen, flood(wired, run, brand) as answers:
            began = time.monotonic()
            change = {"ticket_ids": bulk, "change": {"act": "update", "add_tags": [run]}}
            job = api.post("/bulk", json=change).raise_for_status().json()
            urgent = [create(api, brand=brand, type=kind, priority="urgent") for _ in range(ESCALATING)]
            lateness = [wait_for(lambda: _late(api, each["id"]), within=180, every=1, what="it") for each in urgent]  # noqa: B023
            time.sleep(max(0.0, FLOOD_SECONDS - (time.monotonic() - began)))
        flooded = time.monotonic() - began
        wait_until_quiet(wired, within=DRAINED_SECONDS)
        wait_for(lambda: api.get(f"/bulk/{job['id']}").json()["state"] == "done", within=300, what="the bulk")
        drained = time.monotonic() - began
    wait_until_settled(wired)
    told = Counter(answers.values())
    taken = [name for name, status in answers.items() if status == 201]
    lost, doubled = compare(subjects(wired, f"Flood {run}"), taken)
    lost += BULK - len(_all_tagged(wired, run))
    rate = (len(taken) + BULK + ESCALATING) / drained
    backlog = most(seen, "duradesk_outbox_tickets")
    note = (
        f"{len(taken) / flooded:.0f} tickets/s taken, {rate:.0f} decided, {backlog:.0f} waited at most; answers"
        f" {dict(told)}; late is by how much limits of {ESCALATING} urgent tickets were"
    )
    assert set(told) <= {201, 429, 503}, told
    assert len(taken) / flooded > 2 * rate, f"no flood: {note}"
    everything = len(answers) + BULK + ESCALATING
    pronounce(
        Verdict(
            "five times too much",
            everything,
            len(taken) + BULK + ESCALATING,
            lost,
            doubled,
            early=sum(late < 0 for late in lateness),
            lateness=lateness,
            # What is less urgent does not count: it waits for them, not they for it.
            promised=5 + ESCALATING / rate,
            shown_by=METRIC,
            showed=most(seen, METRIC),
            note=note,
        )
    )


@contextmanager
def flood(wired: Wired, run: str, brand: str) -> Iterator[dict[str, int]]:
    """Inside the block clients make tickets as fast as they are taken; what each was answered, by its subject."""
    stop, answers, token = threading.Event(), dict[str, int](), wired.token()

    def pour(client: int) -> None:
        with httpx.Client(base_url=f"{wired.url}/api/v1", headers={"authorization": f"Bearer {token}"}) as api:
            number = 0
            while not stop.is_set():
                name, number = f"Flood {run} {client} {number}", number + 1
                asked = {"subject": name, "body": "!", "brand": brand, "requester": {"email": f"{client}@example.com"}}
                answers[name] = api.post("/tickets", json=asked, timeout=120).status_code

    clients = [threading.Thread(target=pour, args=(number,), daemon=True) for number in range(CLIENTS)]
    for client in clients:
        client.start()
    try:
        yield answers
    finally:
        stop.set()
        for client in clients:
            client.join(120)


def _escalating(api: httpx.Client) -> str:
    """A type of ticket whose limit comes in the middle of the flood."""
    kind = f"escalating-{uuid4().hex[:8]}"
    targets = [{"clock": "resolution", "duration": f"PT{FLOOD_SECONDS // 2}S"}]
    made(api, "sla-policies", {"name": kind, "conditions": f"type:{kind}", "targets": targets})
    return kind


def _late(api: httpx.Client, ticket_id: str) -> float | None:
    """By how many seconds its limit was late, as soon as it has happened."""
    for event in items(api, ticket_id, "activity"):
        if event["cause"].startswith("due clock_limit"):
            occurred_at, due_at = (datetime.fromisoformat(event[name]) for name in ("occurred_at", "effective_at"))
            return (occurred_at - due_at).total_seconds()
    return None


def _all_tagged(wired: Wired, tag: str) -> list[Any]:
    return wired.rows("SELECT id FROM tickets WHERE %(tag)s = ANY (tags)", {"tag": tag})
