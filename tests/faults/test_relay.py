"""The relay dies or stands still with tickets in its hands: others take them, and each is decided once."""

import asyncio
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from tests.e2e.test_story import create, quick_brand
from tests.faults.judge import wait_until_quiet, wait_until_settled
from tests.faults.load import Load
from tests.faults.processes import another, frozen
from tests.faults.runs import list_runs, signal_often
from tests.faults.sizes import sized
from tests.faults.stories import Outage, judge
from tests.faults.verdict import Verdict, pronounce
from tests.faults.watching import most, watching
from tests.faults.wired import Wired
from tests.stack import OWNER, wait_for
from workflows.ticket import TicketWorkflow

# As many as a relay signals, even a slow one, before it waits for decisions.
TICKETS = 4
# Of these, those whose runs end: each takes a thousand signals.
ENDING = sized(everyday=2, short=2, full=TICKETS)
FROZEN_SECONDS = sized(everyday=20, short=20, full=300)
# Beside another relay longer than what is promised then: nothing may have waited for the frozen one.
FROZEN_BESIDE_ANOTHER_SECONDS = sized(everyday=30, short=30, full=300)
# What the frozen one has claimed goes to the other one by then.
CLAIMED_SECONDS = 6

pytestmark = pytest.mark.faults_only


@pytest.fixture
def api(wired: Wired) -> Iterator[httpx.Client]:
    with wired.api(OWNER) as api:
        yield api


@pytest.mark.parametrize("runs_end", [False, True], ids=["in one run", "across continue-as-new"])
def test_a_relay_killed_between_the_signal_and_the_decision_loses_and_doubles_nothing(
    wired: Wired, api: httpx.Client, runs_end: bool
) -> None:
    brand = quick_brand(api)["name"]
    people = [{"email": f"{uuid4()}@example.com", "name": "Ann"} for _ in range(TICKETS)]
    tickets = [create(api, brand=brand, requester=person)["id"] for person in people]
    wait_until_quiet(wired)
    before = {ticket: len(list_runs(wired, ticket)) for ticket in tickets}
    with frozen(wired, "worker"), watching(wired) as seen:
        if runs_end:
            # So many that each run ends with the next decision.
            asyncio.run(signal_often(wired, tickets[:ENDING], TicketWorkflow.history_limit))
        for ticket in tickets:
            body = {"visibility": "public", "body": "An answer."}
            api.post(f"/tickets/{ticket}/messages", json=body).raise_for_status()
        wait_for(lambda: wired.rows(SIGNALLED, {"ids": tickets}) == [(TICKETS,)], what="the signals")
        wired.kill("relay")
    began = time.monotonic()
    wait_until_quiet(wired)
    took = time.monotonic() - began
    wait_until_settled(wired)
    mails = [len(wired.replies(person["email"])) for person in people]
    for ticket in tickets:
        if runs_end and ticket in tickets[:ENDING]:
            wait_for(lambda: len(list_runs(wired, ticket)) > before[ticket], what="the next run to be listed")  # noqa: B023
        else:
            assert len(list_runs(wired, ticket)) == before[ticket]
    pronounce(
        Verdict(
            f"relay killed after the signal{', across continue-as-new' if runs_end else ''}",
            TICKETS,
            TICKETS,
            mails.count(0),
            sum(mails) - TICKETS + mails.count(0),
            lateness=[took],
            promised=30,
            shown_by="duradesk_outbox_oldest_seconds",
            showed=most(seen, "duradesk_outbox_oldest_seconds"),
        )
    )


SIGNALLED = "SELECT count(*) FROM outbox WHERE ticket_id = ANY (%(ids)s::uuid[]) AND signalled_at IS NOT NULL"


def test_a_relay_that_stands_still_and_comes_back_doubles_nothing(wired: Wired, tmp_path: Path) -> None:
    load = Load(wired, tmp_path / "log.jsonl", every=1)
    outage = _freeze(wired, load, FROZEN_SECONDS)
    judge(
        load,
        scenario="relay frozen",
        outages=[outage],
        promised=30 + len(load.told) / 5,
        shown_by="duradesk_outbox_oldest_seconds",
        note=f"for {FROZEN_SECONDS} s",
    )


def test_beside_a_relay_that_stands_still_another_one_goes_on(wired: Wired, tmp_path: Path) -> None:
    load = Load(wired, tmp_path / "log.jsonl", every=1)
    with another(wired, "relay"):
        _freeze(wired, load, FROZEN_BESIDE_ANOTHER_SECONDS)
        judge(
            load,
            scenario="relay frozen beside another one",
            # No outage: whoever writes meanwhile owes the frozen one no more than its last claim.
            promised=5 + CLAIMED_SECONDS,
            shown_by="duradesk_outbox_oldest_seconds",
            note=f"for {FROZEN_BESIDE_ANOTHER_SECONDS} s",
        )


def _freeze(wired: Wired, load: Load, seconds: float) -> Outage:
    """Let the relay stand still in the middle of the load, and see all of it through."""
    load.start()
    time.sleep(2)
    began_at = datetime.now(UTC)
    with frozen(wired, "relay"):
        time.sleep(seconds)
    outage = Outage(began_at, datetime.now(UTC))
    time.sleep(2)
    load.finish()
    wait_until_settled(wired)
    return outage
