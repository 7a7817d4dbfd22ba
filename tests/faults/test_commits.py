"""Somebody dies, or is cut off, while PostgreSQL commits: what was asked for happens once, whoever asks again."""

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.e2e.test_story import create, quick_brand
from tests.faults.database import rows
from tests.faults.gate import CommitGate, break_off, cut_short
from tests.faults.judge import compare, subjects, wait_until_quiet
from tests.faults.load import Client
from tests.faults.proxy import Proxy
from tests.faults.sizes import sized
from tests.faults.stories import late
from tests.faults.verdict import Verdict, pronounce
from tests.postgres import Postgres
from tests.stack import Stack, running_stack, wait_for

ROUNDS = sized(everyday=1, short=1, full=10)
TICKETS = 5
MOMENTS = ("before", "after")
# What becomes of the worker's commits; a connection that is cut is one of the tickets service, which commits for it.
CUTS = ("worker killed before", "worker killed after", "connection cut after")
# Seconds within which all goes on: after a process was killed, and after no more than a connection was cut.
WITHIN, CUT_WITHIN = 30, 10

pytestmark = pytest.mark.faults_only


@pytest.fixture(scope="module")
def wire(postgres: Postgres) -> Iterator[Proxy]:
    """Between the services and PostgreSQL."""
    wire = Proxy(postgres.port)
    wire.start()
    yield wire
    wire.stop()


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory, postgres: Postgres, wire: Proxy) -> Iterator[Stack]:
    address = postgres.url().replace(f":{postgres.port}/", f":{wire.port}/")
    with running_stack(tmp_path_factory.mktemp("commits") / "home", {"DURADESK_DATABASE_URL": address}) as stack:
        yield stack


@pytest.fixture(scope="module")
def url(postgres: Postgres) -> str:
    """Where PostgreSQL answers whatever becomes of the wire."""
    return postgres.url()


def lose_the_answer(wire: Proxy, gate: CommitGate, *, committed: Callable[[], object]) -> None:
    """Have the transaction that waits at the closed gate committed, and its client cut off without knowing that."""
    wait_for(gate.somebody_waits, what="a transaction to be inside its COMMIT")
    wire.loses_answers = True
    gate.open()
    wait_for(committed, what="the commit")
    wire.heal()


def cut(stack: Stack, wire: Proxy, how: str, *, gate: CommitGate, committed: Callable[[], object]) -> None:
    """What is done to the worker's commit at the closed gate."""
    if how.startswith("connection"):
        lose_the_answer(wire, gate, committed=committed)
    else:
        cut_short(stack, "worker", how.rpartition(" ")[2], gate=gate, committed=committed)


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("process", ["gateway", "tickets"])
def test_a_request_whose_process_is_killed_around_the_commit_makes_one_ticket(
    stack: Stack, url: str, process: str, moment: str
) -> None:
    def cut_off(gate: CommitGate, name: str) -> None:
        cut_short(stack, process, moment, gate=gate, committed=lambda: _made(url, name))

    lost, doubled, lateness = _requests(stack, url, cut_off)
    pronounce(
        Verdict(
            f"{process} killed {moment} the commit",
            ROUNDS,
            len(lateness),
            lost,
            doubled,
            lateness=lateness,
            promised=WITHIN,
            shown_by="duradesk_http_request_seconds",
        )
    )


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_connection_that_is_cut_around_the_commit_makes_one_ticket(
    stack: Stack, url: str, wire: Proxy, moment: str
) -> None:
    def cut_off(gate: CommitGate, name: str) -> None:
        if moment == "after":
            lose_the_answer(wire, gate, committed=lambda: _made(url, name))
        else:
            wait_for(gate.somebody_waits, what="a transaction to be inside its COMMIT")
            break_off(gate, committed=lambda: _made(url, name))

    lost, doubled, lateness = _requests(stack, url, cut_off)
    pronounce(
        Verdict(
            f"connection cut {moment} the commit",
            ROUNDS,
            len(lateness),
            lost,
            doubled,
            lateness=lateness,
            promised=CUT_WITHIN,
            shown_by="duradesk_grpc_call_seconds",
        )
    )


def _requests(stack: Stack, url: str, cut_off: Callable[[CommitGate, str], None]) -> tuple[int, int, list[float]]:
    """Requests that are cut short one after the other: how many are lost, doubled, and how long each then took."""
    client, run, lateness = Client(stack, stack.token()), uuid4().hex[:8], []
    names = [f"Commit {run} {number}" for number in range(ROUNDS)]
    with CommitGate(url).built() as gate, ThreadPoolExecutor(1) as pool:
        for name in names:
            body = {"subject": name, "body": "Now.", "requester": {"email": f"{uuid4()}@example.com", "name": "Ann"}}
            with gate.closed():
                asked = pool.submit(client.post, "/tickets", body)
                cut_off(gate, name)
            began = time.monotonic()
            asked.result()
            lateness.append(time.monotonic() - began)
    return *compare(subjects(stack, f"Commit {run}"), names), lateness


@pytest.mark.parametrize("how", CUTS)
def test_a_decision_that_is_cut_short_around_its_commit_is_taken_once(
    stack: Stack, api: httpx.Client, url: str, wire: Proxy, how: str
) -> None:
    brand, tickets, lateness = quick_brand(api, acknowledge=True)["name"], [], []
    with CommitGate(url, table="tickets.decisions").built() as gate:
        for _ in range(ROUNDS):
            with gate.closed():
                asker = {"email": f"{uuid4()}@example.com", "name": "Ann"}
                tickets.append(create(api, brand=brand, requester=asker))
                cut(stack, wire, how, gate=gate, committed=lambda: _decided(url, tickets[-1]))
            began = time.monotonic()
            _give_time(lambda: _decided(url, tickets[-1]) and stack.sent_mails(tickets[-1]["requester"]["email"]))
            lateness.append(time.monotonic() - began)
    wait_until_quiet(stack)
    owners = [len(_events_of(api, one, "ticket_assigned")) for one in tickets]
    mails = [len(stack.sent_mails(one["requester"]["email"])) for one in tickets]
    pronounce(
        Verdict(
            f"{how} the commit of a decision",
            ROUNDS,
            ROUNDS,
            *_missing_and_too_many(owners + mails),
            lateness=lateness,
            promised=WITHIN,
            shown_by="duradesk_undecided_oldest_seconds",
        )
    )


@pytest.mark.parametrize("how", CUTS)
def test_a_due_that_is_cut_short_around_its_commit_happens_once(
    stack: Stack, api: httpx.Client, url: str, wire: Proxy, how: str
) -> None:
    brand, closed = quick_brand(api, auto_close_after="PT3S")["name"], []
    with CommitGate(url, table="tickets.fired_dues").built() as gate:
        for _ in range(ROUNDS):
            one = create(api, brand=brand)
            with gate.closed():
                api.post(f"/tickets/{one['id']}/resolve").raise_for_status()
                cut(stack, wire, how, gate=gate, committed=lambda: _closed(url, one))  # noqa: B023
            _give_time(lambda: _events_of(api, one, "ticket_closed"))  # noqa: B023
            wait_until_quiet(stack)
            closed.append(_events_of(api, one, "ticket_closed"))
    pronounce(
        Verdict(
            f"{how} the commit of a due",
            ROUNDS,
            ROUNDS,
            *_missing_and_too_many([len(events) for events in closed]),
            early=sum(late(event) < 0 for events in closed for event in events),
            lateness=[late(event) for events in closed for event in events],
            promised=WITHIN,
            shown_by="duradesk_due_oldest_seconds",
        )
    )


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("pages", ["bulk_items", "cascade_items"])
def test_a_worker_killed_around_the_commit_of_a_page_changes_each_ticket_once(
    stack: Stack, api: httpx.Client, url: str, pages: str, moment: str
) -> None:
    tag, lateness, changed = f"page-{uuid4().hex[:8]}", [], []
    begin, shown_by = {
        "bulk_items": (_begin_bulk, "process_start_time_seconds"),
        "cascade_items": (_begin_cascade, "duradesk_cascades"),
    }[pages]
    with CommitGate(url, table=f"tickets.{pages}", on="UPDATE").built() as gate:
        for number in range(ROUNDS):
            tickets = [create(api, tags=[f"{tag}-{number}"]) for _ in range(TICKETS)]
            wait_until_quiet(stack)
            with gate.closed():
                cause = begin(api, tickets, f"{tag}-{number}")
                cut_short(stack, "worker", moment, gate=gate, committed=lambda: _caused(api, tickets[0], cause))  # noqa: B023
            began = time.monotonic()
            _give_time(lambda: all(_caused(api, each, cause) for each in tickets))  # noqa: B023
            lateness.append(time.monotonic() - began)
            wait_until_quiet(stack)
            changed += [len(_caused(api, each, cause)) for each in tickets]
    pronounce(
        Verdict(
            f"worker killed {moment} the commit of a page of {pages}",
            len(changed),
            len(changed),
            *_missing_and_too_many(changed),
            lateness=lateness,
            promised=WITHIN,
            shown_by=shown_by,
        )
    )


def _give_time(done: Callable[[], object]) -> None:
    """Wait until it is done, or for long: what never happens is counted."""
    with suppress(AssertionError):
        wait_for(done, within=150)


def _missing_and_too_many(times: Sequence[int]) -> tuple[int, int]:
    """Of what should have happened once each: how much never did, and how much did too often."""
    return sum(each == 0 for each in times), sum(each - 1 for each in times if each)


def _begin_bulk(api: httpx.Client, tickets: list[dict[str, Any]], tag: str) -> str:
    """Have the tickets changed together; what causes their events then."""
    del tickets
    begun = api.post("/bulk", json={"filter": f"tag:{tag}", "change": {"act": "update", "priority": "high"}})
    assert begun.status_code == 202, begun.text
    return f"bulk {begun.json()['id']}"


def _begin_cascade(api: httpx.Client, tickets: list[dict[str, Any]], tag: str) -> str:
    """Have the tickets closed by a parent; what causes their events then."""
    del tag
    parent = create(api)["id"]
    for each in tickets:
        api.put(f"/tickets/{each['id']}/parent", json={"parent_id": parent}).raise_for_status()
    api.post(f"/tickets/{parent}/close").raise_for_status()
    return "cascade "


def _made(url: str, subject: str) -> bool:
    return bool(rows(url, "SELECT 1 FROM tickets WHERE subject = %(subject)s", {"subject": subject}))


def _closed(url: str, one: dict[str, Any]) -> bool:
    return bool(rows(url, "SELECT 1 FROM tickets WHERE id = %(id)s AND status = 'closed'", {"id": one["id"]}))


def _decided(url: str, one: dict[str, Any]) -> bool:
    seen = "SELECT 1 FROM tickets WHERE id = %(id)s AND decided_seq = version"
    return bool(rows(url, seen, {"id": one["id"]}))


def _activity(api: httpx.Client, ticket_id: str) -> list[dict[str, Any]]:
    """The events of a ticket; none while nobody answers."""
    answer = api.get(f"/tickets/{ticket_id}/activity")
    return list(answer.json()["items"]) if answer.is_success else []


def _events_of(api: httpx.Client, one: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [event for event in _activity(api, one["id"]) if event["kind"] == kind]


def _caused(api: httpx.Client, one: dict[str, Any], cause: str) -> list[dict[str, Any]]:
    return [event for event in _activity(api, one["id"]) if event["cause"].startswith(cause)]
