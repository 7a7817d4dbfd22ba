"""The mail server is slow, and comes and goes: tickets are decided as ever, and each reply is out once in the end."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.e2e.test_story import create, quick_brand, ticket
from tests.faults.judge import count_doubled_mails, wait_until_settled
from tests.faults.sizes import sized
from tests.faults.verdict import Verdict, pronounce
from tests.faults.watching import most, watching
from tests.faults.wired import Wired
from tests.stack import OWNER, wait_for

REPLIES = sized(everyday=5, short=30, full=300)
SLOW_SECONDS = sized(everyday=5, short=10, full=120)
METRIC = "duradesk_delivery_oldest_seconds"

pytestmark = pytest.mark.faults_only


@contextmanager
def flapping(wired: Wired) -> Iterator[None]:
    """Inside the block every word takes its time on the way, and each few seconds the mail server goes or comes."""
    stop = threading.Event()

    def flap() -> None:
        while not stop.wait(3):
            wired.smarthost.stop()
            wired.to_smarthost.cut()
            stop.wait(2)
            wired.smarthost.start()

    wired.to_smarthost.wait = lambda: 0.2
    flapper = threading.Thread(target=flap, daemon=True)
    flapper.start()
    try:
        yield
    finally:
        stop.set()
        flapper.join()
        wired.to_smarthost.heal()


def test_a_slow_and_flapping_mail_server_holds_up_nothing_else(wired: Wired) -> None:
    customers = [f"{uuid4()}@example.com" for _ in range(REPLIES)]
    with wired.api(OWNER) as api:
        brand = quick_brand(api)["name"]
        tickets = [create(api, brand=brand, requester={"email": each, "name": "Ann"}) for each in customers]
        with watching(wired) as seen:
            with flapping(wired):
                for each in tickets:
                    reply = {"visibility": "public", "body": "An answer."}
                    api.post(f"/tickets/{each['id']}/messages", json=reply).raise_for_status()
                until, waits = time.monotonic() + SLOW_SECONDS, []
                while time.monotonic() < until:
                    made, began = create(api, brand=brand), time.monotonic()
                    wait_for(lambda: ticket(api, made["id"])["assignee_id"], what="an owner")  # noqa: B023
                    waits.append(time.monotonic() - began)
            wait_until_settled(wired, within=600)
        entries = [entry for each in tickets for entry in _entries(api, each["id"])]
    doubtful = {entry["rfc_message_id"] for entry in entries if entry["doubtful"]}
    mails = [wired.replies(each) for each in customers]
    pronounce(
        Verdict(
            "a slow and flapping mail server",
            REPLIES,
            REPLIES,
            mails.count([]),
            sum(count_doubled_mails(sent, doubtful) for sent in mails),
            lateness=waits,
            promised=5.0,
            in_doubt=len(doubtful),
            # What was cut off twice at its last word is not sent a third time; whether it arrived is counted above.
            hands=sum(entry["state"] not in {"done", "in_doubt"} for entry in entries),
            shown_by=METRIC,
            showed=most(seen, METRIC),
            note=f"late is how long {len(waits)} new tickets waited for their owner meanwhile",
        )
    )


def _entries(api: httpx.Client, ticket_id: str) -> list[dict[str, Any]]:
    return list(api.get(f"/tickets/{ticket_id}/deliveries").json()["items"])
