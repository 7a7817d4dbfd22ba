"""Processes are killed and servers taken away in the middle of real work: nothing is lost, late or done twice."""

import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.e2e.test_story import create, quick_brand, ticket, wait_for_status
from tests.faults.load import Load
from tests.faults.servers import TemporalServer
from tests.faults.sizes import FULL, sized
from tests.faults.stories import Outage, judge, late
from tests.faults.verdict import Verdict, pronounce
from tests.postgres import Postgres
from tests.stack import Stack, running_stack, wait_for

SEED = 20_261_122
OURS = ("gateway", "tickets", "routing", "identity", "mail", "relay", "worker", "reconcile")
PROCESSES = (*OURS, "postgres", "temporal")
KILLS = sized(everyday=len(PROCESSES), short=len(PROCESSES), full=50)
OUTAGE_SECONDS = sized(everyday=20, short=60, full=60)
LONG_OUTAGE_SECONDS = 600
RESTARTS = sized(everyday=3, short=3, full=20)
ROUNDS = sized(everyday=1, short=1, full=3)
HANDLED = sized(everyday=2, short=5, full=20)

pytestmark = pytest.mark.timeout(1_800 if FULL else 420)


def test_stories_go_on_while_each_process_is_killed_in_their_middle(stack: Stack, tmp_path: Path) -> None:
    chance = random.Random(SEED)
    load = Load(stack, tmp_path / "log.jsonl")
    load.start()
    names = [name for _ in range(KILLS // len(PROCESSES)) for name in chance.sample(PROCESSES, len(PROCESSES))]
    for name in names:
        time.sleep(chance.uniform(0.5, 2.5))  # the seeded step of the stories at which it dies
        stack.kill(name)
    load.finish()
    judge(
        load,
        scenario="everything killed at random",
        promised=60,
        shown_by="duradesk_undecided_oldest_seconds",
        note=f"{len(names)} kills",
    )
    assert len(load.told) > 10


@pytest.mark.faults_only
def test_stories_go_on_while_each_process_is_restarted_in_turn(stack: Stack, tmp_path: Path) -> None:
    load = Load(stack, tmp_path / "log.jsonl")
    load.start()
    for name in OURS * ROUNDS:
        stack.restart(name)
        time.sleep(1)
    load.finish()
    judge(
        load,
        scenario="rolling restarts",
        promised=30,
        shown_by="duradesk_undecided_oldest_seconds",
        note=f"{len(OURS) * ROUNDS} restarts",
    )


@pytest.mark.parametrize("act", ["terminated", pytest.param("reset", marks=pytest.mark.faults_only)])
def test_a_workflow_that_somebody_lays_hands_on_is_back_within_a_minute(stack: Stack, act: str) -> None:
    words = {"terminated": ["terminate"], "reset": ["reset", "--type", "FirstWorkflowTask"]}[act]
    with stack.api() as api:
        brand = quick_brand(api, auto_close_after="PT20S")
        created = [create(api, brand=brand["name"]) for _ in range(HANDLED)]
        for one in created:
            api.post(f"/tickets/{one['id']}/resolve").raise_for_status()
        for one in created:
            wait_for(lambda: _planned(ticket(api, one["id"])), what="the plan")  # noqa: B023
            workflow_id = f"ticket/{one['id']}"
            command = ["temporal", "workflow", *words, "--workflow-id", workflow_id]
            # One that is closed by now, on a machine that is very busy, has no workflow to lay hands on.
            stack.run(*command, "--address", stack.temporal_address, check=False)
        lateness = [seconds for one in created for seconds in _closings(api, one["id"])]
    pronounce(
        Verdict(
            f"a workflow {act} by hand",
            len(created),
            len(created),
            0,
            len(lateness) - len(created),
            early=sum(seconds < 0 for seconds in lateness),
            lateness=lateness,
            promised=60,
            shown_by="duradesk_due_oldest_seconds",
        )
    )


def _planned(found: dict[str, Any]) -> bool:
    """Whether it is known when the ticket is closed; on a machine that is very busy that may be past already."""
    return bool(found["next_due_at"]) or found["status"] == "closed"


def _closings(api: httpx.Client, ticket_id: str) -> list[float]:
    """How many seconds after its time a resolved ticket was closed, each time that it was."""
    wait_for_status(api, ticket_id, "closed", within=150)
    activity = api.get(f"/tickets/{ticket_id}/activity").json()["items"]
    closings = [event for event in activity if event["kind"] == "ticket_closed"]
    assert all(event["cause"].startswith("due auto_close/") for event in closings)
    return [late(event) for event in closings]


@pytest.fixture(scope="module")
def exposed(tmp_path_factory: pytest.TempPathFactory, temporal: TemporalServer, postgres: Postgres) -> Iterator[Stack]:
    """A stack on a Temporal and a PostgreSQL that this test can take away."""
    addresses = {"DURADESK_TEMPORAL_ADDRESS": temporal.address, "DURADESK_DATABASE_URL": postgres.url("postgres")}
    with running_stack(tmp_path_factory.mktemp("exposed") / "home", addresses) as stack:
        yield stack


@pytest.mark.parametrize(
    "seconds", [OUTAGE_SECONDS, pytest.param(LONG_OUTAGE_SECONDS, marks=pytest.mark.faults_all)], ids=["short", "long"]
)
def test_intake_goes_on_while_temporal_is_down(
    exposed: Stack, temporal: TemporalServer, tmp_path: Path, seconds: int
) -> None:
    load = Load(exposed, tmp_path / "log.jsonl", every=1)
    load.start()
    wait_for(lambda: len(load.told) > 3, what="some stories")
    with _outage() as outages:
        temporal.stop()
        before, over_at = load.acknowledged, time.monotonic() + seconds
        wait_for(lambda: time.monotonic() > over_at, within=seconds + 10, what="the outage to pass")
        assert load.acknowledged - before > seconds, "people could not go on working"
        temporal.start()
    load.finish()
    judge(
        load,
        scenario="Temporal down",
        outages=outages,
        # What waits is one story a second, and the desk decides far more than five in one.
        promised=60 + seconds / 5,
        shown_by="duradesk_outbox_oldest_seconds",
        within=300,
        note=f"down for {seconds} s",
    )


@contextmanager
def _outage() -> Iterator[list[Outage]]:
    """The block as an outage, known when it is over."""
    outages: list[Outage] = []
    began_at = datetime.now(UTC)
    yield outages
    outages.append(Outage(began_at, datetime.now(UTC)))


def test_every_timer_is_back_after_temporals_database_was_deleted(exposed: Stack, temporal: TemporalServer) -> None:
    with exposed.api() as api:
        brand = quick_brand(api, auto_close_after="PT45S")
        created = [create(api, brand=brand["name"]) for _ in range(20)]
        for one in created:
            api.post(f"/tickets/{one['id']}/resolve").raise_for_status()
        for one in created:
            wait_for(lambda: _planned(ticket(api, one["id"])), what="the plan")  # noqa: B023
        temporal.stop()
        temporal.delete_database()
        temporal.start()
        lateness = [seconds for one in created for seconds in _closings(api, one["id"])]
    pronounce(
        Verdict(
            "Temporal's database deleted",
            len(created),
            len(created),
            0,
            len(lateness) - len(created),
            early=sum(seconds < 0 for seconds in lateness),
            lateness=lateness,
            promised=60,
            shown_by="duradesk_due_oldest_seconds",
        )
    )


def test_what_was_acknowledged_is_there_after_postgresql_was_restarted_in_the_middle(
    exposed: Stack, postgres: Postgres, tmp_path: Path
) -> None:
    load = Load(exposed, tmp_path / "log.jsonl", every=0.25)
    load.start()
    for _ in range(RESTARTS):
        so_far = load.acknowledged
        wait_for(lambda: load.acknowledged > so_far + 10, within=60, what="work between two restarts")  # noqa: B023
        postgres.stop()
        postgres.start()
    load.finish()
    judge(
        load,
        scenario="PostgreSQL restarted at once",
        promised=60,
        shown_by="duradesk_undecided_oldest_seconds",
        note=f"{RESTARTS} restarts",
    )
